//! `stanch scan --history` on damaged and hostile object databases: what can be read is found, what cannot is a gap, nothing panics.

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::canary::github;
use crate::run::{Folder, Report};

const GIT: &str = "git -c user.name=T -c user.email=t@e.invalid";

/// A repository whose three blobs with secrets are in one pack.
fn packed() -> Folder {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    for number in 1..=3 {
        let filler: String = (0..200).map(|n| format!("{} {n}\n", number * 7919 * (n + 1))).collect();
        folder.write(format!("{number}"), format!("{}\n{filler}", github(number)));
        folder.git(&["add", "-A"]);
        folder.git(&["commit", "-q", "-m", "add"]);
    }
    folder.git(&["repack", "-q", "-a", "-d"]);
    folder.git(&["prune-packed"]);
    folder.shell("chmod -R u+w .git/objects");
    folder
}

fn pack(folder: &Folder, extension: &str) -> PathBuf {
    let mut all = std::fs::read_dir(folder.path(".git/objects/pack")).unwrap().map(|e| e.unwrap().path());
    all.find(|path| path.extension().is_some_and(|x| x == extension)).unwrap()
}

/// Scans; whatever is wrong with the repository, nothing panics, and what was not read is a gap.
fn scan(folder: &Folder) -> Report {
    let report = folder.scan(&["--history", "."]);
    assert!(!report.err.contains("panicked"), "{}", report.err);
    assert!(matches!(report.code, 0..=3), "{}", report.err);
    report
}

#[track_caller]
fn has_gap(report: &Report, words: &str) {
    let told = report.issues();
    assert!(told.iter().any(|i| i.starts_with("gap ") && i.contains(words)), "no gap {words}: {told:?}");
    assert!(matches!(report.code, 1 | 3), "{}", report.code);
}

/// Replaces the checksum at the end of a pack, and the one its index names, by the right one.
fn sign(folder: &Folder) {
    for (extension, length) in [("pack", 20), ("idx", 40)] {
        let path = pack(folder, extension);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - length);
        if extension == "idx" {
            let whole = std::fs::read(pack(folder, "pack")).unwrap();
            bytes.extend_from_slice(&whole[whole.len() - 20..]);
        }
        bytes.extend_from_slice(&sha1(&bytes));
        std::fs::write(path, bytes).unwrap();
    }
}

fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(bytes);
    hasher.try_finalize().unwrap().as_bytes().try_into().unwrap()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn truncated_packs() {
    let whole = packed();
    let length = std::fs::metadata(pack(&whole, "pack")).unwrap().len() as usize;
    assert_eq!(scan(&whole).findings.len(), 3);
    let mut counts = Vec::new();
    for part in 0..8 {
        let folder = packed();
        let path = pack(&folder, "pack");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..length * part / 8]).unwrap();
        let report = scan(&folder);
        assert!(matches!(report.code, 1 | 3), "{part}: {:?}", report.issues());
        let name = path.file_name().unwrap().to_str().unwrap();
        let stem = &name[..name.len() - 4];
        assert!(report.issues().iter().any(|i| i.starts_with("gap ") && i.contains(stem)), "{part}: {:?}", report.issues());
        counts.push(report.findings.len());
    }
    assert!(counts[0] == 0 && counts[7] > 0, "{counts:?}");
    // Truncated and signed again, so that nothing but the missing entries shows it.
    let folder = packed();
    let path = pack(&folder, "pack");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() * 3 / 4]).unwrap();
    sign(&folder);
    has_gap(&scan(&folder), "of a pack cannot be read");
}

#[test]
fn a_pack_that_is_not_the_one_its_index_names() {
    let folder = packed();
    let path = pack(&folder, "pack");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let report = scan(&folder);
    has_gap(&report, "the checksum of a pack is not the one its index names");
    assert_eq!((report.code, report.findings.len()), (1, 3));
}

#[test]
fn bytes_turned_anywhere_in_a_pack_or_its_index() {
    let folder = packed();
    for extension in ["pack", "idx"] {
        let path = pack(&folder, extension);
        let whole = std::fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(whole.len() / 24 + 1) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            std::fs::write(&path, bytes).unwrap();
            let report = scan(&folder);
            // A byte of an index may be one that only speeds things up.
            assert!(report.findings.len() == 3 || report.code != 0, "{extension} {at}: {:?}", report.issues());
            assert!(report.findings.len() == 3 || !report.issues().is_empty(), "{extension} {at}");
        }
        std::fs::write(&path, whole).unwrap();
    }
}

#[test]
fn loose_objects_that_are_broken() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("a", format!("{}\n", github(1)));
    folder.shell(&format!("git add a; {GIT} commit -q -m a; chmod -R u+w .git/objects")).says(0, &[]);
    let loose = |id: &str| folder.write(format!(".git/objects/{}/{}", &id[..2], &id[2..]), "").clone();
    let id = |digit: &str| digit.repeat(40);
    std::fs::write(loose(&id("1")), b"no zlib at all").unwrap();
    std::fs::write(loose(&id("2")), deflated(format!("blob 41\0{}\n", github(2)).as_bytes())).unwrap();
    let mut cut = deflated(format!("blob 100\0{}\n{}", github(3), "x".repeat(59)).as_bytes());
    cut.truncate(cut.len() / 2);
    std::fs::write(loose(&id("3")), cut).unwrap();
    std::fs::write(loose(&id("4")), deflated(b"blob 99999999999999999\0x")).unwrap();
    std::fs::write(loose(&id("5")), deflated(b"nothing 1\0x")).unwrap();
    std::fs::write(loose(&id("6")), b"").unwrap();
    let report = scan(&folder);
    for digit in ["1", "2", "3", "4", "5", "6"] {
        has_gap(&report, &id(digit));
    }
    has_gap(&report, "a loose object that holds something else than its id says");
    let tree = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Tree, b"100644 a\0short").unwrap().to_string();
    std::fs::write(loose(&tree), deflated(b"tree 14\x00100644 a\0short")).unwrap();
    has_gap(&scan(&folder), &format!("{tree}: a tree that cannot be understood"));
    // What can be read is found, whatever its name.
    assert!(report.places().iter().any(|p| p.starts_with(&id("2"))), "{:?}", report.places());
    assert!(report.places().iter().any(|p| p.contains(":a:1:1")), "{:?}", report.places());
}

/// Writes a pack of these entries (id, head and packed content) and its index, both signed.
fn write_pack(folder: &Folder, entries: &[([u8; 20], Vec<u8>)]) {
    let mut bytes = b"PACK\0\0\0\x02".to_vec();
    bytes.extend_from_slice(&(entries.len() as u32).to_be_bytes());
    let mut rows = Vec::new();
    for (id, entry) in entries {
        rows.push((*id, bytes.len() as u32, crc32fast::hash(entry)));
        bytes.extend_from_slice(entry);
    }
    let sum = sha1(&bytes);
    bytes.extend_from_slice(&sum);
    rows.sort_unstable();
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    for first in 0..=255 {
        index.extend_from_slice(&(rows.iter().filter(|(id, ..)| id[0] <= first).count() as u32).to_be_bytes());
    }
    rows.iter().for_each(|(id, ..)| index.extend_from_slice(id));
    rows.iter().for_each(|(.., crc)| index.extend_from_slice(&crc.to_be_bytes()));
    rows.iter().for_each(|(_, offset, _)| index.extend_from_slice(&offset.to_be_bytes()));
    index.extend_from_slice(&sum);
    let end = sha1(&index);
    index.extend_from_slice(&end);
    folder.write(".git/objects/pack/pack-1.pack", bytes);
    folder.write(".git/objects/pack/pack-1.idx", index);
}

/// The head of an entry: kind and size.
fn head(kind: u8, mut size: u64) -> Vec<u8> {
    let mut byte = kind << 4 | (size & 15) as u8;
    size >>= 4;
    let mut out = Vec::new();
    while size > 0 {
        out.push(byte | 0x80);
        byte = (size & 0x7f) as u8;
        size >>= 7;
    }
    out.push(byte);
    out
}

fn entry(kind: u8, size: u64, base: &[u8], content: &[u8]) -> Vec<u8> {
    [head(kind, size), base.to_vec(), deflated(content)].concat()
}

const TREE: u8 = 2;
const BLOB: u8 = 3;
const OFFSET_DELTA: u8 = 6;
const ID_DELTA: u8 = 7;

/// A delta that copies all of a base of `from` bytes.
fn copy(from: u8) -> Vec<u8> {
    vec![from, from, 0x90, from]
}

#[test]
fn a_tree_that_no_ref_reaches_and_that_cannot_be_inflated() {
    let folder = packed();
    let tree = [b"100644 a\0".as_slice(), &[7; 20]].concat();
    let whole = [format!("tree {}\0", tree.len()).as_bytes(), &tree].concat();
    let mut stream = deflated(&tree);
    write_pack(&folder, &[(sha1(&whole), [head(TREE, tree.len() as u64), stream.clone()].concat())]);
    assert!(scan(&folder).issues().iter().all(|i| !i.starts_with("gap ")), "{:?}", scan(&folder).issues());
    stream[4..].fill(0xff);
    write_pack(&folder, &[(sha1(&whole), [head(TREE, tree.len() as u64), stream].concat())]);
    has_gap(&scan(&folder), "a tree that cannot be read");
}

/// Hides a blob behind one of the same id in another pack, whose index lies.
#[test]
fn an_index_that_lies_hides_nothing() {
    for is_loose in [true, false] {
        let folder = packed();
        let id = folder.shell("git rev-parse HEAD:1").out.trim().to_owned();
        if is_loose {
            folder.shell("mv .git/objects/pack/*.pack ../p; rm -f .git/objects/pack/*; git unpack-objects -q < ../p");
        }
        assert_eq!(scan(&folder).places().len(), 3);
        let bytes: Vec<u8> = (0..20).map(|n| u8::from_str_radix(&id[2 * n..2 * n + 2], 16).unwrap()).collect();
        write_pack(&folder, &[(bytes.try_into().unwrap(), entry(BLOB, 6, &[], b"clean\n"))]);
        folder.shell("cd .git/objects/pack; mv pack-1.pack pack-0.pack; mv pack-1.idx pack-0.idx");
        for more in [&["--no-cache"][..], &[]] {
            let report = folder.scan(&[&["--history", "."], more].concat());
            assert_eq!(report.places().len(), 3, "{:?}", report.issues());
            has_gap(&report, "holds something else than its id says");
        }
    }
}

#[test]
fn a_head_that_is_not_here_is_a_gap() {
    let folder = packed();
    folder.write(".git/HEAD", "1".repeat(40));
    has_gap(&scan(&folder), "HEAD or a ref names it, and it is not here");
    let folder = packed();
    folder.shell("git worktree add -q --detach ../linked");
    folder.write(".git/worktrees/linked/HEAD", "1".repeat(40));
    has_gap(&scan(&folder), "HEAD or a ref names it, and it is not here");
}

#[test]
fn sizes_that_no_memory_has_are_not_believed() {
    let folder = packed();
    // A blob of 3 GB by its header, and deltas that claim 4 GB each.
    let mut all = vec![([1; 20], entry(BLOB, 3 << 30, &[], b"x"))];
    for n in 2..20 {
        let delta = [&[4, 0x80, 0x80, 0x80, 0x80, 0x10][..], &[0x90, 4]].concat();
        all.push(([n; 20], entry(ID_DELTA, delta.len() as u64, &[n - 1; 20], &delta)));
    }
    write_pack(&folder, &all);
    // The process may use 1.5 GB of addresses and no more.
    let done =
        folder.shell("ulimit -v 1500000; timeout 60 $STANCH scan --history --no-cache -j 1 -f jsonl . > ../out || echo $?");
    assert_eq!(done.out.trim(), "1", "{}", done.err);
    let told = std::fs::read_to_string(folder.path("../out")).unwrap();
    assert!(told.contains("of the 19 objects of a pack cannot be read"), "{told}");
    // And a loose object that says so, in few bytes.
    let folder = packed();
    let whole = [b"blob 6442450944\0".as_slice(), &vec![b'a'; 1 << 20]].concat();
    folder.write(format!(".git/objects/22/{}", "2".repeat(38)), deflated(&whole));
    let done =
        folder.shell("ulimit -v 1500000; timeout 60 $STANCH scan --history --no-cache -j 1 -f jsonl . > ../out || echo $?");
    assert_eq!(done.out.trim(), "1", "{}", done.err);
    assert!(std::fs::read_to_string(folder.path("../out")).unwrap().contains("a loose object that cannot be read"));
}

#[test]
fn a_repository_does_not_lead_to_others() {
    let folder = Folder::new();
    let private = packed();
    let git = private.path(".git").canonicalize().unwrap();
    folder.shell("mkdir -p a/.git/refs a/.git/objects; echo 'ref: refs/heads/main' > a/.git/HEAD");
    folder.write("a/.git/commondir", git.to_str().unwrap());
    folder.run(&["scan", "--history", "a"]).says(2, &["its commondir leads to another repository"]);
    folder.shell(&format!("git init -q b; rm -r b/.git/objects; ln -s {}/objects b/.git/objects", git.display()));
    folder.run(&["scan", "--history", "b"]).says(2, &["its objects lie in another repository"]);
    folder.shell(&format!("git init -q c; rm -r c/.git/objects/pack; ln -s {}/objects/pack c/.git/objects/pack", git.display()));
    folder.run(&["scan", "--history", "c"]).says(2, &["its objects lie in another repository"]);
    assert!(!git.join("stanch").exists());
    let allowed = folder.scan(&["--history", "--allow-alternates", git.to_str().unwrap(), "c"]);
    assert_eq!(allowed.places().len(), 3);
}

#[test]
fn deltas_that_go_in_circles_or_nowhere() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    let text = format!("{}\n", github(1));
    let delta = copy(41);
    let n = delta.len() as u64;
    let id = |n: u8| [n; 20];
    write_pack(
        &folder,
        &[
            (id(1), entry(BLOB, 41, b"", text.as_bytes())),
            // Of each other, of itself, of what is nowhere, and of what lies before the pack.
            (id(2), entry(ID_DELTA, n, &id(3), &delta)),
            (id(3), entry(ID_DELTA, n, &id(2), &delta)),
            (id(4), entry(ID_DELTA, n, &id(4), &delta)),
            (id(5), entry(ID_DELTA, n, &id(99), &delta)),
            (id(6), entry(OFFSET_DELTA, n, &[0xff, 0xff, 0xff, 0x7f], &delta)),
            (id(7), entry(OFFSET_DELTA, n, &[0], &delta)),
        ],
    );
    let report = scan(&folder);
    has_gap(&report, "6 of the 7 objects of a pack cannot be read");
    assert!(report.places().iter().any(|p| p.starts_with(&"01".repeat(20))), "{:?}", report.places());
}

#[test]
fn a_delta_of_what_is_outside_of_the_pack() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("a", format!("{}\n", github(1)));
    let base = folder.shell("git hash-object -w a").out;
    let base: Vec<u8> = (0..20).map(|i| u8::from_str_radix(&base[2 * i..2 * i + 2], 16).unwrap()).collect();
    // A thin pack, as it travels, with the right id for what it makes.
    let made = format!("{}\n{}\n", github(1), github(2));
    let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, made.as_bytes()).unwrap();
    let insert = format!("{}\n", github(2));
    let delta = [&[41, 82, 0x90, 41, 41][..], insert.as_bytes()].concat();
    write_pack(&folder, &[(id.as_bytes().try_into().unwrap(), entry(ID_DELTA, delta.len() as u64, &base, &delta))]);
    let report = scan(&folder);
    // Found if it can be put together, else a gap.
    let found = report.places().iter().any(|p| p.starts_with(&format!("{id}:2:1")));
    assert!(found || report.issues().iter().any(|i| i.starts_with("gap ")), "{:?} {:?}", report.places(), report.issues());
    assert!(!report.findings.is_empty());
}

#[test]
fn sizes_that_lie() {
    let text = format!("{}\n", github(1));
    let id = |n: u8| [n; 20];
    let check = |entries: Vec<Vec<u8>>, bad: usize| {
        let folder = Folder::new();
        folder.git(&["init", "-q"]);
        let good = (id(1), entry(BLOB, 41, b"", text.as_bytes()));
        let all: Vec<_> = [good].into_iter().chain((2..).map(id).zip(entries)).collect();
        write_pack(&folder, &all);
        let report = scan(&folder);
        has_gap(&report, &format!("{bad} of the {} objects of a pack cannot be read", all.len()));
        assert!(report.places().iter().any(|p| p.starts_with(&"01".repeat(20))), "{:?}", report.places());
    };
    // Far more than there is, than can be, than fits in memory; less than there is; nothing behind the head; a head without end.
    check(vec![entry(BLOB, 1 << 40, b"", b"x"), entry(BLOB, u64::MAX >> 4, b"", b"x")], 2);
    check(vec![entry(BLOB, 100_000, b"", text.as_bytes()), entry(BLOB, 3, b"", text.as_bytes())], 2);
    check(vec![head(BLOB, 41)], 1);
    check(vec![vec![0xff; 40]], 1);
    // Deltas whose sizes are not those of what they are of and make.
    let of_first = |delta: &[u8]| entry(ID_DELTA, delta.len() as u64, &id(1), delta);
    check(vec![of_first(&[40, 41, 0x90, 41]), of_first(&[41, 99, 0x90, 41]), of_first(&[41, 41, 0x91, 1, 41])], 3);
    check(
        vec![of_first(&[41, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x90, 41]), of_first(&[41, 41, 0]), of_first(&[])],
        3,
    );
}

#[test]
fn ten_thousand_refs() {
    let folder = packed();
    let id = folder.shell("git rev-parse HEAD").out;
    let mut refs: Vec<String> = (0..10_000).map(|n| format!("{} refs/heads/b{n:05}\n", id.trim())).collect();
    refs[7_000] = format!("{} refs/heads/b-{}\n", id.trim(), github(4));
    refs.sort();
    folder.write(".git/packed-refs", format!("# pack-refs with: peeled fully-peeled sorted \n{}", refs.concat()));
    let report = scan(&folder);
    assert_eq!((report.code, report.findings.len(), report.issues().len()), (1, 4, 0), "{:?}", report.issues());
}

#[test]
fn paths_that_are_not_utf8_and_commits_of_1970_and_2100() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    let at = |date: &str, script: &str| {
        let who =
            "export GIT_AUTHOR_NAME=$'\\xff' GIT_AUTHOR_EMAIL=t@e.invalid GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@e.invalid";
        folder
            .shell(&format!(
                "{who} GIT_COMMITTER_DATE='{date}' GIT_AUTHOR_DATE='{date}'; {script}; git add -A; git commit -q -m x"
            ))
            .says(0, &[]);
    };
    at("@0 +0000", &format!("mkdir $'\\xe9'; echo {} > $'\\xe9/\\xff\\n'", github(1)));
    at("@4102444800 +0000", &format!("echo {} > late", github(2)));
    // Further than git itself goes.
    let parent = folder.shell("git rev-parse HEAD; git rev-parse HEAD^{tree}").out;
    let (parent, tree) = parent.trim().split_once('\n').unwrap();
    folder.write(
        "c",
        format!(
            "tree {tree}\nparent {parent}\nauthor T <t@e> 99999999999999999999 +9999\ncommitter T <t@e> -1 -0000\n\n{}\n",
            github(3)
        ),
    );
    folder.shell("git update-ref refs/heads/odd $(git hash-object --literally -w -t commit c)").says(0, &[]);
    std::fs::remove_dir_all(folder.path(".git/logs")).unwrap();
    let report = scan(&folder);
    assert_eq!(
        (report.code, report.findings.len(), report.issues().len()),
        (1, 3, 0),
        "{:?} {:?}",
        report.places(),
        report.issues()
    );
    let times: Vec<_> = report.findings.iter().filter_map(|f| f["commit"]["time"].as_i64()).collect();
    assert!(times.contains(&0) && times.contains(&4_102_444_800), "{times:?}");
    folder.run(&["scan", "--history", "."]).says(1, &["1970-01-01", "2100-01-01"]);
    assert_eq!(folder.scan(&["--history", "--since", "1d", "."]).findings.len(), 1);
}

#[test]
fn a_repository_that_is_packed_anew_while_it_is_read() {
    let folder = packed();
    for number in 4..30 {
        folder.write(format!("{number}"), format!("{}\n", github(number)));
    }
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "many"]);
    let script = "for i in {1..15}; do git repack -q -a -d -f; git multi-pack-index write; git gc -q --prune=now; done";
    std::thread::scope(|scope| {
        let packing = scope.spawn(|| folder.shell(script));
        loop {
            let last = packing.is_finished();
            let report = scan(&folder);
            assert_eq!((report.code, report.findings.len()), (1, 29), "{:?}", report.issues());
            assert!(report.issues().is_empty(), "{:?}", report.issues());
            if last {
                break;
            }
        }
        packing.join().unwrap().says(0, &[]);
    });
}

#[test]
fn a_pack_without_its_index_is_a_gap_and_left_overs_are_told() {
    let folder = Folder::repository();
    folder.shell("git repack -qad; cp .git/objects/pack/*.pack kept; rm .git/objects/pack/*");
    folder.shell("git init -q other; mv kept other/.git/objects/pack/pack-0123456789012345678901234567890123456789.pack");
    let report = folder.scan(&["--history", "other"]);
    assert_eq!(report.code, 3);
    assert!(
        report.issues().iter().any(|i| i.contains("a pack without an index is not read; `git index-pack`")),
        "{:?}",
        report.issues()
    );
    folder.shell("cd other; git index-pack .git/objects/pack/*.pack").says(0, &[]);
    let report = folder.scan(&["--history", "other"]);
    assert_eq!((report.code, report.issues().len()), (1, 0), "{:?}", report.issues());
    folder.shell("mkdir other/.git/objects/incoming-x; touch -d '2 hours ago' other/.git/objects/{pack/tmp_pack_x,incoming-x}");
    let report = folder.scan(&["--history", "other"]);
    assert!(report.issues().iter().any(|i| i.contains("2 files and folders of fetches or pushes")), "{:?}", report.issues());
    assert_eq!(report.code, 1);
}

/// Several ask for an object that is not there; it is told once, with what helps.
#[test]
fn what_is_missing_is_told_once() {
    for (name, options) in [
        ("HEAD~1", &["--reachable-only"][..]),
        ("HEAD~1", &["--range", "HEAD~1..HEAD"]),
        ("HEAD^{tree}", &[]),
        ("HEAD~1^{tree}", &["--reachable-only"]),
    ] {
        let folder = Folder::repository();
        folder.write("more", "x\n");
        folder.git(&["add", "-A"]);
        folder.git(&["commit", "-q", "-m", "more"]);
        let id = folder.shell(&format!("git rev-parse '{name}'")).out;
        let id = id.trim();
        std::fs::remove_file(folder.path(format!(".git/objects/{}/{}", &id[..2], &id[2..]))).unwrap();
        let mode: &[&str] = if options.first() == Some(&"--range") { &[] } else { &["--history"] };
        let report = folder.scan(&[mode, options, &["."]].concat());
        let told: Vec<String> = report.issues().into_iter().filter(|issue| issue.contains(id)).collect();
        assert_eq!(told.len(), 1, "{name} {options:?}: {told:?}");
        assert!(told[0].contains("`git fsck`"), "{told:?}");
        assert_ne!(report.code, 0);
    }
}
