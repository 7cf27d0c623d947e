//! How the kernel keeps the clock in step.

use std::io;

/// Asks the kernel; nothing is set.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the system call has no safe wrapper")]
pub(super) fn ask() -> io::Result<Vec<(&'static str, i64)>> {
    // SAFETY: the structure is numbers alone, for which zero is a value.
    let mut told: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a structure of the size that the kernel writes, and `modes` is zero: nothing is set.
    let state = unsafe { libc::adjtimex(&raw mut told) };
    if state < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(vec![
        ("state", state.into()),
        ("offset", told.offset),
        ("freq", told.freq),
        ("maxerror", told.maxerror),
        ("esterror", told.esterror),
        ("status", told.status.into()),
        ("constant", told.constant),
        ("tick", told.tick),
        ("ppsfreq", told.ppsfreq),
        ("jitter", told.jitter),
        ("shift", told.shift.into()),
        ("stabil", told.stabil),
        ("jitcnt", told.jitcnt),
        ("calcnt", told.calcnt),
        ("errcnt", told.errcnt),
        ("stbcnt", told.stbcnt),
        ("tai", told.tai.into()),
    ])
}

/// Other systems have no such call.
#[cfg(not(target_os = "linux"))]
pub(super) fn ask() -> io::Result<Vec<(&'static str, i64)>> {
    Err(io::ErrorKind::Unsupported.into())
}
