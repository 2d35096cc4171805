//! Nested drops of bodies that never ran, each of which may own the next: a chain of any length takes little stack.
//!
//! ```text
//!   drop of body 1 -> of body 2 -> ... -> of body DEEPEST        nested, as with boxes
//!                                           |
//!                                           +-- body 9, body 10, ...     deferred, and dropped one after the other when
//!                                                                        body 8 is dropped, in the order of nested drops
//! ```
//! The depth is counted for each stack, because a destructor may switch and another greenlet may drop bodies meanwhile.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::mem::{self, ManuallyDrop};
use std::thread::Result as Caught;

use crate::dropping::drop_quietly;
use crate::stack::{self, stack_pointer};

/// How deeply drops are nested on one stack. In builds without optimisation a level takes about 1.5 KiB.
const DEEPEST: usize = 8;

/// Addresses that are closer to each other lie on one stack: a guard is this large.
const CLOSE: usize = 64 << 10;

type DropFn = Box<dyn FnOnce() -> Caught<()>>;

/// Without destructors: while nothing is being dropped, the lists are empty and hold no memory.
struct Nests {
    /// Usually the only stack on which bodies are being dropped.
    first: Cell<Nest>,
    others: RefCell<ManuallyDrop<Vec<Nest>>>,
    /// Deferred drops, each with the top of its nest.
    deferred: RefCell<ManuallyDrop<Vec<(usize, DropFn)>>>,
}

/// The drops that are nested on one stack.
#[derive(Clone, Copy)]
struct Nest {
    /// The stack address of the first of them.
    top: usize,
    depth: usize,
}

impl Nest {
    const NONE: Nest = Nest { top: 0, depth: 0 };
}

thread_local! {
    static NESTS: Nests = const {
        Nests {
            first: Cell::new(Nest::NONE),
            others: RefCell::new(ManuallyDrop::new(Vec::new())),
            deferred: RefCell::new(ManuallyDrop::new(Vec::new())),
        }
    };
}

/// Calls `drop`, which drops a body that never ran: now, or if too many are nested on this stack, as soon as the deepest has
/// been dropped.
///
/// # Errors
/// The panic of `drop`, or else the first panic of a drop that it has deferred.
pub(crate) fn drop_body(drop: impl FnOnce() -> Caught<()> + 'static) -> Caught<()> {
    let here = stack_pointer();
    if NESTS.with(|nests| nests.begin(here)) {
        let dropped = drop();
        NESTS.with(|nests| nests.first.set(Nest::NONE));
        return dropped;
    }
    drop_nested(here, drop)
}

#[inline(never)]
fn drop_nested(here: usize, drop: impl FnOnce() -> Caught<()> + 'static) -> Caught<()> {
    let Nest { top, depth } = NESTS.with(|nests| nests.find(here));
    if depth == DEEPEST {
        let drop = Box::new(drop);
        NESTS.with(|nests| nests.deferred.borrow_mut().push((top, drop)));
        return Ok(());
    }
    let nested = Nest {
        top,
        depth: depth + 1,
    };
    NESTS.with(|nests| nests.set(nested));
    let mut dropped = drop();
    if nested.depth == DEEPEST {
        dropped = drop_rest(top, dropped);
    }
    NESTS.with(|nests| nests.set(Nest { top, depth }));
    dropped
}

/// Runs the deferred drops of this nest, in the order of nested drops.
#[cold]
#[inline(never)]
fn drop_rest(top: usize, mut first: Caught<()>) -> Caught<()> {
    let mut rest = Vec::new();
    loop {
        NESTS.with(|nests| nests.take_deferred(top, &mut rest));
        let Some(drop) = rest.pop() else {
            return first;
        };
        match drop() {
            Err(panic) if first.is_ok() => first = Err(panic),
            dropped => drop_quietly(dropped),
        }
    }
}

fn are_on_one_stack(one: usize, other: usize) -> bool {
    let low = |address| stack::at(address).map(|stack| stack.low);
    one.abs_diff(other) < CLOSE || low(one) == low(other)
}

impl Nests {
    /// Begins a nest at `here`, if there is none at all. It stays the first until it ends.
    #[inline(always)]
    fn begin(&self, here: usize) -> bool {
        let is_first = self.first.get().depth == 0 && self.others.borrow().is_empty();
        if is_first {
            self.first.set(Nest {
                top: here,
                depth: 1,
            });
        }
        is_first
    }

    /// The nest on the stack that contains `here`, or a new one.
    #[inline]
    fn find(&self, here: usize) -> Nest {
        let first = self.first.get();
        if first.depth > 0 && are_on_one_stack(first.top, here) {
            return first;
        }
        let others = self.others.borrow();
        let is_it = |nest: &&Nest| are_on_one_stack(nest.top, here);
        let found = others.iter().find(is_it).copied();
        found.unwrap_or(Nest {
            top: here,
            depth: 0,
        })
    }

    #[inline]
    fn set(&self, nest: Nest) {
        let first = self.first.get();
        let mut others = self.others.borrow_mut();
        let other = others.iter().position(|other| other.top == nest.top);
        match other {
            Some(other) if nest.depth == 0 => {
                others.swap_remove(other);
                if others.is_empty() {
                    mem::take(&mut **others);
                }
            }
            Some(other) => others[other] = nest,
            None if first.top == nest.top || first.depth == 0 => self.first.set(nest),
            None => others.push(nest),
        }
    }

    /// Moves the deferred drops of this nest into `rest`, the first one last.
    fn take_deferred(&self, top: usize, rest: &mut Vec<DropFn>) {
        let mut deferred = self.deferred.borrow_mut();
        let (own, others): (Vec<_>, _) = mem::take(&mut **deferred)
            .into_iter()
            .partition(|(other, _)| *other == top);
        **deferred = others;
        rest.extend(own.into_iter().rev().map(|(_, drop)| drop));
    }
}
