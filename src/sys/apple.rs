//! What macOS has alone, or does in its own way.

use std::io;

/// Flags of a mapping for stacks.
pub(super) const STACK_MAPPING: libc::c_int = libc::MAP_NORESERVE;

/// The advice by which pages go back to the system when it needs them. What they read as when touched again is not defined.
pub(super) const DISCARD: libc::c_int = libc::MADV_FREE;

/// There are no huge pages that come without being asked for.
///
/// # Safety
/// None is needed.
pub(super) unsafe fn refuse_huge_pages(_low: *mut libc::c_void, _len: usize) {}

/// There is no such advice: refused, so guards are made by `mprotect`.
///
/// # Safety
/// None is needed.
pub(super) unsafe fn advise_guard(_low: *mut libc::c_void, _len: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Has the kernel write to `page`: 0, or -1 with EFAULT where a write would fault. `uname` writes in user mode here.
///
/// # Safety
/// `page` is page aligned, mapped by the caller, and its contents are not needed any more.
pub(super) unsafe fn write_by_kernel(page: *mut libc::c_void) -> libc::c_int {
    const { assert!(size_of::<libc::rusage>() <= 4096) };
    // SAFETY: by the contract above the kernel may write to this page, and it looks before it does.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, page.cast()) }
}

/// What of these pages is in memory, one byte for each; 0, or -1 with an errno.
///
/// # Safety
/// There is room in `seen` for a byte of each page of the range.
pub(super) unsafe fn look_at_pages(
    low: *mut libc::c_void,
    len: usize,
    seen: *mut u8,
) -> libc::c_int {
    // SAFETY: the contract above.
    unsafe { libc::mincore(low, len, seen.cast()) }
}

/// The system has no such limit.
pub(super) fn mapping_limit() -> Option<usize> {
    None
}

/// How large a stack for signal handlers must be.
pub(super) fn signal_stack_size() -> usize {
    libc::SIGSTKSZ
}

/// Whether the kernel itself has found the fault, so that it has an address: signals of kill(2) have codes from `SI_USER` on.
pub(super) fn is_found_by_kernel(code: libc::c_int) -> bool {
    const SI_USER: libc::c_int = 0x10001;
    0 < code && code < SI_USER
}

/// The stack pointer in the context that a signal handler is given.
///
/// # Safety
/// The kernel has filled the context for the handler that now runs.
pub(super) unsafe fn stack_pointer(context: *const libc::ucontext_t) -> Option<usize> {
    // SAFETY: the contract above.
    let registers = unsafe { &*(*context).uc_mcontext };
    #[cfg(target_arch = "x86_64")]
    let pointer = registers.__ss.__rsp;
    #[cfg(target_arch = "aarch64")]
    let pointer = registers.__ss.__sp;
    Some(pointer as usize)
}

/// Whether an error of `accept` is one of the connection, which was lost before it was accepted.
#[cfg(feature = "hub")]
pub(super) fn is_lost_connection(errno: i32) -> bool {
    errno == libc::ECONNABORTED
}

/// The user, the group and the process at the other side of a Unix socket, when that was connected.
///
/// # Errors
/// The system's error.
#[cfg(feature = "hub")]
pub(super) fn peer_credentials(socket: std::os::fd::RawFd) -> io::Result<(u32, u32, Option<i32>)> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: the kernel writes to the two, which are alive during the call.
    if unsafe { libc::getpeereid(socket, &raw mut uid, &raw mut gid) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut pid: libc::pid_t = 0;
    let mut len = libc::socklen_t::try_from(size_of_val(&pid)).unwrap_or(0);
    // SAFETY: the kernel writes at most `len` bytes to `pid`, and how many to `len`.
    let outcome = unsafe {
        libc::getsockopt(
            socket,
            libc::SOL_LOCAL,
            libc::LOCAL_PEERPID,
            (&raw mut pid).cast(),
            &raw mut len,
        )
    };
    Ok((uid, gid, (outcome == 0).then_some(pid)))
}
