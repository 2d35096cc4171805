//! Waiting for many things and getting each when it becomes ready, in that order.

use std::fmt;
use std::iter::FusedIterator;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use super::Waitable;
use crate::dropping::DropsAll;
use crate::hub::{Deadline, ReadySet, Registrations, WaitRequest};
use crate::waiting::{WaitReason, WakeReason};

/// Returns an iterator over `things` in the order in which they become ready: gevent's `iwait`.
///
/// Things that are ready already come first, in their own order. [`timeout`](Completions::timeout) ends the iterator early, and
/// [`take`](Iterator::take) ends it after a number of things. Dropping it in between leaves nothing behind.
///
/// # Examples
/// ```
/// use greenhub::{iwait, sleep, spawn};
/// use std::time::Duration;
///
/// # greenhub::hub::pause_clock();
/// let tasks = [20, 10, 0].map(|millis| spawn(move || sleep(Duration::from_millis(millis))));
/// let ids: Vec<_> = iwait(&tasks).map(|task| task.id()).collect();
/// assert_eq!(ids, [tasks[2].id(), tasks[1].id(), tasks[0].id()]);
///
/// let tasks = [20, 10, 0].map(|millis| spawn(move || sleep(Duration::from_millis(millis))));
/// assert_eq!(iwait(&tasks).take(1).count(), 1);
/// assert_eq!(iwait(&tasks).timeout(Duration::from_millis(15)).count(), 2);
/// ```
#[track_caller]
pub fn iwait<W: Waitable>(things: impl IntoIterator<Item = W>) -> Completions<W> {
    Completions::new(things)
}

/// An iterator over things in the order in which they become ready: see [`iwait`].
///
/// Its `next` waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
pub struct Completions<W: Waitable> {
    /// A thing is taken out when it was given. They lie still: the vector never grows.
    things: DropsAll<Vec<Option<W>>>,
    left: usize,
    ready_set: Rc<ReadySet>,
    places: Registrations,
    deadline: Deadline,
    /// The deadline has come: what is ready by now is given, and no more.
    is_over: bool,
    place: &'static Location<'static>,
}

impl<W: Waitable> Completions<W> {
    #[track_caller]
    fn new(things: impl IntoIterator<Item = W>) -> Completions<W> {
        let things: DropsAll<Vec<_>> = things.into_iter().map(Some).collect();
        let ready_set = Rc::new(ReadySet::new());
        let places = Registrations::new(things.len(), &ready_set);
        for (number, thing) in things.iter().flatten().enumerate() {
            let target = thing.wait_target();
            if target.ready {
                ready_set.add_quietly(number);
            } else {
                // SAFETY: it is taken out by `leave` or `drop`, before the thing moves or goes.
                unsafe { places.enter(number, target.point) };
            }
        }
        Completions {
            left: things.len(),
            things,
            ready_set,
            places,
            deadline: Deadline::NEVER,
            place: Location::caller(),
            is_over: false,
        }
    }

    /// From now on it ends when `limit` has passed, whatever is ready by then.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Completions<W> {
        self.deadline = Deadline::after(limit);
        self
    }

    /// Thing `number`, which was notified as ready. `None` if it is ready no more: then it is waited for again.
    fn give(&mut self, number: usize) -> Option<W> {
        let thing = self.things[number].as_ref()?;
        let target = thing.wait_target();
        let is_gone = target.is_hint() && !target.ready;
        // SAFETY: this is the list that it was put into, if it was put into one.
        unsafe { self.places.leave(number, target.point) };
        if is_gone {
            self.places.refill(number, &self.ready_set);
            // SAFETY: it was taken out just now. It is taken out again as in `new`.
            unsafe { self.places.enter(number, thing.wait_target().point) };
            return None;
        }
        self.left -= 1;
        self.things[number].take()
    }
}

impl<W: Waitable> Iterator for Completions<W> {
    type Item = W;

    #[track_caller]
    fn next(&mut self) -> Option<W> {
        while self.left > 0 {
            if let Some(number) = self.ready_set.take() {
                match self.give(number) {
                    Some(thing) => return Some(thing),
                    None => continue,
                }
            }
            if self.is_over {
                self.left = 0;
                break;
            }
            let reason = WaitReason::any(self.left);
            let mut request = WaitRequest::at(self.place, "wait", reason, self.deadline);
            self.is_over = request.in_ready_set(&self.ready_set) == WakeReason::TimedOut;
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

impl<W: Waitable> FusedIterator for Completions<W> {}

impl<W: Waitable> Drop for Completions<W> {
    fn drop(&mut self) {
        for (number, thing) in self.things.iter().enumerate() {
            if let Some(thing) = thing {
                // SAFETY: this is the list that it was put into, if it was put into one.
                unsafe { self.places.leave(number, thing.wait_target().point) };
            }
        }
    }
}

impl<W: Waitable> fmt::Debug for Completions<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completions")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
