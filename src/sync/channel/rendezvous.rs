//! Channels without room: a sender holds its item out, and goes on when a receiver has taken it.
//!
//! ```text
//!   queue:  [ i1, i2, i3 ]        what is held out, in the order in which the senders came
//!   marks:  [ a1, --, a3 ]        where the sender of each waits; of i2 nobody does: it was sent by `try_send`,
//!                                 to a receiver that was waiting
//! ```
//! Who sends holds its item out at once, unless others are before it in the senders' line. There stand those who select:
//! they have no item yet, and are called when a receiver waits.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::Location;
use std::rc::Rc;

use super::shared::Shared;
use super::sides::Room;
use crate::error::SendTimeoutError;
use crate::hub::{Claim, Nanos, Supply, Turn, WaitList, refuse, wait_in_line};
use crate::waiting::{Reason, Woken};

/// So many marks are kept for later sends.
const MOST_SPARE: usize = 64;

/// Whose the items in the queue are: one entry for each.
pub(super) struct Offers {
    marks: RefCell<VecDeque<Option<Rc<Mark>>>>,
    spare: RefCell<Vec<Rc<Mark>>>,
}

/// Where a sender waits until its item is taken.
struct Mark {
    is_taken: Cell<bool>,
    owner: WaitList,
}

impl Offers {
    pub(super) fn new() -> Offers {
        Offers {
            marks: RefCell::new(VecDeque::new()),
            spare: RefCell::new(Vec::new()),
        }
    }

    /// The first item was taken: its sender may go on.
    #[inline(never)]
    pub(super) fn take_first(&self) {
        let mark = self.marks.borrow_mut().pop_front();
        if let Some(Some(mark)) = mark {
            mark.is_taken.set(true);
            mark.owner.wake_all();
        }
    }
}

impl<T> Shared<T> {
    /// Sends through a rendezvous channel, behind those who came before.
    #[inline(never)]
    pub(super) fn send_in_turn(
        &self,
        item: T,
        deadline: Option<Nanos>,
        place: &'static Location<'static>,
    ) -> Result<(), SendTimeoutError<T>> {
        // It may be open with somebody in the line: who selects both ends of this channel waits on both sides.
        if self.room.line().is_empty() || self.room.is_open() {
            return self.hold_out(item, None, deadline, place);
        }
        match wait_in_line(&self.room, Reason::SEND, place, deadline, &mut None) {
            Ok(Turn::Mine(claim)) => self.hold_out(item, Some(claim), deadline, place),
            Ok(Turn::Told) => Err(SendTimeoutError::Disconnected(item)),
            Ok(Turn::TimedOut) => Err(SendTimeoutError::Timeout(item)),
            Err(why) => refuse(why, "send", place),
        }
    }

    /// Holds the item out until it is taken. With that the sender's own turn is over.
    pub(super) fn hold_out(
        &self,
        item: T,
        turn: Option<Claim<'_, Room>>,
        deadline: Option<Nanos>,
        place: &'static Location<'static>,
    ) -> Result<(), SendTimeoutError<T>> {
        if self.has_no_receiver() {
            return Err(SendTimeoutError::Disconnected(item));
        }
        let offer = Offer::new(self, item);
        drop(turn);
        loop {
            let list = &offer.mark.owner;
            let woken = match list.wait_until(Reason::SEND, place, deadline, &mut None) {
                Ok(woken) => woken,
                Err(why) => refuse(why, "send", place),
            };
            if offer.mark.is_taken.get() {
                return Ok(());
            }
            let error = if self.has_no_receiver() {
                SendTimeoutError::Disconnected
            } else if woken == Woken::TimedOut {
                SendTimeoutError::Timeout
            } else {
                continue;
            };
            if let Some(item) = offer.take_back() {
                return Err(error(item));
            }
        }
    }

    /// Leaves an item for a receiver that waits, of whom there must be one to whom nothing was promised.
    pub(super) fn leave(&self, item: T) {
        self.offers.marks.borrow_mut().push_back(None);
        self.put(item);
    }

    /// Takes out the items that nobody holds out, when no receiver is left. The senders of the others are told.
    pub(super) fn take_ownerless(&self) -> VecDeque<T> {
        let marks = std::mem::take(&mut *self.offers.marks.borrow_mut());
        let mut left = VecDeque::new();
        {
            let mut queue = self.queue.borrow_mut();
            for mark in &marks {
                let Some(item) = queue.pop_front() else { break };
                match mark {
                    Some(_) => queue.push_back(item),
                    None => left.push_back(item),
                }
            }
        }
        let marks: VecDeque<_> = marks.into_iter().filter(Option::is_some).collect();
        for mark in marks.iter().flatten() {
            mark.owner.wake_all();
        }
        *self.offers.marks.borrow_mut() = marks;
        left
    }
}

/// An item that its sender holds out. It is taken back if the sender cannot wait any longer.
struct Offer<'a, T> {
    shared: &'a Shared<T>,
    mark: Rc<Mark>,
}

impl<'a, T> Offer<'a, T> {
    fn new(shared: &'a Shared<T>, item: T) -> Offer<'a, T> {
        let spare = shared.offers.spare.borrow_mut().pop();
        let mark = spare.unwrap_or_else(|| {
            Rc::new(Mark {
                is_taken: Cell::new(false),
                owner: WaitList::new(),
            })
        });
        shared
            .offers
            .marks
            .borrow_mut()
            .push_back(Some(mark.clone()));
        shared.put(item);
        Offer { shared, mark }
    }

    /// The item, if nobody has taken it.
    fn take_back(&self) -> Option<T> {
        let mut marks = self.shared.offers.marks.borrow_mut();
        let is_mine = |mark: &Option<Rc<Mark>>| {
            (mark.as_ref()).is_some_and(|mark| Rc::ptr_eq(mark, &self.mark))
        };
        let index = marks.iter().position(is_mine)?;
        marks.remove(index);
        let item = self.shared.queue.borrow_mut().remove(index);
        self.shared.items().remove(1);
        item
    }
}

impl<T> Drop for Offer<'_, T> {
    fn drop(&mut self) {
        let item = self.take_back();
        self.mark.is_taken.set(false);
        let mut spare = self.shared.offers.spare.borrow_mut();
        if spare.len() < MOST_SPARE {
            spare.push(self.mark.clone());
        }
        drop(spare);
        drop(item);
    }
}
