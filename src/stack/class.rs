//! Size classes, and the geometry of a slot.
//!
//! ```text
//! low                                                            high = low + stride
//! | guard 64 KiB | usable: what was asked for, rounded up | one page for colours |
//! limit()                                                  base() = high - colour * 64
//! ```
//!
//! An odd number of pages from slot to slot keeps neighbours out of each other's TLB sets, and 32 colours, one cache
//! line each, keep them out of each other's cache sets. Either alone does little: a thousand coroutines in turn cost
//! 16 ns a round trip with neither, 15 with one of them, 6 to 9 with both. Colours use up to half of the extra page
//! only, so a stack is never smaller than its class says, and 2 KiB of it fit into the first page it touches.
#![forbid(unsafe_code)]

/// Usable bytes of the smallest stacks: a panic with a backtrace alone needs 22 KiB.
pub const MIN_STACK_SIZE: usize = 32 * KIB;
/// Usable bytes of a stack by default.
pub const DEFAULT_STACK_SIZE: usize = 192 * KIB;
/// Usable bytes of the largest stacks.
pub const MAX_STACK_SIZE: usize = 1024 * 1024 * KIB;

/// Bytes of guard: the largest frames of glibc and common C libraries cannot jump it.
pub(super) const GUARD: usize = 64 * KIB;

/// The largest page this kind of machine may have; all of the geometry is in whole ones.
pub(super) const PAGE: usize = if cfg!(target_arch = "x86_64") {
    4 * KIB
} else {
    64 * KIB
};

const KIB: usize = 1024;
const COLOURS: usize = 32;
const COLOUR_STEP: usize = 64;
const _: () = assert!(COLOURS * COLOUR_STEP <= PAGE && COLOUR_STEP.is_multiple_of(64));
const _: () = assert!(DEFAULT_STACK_SIZE.is_multiple_of(PAGE) && GUARD.is_multiple_of(PAGE));

/// A size class: 32, 64, 128, 192 (the default), 256, 512 KiB, and on by doubling to 1 GiB usable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SizeClass(u8);

impl SizeClass {
    /// How many classes there are.
    pub(super) const COUNT: usize = 17;
    const DEFAULT: u8 = 3;

    /// The smallest class with at least `size` usable bytes, if any has as many.
    #[inline]
    pub(super) fn for_size(size: usize) -> Option<SizeClass> {
        if size > MAX_STACK_SIZE {
            return None;
        }
        let doublings = size
            .div_ceil(MIN_STACK_SIZE)
            .next_power_of_two()
            .trailing_zeros() as u8;
        // 192 KiB stands between the doublings 128 and 256.
        let beyond =
            doublings > Self::DEFAULT || (doublings == Self::DEFAULT && size > DEFAULT_STACK_SIZE);
        Some(SizeClass(doublings + u8::from(beyond)))
    }

    /// The class at a place in the list of classes, if there is one.
    pub(super) fn at(index: usize) -> Option<SizeClass> {
        u8::try_from(index)
            .ok()
            .filter(|_| index < Self::COUNT)
            .map(SizeClass)
    }

    /// Its place in the list of classes.
    #[inline]
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Bytes that a stack of this class may use.
    #[inline]
    pub(super) const fn usable(self) -> usize {
        match self.0 {
            Self::DEFAULT => DEFAULT_STACK_SIZE,
            below if below < Self::DEFAULT => MIN_STACK_SIZE << below,
            above => MIN_STACK_SIZE << (above - 1),
        }
    }

    /// Bytes from one slot to the next: an odd number of pages.
    #[inline]
    pub(super) const fn stride(self) -> usize {
        let pages = (GUARD + self.usable()).div_ceil(PAGE) + 1;
        (pages | 1) * PAGE
    }

    /// Where a stack begins in the slot that ends at `high`.
    pub(super) fn base(slot_number: usize, high: usize) -> usize {
        high - slot_number % COLOURS * COLOUR_STEP
    }

    /// The low end of the slot whose stack begins at `base`; the opposite of [`SizeClass::base`].
    #[inline]
    pub(super) fn low(self, base: usize) -> usize {
        base.next_multiple_of(PAGE) - self.stride()
    }
}
