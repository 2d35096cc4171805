//! What Linux has alone, or does in its own way, with glibc and with musl.

use std::io;
#[cfg(feature = "hub")]
use std::{os::fd::RawFd, time::Duration};

/// Flags of a mapping for stacks: not counted against memory, and marked as such.
pub(super) const STACK_MAPPING: libc::c_int = libc::MAP_NORESERVE | libc::MAP_STACK;

/// The advice by which pages go back to the system; they read as zero when touched again.
pub(super) const DISCARD: libc::c_int = libc::MADV_DONTNEED;

/// `MADV_GUARD_INSTALL` of Linux 6.13; libc 0.2 does not name it on every target.
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// `_SC_SIGSTKSZ` of glibc 2.34; libc 0.2 does not name it, and other C libraries answer -1.
const SC_SIGSTKSZ: libc::c_int = 250;

/// Keeps huge pages out of a mapping, one of which would make a stack of it resident at the first touch.
///
/// # Safety
/// The range is mapped by the caller.
pub(super) unsafe fn refuse_huge_pages(low: *mut libc::c_void, len: usize) {
    // Refused by a kernel that has no huge pages at all: then there is nothing to turn off.
    // SAFETY: the advice covers the caller's mapping only and changes no byte of it.
    let _ = unsafe { libc::madvise(low, len, libc::MADV_NOHUGEPAGE) };
}

/// Guards a range without a mapping of its own.
///
/// # Safety
/// The range is page aligned, mapped by the caller, and its contents are not needed any more.
pub(super) unsafe fn advise_guard(low: *mut libc::c_void, len: usize) -> io::Result<()> {
    // SAFETY: by the contract above the pages may be dropped.
    match unsafe { libc::madvise(low, len, MADV_GUARD_INSTALL) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Has the kernel write to `page`: 0, or -1 with EFAULT where a write would fault.
///
/// # Safety
/// `page` is page aligned, mapped by the caller, and its contents are not needed any more.
pub(super) unsafe fn write_by_kernel(page: *mut libc::c_void) -> libc::c_int {
    const { assert!(size_of::<libc::utsname>() <= 4096) };
    // SAFETY: by the contract above the kernel may write to this page, and it looks before it does.
    unsafe { libc::uname(page.cast()) }
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
    unsafe { libc::mincore(low, len, seen) }
}

/// How many mappings a process may have (`vm.max_map_count`), where `/proc` tells.
pub(super) fn mapping_limit() -> Option<usize> {
    std::fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// How large a stack for signal handlers must be for this processor's registers.
pub(super) fn signal_stack_size() -> usize {
    // SAFETY: a question without arguments in memory.
    let wanted = unsafe { libc::sysconf(SC_SIGSTKSZ) };
    usize::try_from(wanted).unwrap_or(0).max(libc::SIGSTKSZ)
}

/// Whether the kernel itself has found the fault, so that it has an address: signals of kill(2) have codes of zero and below.
pub(super) fn is_found_by_kernel(code: libc::c_int) -> bool {
    code > 0
}

/// The stack pointer in the context that a signal handler is given; none on processors that are not listed here.
///
/// # Safety
/// The kernel has filled the context for the handler that now runs.
pub(super) unsafe fn stack_pointer(context: *const libc::ucontext_t) -> Option<usize> {
    // SAFETY: the contract above.
    let registers = unsafe { &(*context).uc_mcontext };
    #[cfg(target_arch = "x86_64")]
    let pointer = Some(registers.gregs[libc::REG_RSP as usize].cast_unsigned() as usize);
    #[cfg(target_arch = "aarch64")]
    let pointer = Some(registers.sp as usize);
    /// The second register.
    #[cfg(target_arch = "riscv64")]
    const SP: usize = 2;
    #[cfg(target_arch = "riscv64")]
    let pointer = Some(registers.__gregs[SP] as usize);
    #[cfg(not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )))]
    let pointer = {
        let _ = registers;
        None
    };
    pointer
}

/// Waits until `fd` is readable or `limit` has passed, to within the kernel's timer slack (50 us), where `epoll_wait` rounds up
/// to whole milliseconds.
#[cfg(feature = "hub")]
pub(super) fn wait_readable(fd: RawFd, limit: Duration) -> io::Result<()> {
    let mut poll = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: all zeroes is a valid timespec.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    time.tv_sec = limit.as_secs().try_into().unwrap_or(i32::MAX.into());
    time.tv_nsec = limit.subsec_nanos().into();
    // SAFETY: one valid pollfd and one valid timespec, both alive during the call; no signal mask.
    match unsafe { libc::ppoll(&raw mut poll, 1, &raw const time, std::ptr::null()) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Whether an error of `accept` is one of the connection, which was lost before it was accepted.
///
/// Linux reports errors of the network that are pending on the new connection as errors of `accept`; accept(2) lists them for
/// TCP, and says to try again.
#[cfg(feature = "hub")]
pub(super) fn is_lost_connection(errno: i32) -> bool {
    matches!(
        errno,
        libc::ECONNABORTED
            | libc::ENETDOWN
            | libc::EPROTO
            | libc::ENOPROTOOPT
            | libc::EHOSTDOWN
            | libc::ENONET
            | libc::EHOSTUNREACH
            | libc::EOPNOTSUPP
            | libc::ENETUNREACH
    )
}

/// The user, the group and the process at the other side of a Unix socket, when that was connected.
///
/// # Errors
/// The system's error; `NotConnected` where there is no peer.
#[cfg(feature = "hub")]
pub(super) fn peer_credentials(socket: RawFd) -> io::Result<(u32, u32, Option<i32>)> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: u32::MAX,
        gid: u32::MAX,
    };
    let mut len = libc::socklen_t::try_from(size_of_val(&peer)).unwrap_or(0);
    // SAFETY: the kernel writes at most `len` bytes to `peer`, and how many to `len`.
    let outcome = unsafe {
        libc::getsockopt(
            socket,
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut len,
        )
    };
    match outcome {
        0 if peer.pid == 0 => Err(io::ErrorKind::NotConnected.into()),
        0 => Ok((peer.uid, peer.gid, Some(peer.pid))),
        _ => Err(io::Error::last_os_error()),
    }
}
