//! One record as one line of JSON, written in one way only: any other byte is damage.
//!
//! It must not know files, nor whether a chain holds. Start with [`write`] and [`parse`]; the format is in `FORMAT.md`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::base::date::Date;
use super::base::text::hex;
use super::event::{Outcome, Stamp, Verb, Wiped, Writer, words};

pub use super::parse::parse;

/// A longer line is none.
pub const LONGEST: usize = 64 * 1024;

/// SHA-256.
pub type Hash = [u8; 32];

/// What is written down, without its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number; the first is 1.
    pub sequence: u64,
    /// When.
    pub stamp: Stamp,
    /// By whom.
    pub writer: Writer<'a>,
    /// What.
    pub what: What<'a>,
}

/// Which copy of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one beside the vault.
    First,
    /// The one elsewhere.
    Second,
}
words!(Side: First = "first", Second = "second");

/// What was done with the rest of a write that did not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mended {
    /// It was no whole record, and was replaced.
    Cut,
    /// It was a whole record but for its line end, and counts.
    Completed,
    /// A last record that could not be fitted in.
    Reserve,
}
words!(Mended: Cut = "cut", Completed = "completed", Reserve = "reserve");

/// The kinds of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What<'a> {
    /// Something is about to be done.
    Intent {
        /// What.
        verb: Verb,
        /// To what, as a name or a keyed hash.
        object: Cow<'a, str>,
        /// What for, as words or a keyed hash.
        purpose: Cow<'a, str>,
    },
    /// It was done, or not.
    Outcome {
        /// The number of its intent.
        of: u64,
        /// How it ended.
        result: Outcome,
        /// How long it took, in microseconds.
        took: u64,
        /// What became of the memory that held values.
        wiped: Wiped,
    },
    /// A signature over everything so far.
    Checkpoint,
    /// The last record of a segment, which stays when the others are removed. Signed.
    Close(Footer),
    /// The records of segments before a day are about to be removed. Signed.
    Prune {
        /// The first day that stays.
        before: Date,
        /// The rule that says so.
        policy: Cow<'a, str>,
    },
    /// A write that did not end was mended.
    Repair {
        /// In which copy.
        side: Side,
        /// How.
        mended: Mended,
        /// How many bytes it was about.
        bytes: u64,
        /// Their SHA-256.
        digest: Hash,
    },
    /// A copy had fallen behind and was completed from the other.
    Behind {
        /// Which.
        side: Side,
        /// The first record that it had not.
        from: u64,
        /// The last one.
        to: u64,
    },
    /// A copy could not be written.
    Lost {
        /// Which.
        side: Side,
        /// What the system said.
        why: Cow<'a, str>,
    },
    /// The clock was set back.
    Clock {
        /// By how many milliseconds.
        back: u64,
    },
    /// The last record that there was space for.
    Full {
        /// What the system said.
        why: Cow<'a, str>,
    },
}

/// What stays of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footer {
    /// Its day.
    pub day: Date,
    /// The number of its first record.
    pub first: u64,
    /// The number of its last record before this one.
    pub last: u64,
    /// How many these are.
    pub count: u64,
    /// The hash of the record before the first.
    pub after: Hash,
    /// The root of the tree over their hashes, see [`super::merkle`].
    pub root: Hash,
    /// The public key that signs from here on.
    pub next: Hash,
}

impl Record<'_> {
    /// The same, without the line that it was read from.
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let Writer { boot, host, pid, uid, program } = self.writer;
        let writer = Writer { boot: own(boot), host: own(host), pid, uid, program: own(program) };
        let what = match self.what {
            What::Intent { verb, object, purpose } => What::Intent { verb, object: own(object), purpose: own(purpose) },
            What::Prune { before, policy } => What::Prune { before, policy: own(policy) },
            What::Lost { side, why } => What::Lost { side, why: own(why) },
            What::Full { why } => What::Full { why: own(why) },
            What::Outcome { of, result, took, wiped } => What::Outcome { of, result, took, wiped },
            What::Checkpoint => What::Checkpoint,
            What::Close(footer) => What::Close(footer),
            What::Repair { side, mended, bytes, digest } => What::Repair { side, mended, bytes, digest },
            What::Behind { side, from, to } => What::Behind { side, from, to },
            What::Clock { back } => What::Clock { back },
        };
        Record { sequence: self.sequence, stamp: self.stamp, writer, what }
    }
}

impl What<'_> {
    /// Is it signed?
    #[must_use]
    pub fn is_signed(&self) -> bool {
        matches!(self, Self::Checkpoint | Self::Close(_) | Self::Prune { .. })
    }
}

/// A line that was read.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// What it says.
    pub record: Record<'a>,
    /// The bytes that its hash is of.
    pub body: &'a [u8],
    /// The bytes that its signature is of, and the signature.
    pub signature: Option<(&'a [u8], [u8; 64])>,
    /// The hash of the record before it, as it says.
    pub previous: Hash,
    /// Its own, as it says.
    pub hash: Hash,
}

impl Line<'_> {
    /// The hash that it should have.
    #[must_use]
    pub fn own_hash(&self) -> Hash {
        hash(&self.previous, self.body)
    }
}

/// The hash of a record: SHA-256 of `audit/v1`, the hash of the record before it, and its body.
#[must_use]
pub fn hash(previous: &Hash, body: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(b"audit/v1");
    hash.update(previous);
    hash.update(body);
    hash.finalize().into()
}

/// Writes `record` behind the one with the hash `previous`, with a line end, and gives its own hash. `sign` is asked for those that are
/// signed.
pub fn write(record: &Record<'_>, previous: &Hash, sign: impl FnOnce(&[u8]) -> [u8; 64], out: &mut Vec<u8>) -> Hash {
    let mut body = String::with_capacity(512);
    head(record, &mut body);
    what(&record.what, &mut body);
    if record.what.is_signed() {
        let signature = sign(body.as_bytes());
        push(&mut body, format_args!(",\"signature\":\"{}\"", hex(&signature)));
    }
    let own = hash(previous, body.as_bytes());
    push(&mut body, format_args!(",\"previous\":\"{}\",\"hash\":\"{}\"}}\n", hex(previous), hex(&own)));
    out.extend_from_slice(body.as_bytes());
    own
}

fn push(out: &mut String, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).expect("a string takes everything");
}

fn head(record: &Record<'_>, out: &mut String) {
    let Record { sequence, stamp, writer, .. } = record;
    push(out, format_args!("{{\"sequence\":{sequence},\"time\":\"{}\",\"up\":{},\"boot\":", time(stamp.at), nanos(stamp.up)));
    quote(&writer.boot, out);
    out.push_str(",\"host\":");
    quote(&writer.host, out);
    push(out, format_args!(",\"process\":{{\"pid\":{},\"uid\":{},\"program\":", writer.pid, writer.uid));
    quote(&writer.program, out);
    out.push_str("},\"phase\":");
}

/// Nanoseconds; five hundred years of them fit.
fn nanos(up: Duration) -> u64 {
    u64::try_from(up.as_nanos()).unwrap_or(u64::MAX)
}

fn what(what: &What<'_>, out: &mut String) {
    match what {
        What::Intent { verb, object, purpose } => {
            push(out, format_args!("\"intent\",\"verb\":\"{}\",\"object\":", verb.word()));
            quote(object, out);
            out.push_str(",\"purpose\":");
            quote(purpose, out);
        }
        What::Outcome { of, result, took, wiped } => {
            let (result, wiped) = (result.word(), wiped.word());
            push(out, format_args!("\"outcome\",\"of\":{of},\"result\":\"{result}\",\"took\":{took},\"wiped\":\"{wiped}\""));
        }
        What::Checkpoint => out.push_str("\"checkpoint\""),
        What::Close(Footer { day, first, last, count, after, root, next }) => {
            push(out, format_args!("\"close\",\"day\":\"{day}\",\"first\":{first},\"last\":{last},\"count\":{count}"));
            push(out, format_args!(",\"after\":\"{}\",\"root\":\"{}\",\"next\":\"{}\"", hex(after), hex(root), hex(next)));
        }
        What::Prune { before, policy } => {
            push(out, format_args!("\"prune\",\"before\":\"{before}\",\"policy\":"));
            quote(policy, out);
        }
        What::Repair { side, mended, bytes, digest } => {
            let (side, mended) = (side.word(), mended.word());
            push(out, format_args!("\"repair\",\"copy\":\"{side}\",\"mended\":\"{mended}\",\"bytes\":{bytes}"));
            push(out, format_args!(",\"digest\":\"{}\"", hex(digest)));
        }
        What::Behind { side, from, to } => {
            push(out, format_args!("\"behind\",\"copy\":\"{}\",\"from\":{from},\"to\":{to}", side.word()));
        }
        What::Lost { side, why } => {
            push(out, format_args!("\"lost\",\"copy\":\"{}\",\"why\":", side.word()));
            quote(why, out);
        }
        What::Clock { back } => push(out, format_args!("\"clock\",\"back\":{back}")),
        What::Full { why } => {
            out.push_str("\"full\",\"why\":");
            quote(why, out);
        }
    }
}

/// A JSON string: only quotes, backslashes and control characters are escaped, the last as `\u001f`.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => push(out, format_args!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A moment as RFC 3339 says it, in UTC with nine digits.
#[must_use]
pub fn time((seconds, nanos): (u64, u32)) -> String {
    let (seconds, nanos) = (seconds.min(LAST_SECOND), nanos.min(999_999_999));
    let second = seconds % 86_400;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z", Date::from_unix(seconds))
}

/// The end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::base::date::Date;
    use super::super::event::{Outcome, Stamp, Verb, Wiped, Writer};
    use super::{Footer, LONGEST, Mended, Record, Side, What, hash, parse, time, write};

    fn what() -> impl Strategy<Value = What<'static>> {
        let text = || any::<String>().prop_map(Into::into);
        let side = || prop::sample::select(Side::ALL);
        let (day, number) = ((0u64..4_000_000_000).prop_map(Date::from_unix), any::<u64>);
        prop_oneof![
            (prop::sample::select(Verb::ALL), text(), text()).prop_map(|(verb, object, purpose)| What::Intent {
                verb,
                object,
                purpose
            }),
            (number(), prop::sample::select(Outcome::ALL), number(), prop::sample::select(Wiped::ALL))
                .prop_map(|(of, result, took, wiped)| What::Outcome { of, result, took, wiped }),
            Just(What::Checkpoint),
            (day.clone(), [number(), number(), number()], any::<[[u8; 32]; 3]>()).prop_map(
                |(day, [first, last, count], hashes)| {
                    let [after, root, next] = hashes;
                    What::Close(Footer { day, first, last, count, after, root, next })
                }
            ),
            (day, text()).prop_map(|(before, policy)| What::Prune { before, policy }),
            (side(), prop::sample::select(Mended::ALL), number(), any::<[u8; 32]>())
                .prop_map(|(side, mended, bytes, digest)| What::Repair { side, mended, bytes, digest }),
            (side(), number(), number()).prop_map(|(side, from, to)| What::Behind { side, from, to }),
            (side(), text()).prop_map(|(side, why)| What::Lost { side, why }),
            number().prop_map(|back| What::Clock { back }),
            text().prop_map(|why| What::Full { why }),
        ]
    }

    fn record() -> impl Strategy<Value = Record<'static>> {
        let stamp = (0u64..253_402_300_800, 0u32..1_000_000_000, any::<u64>());
        let stamp = stamp.prop_map(|(s, n, up)| Stamp { at: (s, n), up: Duration::from_nanos(up) });
        let writer = (any::<[String; 3]>(), any::<u32>(), any::<u32>()).prop_map(|([boot, host, program], pid, uid)| Writer {
            boot: boot.into(),
            host: host.into(),
            program: program.into(),
            pid,
            uid,
        });
        (any::<u64>(), stamp, writer, what()).prop_map(|(sequence, stamp, writer, what)| Record { sequence, stamp, writer, what })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_is_json(record in record(), previous in any::<[u8; 32]>()) {
            let mut text = Vec::new();
            let own = write(&record, &previous, |_| [9; 64], &mut text);
            let line = parse(text.strip_suffix(b"\n").unwrap()).unwrap();
            prop_assert_eq!(&line.record, &record);
            prop_assert_eq!((line.previous, line.hash, line.own_hash()), (previous, own, hash(&previous, line.body)));
            prop_assert_eq!(line.signature.map(|(_, signature)| signature), record.what.is_signed().then_some([9; 64]));
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&text).is_ok());
            prop_assert_eq!(line.record.clone().into_owned(), record);
        }

        /// A byte that is changed gives no record, or another one: never the same in other bytes.
        #[test]
        fn there_is_one_way_to_write_it(record in record(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut text = Vec::new();
            write(&record, &[1; 32], |_| [9; 64], &mut text);
            text.pop();
            let at = at.index(text.len());
            let same = std::mem::replace(&mut text[at], byte) == byte;
            if let Some(line) = parse(&text) && !same {
                prop_assert!(line.record != record || line.own_hash() != line.hash);
            }
        }
    }

    #[test]
    fn other_ways_to_write_json_are_no_record() {
        let writer = Writer { boot: "b".into(), host: "h\"".into(), pid: 7, uid: 8, program: "p".into() };
        let what = What::Intent { verb: Verb::Get, object: "o\n".into(), purpose: "\u{7f}é".into() };
        let record = Record { sequence: 10, stamp: Stamp { at: (0, 0), up: Duration::ZERO }, writer, what };
        let mut text = Vec::new();
        write(&record, &[0xab; 32], |_| [0; 64], &mut text);
        let text = String::from_utf8(text).unwrap().trim_end().to_owned();
        assert!(parse(text.as_bytes()).is_some());
        let changes = [
            ("{\"seq", " {\"seq"),
            (":10,", ":010,"),
            (":10,", ":+10,"),
            (":10,", ":1e1,"),
            (":10,", ":18446744073709551616,"),
            ("\"pid\":7", "\"pid\":4294967296"),
            ("\"pid\":7,\"uid\":8", "\"uid\":8,\"pid\":7"),
            ("\\u000a", "\\n"),
            ("\\u000a", "\\u000A"),
            ("\\u000a", "\\u0041"),
            ("\\u000a", "\n"),
            ("\\\"", "\\u0022"),
            ("\\\"", "\\/"),
            ("é", "\\u00e9"),
            ("\"get\"", "\"g\\u0065t\""),
            ("\"get\"", "\"Get\""),
            ("intent", "intend"),
            ("1970-01-01", "1970-02-30"),
            ("T00:00:00", "T24:00:00"),
            ("T00:00:00", "t00:00:00"),
            (".000000000Z", ".00000000Z"),
            ("abab", "ABAB"),
            ("\"}", "\"} "),
            ("\"}", "\",\"more\":1}"),
        ];
        for (from, to) in changes {
            let changed =
                if from == "\"}" { text.strip_suffix(from).unwrap().to_owned() + to } else { text.replacen(from, to, 1) };
            assert_ne!(changed, text, "{from}");
            assert!(parse(changed.as_bytes()).is_none(), "{to}");
        }
        assert!(parse(&vec![b' '; LONGEST + 1]).is_none() && parse(b"").is_none() && parse(b"\xff").is_none());
    }

    #[test]
    fn times_have_an_end() {
        let check = |at: (u64, u32), expected: &str| assert_eq!(time(at), expected);
        check((1_795_867_200, 42), "2026-11-28T12:00:00.000000042Z");
        check((u64::MAX, u32::MAX), "9999-12-31T23:59:59.999999999Z");
    }
}
