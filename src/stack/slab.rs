//! A slab: one mapping, a table of records at its low end, slots of one size class above it.
//!
//! ```text
//! low        first                                                              low + len
//! | table    | slot 0        | slot 1        | slot 2        | slot 3 ...                |
//! | Slot x n | guard | stack | guard | stack |  not carved: neither guard nor record     |
//!                                            carved = 2
//! ```
//!
//! Slots are carved in order, when first needed; a carved slot keeps its record and its guard for ever.

use super::class::{GUARD, PAGE, SizeClass};
use super::guard::{self, Guard};
use super::overflow::Description;
use super::registry::{self, SlabEntry};
use crate::error::StackError;
use crate::sys::memory::{self, Mapping};
use corosensei::stack::StackPointer;
use corosensei::stack::valgrind::ValgrindStackRegistration;
use std::cell::Cell;
use std::io;
use std::mem::size_of;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicPtr;

/// Bytes of a slab that are unmapped together: half a millisecond of page tables.
const PIECE: usize = 256 << 20;
/// Bytes of address space that a new slab must leave: a process whose addresses are limited needs some for more than
/// stacks.
const SPARE: usize = 16 << 20;
/// The same where memory is locked and its limit (`RLIMIT_MEMLOCK`, often 8 MiB) is reached: the slab's own length, at most this.
const LOCKED_SPARE: usize = 1 << 20;
const _: () = assert!(PIECE.is_multiple_of(PAGE) && PIECE > Slab::LARGEST / 1024);

/// The use of a carved slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SlotState {
    /// A [`PooledStack`](super::PooledStack).
    Taken,
    /// The cache; its pages are as the last owner left them.
    Warm,
    /// The cache; only its top pages are left.
    Trimmed,
    /// The cache; no page is left.
    Released,
    /// Lost for ever: pointers into it may still exist.
    Leaked,
}

/// The record of a carved slot.
#[derive(Debug)]
pub(super) struct Slot {
    /// Where its stack begins, which is its high end.
    pub(super) base: StackPointer,
    /// What an overflow says of the owner; read by the fault handler of the same thread.
    pub(super) description: AtomicPtr<Description>,
    /// Tells valgrind that this is a stack, for the life of the slot.
    _valgrind: ValgrindStackRegistration,
    /// Which of its cache's slabs it lies in.
    pub(super) slab: u32,
    pub(super) class: SizeClass,
    pub(super) state: Cell<SlotState>,
}

/// A carved slot, by its record. In order of address: slab by slab, and in a slab by number.
///
/// # Invariant
///
/// The record is initialised and its slab is mapped for as long as a `SlotRef` is in use: its holders are the
/// cache's idle list, which is purged before a slab goes, and stacks in use, which keep their slab from going.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct SlotRef(NonNull<Slot>);

impl Deref for SlotRef {
    type Target = Slot;

    #[inline]
    fn deref(&self) -> &Slot {
        // SAFETY: initialised and mapped (invariant of `SlotRef`), and changed through cells only.
        unsafe { self.0.as_ref() }
    }
}

impl SlotRef {
    /// The low end of the slot, where its guard begins.
    #[inline]
    pub(super) fn low(&self) -> usize {
        self.class.low(self.base.get())
    }

    /// All that an owner can write to: from the guard to the high end of the slot.
    pub(super) fn usable(&self) -> std::ops::Range<usize> {
        self.low() + GUARD..self.low() + self.class.stride()
    }

    /// Bytes from the top down to the deepest page in memory.
    pub(super) fn used(&self) -> usize {
        let base = self.base.get();
        memory::lowest_resident(self.low() + GUARD, base.next_multiple_of(PAGE))
            .map_or(0, |deepest| base.saturating_sub(deepest))
    }

    /// Whether this slot lies just above `other` in the same slab.
    pub(super) fn follows(&self, other: SlotRef) -> bool {
        self.slab == other.slab && self.low() == other.low() + other.class.stride()
    }

    /// Gives back the pages of idle neighbours, from this slot up to `highest`, but for `keep` bytes at the top.
    pub(super) fn discard(&self, highest: SlotRef, keep: usize) {
        debug_assert!(
            !matches!(self.state.get(), SlotState::Taken | SlotState::Leaked),
            "discarding a live stack"
        );
        let low = self.low() + GUARD;
        let high = highest.low() + self.class.stride() - keep;
        if low < high {
            // SAFETY: whole pages of idle slots: their contents are not needed, and guards stay.
            unsafe { memory::discard(low, high - low) };
        }
    }
}

/// One mapping cut into slots.
#[derive(Debug)]
pub(super) struct Slab {
    map: Mapping,
    class: SizeClass,
    /// None once the slab is being unmapped.
    entry: Option<&'static SlabEntry>,
    slots: usize,
    carved: usize,
    /// Carved slots in state [`SlotState::Released`].
    pub(super) released: usize,
    protected: usize,
}

impl Slab {
    /// A million default stacks make fewer than 70 slabs of at most this.
    pub(super) const LARGEST: usize = 4 << 30;

    /// Maps a slab of about `wish` bytes, or of half, a quarter ... of that, down to one slot, where the kernel has no more.
    pub(super) fn reserve(class: SizeClass, wish: usize) -> Result<Slab, StackError> {
        let mut slots = (wish / (class.stride() + size_of::<Slot>())).max(1);
        loop {
            let len = table(slots) + slots * class.stride();
            match reserve_sparing(len) {
                Ok(map) => {
                    let records = map.low().cast::<Slot>();
                    let first = map.low().as_ptr().addr() + table(slots);
                    let entry = registry::enter(class, first, slots, records);
                    return Ok(Slab {
                        map,
                        class,
                        entry: Some(entry),
                        slots,
                        carved: 0,
                        released: 0,
                        protected: 0,
                    });
                }
                Err(source) if slots == 1 => return Err(guard::no_room(len, source)),
                Err(_) => slots /= 2,
            }
        }
    }

    /// Carves the next slot: guard, record, registration. A failure leaves the slab as it was.
    pub(super) fn carve(
        &mut self,
        own_number: usize,
        wanted: Guard,
    ) -> Result<SlotRef, StackError> {
        assert!(!self.is_full(), "carving a full slab");
        let number = self.carved;
        let low = self.first() + number * self.class.stride();
        let high = low + self.class.stride();
        // SAFETY: the slot was never used, so its lowest pages hold nothing.
        let kind = unsafe { guard::install(wanted, low) }?;
        let base = StackPointer::new(SizeClass::base(number, high))
            .expect("a mapping does not end at zero");
        let usable = ptr::with_exposed_provenance_mut(low + GUARD);
        let record = Slot {
            base,
            description: AtomicPtr::new(ptr::null_mut()),
            _valgrind: ValgrindStackRegistration::new(usable, high - low - GUARD),
            slab: u32::try_from(own_number).expect("fewer than 2^32 slabs"),
            class: self.class,
            state: Cell::new(SlotState::Warm),
        };
        let place = self.record(number);
        // SAFETY: inside the table, aligned since the table begins on a page, and not yet initialised.
        unsafe { place.write(record) };
        self.protected += usize::from(kind == Guard::Protected);
        self.carved += 1;
        Ok(SlotRef(place))
    }

    /// Unmaps a piece at the high end of a slab that has neither owners nor idle slots any more.
    ///
    /// True when so little is left, the table still in it, that the slab can be dropped.
    pub(super) fn shrink(&mut self) -> bool {
        self.retire();
        self.map.len() < 2 * PIECE || self.map.cut(PIECE).is_err()
    }

    /// Tells the fault handler to forget this slab.
    fn retire(&mut self) {
        if let Some(entry) = self.entry.take() {
            entry.leave();
        }
    }

    /// Whether every slot is carved.
    pub(super) fn is_full(&self) -> bool {
        self.carved == self.slots
    }

    /// Whether there are carved slots and not one has an owner or a page.
    pub(super) fn is_released(&self) -> bool {
        self.carved > 0 && self.released == self.carved
    }

    /// Slots carved so far.
    pub(super) fn carved(&self) -> usize {
        self.carved
    }

    /// Slots, carved or not.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// The carved slots, in use or idle.
    pub(super) fn slots_carved(&self) -> impl Iterator<Item = SlotRef> {
        (0..self.carved).map(|number| SlotRef(self.record(number)))
    }

    /// Bytes of address space.
    pub(super) fn mapped(&self) -> usize {
        self.map.len()
    }

    fn first(&self) -> usize {
        self.map.low().as_ptr().addr() + table(self.slots)
    }

    fn record(&self, number: usize) -> NonNull<Slot> {
        assert!(number < self.slots, "record {number} of {}", self.slots);
        // SAFETY: the table at the low end of the mapping has `slots` records.
        unsafe { self.map.low().cast::<Slot>().add(number) }
    }
}

/// Unmaps. The pool drops a slab only when no slot has an owner and none is on the idle list.
impl Drop for Slab {
    fn drop(&mut self) {
        self.retire();
        for number in 0..self.carved {
            // SAFETY: carved slots have records, and no `SlotRef` to them is left.
            unsafe { self.record(number).drop_in_place() };
        }
        guard::forget_protected(self.protected);
    }
}

/// Maps `len` bytes where that leaves the spare, which is unmapped at once: it was only to be there.
fn reserve_sparing(len: usize) -> io::Result<Mapping> {
    // The system gives whole pages of its own; all of the geometry is in those of `PAGE`.
    let map = Mapping::reserve_aligned(len, PAGE)?;
    let spared = Mapping::reserve(SPARE).or_else(|error| {
        if memory::is_lock_limit(&error) {
            Mapping::reserve(LOCKED_SPARE.min(len))
        } else {
            Err(error)
        }
    });
    spared.map(|_| map)
}

/// Bytes of the table for `slots` slots.
fn table(slots: usize) -> usize {
    (slots * size_of::<Slot>()).next_multiple_of(PAGE)
}
