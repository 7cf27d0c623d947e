//! How memory is taken from the system.
//!
//! The allocator advises the kernel to back its arenas with huge pages. A head of many small
//! allocations that come and go touches most of those two-megabyte pages and fills few: a third of
//! the resident memory under scrape load was never written to.

/// Tells the kernel to give this process pages of the usual size. Where it does not know the
/// wish, more memory is resident and nothing else changes.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "the system call has no safe wrapper without another feature of rustix"
)]
pub(crate) fn refuse_huge_pages() {
    let (on, unused): (libc::c_ulong, libc::c_ulong) = (1, 0);
    // SAFETY: this option takes numbers and no pointer, and only changes how the kernel backs pages.
    let _refused = unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, on, unused, unused, unused) };
}

/// Other systems have no such wish.
#[cfg(not(target_os = "linux"))]
pub(crate) fn refuse_huge_pages() {}
