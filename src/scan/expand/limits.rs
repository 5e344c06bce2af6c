//! How far expanding goes. Start with [`Limits`].

const MIB: u64 = 1024 * 1024;

/// Limits of one expansion: they hold for the file that was opened and everything nested in it together. Each one that is
/// hit is recorded as a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Containers within containers: with 1, members that are containers themselves are scanned as raw bytes. A `tar.gz` is
    /// one container; a notebook does not count.
    pub depth: u32,
    /// Bytes of one member.
    pub member_bytes: u64,
    /// Bytes unpacked in all.
    pub total_bytes: u64,
    /// Unpacked bytes for each packed byte, once a stream has given [`Limits::ratio_from`] bytes.
    pub ratio: u64,
    /// Bytes before [`Limits::ratio`] is looked at.
    pub ratio_from: u64,
    /// Members in all.
    pub members: u64,
    /// Bytes held in memory at any time for containers that must be held whole: notebooks, and zip and 7z inside others.
    pub buffer: u64,
    /// Bytes of a decompressor's window or dictionary.
    pub window: u64,
}

impl Default for Limits {
    /// Safe against bombs, wide enough for ordinary big archives: 4 levels, 1 GiB a member, 4 GiB and 100,000 members in all,
    /// 200 to 1 after 10 MiB, 64 MiB held in memory, windows of 128 MiB.
    fn default() -> Self {
        Self {
            depth: 4,
            member_bytes: 1024 * MIB,
            total_bytes: 4096 * MIB,
            ratio: 200,
            ratio_from: 10 * MIB,
            members: 100_000,
            buffer: 64 * MIB,
            window: 128 * MIB,
        }
    }
}
