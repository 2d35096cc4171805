//! A channel's two ends as arms of a select: an item to take, and a place to send to.
#![forbid(unsafe_code)]

use std::rc::Rc;

use super::pairing::NextSender;
use super::shared::Channel;
use super::{Receiver, Sender};
use crate::error::{RecvError, SendError};
use crate::hub::{Resource, WaitPoint, Waker, may_park, yield_if_allowed};
use crate::waitable::{Sealed, WaitTarget, Waitable};
use crate::waiting::WaitReason;

/// An arm of a select: a thing that it waits for as an acquirer, or observes.
pub trait Arm {
    /// How it stands, seen by a select that waits where nothing is ready (`is_patient`), or by one that does not.
    #[doc(hidden)]
    fn readiness(&self, is_patient: bool) -> ArmReadiness;

    /// Where a select waits for it.
    #[doc(hidden)]
    fn target(&self) -> ArmTarget<'_>;

    /// Keeps what was reserved for a select, or found ready, until it is used or given back. The reservation itself lasts until
    /// then.
    #[doc(hidden)]
    fn keep(&self, _is_promised: bool) -> ArmReservation {
        ArmReservation::Nothing
    }

    #[doc(hidden)]
    fn give_back(&self, _reservation: ArmReservation) {}

    /// What tells one end of one channel from all others, whichever handle it is; `None` for what is only looked at.
    #[doc(hidden)]
    fn identity(&self) -> Option<(usize, ChannelEnd)> {
        None
    }
}

/// An end of a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(unnameable_types, reason = "only selects compare it")]
pub enum ChannelEnd {
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
pub struct ArmTarget<'a> {
    pub(crate) point: WaitPoint<'a>,
    /// As a report shows it.
    pub(crate) reason: WaitReason,
}

/// How an arm stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(unnameable_types, reason = "only selects name it")]
pub enum ArmReadiness {
    /// The arm needs a wait.
    NotReady,
    /// The arm can be completed at once.
    Ready,
    /// The arm can be completed when greenlets have run that were woken before.
    Behind,
    /// The arm can be completed when its counterpart, another select, has run and made an item.
    Pairs,
}

/// What a select has chosen, kept while its item is made.
#[expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "only selects hold one"
)]
pub enum ArmReservation {
    /// There is nothing to keep: the channel is closed, or was only looked at.
    Nothing,
    /// The chosen item with this number.
    Item(u64),
    /// The place in the queue with this number.
    Place(u64),
    /// A receiver of a rendezvous channel, which waits for this item alone.
    #[expect(private_interfaces, reason = "only this crate reads it")]
    Receiver(Waker),
}

impl ArmReadiness {
    /// Of what a select that does not wait takes at once, too.
    fn ready_behind_if(is_patient: bool) -> ArmReadiness {
        match is_patient {
            true => ArmReadiness::Behind,
            false => ArmReadiness::Ready,
        }
    }
}

impl<T> Arm for Receiver<T> {
    fn readiness(&self, is_patient: bool) -> ArmReadiness {
        let items = self.channel.items();
        if items.is_uncontended() || self.channel.is_drained() {
            return ArmReadiness::Ready;
        }
        if items.queue().reserved() > 0 && items.has_unreserved() {
            return ArmReadiness::ready_behind_if(is_patient);
        }
        if self.channel.is_special {
            return self.channel.look_special();
        }
        ArmReadiness::NotReady
    }

    fn target(&self) -> ArmTarget<'_> {
        ArmTarget {
            point: WaitPoint::Acquire(self.channel.items()),
            reason: WaitReason::RECEIVE,
        }
    }

    fn keep(&self, is_reserved: bool) -> ArmReservation {
        let item = self.channel.take_out(is_reserved);
        item.map_or(ArmReservation::Nothing, |item| {
            ArmReservation::Item(self.channel.room.choose(item))
        })
    }

    fn give_back(&self, reservation: ArmReservation) {
        if let ArmReservation::Item(number) = reservation {
            self.channel.room.give_chosen_back(number);
        }
    }

    fn identity(&self) -> Option<(usize, ChannelEnd)> {
        Some((Rc::as_ptr(&self.channel).addr(), ChannelEnd::Receiving))
    }
}

impl<T> Receiver<T> {
    /// Takes the item that was reserved for a select, or found ready; an error if the channel has ended.
    #[inline]
    pub(crate) fn take_selected(&self, is_reserved: bool) -> Result<T, RecvError> {
        let item = self.channel.take_out(is_reserved).ok_or(RecvError)?;
        self.channel.after_take();
        Ok(item)
    }

    /// Takes what `keep` has kept.
    pub(crate) fn take_reserved(&self, reservation: ArmReservation) -> Result<T, RecvError> {
        let ArmReservation::Item(number) = reservation else {
            return Err(RecvError);
        };
        let item = self.channel.room.take_chosen(number).ok_or(RecvError)?;
        self.channel.after_take();
        Ok(item)
    }
}

/// Ready while there is an item that no waiting receiver has a reservation to, and when none can ever come.
impl<T> Waitable for Receiver<T> {
    fn wait_target(&self) -> WaitTarget<'_> {
        let ready = match self.readiness(false) {
            ArmReadiness::NotReady => false,
            ArmReadiness::Ready | ArmReadiness::Behind => true,
            ArmReadiness::Pairs => may_park(),
        };
        WaitTarget {
            ready,
            point: WaitPoint::Observe(self.channel.items().queue()),
            reason: WaitReason::RECEIVE,
        }
    }
}

impl<T> Sealed for Receiver<T> {}

impl<T> Channel<T> {
    #[inline(never)]
    fn look_special(&self) -> ArmReadiness {
        if self.is_ticking() {
            return ArmReadiness::Ready;
        }
        match self.items().first_sender() {
            Some(NextSender::Plain) => ArmReadiness::Ready,
            Some(NextSender::Select) => ArmReadiness::Pairs,
            None => ArmReadiness::NotReady,
        }
    }
}

impl<T> Arm for Sender<T> {
    fn readiness(&self, is_patient: bool) -> ArmReadiness {
        let room = &self.channel.room;
        if room.is_uncontended() || self.channel.is_closed() || room.has_room_behind() {
            return ArmReadiness::Ready;
        }
        match room.has_unreserved() {
            true => ArmReadiness::ready_behind_if(is_patient && !room.is_rendezvous()),
            false => ArmReadiness::NotReady,
        }
    }

    fn target(&self) -> ArmTarget<'_> {
        ArmTarget {
            point: WaitPoint::Acquire(&self.channel.room),
            reason: WaitReason::SEND,
        }
    }

    fn keep(&self, is_reserved: bool) -> ArmReservation {
        let (room, items) = (&self.channel.room, self.channel.items());
        if self.channel.is_closed() {
            return ArmReservation::Nothing;
        }
        if !room.is_rendezvous() {
            return ArmReservation::Place(room.reserve_place());
        }
        let receiver = match is_reserved {
            true => items.pop_bound(),
            false => items.bind_receiver(),
        };
        receiver.map_or(ArmReservation::Nothing, ArmReservation::Receiver)
    }

    fn give_back(&self, reservation: ArmReservation) {
        match reservation {
            ArmReservation::Place(number) => self.channel.room.give_place_back(number),
            ArmReservation::Receiver(receiver) => self.channel.items().unbind(receiver),
            ArmReservation::Item(_) | ArmReservation::Nothing => {}
        }
    }

    fn identity(&self) -> Option<(usize, ChannelEnd)> {
        Some((Rc::as_ptr(&self.channel).addr(), ChannelEnd::Sending))
    }
}

impl<T> Sender<T> {
    /// Sends what a select has made, to what `keep` has kept.
    #[track_caller]
    pub(crate) fn send_reserved(
        &self,
        reservation: ArmReservation,
        item: T,
    ) -> Result<(), SendError<T>> {
        if self.channel.is_closed() {
            self.give_back(reservation);
            return Err(SendError(item));
        }
        match reservation {
            ArmReservation::Place(number) => self.channel.room.fill_place(number, item),
            ArmReservation::Receiver(receiver) => {
                self.channel.items().deliver(receiver, item);
                yield_if_allowed();
            }
            ArmReservation::Item(_) | ArmReservation::Nothing => return Err(SendError(item)),
        }
        Ok(())
    }

    /// The place that was reserved for a select, or found ready: it is kept while the item is made.
    #[inline]
    pub(crate) fn place(&self, is_reserved: bool) -> SendReservation<'_, T> {
        let reservation = Some(self.keep(is_reserved));
        SendReservation {
            sender: self,
            reservation,
        }
    }
}

/// Ready while there is room that no waiting sender has a reservation to, or a receiver waits, and when the channel is closed.
impl<T> Waitable for Sender<T> {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: self.readiness(false) != ArmReadiness::NotReady,
            point: WaitPoint::Observe(self.channel.room.queue()),
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
pub struct SendReservation<'a, T> {
    sender: &'a Sender<T>,
    reservation: Option<ArmReservation>,
}

impl<T> SendReservation<'_, T> {
    #[doc(hidden)]
    #[track_caller]
    pub fn send(mut self, item: T) -> Result<(), SendError<T>> {
        match self.reservation.take() {
            Some(reservation) => self.sender.send_reserved(reservation, item),
            None => Err(SendError(item)),
        }
    }
}

impl<T> Drop for SendReservation<'_, T> {
    fn drop(&mut self) {
        if let Some(reservation) = self.reservation.take() {
            self.sender.give_back(reservation);
        }
    }
}
