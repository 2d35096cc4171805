//! Things that can be waited for beside others: each is ready or not, and has a list of the waits for it.

mod completion;

use std::rc::Rc;
use std::time::Duration;

use crate::hub::{Deadline, WaitPoint, WaitRequest, WokenAt, must_end};
use crate::waiting::{WaitReason, WakeReason};

pub use self::completion::{Completions, iwait};

/// Something that a greenlet can wait for beside others: a task, a timer, an event.
///
/// It is *ready* when waiting for it would be over at once, and stays so until its item, permit or place is taken. A wait
/// takes nothing, and reserves nothing. The types of [`sync::shared`](crate::sync::shared) are not waitable: other threads change
/// them at any moment. The trait cannot be implemented outside of this crate.
pub trait Waitable: Sealed {
    /// Whether it is ready, and the list of the waits for it.
    #[doc(hidden)]
    fn wait_target(&self) -> WaitTarget<'_>;
}

/// Whether a waitable is ready, and the list of the waits for it.
#[expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "only this crate can make or read it"
)]
pub struct WaitTarget<'a> {
    /// Waiting for it would be over at once.
    pub(crate) ready: bool,
    /// The list of the waits that are woken when it has become ready. Acquirers wait elsewhere.
    pub(crate) point: WaitPoint<'a>,
    /// As a report shows it.
    pub(crate) reason: WaitReason,
}

impl WaitTarget<'_> {
    /// A wake is a hint: the readiness may be gone when the waiter runs, which then looks again.
    pub(crate) fn is_hint(&self) -> bool {
        matches!(self.point, WaitPoint::Observe(_))
    }

    /// The request of a call that waits for it.
    #[inline]
    #[track_caller]
    pub(crate) fn request(&self, verb: &'static str, deadline: Deadline) -> WaitRequest {
        WaitRequest::new(verb, self.reason, deadline)
    }

    /// Waits until it has become ready, or until the request's deadline.
    #[inline]
    #[track_caller]
    pub(crate) fn wait(&self, request: &mut WaitRequest) -> WakeReason {
        request.in_list(self.point.waiters())
    }
}

/// Waits until `thing` is ready. False if `deadline` comes before.
#[track_caller]
pub(crate) fn wait_for(
    thing: &(impl Waitable + ?Sized),
    verb: &'static str,
    deadline: Deadline,
) -> bool {
    loop {
        let target = thing.wait_target();
        if target.ready {
            return true;
        }
        match target.wait(&mut target.request(verb, deadline)) {
            WakeReason::Notified if target.is_hint() => {}
            WakeReason::Notified => return true,
            // At the last moment it may have become ready.
            WakeReason::TimedOut => return thing.wait_target().ready,
        }
    }
}

/// Waits until one of `things` is ready, and gives its index: the lowest if there are several, otherwise that of the
/// first that becomes ready. With no things it waits for ever, which the hub reports as a deadlock where nothing else can
/// happen.
///
/// Nothing is taken. If several greenlets wait for the same item, permit or place, the first of them to come for it gets it,
/// and the others are to look again.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Examples
/// ```
/// use greenhub::{sleep, spawn, wait_any};
/// use std::time::Duration;
///
/// let slow = spawn(|| sleep(Duration::from_secs(600)));
/// let fast = spawn(|| "a value of another type");
/// assert_eq!(wait_any(&[&slow, &fast]), 1);
/// # slow.kill();
/// ```
#[track_caller]
pub fn wait_any(things: &[&dyn Waitable]) -> usize {
    let first = wait_until(things, Deadline::NEVER);
    must_end(first)
}

/// As [`wait_any`], for as long as `limit` at most. `None` if none of them is ready by then.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
#[track_caller]
pub fn wait_any_timeout(things: &[&dyn Waitable], limit: Duration) -> Option<usize> {
    wait_until(things, Deadline::after(limit))
}

/// The lowest that is ready, or the first that becomes so.
#[track_caller]
pub(crate) fn wait_until(things: &[&dyn Waitable], deadline: Deadline) -> Option<usize> {
    let first_ready = || things.iter().position(|thing| thing.wait_target().ready);
    loop {
        if let Some(first) = first_ready() {
            return Some(first);
        }
        let reason = match things {
            [one] => one.wait_target().reason,
            _ => WaitReason::any(things.len()),
        };
        let points: Vec<_> = things
            .iter()
            .map(|thing| thing.wait_target().point)
            .collect();
        let nodes = |node: &dyn Fn() -> _| points.iter().map(|_| node()).collect::<Vec<_>>();
        let mut request = WaitRequest::new("wait", reason, deadline);
        match request.in_any(&points, nodes, None) {
            WokenAt::Notified(index) if !things[index].wait_target().is_hint() => {
                return Some(index);
            }
            WokenAt::TimedOut => return first_ready(),
            WokenAt::Notified(_) | WokenAt::Reserved(..) | WokenAt::Retry => {}
        }
    }
}

/// Implemented by types of this crate only.
#[expect(unnameable_types, reason = "so that no other crate can implement it")]
pub trait Sealed {}

impl<W: Sealed + ?Sized> Sealed for &W {}

impl<W: Waitable + ?Sized> Waitable for &W {
    fn wait_target(&self) -> WaitTarget<'_> {
        (**self).wait_target()
    }
}

impl<W: Sealed + ?Sized> Sealed for Rc<W> {}

impl<W: Waitable + ?Sized> Waitable for Rc<W> {
    fn wait_target(&self) -> WaitTarget<'_> {
        (**self).wait_target()
    }
}
