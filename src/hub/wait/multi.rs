//! Waiting in several lists at once, for the first that wakes or calls.
//!
//! ```text
//!   one wait, a node with its ticket in each list
//!      a --- waiters: [..., me]
//!      b --- waiters: [me, ...]      the first of them to wake its list, or to call its first, ends the wait;
//!      c --- waiters: [me]           the nodes in the others go when the wait is over
//! ```

use std::cell::Cell;
use std::mem;

use crate::hub::reactor::clock::Deadline;
use crate::hub::wait::park::Wait;
use crate::hub::wait::queue::{Reservation, Resource, WaitQueue};
use crate::hub::wait::waker::{WaitList, Waker};
use crate::list::Node;
use crate::waiting::WakeReason;

/// Where a greenlet waits for one thing.
#[derive(Clone, Copy)]
pub(crate) enum WaitPoint<'a> {
    /// All in this list are told when it has become ready.
    List(&'a WaitList),
    /// The observers of this queue are notified when there is a thing that no acquirer has reserved. It may be gone when they run.
    Observe(&'a WaitQueue),
    /// The acquirers in its queue are woken, one for each thing.
    Acquire(&'a dyn Resource),
}

/// How a wait in several lists has ended.
pub(crate) enum WokenAt<'a> {
    /// The list at this index has told all of its waiters something.
    Notified(usize),
    /// The queue at this index has reserved a thing.
    Reserved(usize, Reservation<'a, dyn Resource + 'a>),
    /// Something has changed: it is time to look again.
    Retry,
    /// The time is over.
    TimedOut,
}

impl<'a> WaitPoint<'a> {
    pub(crate) fn waiters(self) -> &'a WaitList {
        match self {
            WaitPoint::List(list) => list,
            WaitPoint::Observe(queue) => queue.observers(),
            WaitPoint::Acquire(resource) => resource.queue().acquirers(),
        }
    }

    /// Both are places in one list.
    pub(crate) fn is_same(self, other: WaitPoint<'_>) -> bool {
        self.waiters().id() == other.waiters().id()
    }

    /// What it is an acquirer's point for.
    pub(crate) fn resource(self) -> Option<&'a dyn Resource> {
        match self {
            WaitPoint::List(_) | WaitPoint::Observe(_) => None,
            WaitPoint::Acquire(resource) => Some(resource),
        }
    }
}

/// Waits at all of `points` until woken through one of them, or until `deadline`. `nodes` makes a node for each point, in an
/// array or a vector. If `counterpart` is the index of a queue with a counterpart that must run first to make a thing, the
/// wait is for that alone.
#[inline]
#[track_caller]
pub(super) fn wait<'a, N: AsRef<[Node<Waker>]>>(
    points: &[WaitPoint<'a>],
    nodes: impl FnOnce(&dyn Fn() -> Node<Waker>) -> N,
    counterpart: Option<usize>,
    wait: &Wait,
    rank: u64,
    deadline: Deadline,
) -> WokenAt<'a> {
    let nodes = nodes(&|| Node::new(wait.waker(), rank));
    let resource = counterpart.and_then(|index| points[index].resource());
    let is_bound = resource.is_some_and(|resource| resource.pair(wait));
    let deadline = if is_bound { Deadline::NEVER } else { deadline };
    wait_at(points, nodes.as_ref(), wait, is_bound, deadline)
}

/// Waits with each node in the list of its point. They lie still, since they are borrowed.
#[track_caller]
fn wait_at<'a>(
    points: &[WaitPoint<'a>],
    nodes: &[Node<Waker>],
    wait: &Wait,
    is_bound: bool,
    deadline: Deadline,
) -> WokenAt<'a> {
    let _links = UnlinkAll { points, nodes };
    // As an acquirer it may be what others look for, but not what it looks for itself: so observers come last.
    let enter = |is_acquirer: bool| {
        for (point, node) in points.iter().zip(nodes) {
            if point.resource().is_some() == is_acquirer {
                // SAFETY: a new node is in no list. `UnlinkAll` takes it out at the end of this function, when node and list are
                // still borrowed; if this frame is never left, both stay where they are for ever.
                unsafe { point.waiters().wakers.link(node) };
            }
        }
    };
    enter(true);
    if !is_bound {
        let acquirers = points.iter().filter_map(|point| point.resource());
        acquirers.for_each(|resource| resource.announce_acquirer());
    }
    enter(false);
    let end = TakeWoken {
        points,
        nodes,
        wait,
    };
    let woken = wait.park(deadline);
    let first = end.answer();
    match woken {
        WakeReason::TimedOut => WokenAt::TimedOut,
        WakeReason::Notified => first,
    }
}

/// The nodes that may be in the lists of their points.
struct UnlinkAll<'a, 'n> {
    points: &'n [WaitPoint<'a>],
    nodes: &'n [Node<Waker>],
}

impl Drop for UnlinkAll<'_, '_> {
    fn drop(&mut self) {
        for (point, node) in self.points.iter().zip(self.nodes) {
            // SAFETY: it was put into this list, or into none.
            drop(unsafe { point.waiters().wakers.unlink(node) });
        }
    }
}

/// Takes what has ended a wait, also where the wait unwinds.
struct TakeWoken<'a, 'n> {
    points: &'n [WaitPoint<'a>],
    nodes: &'n [Node<Waker>],
    wait: &'n Wait,
}

impl<'a> TakeWoken<'a, '_> {
    fn answer(self) -> WokenAt<'a> {
        let first = self.first();
        mem::forget(self);
        first
    }

    fn first(&self) -> WokenAt<'a> {
        let Some(caller) = self.wait.woken_by() else {
            let told = |index: &usize| !self.nodes[*index].is_linked();
            // What a list tells is so; what the observers of a queue are told may be over.
            let is_list = |index: &usize| matches!(self.points[*index], WaitPoint::List(_));
            let is_look = |index: &usize| matches!(self.points[*index], WaitPoint::Observe(_));
            let first = |is_such: &dyn Fn(&usize) -> bool| {
                (0..self.nodes.len()).find(|index| is_such(index) && told(index))
            };
            let first = first(&is_list).or_else(|| first(&is_look));
            return first.map_or(WokenAt::Retry, WokenAt::Notified);
        };
        // It may wait in the same queue more than once: a draw tells for which of these it was woken.
        let (mut drawn, mut count) = (None, 0);
        for (index, point) in self.points.iter().enumerate() {
            if let Some(resource) = point.resource()
                && resource.queue().acquirers().id() == caller
            {
                count += 1;
                if is_picked(count) {
                    drawn = Some((index, resource));
                }
            }
        }
        match drawn {
            Some((index, resource)) => WokenAt::Reserved(index, Reservation::new(resource)),
            None => unreachable!("only a queue that it waits in wakes it"),
        }
    }
}

impl Drop for TakeWoken<'_, '_> {
    fn drop(&mut self) {
        drop(self.first());
    }
}

thread_local! {
    /// Each thread begins with the same number, so that a program which runs alike chooses alike.
    static RANDOM: Cell<u64> = const { Cell::new(0x9E37_79B9_7F4A_7C15) };
}

/// Whether the last of `count` things replaces the pick among those before: each is picked with the same probability.
#[inline]
pub(crate) fn is_picked(count: u64) -> bool {
    count == 1 || random_below(count) == 0
}

/// Marsaglia's xorshift: what it lacks in quality is not seen in a choice of a few.
fn random_below(limit: u64) -> u64 {
    let mut state = RANDOM.get();
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    RANDOM.set(state);
    (state >> 32) % limit
}
