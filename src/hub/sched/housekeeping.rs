//! What the hub does when it has nothing else to do: it gives the memory of idle stacks back.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::hub::reactor::clock::Nanos;
use crate::stack;

/// A look at the stacks costs little, but not nothing: this long between two of them where there is no more to do.
const PAUSE: Duration = Duration::from_secs(1);

/// When to look at the idle stacks again, on the machine's clock: the hub's may stand still.
pub(in crate::hub) struct Housekeeping {
    next: Cell<Option<Instant>>,
}

impl Housekeeping {
    pub(in crate::hub) const fn new() -> Housekeeping {
        Housekeeping {
            next: Cell::new(None),
        }
    }

    /// Does a bounded piece of work, if it is time for that. Returns how long the hub may wait before it calls again; `None`
    /// once nothing is left to do until a greenlet runs.
    pub(in crate::hub) fn work(&self) -> Option<Nanos> {
        let now = Instant::now();
        let next = match self.next.get() {
            // Others have run since the last look, and may have left something.
            Some(next) if now < next => Some(next),
            _ => {
                let more = stack::trim_step(now);
                self.next.set(more.or(now.checked_add(PAUSE)));
                more
            }
        };
        next.map(|next| next.saturating_duration_since(now).as_nanos() as Nanos)
    }
}
