//! SQLite databases: each table is a text of rows, `column = value`, so that names of columns count and long values are whole.
//!
//! It must not trust a byte of the file: pages are visited once, lengths are checked. Raw bytes are scanned too, which holds what was
//! deleted and not overwritten. A log of changes (`-wal`) is a file of its own. Format: <https://www.sqlite.org/fileformat2.html>.
//! Start with [`walk`].

mod blobs;
mod columns;
mod cookies;

use std::borrow::Cow;
use std::collections::HashSet;

use super::Expanded;
use super::meter::End;
use super::walk::Walk;
use crate::scan::blob::{Container, Place};
use crate::scan::finding::IssueKind;

/// How a database begins.
pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";
const HEADER: usize = 100;
/// Bytes of text gathered before they are visited.
const GATHERED: usize = 4 << 20;

/// Visits the raw bytes of a database held in memory, and its tables.
pub(super) fn walk(walk: &mut Walk<'_>, place: &Place<'_>, bytes: &[u8]) -> Expanded {
    walk.raw(place, &mut &*bytes);
    let Some(database) = Database::of(bytes) else {
        walk.gap(IssueKind::Malformed, place, "a database whose header is damaged; raw bytes scanned");
        return Expanded::Whole;
    };
    let mut seen = HashSet::new();
    let mut damaged = false;
    let mut tables = Vec::new();
    damaged |= !database.rows(1, &mut seen, &mut |row| tables.extend(Table::of(&row, &database)));
    for table in tables {
        if !walk.admit(place) {
            return Expanded::Whole;
        }
        let mut text = Vec::new();
        let inner = Place::Inside { outer: place, member: &table.name, kind: Container::Archive, source: None };
        let (budget, mut full) = (walk.budget, false);
        let whole = database.rows(table.root, &mut seen, &mut |row| {
            // What is unpacked counts like the members of an archive.
            full |= budget.bytes.get() == 0;
            if full {
                return;
            }
            let before = text.len();
            table.write(&row, &database, &mut text);
            budget.bytes.set(budget.bytes.get().saturating_sub((text.len() - before) as u64));
            if text.len() > GATHERED {
                walk.raw(&inner, &mut text.as_slice());
                text.clear();
            }
        });
        damaged |= !whole;
        walk.raw(&inner, &mut text.as_slice());
        if full {
            walk.ended(place, Some(End::Total));
            return Expanded::Whole;
        }
    }
    if damaged {
        walk.gap(IssueKind::Malformed, place, "a database with damaged pages: not all rows could be read; raw bytes scanned");
    }
    Expanded::Whole
}

struct Database<'b> {
    bytes: &'b [u8],
    page: usize,
    /// Bytes of a page that are used.
    usable: usize,
    encoding: u32,
}

/// The values of a row; `None` for those without bytes.
type Row = Vec<Option<Value>>;

/// Text, bytes, or a number as it stands in the file.
struct Value {
    bytes: Vec<u8>,
    is_text: bool,
}

struct Table {
    name: String,
    root: u32,
    /// Names of its columns; empty where they stand in another order.
    columns: Vec<String>,
}

impl<'b> Database<'b> {
    fn of(bytes: &'b [u8]) -> Option<Self> {
        let header = bytes.get(..HEADER)?;
        let page = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            size => usize::from(size),
        };
        let usable = page.checked_sub(usize::from(header[20]))?;
        let encoding = u32::from_be_bytes([header[56], header[57], header[58], header[59]]);
        (page.is_power_of_two() && page >= 512 && usable >= 480).then_some(Self { bytes, page, usable, encoding })
    }

    /// A page by its number, from 1.
    fn page(&self, number: u32) -> Option<&'b [u8]> {
        let start = (number as usize).checked_sub(1)?.checked_mul(self.page)?;
        self.bytes.get(start..start + self.usable)
    }

    /// Visits the rows of a tree of pages. False if not all could be read.
    fn rows(&self, root: u32, seen: &mut HashSet<u32>, each: &mut dyn FnMut(Row)) -> bool {
        let (mut waiting, mut whole) = (vec![root], true);
        while let Some(number) = waiting.pop() {
            let known = seen.insert(number);
            whole &= known && self.tree_page(number, &mut waiting, each).is_some();
        }
        whole
    }

    fn tree_page(&self, number: u32, waiting: &mut Vec<u32>, each: &mut dyn FnMut(Row)) -> Option<()> {
        let page = self.page(number)?;
        let head = if number == 1 { HEADER } else { 0 };
        let kind = *page.get(head)?;
        let count = usize::from(u16_at(page, head + 3)?);
        let (is_inner, has_rowid) = match kind {
            0x0d => (false, true),
            0x05 => (true, true),
            0x0a => (false, false),
            0x02 => (true, false),
            _ => return None,
        };
        let mut whole = Some(());
        for index in 0..count {
            let cell = usize::from(u16_at(page, head + if is_inner { 12 } else { 8 } + 2 * index)?);
            let mut at = cell;
            if is_inner {
                waiting.push(u32_at(page, cell)?);
                at += 4;
            }
            // Inner pages of tables hold no rows.
            if !(is_inner && has_rowid) {
                match self.cell(page, at, has_rowid) {
                    Some(row) => each(row),
                    None => whole = None,
                }
            }
        }
        if is_inner {
            waiting.push(u32_at(page, head + 8)?);
        }
        whole
    }

    /// The row of a cell.
    fn cell(&self, page: &[u8], mut at: usize, has_rowid: bool) -> Option<Row> {
        let length = usize::try_from(varint(page, &mut at)?).ok()?;
        if has_rowid {
            varint(page, &mut at)?;
        }
        let most = if has_rowid { self.usable - 35 } else { (self.usable - 12) * 64 / 255 - 23 };
        if length <= most {
            return record(page.get(at..at.checked_add(length)?)?);
        }
        if length > self.bytes.len() {
            return None;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let local = least + (length - least) % (self.usable - 4);
        let local = if local <= most { local } else { least };
        let mut payload = page.get(at..at + local)?.to_vec();
        let mut next = u32_at(page, at + local)?;
        // Each page adds to it, so this ends.
        while payload.len() < length {
            let page = self.page(next)?;
            next = u32_at(page, 0)?;
            payload.extend_from_slice(&page[4..4 + (length - payload.len()).min(self.usable - 4)]);
        }
        record(&payload)
    }

    /// A value as UTF-8.
    fn text<'v>(&self, value: &'v Value) -> Cow<'v, [u8]> {
        match self.encoding {
            _ if !value.is_text => blobs::text(&value.bytes),
            2 => Cow::Owned(blobs::wide(&value.bytes, u16::from_le_bytes)),
            3 => Cow::Owned(blobs::wide(&value.bytes, u16::from_be_bytes)),
            _ => Cow::Borrowed(&value.bytes),
        }
    }
}

impl Table {
    /// A table, from its row in the schema: type, name, name of the table, root page, how it was made.
    fn of(row: &Row, database: &Database<'_>) -> Option<Self> {
        let text = |index: usize| Some(String::from_utf8_lossy(&database.text(row.get(index)?.as_ref()?)).into_owned());
        if text(0)? != "table" {
            return None;
        }
        // Numbers are kept as they stand in the file.
        let root = row.get(3)?.as_ref()?.bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        let columns = text(4).map(|sql| columns::names(&sql)).unwrap_or_default();
        Some(Self { name: text(1)?, root: u32::try_from(root).ok().filter(|root| *root > 0)?, columns })
    }

    fn write(&self, row: &Row, database: &Database<'_>, out: &mut Vec<u8>) {
        let cookie = cookies::find(&self.name, &self.columns);
        for (index, value) in row.iter().enumerate() {
            if cookie.as_ref().is_some_and(|cookie| cookie.holds(index)) {
                continue;
            }
            let Some(value) = value.as_ref().filter(|value| value.bytes.len() > 8) else { continue };
            match self.columns.get(index) {
                Some(name) => out.extend_from_slice(name.as_bytes()),
                None => out.extend_from_slice(format!("column-{index}").as_bytes()),
            }
            out.extend_from_slice(b" = ");
            out.extend_from_slice(&database.text(value));
            out.push(b'\n');
        }
        if let Some(cookie) = cookie {
            let value =
                |index: usize| row.get(index).and_then(Option::as_ref).map(|value| database.text(value)).unwrap_or_default();
            cookie.write(&value, out);
        }
        out.push(b'\n');
    }
}

/// The values of a record. Numbers are as long as they stand there, which is at most eight bytes.
fn record(payload: &[u8]) -> Option<Row> {
    let mut at = 0;
    let head = usize::try_from(varint(payload, &mut at)?).ok()?;
    let mut value = head;
    let mut row = Vec::new();
    while at < head {
        let kind = varint(payload, &mut at)?;
        let length = match kind {
            0 | 8 | 9 => 0,
            kind @ 1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            kind @ 12.. => (kind - 12) / 2,
            _ => return None,
        };
        let end = value.checked_add(usize::try_from(length).ok()?)?;
        let bytes = payload.get(value..end)?.to_vec();
        row.push(Some(Value { bytes, is_text: kind > 12 && kind % 2 == 1 }).filter(|value| !value.bytes.is_empty()));
        value = end;
    }
    Some(row)
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for index in 0..9 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        if index == 8 {
            return Some(value << 8 | u64::from(byte));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
