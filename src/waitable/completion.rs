//! Waiting for many things and getting each when it becomes ready, in that order.

use std::fmt;
use std::iter::FusedIterator;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use super::Waitable;
use crate::dropping::DropsAll;
use crate::hub::{self, Nanos, ReadySet, Registrations, refuse};
use crate::waiting::{WaitReason, WakeReason};

/// Gives each of `things` when it becomes ready, in the order in which they do: gevent's `iwait`. Those that are ready
/// already come first, in their own order. Dropping the iterator in between leaves nothing behind.
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
/// ```
#[track_caller]
pub fn iwait<W: Waitable>(things: impl IntoIterator<Item = W>) -> Completions<W> {
    Completions::new(things, Location::caller())
}

/// Waits until all of `things` are ready, and gives them in the order in which they became so.
///
/// # Panics
/// As [`Task::wait`](crate::Task::wait).
///
/// # Aborts
/// If it had to wait while a panic unwinds the running greenlet.
#[track_caller]
pub fn wait<W: Waitable>(things: impl IntoIterator<Item = W>) -> Vec<W> {
    let waits = Completions::new(things, Location::caller());
    waits.collect::<DropsAll<Vec<_>>>().into_inner()
}

/// Waits until `count` of `things` are ready, and gives these in the order in which they became so; all of them, if
/// there are fewer.
///
/// # Panics
/// As [`wait`].
///
/// # Aborts
/// As [`wait`].
#[track_caller]
pub fn wait_count<W: Waitable>(things: impl IntoIterator<Item = W>, count: usize) -> Vec<W> {
    let waits = Completions::new(things, Location::caller()).take(count);
    waits.collect::<DropsAll<Vec<_>>>().into_inner()
}

/// Waits until all of `things` are ready or `limit` has passed, and gives those that are ready by then, in the order in
/// which they became so.
///
/// # Panics
/// As [`wait`].
///
/// # Aborts
/// As [`wait`].
#[track_caller]
pub fn wait_timeout<W: Waitable>(things: impl IntoIterator<Item = W>, limit: Duration) -> Vec<W> {
    let waits = Completions::new(things, Location::caller()).timeout(limit);
    waits.collect::<DropsAll<Vec<_>>>().into_inner()
}

/// What [`iwait`] gives: an iterator over things that become ready.
///
/// Its `next` waits. It panics as [`Task::join`](crate::Task::join), and aborts if it had to wait while a panic unwinds
/// the running greenlet.
pub struct Completions<W: Waitable> {
    /// A thing is taken out when it was given. They lie still: the vector never grows.
    things: DropsAll<Vec<Option<W>>>,
    left: usize,
    ready_set: Rc<ReadySet>,
    places: Registrations,
    deadline: Option<Nanos>,
    /// The deadline has come: what is ready by now is given, and no more.
    is_over: bool,
    place: &'static Location<'static>,
}

impl<W: Waitable> Completions<W> {
    fn new(
        things: impl IntoIterator<Item = W>,
        place: &'static Location<'static>,
    ) -> Completions<W> {
        let things: DropsAll<Vec<_>> = things.into_iter().map(Some).collect();
        let ready_set = Rc::new(ReadySet::new());
        let places = Registrations::new(things.len(), &ready_set);
        for (number, thing) in things.iter().flatten().enumerate() {
            let post = thing.wait_target();
            if post.ready {
                ready_set.add_quietly(number);
            } else {
                // SAFETY: it is taken out by `leave` or `drop`, before the thing moves or goes.
                unsafe { places.enter(number, post.point) };
            }
        }
        Completions {
            left: things.len(),
            things,
            ready_set,
            places,
            deadline: None,
            is_over: false,
            place,
        }
    }

    /// From now on it ends when `limit` has passed, whatever is ready by then.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Completions<W> {
        self.deadline = hub::deadline(limit);
        self
    }

    /// Thing `number`, which was told to be ready. `None` if it is so no more: then it is waited for again.
    fn give(&mut self, number: usize) -> Option<W> {
        let thing = self.things[number].as_ref()?;
        let post = thing.wait_target();
        let is_gone = post.is_hint() && !post.ready;
        // SAFETY: this is the list that it was put into, if it was put into one.
        unsafe { self.places.leave(number, post.point) };
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
            match self.ready_set.wait(reason, self.place, self.deadline) {
                Ok(woken) => self.is_over = woken == WakeReason::TimedOut,
                Err(why) => refuse(why, "wait", self.place),
            }
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
        f.debug_struct("IWait")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
