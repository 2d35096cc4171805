//! Waiting in several lists at once, for the first that wakes or calls.
//!
//! ```text
//!   one wait, a node with its ticket in each list
//!      a --- waiters: [..., me]
//!      b --- waiters: [me, ...]      the first of them to wake its list, or to call its first, ends the wait;
//!      c --- waiters: [me]           the nodes in the others go when the wait is over
//! ```

use std::array;
use std::mem;
use std::panic::Location;

use super::Nanos;
use super::line::{Claim, Supply};
use super::park::Parking;
use super::waiter::{WaitList, Waiter};
use crate::error::WaitRefused;
use crate::list::Node;
use crate::waiting::{Reason, Woken};

/// Where one waits for one thing.
#[derive(Clone, Copy)]
pub(crate) enum Spot<'a> {
    /// Who is in this list is told when something has changed for all.
    List(&'a WaitList),
    /// Who is in its line is called when there is something for it.
    Line(&'a dyn Supply),
}

/// How a wait in several lists has ended.
pub(crate) enum First<'a> {
    /// The list at this index has told all of its waiters something.
    Told(usize),
    /// The line at this index has called.
    Mine(usize, Claim<'a, dyn Supply + 'a>),
    /// The time is over.
    TimedOut,
}

impl<'a> Spot<'a> {
    /// Somebody is about to wait there, or to come again, who has found nothing.
    pub(crate) fn expect(self) {
        if let Spot::Line(supply) = self {
            supply.expect();
        }
    }

    pub(super) fn waiters(self) -> &'a WaitList {
        match self {
            Spot::List(list) => list,
            Spot::Line(supply) => supply.line().waiters(),
        }
    }
}

/// Waits in all of `spots` until woken or called through one of them, or until the clock has reached `deadline`. Whoever
/// comes again says its `rank` and gets its old places back.
///
/// # Errors
/// [`WaitRefused`] where the running greenlet may not be left.
pub(crate) fn wait_in_any<'a>(
    spots: &[Spot<'a>],
    reason: Reason,
    place: &'static Location<'static>,
    deadline: Option<Nanos>,
    rank: &mut Option<u64>,
) -> Result<First<'a>, WaitRefused> {
    let parking = begin(spots, reason, place)?;
    let rank = *rank.get_or_insert(parking.ticket());
    let node = |_| Node::new(parking.waiter(), rank);
    let nodes: Vec<_> = spots.iter().map(node).collect();
    Ok(wait_at(spots, &nodes, &parking, deadline))
}

/// As [`wait_in_any`], for a number of spots that is known beforehand: it takes no memory.
///
/// # Errors
/// [`WaitRefused`] where the running greenlet may not be left.
pub(crate) fn wait_in_each<'a, const N: usize>(
    spots: &[Spot<'a>; N],
    reason: Reason,
    place: &'static Location<'static>,
    deadline: Option<Nanos>,
    rank: &mut Option<u64>,
) -> Result<First<'a>, WaitRefused> {
    let parking = begin(spots, reason, place)?;
    let rank = *rank.get_or_insert(parking.ticket());
    let nodes: [_; N] = array::from_fn(|_| Node::new(parking.waiter(), rank));
    Ok(wait_at(spots, &nodes, &parking, deadline))
}

fn begin(
    spots: &[Spot<'_>],
    reason: Reason,
    place: &'static Location<'static>,
) -> Result<Parking, WaitRefused> {
    spots.iter().for_each(|spot| spot.expect());
    Parking::begin(reason, place)
}

/// Waits with each node in the list of its spot. They lie still, since they are borrowed.
#[inline]
fn wait_at<'a>(
    spots: &[Spot<'a>],
    nodes: &[Node<Waiter>],
    parking: &Parking,
    deadline: Option<Nanos>,
) -> First<'a> {
    let _links = Links { spots, nodes };
    for (spot, node) in spots.iter().zip(nodes) {
        // SAFETY: a new node is in no list. `Links` takes it out at the end of this function, when node and list are still
        // borrowed; if this frame is never left, both stay where they are for ever.
        unsafe { spot.waiters().waiters.link(node) };
    }
    let calls = Calls {
        spots,
        nodes,
        parking,
    };
    let woken = parking.park_in_place(deadline);
    let first = calls.answer();
    match woken {
        Woken::TimedOut => First::TimedOut,
        Woken::Called => first,
    }
}

/// The nodes that may be in the lists of their spots.
struct Links<'a, 'n> {
    spots: &'n [Spot<'a>],
    nodes: &'n [Node<Waiter>],
}

impl Drop for Links<'_, '_> {
    fn drop(&mut self) {
        for (spot, node) in self.spots.iter().zip(self.nodes) {
            // SAFETY: it was put into this list, or into none.
            drop(unsafe { spot.waiters().waiters.unlink(node) });
        }
    }
}

/// Takes the call that has ended a wait, also where the wait unwinds.
struct Calls<'a, 'n> {
    spots: &'n [Spot<'a>],
    nodes: &'n [Node<Waiter>],
    parking: &'n Parking,
}

impl<'a> Calls<'a, '_> {
    fn answer(self) -> First<'a> {
        let first = self.first();
        mem::forget(self);
        first
    }

    fn first(&self) -> First<'a> {
        let was_popped = |index: &usize| !self.nodes[*index].is_linked();
        let mut popped = (0..self.nodes.len()).filter(was_popped);
        let Some(caller) = self.parking.caller() else {
            return popped.next().map_or(First::TimedOut, First::Told);
        };
        // Others may have tried to call, too late: the one that was in time has left its address.
        let is_caller = |index: &usize| self.spots[*index].waiters().address() == caller;
        match popped
            .find(is_caller)
            .map(|index| (index, self.spots[index]))
        {
            Some((index, Spot::Line(supply))) => First::Mine(index, Claim::new(supply)),
            _ => unreachable!("only a line that it waits in calls it"),
        }
    }
}

impl Drop for Calls<'_, '_> {
    fn drop(&mut self) {
        drop(self.first());
    }
}
