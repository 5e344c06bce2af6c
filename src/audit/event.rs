//! What may be done with secrets, and how it ended.
//!
//! It must not know how it is written. Start with [`Event`].

use std::borrow::Cow;
use std::time::Duration;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// A vault is made.
    Init,
    /// The root key is kept for a while.
    Unlock,
    /// It is forgotten.
    Lock,
    /// A way into the vault is added, changed or removed.
    Key,
    /// A value is read.
    Get,
    /// A value is read for a program that is run.
    Run,
    /// A value is read into a file.
    Inject,
    /// A value is written.
    Put,
    /// What is said of a secret is changed.
    Edit,
    /// Names and what is said of secrets are read.
    List,
    /// A secret is removed.
    Remove,
    /// Values are written into a backup.
    Export,
    /// Values are read from elsewhere.
    Import,
    /// A context, or everything, is made unreadable.
    Wipe,
    /// Keyed hashes of all values are read, for scans.
    Known,
    /// Old records of this log are removed.
    Prune,
}

/// Something that is about to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// What.
    pub verb: Verb,
    /// To what: `context/name`, a context, or the empty text for the vault as a whole.
    pub object: &'a str,
    /// What for, in words of whoever does it: a program's name, a file.
    pub purpose: &'a str,
    /// Seconds and nanoseconds since 1970.
    pub at: (u64, u32),
    /// How long the machine was up then, by a clock that nobody sets.
    pub up: Duration,
}

/// When something was written down, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// Seconds and nanoseconds since 1970.
    pub at: (u64, u32),
    /// How long the machine was up then, by a clock that nobody sets.
    pub up: Duration,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It could not be done.
    Failed,
    /// It was not allowed.
    Refused,
}

/// What became of the memory that held a value. Nothing more is claimed than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wiped {
    /// No value was held.
    Nothing,
    /// It was locked, overwritten and given back.
    Locked,
    /// It was overwritten and given back, but could have been swapped out.
    Unlocked,
    /// It was handed to another program.
    NotOurs,
}

/// How an event ended, and what there is to say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// When.
    pub stamp: Stamp,
    /// How long it took.
    pub took: Duration,
    /// What became of the memory that held values.
    pub wiped: Wiped,
}

/// Who writes. The system says the numbers; the names are hints that nothing is decided by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer<'a> {
    /// Which start of the machine it is, as the kernel names it.
    pub boot: Cow<'a, str>,
    /// The machine's name.
    pub host: Cow<'a, str>,
    /// The process.
    pub pid: u32,
    /// The user.
    pub uid: u32,
    /// The program.
    pub program: Cow<'a, str>,
}

/// A closed list of words that records are written with.
macro_rules! words {
    ($type:ident: $($variant:ident = $word:literal),+ $(,)?) => {
        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As it stands in a record.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// The one with this word.
            #[must_use]
            pub fn of(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use words;

words!(Verb:
    Init = "init", Unlock = "unlock", Lock = "lock", Key = "key", Get = "get", Run = "run", Inject = "inject", Put = "put",
    Edit = "edit", List = "list", Remove = "remove", Export = "export", Import = "import", Wipe = "wipe", Known = "known",
    Prune = "prune");
words!(Outcome: Done = "done", Failed = "failed", Refused = "refused");
words!(Wiped: Nothing = "nothing", Locked = "zeroized-locked", Unlocked = "zeroized", NotOurs = "not-ours");
