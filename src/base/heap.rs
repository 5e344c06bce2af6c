//! How the heap of the process grows.
//!
//! It must not be used by a library: it changes the whole process. Start with [`prepare`].
//!
//! Half of a start was the kernel's: thousands of rules are read into fresh memory, which it gave a page of 4 KiB at a time, and
//! the heaps of other threads than the first grow a page at a time too, each time with a lock on the whole address space. Now the first
//! thread reads the rules, and its heap grows by many pages, in large ones where the system has them.

/// Bytes by which the heap grows.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const GROWTH: usize = 16 << 20;
/// Blocks of so many bytes and more are given back to the system when they are freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: usize = 4 << 20;
/// Bytes of a large page.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const PAGE: usize = 2 << 20;

/// Prepares the heap of a program that allocates much at its start. Called once, before there are other threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the options of the C library's allocator, and advice about memory that it owns")]
pub fn prepare() {
    let option = |name, value: usize| {
        // SAFETY: it sets an option of the allocator, and no other thread is there yet that allocates.
        let _ = unsafe { libc::mallopt(name, libc::c_int::try_from(value).unwrap_or(libc::c_int::MAX)) };
    };
    option(libc::M_TOP_PAD, GROWTH);
    option(libc::M_TRIM_THRESHOLD, 4 * GROWTH);
    option(libc::M_MMAP_THRESHOLD, LARGE);
    // SAFETY: with 0 it only says where the heap ends.
    let end = || unsafe { libc::sbrk(0) } as usize;
    let before = end();
    // More than what is left of the heap, so that it grows.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE / 2)));
    let (from, to) = (before.next_multiple_of(PAGE), end() / PAGE * PAGE);
    if from < to {
        // SAFETY: the range is a part of the heap; the advice changes no content. Where it is refused, pages are as small as before.
        let _ = unsafe { rustix::mm::madvise(from as *mut _, to - from, rustix::mm::Advice::LinuxHugepage) };
    }
}

/// Elsewhere the heap is left as it is.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn prepare() {}
