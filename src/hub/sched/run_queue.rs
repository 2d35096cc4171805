//! The queue of greenlets that are ready to run: first in, first out.
//!
//! ```text
//!          pop                 push
//!           |                   |
//!           v                   v
//!   [ . . . a b c d e f g h i j . . . ]    a power of two of places,
//!           ^ head              ^ tail     both ends counted for ever and masked
//! ```
//!
//! # Invariant
//! The slots from `head` to `tail` (masked) hold greenlets, the others nothing; there are never more greenlets than slots. One
//! thread uses the queue, and no method calls users' code, so no reference into the ring outlives a call.

use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;

use crate::switch::counted::AnyRef;

type RingSlot = UnsafeCell<MaybeUninit<AnyRef>>;

/// A ring that is touched at every yield: two counters, a mask, and no flags.
pub(crate) struct RunQueue {
    head: Cell<usize>,
    tail: Cell<usize>,
    mask: Cell<usize>,
    places: UnsafeCell<Box<[RingSlot]>>,
}

const FIRST_PLACES: usize = 64;

impl RunQueue {
    pub(crate) fn new() -> RunQueue {
        RunQueue {
            head: Cell::new(0),
            tail: Cell::new(0),
            mask: Cell::new(FIRST_PLACES - 1),
            places: UnsafeCell::new(empty(FIRST_PLACES)),
        }
    }

    #[inline(always)]
    pub(crate) fn push(&self, greenlet: AnyRef) {
        if self.tail.get().wrapping_sub(self.head.get()) > self.mask.get() {
            self.grow();
        }
        let tail = self.tail.get();
        // SAFETY: there is room, so this place is empty.
        unsafe { (*self.place(tail)).write(greenlet) };
        self.tail.set(tail.wrapping_add(1));
    }

    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<AnyRef> {
        let head = self.head.get();
        if head == self.tail.get() {
            return None;
        }
        self.head.set(head.wrapping_add(1));
        let place: *mut AnyRef = self.place(head).cast();
        // SAFETY: it lay between head and tail, so it holds a greenlet, and now it counts as empty.
        Some(unsafe { place.read() })
    }

    /// Takes the first and puts another last in its place; nothing if the queue is empty.
    #[inline(always)]
    pub(crate) fn rotate(&self, last: impl FnOnce() -> AnyRef) -> Option<AnyRef> {
        let first = self.pop()?;
        let tail = self.tail.get();
        // SAFETY: the place that was freed just now leaves room, so this one is empty.
        unsafe { (*self.place(tail)).write(last()) };
        self.tail.set(tail.wrapping_add(1));
        Some(first)
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.get() == self.tail.get()
    }

    /// Empties it, and leaks the greenlets that it held.
    pub(in crate::hub) fn leak_all(&self) {
        while let Some(greenlet) = self.pop() {
            std::mem::forget(greenlet);
        }
    }

    #[inline(always)]
    fn place(&self, count: usize) -> *mut MaybeUninit<AnyRef> {
        // SAFETY: the invariant: no other reference into the ring is live.
        let places = unsafe { &*self.places.get() };
        // SAFETY: the mask is the number of places less one.
        unsafe { places.get_unchecked(count & self.mask.get()) }.get()
    }

    #[cold]
    #[inline(never)]
    fn grow(&self) {
        let waiting: Vec<AnyRef> = std::iter::from_fn(|| self.pop()).collect();
        let room = (self.mask.get() + 1) * 2;
        // SAFETY: the invariant: no reference into the ring is live, and it is empty now.
        unsafe { *self.places.get() = empty(room) };
        self.mask.set(room - 1);
        self.head.set(0);
        self.tail.set(0);
        for greenlet in waiting {
            self.push(greenlet);
        }
    }
}

fn empty(room: usize) -> Box<[RingSlot]> {
    (0..room)
        .map(|_| UnsafeCell::new(MaybeUninit::uninit()))
        .collect()
}

impl Drop for RunQueue {
    fn drop(&mut self) {
        while let Some(greenlet) = self.pop() {
            drop(greenlet);
        }
    }
}
