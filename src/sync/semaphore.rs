//! A counting semaphore: permits that are taken and given back, first come, first served.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::mem;
use std::panic::Location;
use std::time::Duration;

use crate::hub::{self, Line, Nanos, Spot, Supply, Turn, refuse, wait_in_line};
use crate::waitable::{Post, Sealed, Waitable};
use crate::waiting::Reason;

/// A number of permits. Who wants one while there is none waits in a line, and a permit that comes free goes to the first
/// in it: nobody overtakes, not even by [`try_acquire`](Semaphore::try_acquire).
///
/// # Examples
/// ```
/// use greenhub::sync::Semaphore;
/// use greenhub::{joinall, sleep, spawn};
/// use std::rc::Rc;
/// use std::time::Duration;
///
/// let doors = Rc::new(Semaphore::new(2));
/// let visitors = [1, 2, 3].map(|_| {
///     let doors = doors.clone();
///     spawn(move || {
///         let _permit = doors.acquire();
///         sleep(Duration::from_millis(1)); // never more than two here
///     })
/// });
/// joinall(&visitors);
/// assert_eq!(doors.available_permits(), 2);
/// ```
pub struct Semaphore {
    permits: Cell<usize>,
    line: Line,
}

/// A permit that was taken; dropping it gives it back.
#[must_use = "a permit that is dropped is given back at once"]
pub struct Permit<'a>(&'a Semaphore);

impl Semaphore {
    /// A semaphore with so many permits to begin with.
    pub const fn new(permits: usize) -> Semaphore {
        Semaphore {
            permits: Cell::new(permits),
            line: Line::new(),
        }
    }

    /// Takes a permit, and waits until there is one for it.
    ///
    /// # Panics
    /// Where nothing may wait: inside of [`no_switch`](crate::greenlet::no_switch), in a tracer, and on the hub.
    ///
    /// # Aborts
    /// If it had to wait while a panic unwinds the running greenlet.
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Permit<'_> {
        self.acquire_until(None, Location::caller())
            .expect("a wait without a deadline ends with a permit")
    }

    /// As [`acquire`](Semaphore::acquire), for as long as `limit` at most. `None` if there was no permit for it by then.
    ///
    /// # Panics
    /// As there.
    ///
    /// # Aborts
    /// As there.
    #[track_caller]
    pub fn acquire_timeout(&self, limit: Duration) -> Option<Permit<'_>> {
        let deadline = hub::get().clock().after(limit);
        self.acquire_until(deadline, Location::caller())
    }

    /// Takes a permit if there is one that nobody has waited for. Never waits.
    #[inline]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.is_free().then(|| self.take())
    }

    /// Adds permits, for those who wait or come later.
    ///
    /// # Panics
    /// If there were more than `usize::MAX` then.
    pub fn add_permits(&self, count: usize) {
        let permits = self.permits.get().checked_add(count);
        self.permits
            .set(permits.expect("a semaphore has too many permits"));
        self.serve();
    }

    /// How many permits there are now for whoever comes.
    pub fn available_permits(&self) -> usize {
        self.unpromised()
    }

    #[inline]
    fn acquire_until(
        &self,
        deadline: Option<Nanos>,
        place: &'static Location<'static>,
    ) -> Option<Permit<'_>> {
        if self.is_free() {
            return Some(self.take());
        }
        match wait_in_line(self, Reason::ACQUIRE, place, deadline, &mut None) {
            Ok(Turn::Mine(_claim)) => Some(self.take()),
            Ok(Turn::Told | Turn::TimedOut) => None,
            Err(why) => refuse(why, "acquire", place),
        }
    }

    #[inline(always)]
    fn take(&self) -> Permit<'_> {
        self.permits.set(self.permits.get() - 1);
        Permit(self)
    }
}

impl Supply for Semaphore {
    #[inline(always)]
    fn line(&self) -> &Line {
        &self.line
    }

    #[inline(always)]
    fn available(&self) -> usize {
        self.permits.get()
    }
}

impl Permit<'_> {
    /// Keeps the permit taken for good, until it is [added](Semaphore::add_permits) again.
    pub fn forget(self) {
        mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        // Of that many nobody counts the last one.
        self.0.permits.set(self.0.permits.get().saturating_add(1));
        self.0.serve();
    }
}

impl Sealed for Semaphore {}

/// Ready while there is a permit for whoever comes.
impl Waitable for Semaphore {
    fn post(&self) -> Post<'_> {
        Post {
            ready: self.is_free(),
            spot: Spot::Line(self),
            reason: Reason::ACQUIRE,
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(self.0).finish()
    }
}
