//! What the hub does when it has nothing else to do: it gives the memory of idle stacks back.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::time::Instant;

use super::clock::Nanos;
use crate::stack;

/// A look at the stacks costs little, but not nothing: this long between two of them where there is no more to do.
const PAUSE: Nanos = 1_000_000_000;

/// When to look at the idle stacks again.
pub(super) struct Housekeeping {
    next: Cell<Nanos>,
    /// There is more to do then, so the hub shall wake for it.
    more: Cell<bool>,
}

impl Housekeeping {
    pub(super) const fn new() -> Housekeeping {
        Housekeeping {
            next: Cell::new(0),
            more: Cell::new(false),
        }
    }

    /// Does a bounded piece of work, if it is time for that. Says when the hub shall wake for more, if it shall.
    pub(super) fn work(&self, now: Nanos) -> Option<Nanos> {
        if now >= self.next.get() {
            let begun = Instant::now();
            let next = stack::trim(begun);
            self.more.set(next.is_some());
            let pause = next.map_or(PAUSE, |next| (next - begun).as_nanos() as Nanos);
            self.next.set(now + pause);
        }
        self.more.get().then(|| self.next.get())
    }
}
