//! A channel's two ends as arms of a select: an item to take, and a place to send to.
#![forbid(unsafe_code)]

use std::panic::Location;

use super::sides::Room;
use super::{Receiver, Sender};
use crate::error::{RecvError, SendError};
use crate::hub::{Claim, Spot, Supply};
use crate::waitable::{Post, Sealed, Waitable};
use crate::waiting::Reason;

/// The sending end as something to wait for: ready when a send would not have to wait for its turn.
#[expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "only `select!` makes one"
)]
pub struct Sending<'a, T>(&'a Sender<T>);

/// The right to send one item, of whoever has selected a send.
#[expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "only `select!` makes one"
)]
pub struct Place<'a, T> {
    sender: &'a Sender<T>,
    turn: Option<Claim<'a, Room>>,
}

impl<T> Receiver<T> {
    /// Takes the item that a select was promised, or has found ready; an error if it was the end.
    #[inline]
    pub(crate) fn take_selected(&self) -> Result<T, RecvError> {
        self.shared.take().ok_or(RecvError)
    }
}

impl<T> Sender<T> {
    #[inline]
    pub(crate) fn sending(&self) -> Sending<'_, T> {
        Sending(self)
    }

    /// The place that a select was promised, or has found ready: it is kept while the item is made.
    #[inline]
    pub(crate) fn place(&self) -> Place<'_, T> {
        let turn = (!self.shared.has_no_receiver()).then(|| Claim::promise(&self.shared.room));
        Place { sender: self, turn }
    }
}

impl<T> Place<'_, T> {
    #[doc(hidden)]
    #[track_caller]
    pub fn send(self, item: T) -> Result<(), SendError<T>> {
        let shared = &self.sender.shared;
        if shared.has_no_receiver() {
            return Err(SendError(item));
        }
        if shared.room.is_rendezvous() {
            let sent = shared.hold_out(item, self.turn, None, Location::caller());
            return sent.map_err(|error| SendError(error.into_inner()));
        }
        shared.put(item);
        Ok(())
    }
}

impl<T> Sealed for Sending<'_, T> {}

impl<T> Waitable for Sending<'_, T> {
    fn post(&self) -> Post<'_> {
        let shared = &self.0.shared;
        Post {
            ready: shared.room.is_open() || shared.has_no_receiver(),
            spot: Spot::Line(&shared.room),
            reason: Reason::SEND,
        }
    }
}
