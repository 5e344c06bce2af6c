//! One scan's shared state and one thread's buffers.
//!
//! It must not walk folders. Start with [`Job`], made by the caller, and [`Worker::file`].

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

use super::super::blob::Place;
use super::super::engine::carry::{Record, Segment};
use super::super::engine::{Engine, Input, Match, Scratch};
use super::super::expand::{self, Expanded, Expander, Kind, Limits, Visit};
use super::super::finding::{Coverage, Finding, IssueKind};
use super::super::issues::Issues;
use super::collect::Collector;
use super::share::{Counted, Share};
use super::stream::{Buffer, Stream, Window, first_column, read_into};
use super::tee::{Received, Teed};
use super::utf16;

/// One scan.
pub struct Job<'a> {
    /// What finds.
    pub engine: &'a Engine,
    /// What gathers.
    pub collector: Collector<'a>,
    /// What could not be looked at.
    pub issues: Issues,
    /// How far archives are unpacked.
    pub limits: Limits,
    /// Seconds since 1970.
    pub now: u64,
    progress: AtomicU64,
    /// Bytes there are to scan; 0 as long as nobody knows.
    total: AtomicU64,
    ignored: AtomicU64,
    saved: AtomicU64,
    /// What was looked at by an earlier scan.
    known: Mutex<Coverage>,
    workers: Mutex<Vec<Worker>>,
}

/// Buffers of one thread, reused from file to file.
#[derive(Default)]
pub struct Worker {
    scratch: Scratch,
    /// A small file.
    file: Buffer,
    /// A window of a stream.
    buffer: Buffer,
    /// Path of the file being scanned: the folder's, then its name.
    path: Vec<u8>,
    coverage: Coverage,
}

impl<'a> Job<'a> {
    /// A scan that has not begun. `now` is seconds since 1970.
    #[must_use]
    pub fn new(engine: &'a Engine, collector: Collector<'a>, limits: Limits, now: u64) -> Self {
        Self {
            engine,
            collector,
            issues: Issues::default(),
            limits,
            now,
            progress: AtomicU64::new(0),
            total: AtomicU64::new(0),
            ignored: AtomicU64::new(0),
            saved: AtomicU64::new(0),
            known: Mutex::default(),
            workers: Mutex::default(),
        }
    }

    /// Bytes read so far, for a progress bar: of archives, as they are packed.
    #[must_use]
    pub fn progress(&self) -> u64 {
        self.progress.load(Ordering::Relaxed)
    }

    /// What counts them.
    pub(super) fn progress_counter(&self) -> &AtomicU64 {
        &self.progress
    }

    /// Bytes there are to scan, once somebody has counted.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        Some(self.total.load(Ordering::Relaxed)).filter(|t| *t > 0)
    }

    /// Says how many bytes there are to scan.
    pub fn set_total(&self, bytes: u64) {
        self.total.store(bytes, Ordering::Relaxed);
    }

    /// Lends buffers that no other thread uses.
    pub fn with_worker<R>(&self, f: impl FnOnce(&mut Worker) -> R) -> R {
        let idle = self.workers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut worker = idle.unwrap_or_default();
        let result = f(&mut worker);
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        result
    }

    pub(super) fn count_ignored(&self, ignored: u64, saved: u64) {
        self.ignored.fetch_add(ignored, Ordering::Relaxed);
        self.saved.fetch_add(saved, Ordering::Relaxed);
    }

    pub(super) fn unreadable(&self, place: &Place<'_>, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::NotFound => self.issues.gap(IssueKind::Vanished, place, "it was gone before it could be read"),
            _ => self.issues.gap(IssueKind::Unreadable, place, plain(error)),
        }
    }

    /// Counts what an earlier scan looked at.
    pub(super) fn add_known(&self, more: &Coverage) {
        self.progress.fetch_add(more.bytes, Ordering::Relaxed);
        add(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner), more);
    }

    /// What was looked at so far. No thread may be at work.
    pub(super) fn covered(&self) -> Coverage {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.iter().for_each(|worker| add(&mut all, &worker.coverage));
        all
    }

    /// What was looked at, and the parts of the scan that go on to the report.
    #[must_use]
    pub fn finish(self) -> (Coverage, Collector<'a>, Issues) {
        let mut all = self.covered();
        all.ignored_files = self.ignored.into_inner();
        all.ignored_but_scanned = self.saved.into_inner();
        all.rules = self.engine.rules().len() as u64;
        (all, self.collector, self.issues)
    }
}

/// Adds what scanning counts.
fn add(all: &mut Coverage, more: &Coverage) {
    all.files += more.files;
    all.objects += more.objects;
    all.known += more.known;
    all.bytes += more.bytes;
    all.members += more.members;
    all.member_bytes += more.member_bytes;
    all.marked += more.marked;
}

/// The system's words for an error, without the number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

impl Worker {
    /// Scans an open file.
    pub fn file(&mut self, job: &Job<'_>, path: &Path, file: File) {
        self.path.clear();
        self.path.extend_from_slice(path.as_os_str().as_bytes());
        self.entered_file(job, file);
    }

    /// Sets the path of the next file.
    pub(super) fn enter(&mut self, folder: &Path, name: &CStr) {
        self.path.clear();
        if folder != Path::new(".") {
            self.path.extend_from_slice(folder.as_os_str().as_bytes());
            if self.path.last() != Some(&b'/') {
                self.path.push(b'/');
            }
        }
        self.path.extend_from_slice(name.to_bytes());
    }

    pub(super) fn entered_error(&mut self, job: &Job<'_>, error: &io::Error) {
        // A link put in the place of a file since the folder was listed.
        let place = Place::File(Path::new(OsStr::from_bytes(&self.path)));
        match error.raw_os_error() {
            Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => {
                job.issues.note(IssueKind::Symlink, &place, "a symbolic link is not followed");
            }
            _ => job.unreadable(&place, error),
        }
    }

    /// Scans a file whose path was set with `enter`.
    pub(super) fn entered_file(&mut self, job: &Job<'_>, mut file: File) {
        let mut buffer = std::mem::take(&mut self.file);
        let path = std::mem::take(&mut self.path);
        let place = Place::File(Path::new(OsStr::from_bytes(&path)));
        match buffer.read(&mut file) {
            Ok(longer) => {
                self.coverage.files += 1;
                self.head(job, &place, (buffer.bytes(), longer), &mut file);
            }
            Err(e) => job.unreadable(&place, &e),
        }
        self.file = buffer;
        self.path = path;
    }

    /// Decides by a file's head how it is scanned.
    fn head(&mut self, job: &Job<'_>, place: &Place<'_>, head: (&[u8], bool), file: &mut File) {
        let (bytes, longer) = head;
        let name = place.path().and_then(Path::file_name).unwrap_or_default();
        let kind = expand::detect(&name.to_string_lossy(), bytes);
        // A program that unpacks itself: what it begins with is scanned, too.
        let is_program =
            kind.is_none() && expand::begins_like_program(bytes) && expand::ends_like_zip(&tail(bytes, longer, file));
        if let Some(kind) = kind.or(is_program.then_some(Kind::Zip)) {
            let size = file.metadata().map_or(bytes.len() as u64, |m| m.len());
            let mut share = Share::new(job, size);
            let expander = Expander { limits: &job.limits, issues: &job.issues };
            let mut visit = Members { job, coverage: &mut self.coverage };
            let expanded = if longer {
                let mut file = Counted::new(&mut *file, Some(&mut share));
                file.seek(SeekFrom::Start(0)).map_or(Expanded::Failed, |_| expander.expand(kind, place, &mut file, &mut visit))
            } else {
                expander.expand_slice(kind, place, bytes, &mut visit)
            };
            if expanded == Expanded::Whole && !is_program {
                self.coverage.bytes += size;
                return share.settle(size);
            }
            share.settle(0);
        }
        if longer {
            match file.seek(SeekFrom::Start(0)) {
                Ok(_) => self.long(job, place, file),
                Err(e) => job.unreadable(place, &e),
            }
        } else {
            self.plain(job, place, bytes);
            self.count(job, bytes.len() as u64);
        }
    }

    /// Scans bytes held in memory as they are, and as UTF-16 too if they begin like that: two bytes prove little.
    fn plain(&mut self, job: &Job<'_>, place: &Place<'_>, bytes: &[u8]) {
        let order = wide(bytes);
        if let Some(order) = order {
            self.windows(job, place, &Mutex::new(Stream::new(utf16::Decoder::new(bytes, order))));
        }
        let wide = order.is_some();
        let window = Window { emit: 0..bytes.len(), base: 0, line: 1, column: first_column(bytes), wide };
        self.window(job, place, bytes, &window);
    }

    /// Scans parts of a text held in memory, each with what surrounds it; a container as a whole, if it has any part, and what `older`
    /// versions of it held is not told again. The ranges begin at lines.
    pub(super) fn parts(
        &mut self,
        job: &Job<'_>,
        place: &Place<'_>,
        bytes: &[u8],
        (ranges, older): (&[Range<usize>], &[Vec<u8>]),
    ) {
        match place {
            Place::Inside { .. } => self.coverage.objects += 1,
            _ => self.coverage.files += 1,
        }
        let path = place.as_path();
        let name = path.as_deref().and_then(|p| p.rsplit('/').next()).unwrap_or_default();
        if container(name, bytes).is_some() || wide(bytes).is_some() {
            if !ranges.is_empty() {
                job.collector.set_older(place, &held(job, place, older));
                self.whole(job, place, bytes);
                job.collector.set_older(place, &[]);
            }
            return;
        }
        let input = Input { bytes, emit: 0..bytes.len(), base: 0, path: path.as_deref(), now: job.now };
        self.scratch.leave_wide(false);
        job.engine.scan(&mut self.scratch, &input, &mut |_: &_| ());
        let (mut line, mut counted) = (1, 0);
        for emit in touched(bytes, ranges, self.scratch.matches()) {
            line += memchr::memchr_iter(b'\n', &bytes[counted..emit.start]).count() as u64;
            counted = emit.start;
            let column = if emit.start == 0 { first_column(bytes) } else { 1 };
            self.found(job, place, bytes, &Window { emit, base: 0, line, column, wide: false });
        }
        self.count(job, ranges.iter().map(|range| range.len() as u64).sum());
    }

    /// Members of archives and notebooks that this thread scanned so far, and their bytes.
    pub(super) fn members(&self) -> (u64, u64) {
        (self.coverage.members, self.coverage.member_bytes)
    }

    /// Scans an object of a git repository, held in memory as a whole; with what is known of an object it was made from, only what is
    /// new. What is known of it then, if it is plain text.
    pub(super) fn object(
        &mut self,
        job: &Job<'_>,
        place: &Place<'_>,
        bytes: &[u8],
        older: Option<(&Record, &[Segment])>,
    ) -> Option<Record> {
        self.coverage.objects += 1;
        let path = place.as_path();
        let name = path.as_deref().and_then(|p| p.rsplit('/').next()).unwrap_or_default();
        if container(name, bytes).is_some() || wide(bytes).is_some() {
            self.whole(job, place, bytes);
            return None;
        }
        self.count(job, bytes.len() as u64);
        let input = Input { bytes, emit: 0..bytes.len(), base: 0, path: path.as_deref(), now: job.now };
        self.scratch.leave_wide(false);
        let record = job.engine.scan_version(&mut self.scratch, &input, older);
        let window = Window { emit: 0..bytes.len(), base: 0, line: 1, column: first_column(bytes), wide: false };
        self.found(job, place, bytes, &window);
        Some(record)
    }

    /// Scans what stands before the message of a commit or a tag: who made it, what it merged, its signature.
    pub(super) fn head_of(&mut self, job: &Job<'_>, place: &Place<'_>, bytes: &[u8]) {
        self.count(job, bytes.len() as u64);
        self.window(job, place, bytes, &Window { emit: 0..bytes.len(), base: 0, line: 1, column: 1, wide: false });
    }

    /// Scans names, each on its own, with the number of the line it is said to stand on.
    pub(super) fn names(&mut self, job: &Job<'_>, place: &Place<'_>, names: &[(u64, Box<[u8]>)]) {
        for (line, name) in names {
            self.count(job, name.len() as u64);
            self.window(job, place, name, &Window { emit: 0..name.len(), base: 0, line: *line, column: 1, wide: false });
        }
    }

    fn whole(&mut self, job: &Job<'_>, place: &Place<'_>, bytes: &[u8]) {
        self.count(job, bytes.len() as u64);
        let path = place.as_path();
        let name = path.as_deref().and_then(|p| p.rsplit('/').next()).unwrap_or_default();
        if let Some((kind, is_program)) = container(name, bytes) {
            let expander = Expander { limits: &job.limits, issues: &job.issues };
            let mut visit = Members { job, coverage: &mut self.coverage };
            if expander.expand_slice(kind, place, bytes, &mut visit) == Expanded::Whole && !is_program {
                return;
            }
        }
        self.plain(job, place, bytes);
    }

    /// A file longer than a window: all threads take windows of it in turn.
    fn long(&mut self, job: &Job<'_>, place: &Place<'_>, file: &mut File) {
        let size = file.metadata().map_or(0, |m| m.len());
        let mut head = [0; utf16::LOOKED_AT];
        let read = read_into(file, &mut head).unwrap_or(0);
        let rewind = |file: &mut File| file.seek(SeekFrom::Start(0)).map_err(|e| job.unreadable(place, &e)).is_ok();
        if !rewind(file) {
            return;
        }
        let order = wide(&head[..read]);
        if let Some(order) = order {
            self.text(job, place, Stream::new(&mut utf16::Decoder::new(&mut *file, order)));
            if !rewind(file) {
                return;
            }
        }
        let mut share = Share::new(job, size);
        let mut counted = Counted::new(file, Some(&mut share));
        self.text(job, place, Stream::new(&mut counted).also_wide(order.is_some()));
        let read = counted.bytes;
        if read < size {
            job.issues.gap(IssueKind::Truncated, place, format!("it became shorter while it was read: {read} of {size} bytes"));
        }
        self.coverage.bytes += read;
        share.settle(read.max(size));
    }

    /// A stream that is no file, such as standard input.
    pub fn stream(&mut self, job: &Job<'_>, place: &Place<'_>, reader: &mut (dyn Read + Send)) {
        let mut share = Share::new(job, u64::MAX);
        let mut reader = Counted::new(reader, Some(&mut share));
        let mut head = vec![0; 8 * 1024];
        match read_into(&mut reader, &mut head) {
            Ok(n) => head.truncate(n),
            Err(e) => return job.unreadable(place, &e),
        }
        self.coverage.files += 1;
        let kind = expand::detect("", &head);
        let order = wide(&head);
        let expander = Expander { limits: &job.limits, issues: &job.issues };
        let mut visit = Members { job, coverage: &mut self.coverage };
        if let Some(kind) = kind {
            expander.expand_stream(kind, place, &mut Cursor::new(head).chain(&mut reader), &mut visit);
        } else if let Some(order) = order {
            self.both(job, place, &mut Cursor::new(head).chain(&mut reader), order);
        } else if !holds_notebook(job, place, &mut head, &mut reader)
            || expander.expand_slice(Kind::Notebook, place, &head, &mut visit) == Expanded::Failed
        {
            self.text(job, place, Stream::new(&mut Cursor::new(head).chain(&mut reader)));
        }
        self.coverage.bytes += reader.bytes;
    }

    /// Scans a stream with all threads.
    fn text(&mut self, job: &Job<'_>, place: &Place<'_>, stream: Stream<impl Read + Send>) {
        let stream = Mutex::new(stream);
        let helpers = rayon::current_num_threads().saturating_sub(1);
        rayon::scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(|_| job.with_worker(|worker| worker.windows(job, place, &stream)));
            }
            self.windows(job, place, &stream);
        });
    }

    /// Scans a stream that can be read once as UTF-16 and as it is.
    fn both(&mut self, job: &Job<'_>, place: &Place<'_>, reader: &mut dyn Read, order: utf16::Order) {
        let (sender, receiver) = sync_channel(CHUNKS);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let text = utf16::Decoder::new(Received::new(receiver), order);
                job.with_worker(|worker| worker.windows(job, place, &Mutex::new(Stream::new(text))));
            });
            self.windows(job, place, &Mutex::new(Stream::new(Teed::new(reader, sender)).also_wide(true)));
        });
    }

    fn windows<R: Read>(&mut self, job: &Job<'_>, place: &Place<'_>, stream: &Mutex<Stream<R>>) {
        let mut buffer = std::mem::take(&mut self.buffer);
        loop {
            let next = stream.lock().unwrap_or_else(PoisonError::into_inner).next_window(&mut buffer);
            match next {
                Ok(Some(window)) => self.window(job, place, buffer.bytes(), &window),
                Ok(None) => break,
                Err(e) => {
                    job.unreadable(place, &e);
                    break;
                }
            }
        }
        self.buffer = buffer;
    }

    fn window(&mut self, job: &Job<'_>, place: &Place<'_>, bytes: &[u8], window: &Window) {
        let path = place.as_path();
        let input = Input { bytes, emit: window.emit.clone(), base: window.base, path: path.as_deref(), now: job.now };
        self.scratch.leave_wide(window.wide);
        job.engine.scan(&mut self.scratch, &input, &mut |_: &_| ());
        self.found(job, place, bytes, window);
    }

    /// Hands on what the engine found.
    fn found(&mut self, job: &Job<'_>, place: &Place<'_>, bytes: &[u8], window: &Window) {
        let marked = self.scratch.marked(&window.emit);
        if marked > 0 {
            self.coverage.marked += marked;
            job.issues.touch(place);
        }
        if self.scratch.is_full() {
            job.issues.gap(IssueKind::FindingLimit, place, "more matches in one part of it than are kept");
        }
        if self.scratch.matches().iter().any(|m| window.emit.contains(&m.span.secret_start)) {
            job.collector.add(place, bytes, window, self.scratch.matches());
        }
    }

    fn count(&mut self, job: &Job<'_>, bytes: u64) {
        self.coverage.bytes += bytes;
        job.progress.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What kind of container this is, and whether it stands behind a program, which is scanned as well.
fn container(name: &str, bytes: &[u8]) -> Option<(Kind, bool)> {
    let program = || expand::unpacks_itself(bytes).then_some((Kind::Zip, true));
    expand::detect(name, bytes).map(|kind| (kind, false)).or_else(program)
}

/// What versions of a container hold. What is to be told of them is nobody's business now.
fn held(job: &Job<'_>, place: &Place<'_>, versions: &[Vec<u8>]) -> Vec<Finding> {
    if versions.is_empty() {
        return Vec::new();
    }
    let before = Job::new(job.engine, Collector::new(job.collector.decider()), job.limits, job.now);
    versions.iter().for_each(|bytes| before.with_worker(|worker| worker.whole(&before, place, bytes)));
    before.collector.finish().0
}

/// The ranges, and lines before them on which a match begins that reaches into one, up to its first byte: the head of a key is the same
/// for all keys. They are sorted and do not overlap.
fn touched(bytes: &[u8], ranges: &[Range<usize>], matches: &[Match]) -> Vec<Range<usize>> {
    let mut all = ranges.to_vec();
    for found in matches {
        let (start, end) = (found.span.secret_start, found.span.secret_end);
        let next = ranges.partition_point(|range| range.end <= start);
        if ranges.get(next).is_some_and(|range| start < range.start && range.start < end) {
            let line = memchr::memrchr(b'\n', &bytes[..start]).map_or(0, |at| at + 1);
            all.push(line..start + 1);
        }
    }
    all.sort_unstable_by_key(|range| range.start);
    all.dedup_by(|next, last| {
        let overlaps = next.start < last.end;
        if overlaps {
            last.end = last.end.max(next.end);
        }
        overlaps
    });
    all
}

/// The last bytes of a file whose first are `head`: all of it, or there is more.
fn tail(head: &[u8], longer: bool, file: &mut File) -> Vec<u8> {
    let most = expand::ZIP_TAIL;
    if !longer {
        return head[head.len().saturating_sub(most)..].to_vec();
    }
    let mut bytes = Vec::new();
    let size = file.seek(SeekFrom::End(0)).unwrap_or(0);
    // What cannot be read is told when it is read for its content.
    if file.seek(SeekFrom::Start(size.saturating_sub(most as u64))).is_ok() {
        let _ = file.take(most as u64).read_to_end(&mut bytes);
    }
    bytes
}

/// The order of bytes that begin like UTF-16, with a mark or without.
fn wide(bytes: &[u8]) -> Option<utf16::Order> {
    utf16::order(bytes).or_else(|| utf16::unmarked(bytes))
}

/// Whether a stream is a notebook. Reads on to know it, if it may be one, but no more than may be held in memory.
fn holds_notebook(job: &Job<'_>, place: &Place<'_>, head: &mut Vec<u8>, reader: &mut impl Read) -> bool {
    if !expand::may_be_notebook(head) {
        return false;
    }
    let most = job.limits.buffer;
    if let Err(e) = reader.take(most.saturating_add(1).saturating_sub(head.len() as u64)).read_to_end(head) {
        job.unreadable(place, &e);
    }
    if head.len() as u64 <= most {
        return expand::is_notebook(head);
    }
    if expand::begins_like_notebook(head) {
        let detail = format!("a notebook larger than the {most} bytes that may be held to open it; raw bytes scanned");
        job.issues.gap(IssueKind::SizeLimit, place, detail);
    }
    false
}

/// Chunks that wait to be decoded.
const CHUNKS: usize = 4;

/// Scans the members of containers, each on the thread that unpacks it.
struct Members<'j, 'a, 'c> {
    job: &'j Job<'a>,
    coverage: &'c mut Coverage,
}

impl Visit for Members<'_, '_, '_> {
    fn member(&mut self, place: &Place<'_>, bytes: &mut dyn Read) -> io::Result<()> {
        let mut head = [0; utf16::LOOKED_AT];
        let n = read_into(bytes, &mut head)?;
        let order = wide(&head[..n]);
        let mut whole = Counted::new(Cursor::new(&head[..n]).chain(bytes), None);
        self.job.with_worker(|worker| match order {
            Some(order) => worker.both(self.job, place, &mut whole, order),
            None => worker.windows(self.job, place, &Mutex::new(Stream::new(&mut whole))),
        });
        self.coverage.members += 1;
        self.coverage.member_bytes += whole.bytes;
        Ok(())
    }
}
