//! Memory from the kernel: lazy mappings, guards inside them, pages given back and counted.
//!
//! A guard made by `MADV_GUARD_INSTALL` lives in the page tables and leaves the mapping whole; one made by
//! `mprotect` cuts it in three, and the kernel allows only `vm.max_map_count` pieces in a process.

use super::system;
use std::io;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The errno of "no memory", which also stands for "too many mappings".
pub(crate) const ENOMEM: i32 = libc::ENOMEM;

/// Pages looked at per `mincore` call; the answer lies on the caller's stack, which may be a small one.
const LOOK: usize = 256;

/// One private anonymous mapping, readable and writable, whose pages come into being when touched.
///
/// # Invariant
///
/// `low .. low + len` is mapped by this value and by nothing else for as long as it lives.
#[derive(Debug)]
pub(crate) struct Mapping {
    low: NonNull<u8>,
    len: usize,
}

impl Mapping {
    /// Maps `len` bytes, without counting them against memory and without huge pages.
    pub(crate) fn reserve(len: usize) -> io::Result<Mapping> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | system::STACK_MAPPING;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: without MAP_FIXED the kernel chooses an unused range, so no existing memory changes.
        let low = unsafe { libc::mmap(ptr::null_mut(), len, access, flags, -1, 0) };
        if low == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the new mapping.
        unsafe { system::refuse_huge_pages(low, len) };
        let low = NonNull::new(low.cast::<u8>())
            .ok_or_else(|| io::Error::other("mmap gave page zero"))?;
        // Stacks are named by numbers: corosensei makes pointers of them again.
        let _ = low.as_ptr().expose_provenance();
        Ok(Mapping { low, len })
    }

    /// As [`Mapping::reserve`], at a multiple of `align`, which is one of the page's size.
    pub(crate) fn reserve_aligned(len: usize, align: usize) -> io::Result<Mapping> {
        let spare = align.saturating_sub(page_size());
        let mut map = Mapping::reserve(len + spare)?;
        let low = map.low.addr().get();
        let before = low.next_multiple_of(align) - low;
        if before > 0 {
            // SAFETY: a part of the new mapping, in which nothing is.
            outcome(unsafe { libc::munmap(map.low.as_ptr().cast(), before) })?;
            map.low = map.low.map_addr(|low| low.saturating_add(before));
            map.len -= before;
        }
        if before < spare {
            map.cut(spare - before)?;
        }
        Ok(map)
    }

    /// Unmaps `len` bytes, whole pages and not all of them, at the high end.
    pub(crate) fn cut(&mut self, len: usize) -> io::Result<()> {
        assert!(len < self.len, "cutting {len} of {} bytes", self.len);
        let high = self.low.as_ptr().wrapping_add(self.len - len);
        // SAFETY: a part of our own range (invariant of `Mapping`), which its owner does not use any more.
        outcome(unsafe { libc::munmap(high.cast(), len) })?;
        self.len -= len;
        Ok(())
    }

    /// Lowest address, with leave to touch the whole mapping through it.
    pub(crate) fn low(&self) -> NonNull<u8> {
        self.low
    }

    /// Length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is ours alone (invariant of `Mapping`) and its owner is done with it.
        let refused = unsafe { libc::munmap(self.low.as_ptr().cast(), self.len) };
        // The kernel may be out of mappings to split one in two; then the range stays, unused.
        debug_assert!(
            refused == 0 || errno() == ENOMEM,
            "munmap: {}",
            io::Error::last_os_error()
        );
    }
}

/// The answer of the kernel to a mapping that would lock more memory than `RLIMIT_MEMLOCK` allows.
pub(crate) fn is_lock_limit(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EAGAIN)
}

/// Makes `low .. low + len` fault on any touch, without a mapping of its own.
///
/// # Safety
///
/// The range is page aligned, mapped by the caller, and its contents are not needed any more.
pub(crate) unsafe fn guard_by_advice(low: usize, len: usize) -> io::Result<()> {
    // SAFETY: by the contract above the pages may be dropped.
    unsafe { system::advise_guard(pointer(low), len) }
}

/// Makes `low .. low + len` fault on any touch, at the price of two mappings more.
///
/// # Safety
///
/// As for [`guard_by_advice`].
pub(crate) unsafe fn guard_by_protection(low: usize, len: usize) -> io::Result<()> {
    // SAFETY: by the contract above no code reads or writes the range any more.
    outcome(unsafe { libc::mprotect(pointer(low), len, libc::PROT_NONE) })
}

/// Whether the first and the last page of `low .. low + len` fault on a write: asked of a system call, which writes
/// there, or says EFAULT.
///
/// # Safety
///
/// The range is page aligned, mapped by the caller, and its contents are not needed any more.
pub(crate) unsafe fn faults(low: usize, len: usize) -> bool {
    [low, low + len - page_size()].into_iter().all(|page| {
        // SAFETY: by the contract above the kernel may write to this page, and it looks before it does.
        let refused = unsafe { system::write_by_kernel(pointer(page)) };
        refused != 0 && errno() == libc::EFAULT
    })
}

/// Gives the pages of `low .. low + len` back, with their contents: on Linux at once, elsewhere when memory runs short. Guards stay.
///
/// A kernel that refuses (locked memory) keeps the pages, which does no harm.
///
/// # Safety
///
/// The range is page aligned, mapped by the caller, and its contents are not needed any more.
pub(crate) unsafe fn discard(low: usize, len: usize) {
    // SAFETY: by the contract above the contents may go.
    let _ = unsafe { libc::madvise(pointer(low), len, system::DISCARD) };
}

/// The lowest address in `low .. high` (page aligned) whose page is in memory, or none.
pub(crate) fn lowest_resident(low: usize, high: usize) -> Option<usize> {
    let page = page_size();
    let mut seen = [0_u8; LOOK];
    let mut at = low;
    while at < high {
        let len = (high - at).min(LOOK * page);
        // SAFETY: the kernel writes one byte per page of `len`, at most LOOK, into `seen`, and reads no page.
        let refused = unsafe { system::look_at_pages(pointer(at), len, seen.as_mut_ptr()) };
        if refused != 0 {
            return None;
        }
        let pages = len.div_ceil(page);
        if let Some(first) = seen[..pages].iter().position(|byte| byte & 1 != 0) {
            return Some(at + first * page);
        }
        at += len;
    }
    None
}

/// The size of a page on the running machine.
pub(crate) fn page_size() -> usize {
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    match SIZE.load(Ordering::Relaxed) {
        0 => {
            // SAFETY: a question without arguments in memory.
            let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
            let size = usize::try_from(size).unwrap_or(4096);
            SIZE.store(size, Ordering::Relaxed);
            size
        }
        size => size,
    }
}

/// How many mappings this kernel allows a process, where there is a limit and it tells.
pub(crate) fn mapping_limit() -> Option<usize> {
    system::mapping_limit()
}

/// Whether a byte can be read, asked of a system call, which answers EFAULT where a load would fault.
#[cfg(test)]
pub(crate) fn readable(address: usize) -> bool {
    use std::os::fd::AsRawFd;
    let (_reader, writer) = io::pipe().expect("two descriptors");
    // SAFETY: the kernel reads one byte at `address`, or says EFAULT.
    let written = unsafe { libc::write(writer.as_raw_fd(), pointer(address), 1) };
    let fault = errno();
    assert!(
        written == 1 || fault == libc::EFAULT,
        "write: errno {fault}"
    );
    written == 1
}

fn outcome(refused: libc::c_int) -> io::Result<()> {
    if refused == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

fn pointer(address: usize) -> *mut libc::c_void {
    ptr::with_exposed_provenance_mut(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aligned_mapping_is_all_there_and_nothing_more() {
        const ALIGN: usize = 256 * 1024;
        for pages in 1..40 {
            let len = pages * page_size();
            // Wherever the system puts it: what was mapped before makes the places differ.
            let _before = Mapping::reserve(len).unwrap();
            let map = Mapping::reserve_aligned(len, ALIGN).unwrap();
            let low = map.low().as_ptr().addr();
            assert_eq!((low % ALIGN, map.len()), (0, len));
            assert!(readable(low) && readable(low + len - 1));
        }
        let map = Mapping::reserve_aligned(page_size(), page_size()).unwrap();
        assert_eq!(map.len(), page_size());
    }
}
