//! A channel's two ends as arms of a select: an item to take, and a place to send to.
#![forbid(unsafe_code)]

use std::panic::Location;
use std::rc::Rc;

use super::rendezvous::FirstSender;
use super::shared::Shared;
use super::{Receiver, Sender};
use crate::error::{RecvError, SendError};
use crate::hub::{Spot, Supply, Waiter, give_way, may_park};
use crate::waitable::{Post, Sealed, Waitable};
use crate::waiting::WaitReason;

/// What a select waits for as a taker, or looks at.
pub trait Arm {
    /// How it stands, seen by a select that waits where nothing is ready (`is_patient`), or by one that does not.
    #[doc(hidden)]
    fn look(&self, is_patient: bool) -> Standing;

    /// Where a select waits for it.
    #[doc(hidden)]
    fn post(&self) -> ArmPost<'_>;

    /// Keeps what a select was promised, or has found ready, until it is used or given back. The promise is still held by its
    /// claim.
    #[doc(hidden)]
    fn keep(&self, _is_promised: bool) -> Reservation {
        Reservation::Nothing
    }

    #[doc(hidden)]
    fn give_back(&self, _reservation: Reservation) {}

    /// What tells one end of one channel from all others, whichever handle it is; `None` for what is only looked at.
    #[doc(hidden)]
    fn identity(&self) -> Option<(usize, End)> {
        None
    }
}

/// An end of a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(unnameable_types, reason = "only selects compare it")]
pub enum End {
    /// The sender's.
    Sending,
    /// The receiver's.
    Receiving,
}

/// Where a select waits for an arm.
#[expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "only selects read it"
)]
pub struct ArmPost<'a> {
    pub(crate) spot: Spot<'a>,
    /// As a report shows it.
    pub(crate) reason: WaitReason,
}

/// How an arm stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(unnameable_types, reason = "only selects name it")]
pub enum Standing {
    /// It has to be waited for.
    NotReady,
    /// It can be done at once.
    Ready,
    /// It can be done when others have run that were called before.
    Behind,
    /// It can be done when its counterpart, another select, has run and made an item.
    Meets,
}

/// What a select has chosen, kept while its item is made.
#[expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "only selects hold one"
)]
pub enum Reservation {
    /// There is nothing to keep: the channel is closed, or was only looked at.
    Nothing,
    /// The chosen item with this number.
    Item(u64),
    /// The place in the queue with this number.
    Place(u64),
    /// A receiver of a rendezvous channel, which waits for this item alone.
    #[expect(private_interfaces, reason = "only this crate reads it")]
    Receiver(Waiter),
}

impl Standing {
    /// Of what a select that does not wait takes at once, too.
    fn behind_if(is_patient: bool) -> Standing {
        match is_patient {
            true => Standing::Behind,
            false => Standing::Ready,
        }
    }
}

impl<T> Arm for Receiver<T> {
    fn look(&self, is_patient: bool) -> Standing {
        let items = self.shared.items();
        if items.is_open() || self.shared.is_drained() {
            return Standing::Ready;
        }
        if items.line().called() > 0 && items.is_free() {
            return Standing::behind_if(is_patient);
        }
        if self.shared.is_special {
            return self.shared.look_special();
        }
        Standing::NotReady
    }

    fn post(&self) -> ArmPost<'_> {
        ArmPost {
            spot: Spot::Line(self.shared.items()),
            reason: WaitReason::RECEIVE,
        }
    }

    fn keep(&self, is_promised: bool) -> Reservation {
        let item = self.shared.take_out(is_promised);
        item.map_or(Reservation::Nothing, |item| {
            Reservation::Item(self.shared.room.choose(item))
        })
    }

    fn give_back(&self, reservation: Reservation) {
        if let Reservation::Item(number) = reservation {
            self.shared.room.give_chosen_back(number);
        }
    }

    fn identity(&self) -> Option<(usize, End)> {
        Some((Rc::as_ptr(&self.shared).addr(), End::Receiving))
    }
}

impl<T> Receiver<T> {
    /// Takes the item that a select was promised, or has found ready; an error if it was the end.
    #[inline]
    pub(crate) fn take_selected(&self, is_promised: bool) -> Result<T, RecvError> {
        let item = self.shared.take_out(is_promised).ok_or(RecvError)?;
        self.shared.after_take();
        Ok(item)
    }

    /// Takes what `keep` has kept.
    pub(crate) fn take_reserved(&self, reservation: Reservation) -> Result<T, RecvError> {
        let Reservation::Item(number) = reservation else {
            return Err(RecvError);
        };
        let item = self.shared.room.take_chosen(number).ok_or(RecvError)?;
        self.shared.after_take();
        Ok(item)
    }
}

/// Ready while there is an item that no waiting receiver has a claim to, and when none can ever come.
impl<T> Waitable for Receiver<T> {
    fn post(&self) -> Post<'_> {
        let ready = match self.look(false) {
            Standing::NotReady => false,
            Standing::Ready | Standing::Behind => true,
            Standing::Meets => may_park(),
        };
        Post {
            ready,
            spot: Spot::Look(self.shared.items().line()),
            reason: WaitReason::RECEIVE,
        }
    }
}

impl<T> Sealed for Receiver<T> {}

impl<T> Shared<T> {
    #[inline(never)]
    fn look_special(&self) -> Standing {
        if self.is_wound() {
            return Standing::Ready;
        }
        match self.items().first_sender() {
            Some(FirstSender::Plain) => Standing::Ready,
            Some(FirstSender::Select) => Standing::Meets,
            None => Standing::NotReady,
        }
    }
}

impl<T> Arm for Sender<T> {
    fn look(&self, is_patient: bool) -> Standing {
        let room = &self.shared.room;
        if room.is_open() || self.shared.is_closed() || room.has_room_behind() {
            return Standing::Ready;
        }
        match room.is_free() {
            true => Standing::behind_if(is_patient && !room.is_rendezvous()),
            false => Standing::NotReady,
        }
    }

    fn post(&self) -> ArmPost<'_> {
        ArmPost {
            spot: Spot::Line(&self.shared.room),
            reason: WaitReason::SEND,
        }
    }

    fn keep(&self, is_promised: bool) -> Reservation {
        let (room, items) = (&self.shared.room, self.shared.items());
        if self.shared.is_closed() {
            return Reservation::Nothing;
        }
        if !room.is_rendezvous() {
            return Reservation::Place(room.reserve_place());
        }
        let receiver = match is_promised {
            true => items.pop_bound(),
            false => items.bind_receiver(),
        };
        receiver.map_or(Reservation::Nothing, Reservation::Receiver)
    }

    fn give_back(&self, reservation: Reservation) {
        match reservation {
            Reservation::Place(number) => self.shared.room.give_place_back(number),
            Reservation::Receiver(receiver) => self.shared.items().unbind(receiver),
            Reservation::Item(_) | Reservation::Nothing => {}
        }
    }

    fn identity(&self) -> Option<(usize, End)> {
        Some((Rc::as_ptr(&self.shared).addr(), End::Sending))
    }
}

impl<T> Sender<T> {
    /// Sends what a select has made, to what `keep` has kept.
    pub(crate) fn send_reserved(
        &self,
        reservation: Reservation,
        item: T,
        place: &'static Location<'static>,
    ) -> Result<(), SendError<T>> {
        if self.shared.is_closed() {
            self.give_back(reservation);
            return Err(SendError(item));
        }
        match reservation {
            Reservation::Place(number) => self.shared.room.fill_place(number, item),
            Reservation::Receiver(receiver) => {
                self.shared.items().deliver(receiver, item);
                give_way(place);
            }
            Reservation::Item(_) | Reservation::Nothing => return Err(SendError(item)),
        }
        Ok(())
    }

    /// The place that a select was promised, or has found ready: it is kept while the item is made.
    #[inline]
    pub(crate) fn place(&self, is_promised: bool) -> Place<'_, T> {
        let reservation = Some(self.keep(is_promised));
        Place {
            sender: self,
            reservation,
        }
    }
}

/// Ready while there is room that no waiting sender has a claim to, or a receiver waits, and when the channel is closed.
impl<T> Waitable for Sender<T> {
    fn post(&self) -> Post<'_> {
        Post {
            ready: self.look(false) != Standing::NotReady,
            spot: Spot::Look(self.shared.room.line()),
            reason: WaitReason::SEND,
        }
    }
}

impl<T> Sealed for Sender<T> {}

/// The right to send one item, of a select that has chosen to send. It is given back unless it is used.
#[expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "only `select!` makes one"
)]
pub struct Place<'a, T> {
    sender: &'a Sender<T>,
    reservation: Option<Reservation>,
}

impl<T> Place<'_, T> {
    #[doc(hidden)]
    #[track_caller]
    pub fn send(mut self, item: T) -> Result<(), SendError<T>> {
        match self.reservation.take() {
            Some(reservation) => {
                let place = Location::caller();
                self.sender.send_reserved(reservation, item, place)
            }
            None => Err(SendError(item)),
        }
    }
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        if let Some(reservation) = self.reservation.take() {
            self.sender.give_back(reservation);
        }
    }
}
