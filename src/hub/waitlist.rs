//! Waiting in a list with others, and waking them.

use std::panic::Location;

use super::park::Parking;
use super::waiter::WaitList;
use super::{Nanos, get};
use crate::error::WaitRefused;
use crate::list::Node;
use crate::waiting::{Reason, Woken};

impl WaitList {
    /// Waits until woken through this list.
    ///
    /// # Errors
    /// [`WaitRefused`] where the running greenlet may not be left.
    #[inline(always)]
    pub(crate) fn wait(
        &self,
        reason: Reason,
        place: &'static Location<'static>,
    ) -> Result<(), WaitRefused> {
        let parking = Parking::begin(reason, place)?;
        let node = Node::new(parking.waiter(), parking.ticket());
        // SAFETY: the link is dropped at the end of this function, before the node; if this frame is
        // never left, the node stays where it is for ever; and the list is borrowed meanwhile.
        let _link = unsafe { self.waiters.insert(&node) };
        parking.park();
        Ok(())
    }

    /// As `wait`, until the clock has reached `deadline` at the latest. Who comes again, because others
    /// have taken what it was woken for, says its `rank` and gets its old place back; it is set the
    /// first time.
    ///
    /// # Errors
    /// [`WaitRefused`] where the running greenlet may not be left.
    pub(crate) fn wait_until(
        &self,
        reason: Reason,
        place: &'static Location<'static>,
        deadline: Option<Nanos>,
        rank: &mut Option<u64>,
    ) -> Result<Woken, WaitRefused> {
        let parking = Parking::begin(reason, place)?;
        let rank = *rank.get_or_insert(parking.ticket());
        let node = Node::new(parking.waiter(), rank);
        // SAFETY: as in `wait`.
        let _link = unsafe { self.waiters.insert(&node) };
        Ok(parking.park_until(deadline))
    }

    /// Waits until woken through any of `lists`, or until the clock has reached `deadline`.
    ///
    /// # Errors
    /// [`WaitRefused`] where the running greenlet may not be left.
    pub(crate) fn wait_in_any<'a>(
        lists: impl Iterator<Item = &'a WaitList> + Clone,
        reason: Reason,
        place: &'static Location<'static>,
        deadline: Option<Nanos>,
    ) -> Result<Woken, WaitRefused> {
        let parking = Parking::begin(reason, place)?;
        let node = |_| Node::new(parking.waiter(), parking.ticket());
        let nodes: Vec<_> = lists.clone().map(node).collect();
        let insert = |(list, node): (&'a WaitList, _)| {
            // SAFETY: as in `wait`: the links are dropped before the nodes, which lie still.
            unsafe { list.waiters.insert(node) }
        };
        let _links: Vec<_> = lists.zip(&nodes).map(insert).collect();
        Ok(parking.park_until(deadline))
    }

    /// Wakes all who wait now, in the order in which they came.
    #[inline]
    pub(crate) fn wake_all(&self) {
        self.wake_all_into(&get().ready);
    }
}
