//! Selecting among a number of operations that is known at run time only: [`Select`].
#![forbid(unsafe_code)]

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::{ObserveArm, SelectLimit, Selection};
use crate::error::{RecvError, SelectTimeoutError, SendError, TrySelectError};
use crate::hub::{Deadline, must_end};
use crate::sync::channel::{Arm, ArmReservation, Receiver, Sender};
use crate::waitable::Waitable;

/// A set of channel operations of which one is done: [`select!`](crate::select!) for a number of arms that is known at run
/// time only. The names are those of crossbeam's `Select`.
///
/// An operation that was selected must be completed, by [`SelectedOperation::recv`] or [`SelectedOperation::send`] with the
/// channel that it was added for.
///
/// # Examples
/// ```
/// use greenhub::Select;
/// use greenhub::sync::channel;
///
/// let (senders, receivers): (Vec<_>, Vec<_>) = (0..10).map(|_| channel::unbounded()).unzip();
/// senders[7].send("seven")?;
/// let mut select = Select::new();
/// for receiver in &receivers {
///     select.recv(receiver);
/// }
/// let operation = select.select();
/// let index = operation.index();
/// assert_eq!(operation.recv(&receivers[index]), Ok("seven"));
/// # Ok::<(), channel::SendError<&str>>(())
/// ```
#[derive(Clone, Default)]
pub struct Select<'a> {
    /// Those that were removed leave a gap.
    operations: Vec<Option<Operation<'a>>>,
    is_biased: bool,
}

#[derive(Clone, Copy)]
struct Operation<'a> {
    arm: &'a dyn Arm,
    thing: &'a dyn Waitable,
}

/// An operation that was selected, and must be completed.
#[must_use = "an operation that was selected must be completed"]
pub struct SelectedOperation<'a> {
    index: usize,
    arm: &'a dyn Arm,
    reservation: Option<ArmReservation>,
}

impl<'a> Select<'a> {
    /// With no operation yet. Of several that are ready it selects one at random.
    #[must_use]
    pub fn new() -> Select<'a> {
        Select::default()
    }

    /// With no operation yet. Of several that are ready it selects the one that was added first.
    #[must_use]
    pub fn new_biased() -> Select<'a> {
        Select {
            operations: Vec::new(),
            is_biased: true,
        }
    }

    /// Adds the receiving of an item, and gives the index of this operation: 0 for the first that was added, and so on.
    pub fn recv<T>(&mut self, receiver: &'a Receiver<T>) -> usize {
        self.add(receiver, receiver)
    }

    /// Adds the sending of an item, and gives the index of this operation. The item comes later, with
    /// [`SelectedOperation::send`].
    pub fn send<T>(&mut self, sender: &'a Sender<T>) -> usize {
        self.add(sender, sender)
    }

    fn add(&mut self, arm: &'a dyn Arm, thing: &'a dyn Waitable) -> usize {
        self.operations.push(Some(Operation { arm, thing }));
        self.operations.len() - 1
    }

    /// Removes the operation with this index. The others keep theirs.
    ///
    /// # Panics
    /// If there is no operation with this index.
    #[track_caller]
    pub fn remove(&mut self, index: usize) {
        let operation = self.operations.get_mut(index).and_then(Option::take);
        assert!(
            operation.is_some(),
            "there is no operation {index} to remove from a Select"
        );
    }

    /// Waits until one of the operations is ready, and selects it. With no operation it waits for ever, which the hub
    /// reports as a deadlock where nothing else can happen.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn select(&mut self) -> SelectedOperation<'a> {
        let selected = self.choose(SelectLimit::Until(Deadline::NEVER), Location::caller());
        must_end(selected)
    }

    /// As [`select`](Select::select), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`SelectTimeoutError`]: no operation was ready by then.
    #[track_caller]
    pub fn select_timeout(
        &mut self,
        limit: Duration,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        let limit = SelectLimit::Until(Deadline::after(limit));
        self.choose(limit, Location::caller())
            .ok_or(SelectTimeoutError(()))
    }

    /// As [`select`](Select::select), until `deadline` at the latest.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`SelectTimeoutError`]: no operation was ready by then.
    #[track_caller]
    pub fn select_deadline(
        &mut self,
        deadline: Instant,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        let limit = SelectLimit::Until(Deadline::at(deadline));
        self.choose(limit, Location::caller())
            .ok_or(SelectTimeoutError(()))
    }

    /// Selects an operation that is ready now. Lets another select run that it meets in a rendezvous channel, and waits for
    /// nothing else.
    ///
    /// # Errors
    /// [`TrySelectError`]: none is.
    #[track_caller]
    pub fn try_select(&mut self) -> Result<SelectedOperation<'a>, TrySelectError> {
        self.choose(SelectLimit::None, Location::caller())
            .ok_or(TrySelectError(()))
    }

    /// Waits until one of the operations is ready, and gives its index. Nothing is selected: another greenlet may be first, so
    /// a `try_` form comes next.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn ready(&mut self) -> usize {
        let ready = self.look(SelectLimit::Until(Deadline::NEVER), Location::caller());
        must_end(ready)
    }

    /// As [`ready`](Select::ready), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`SelectTimeoutError`]: no operation was ready by then.
    #[track_caller]
    pub fn ready_timeout(&mut self, limit: Duration) -> Result<usize, SelectTimeoutError> {
        let limit = SelectLimit::Until(Deadline::after(limit));
        let ready = self.look(limit, Location::caller());
        ready.ok_or(SelectTimeoutError(()))
    }

    /// As [`ready`](Select::ready), until `deadline` at the latest.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`SelectTimeoutError`]: no operation was ready by then.
    #[track_caller]
    pub fn ready_deadline(&mut self, deadline: Instant) -> Result<usize, SelectTimeoutError> {
        let limit = SelectLimit::Until(Deadline::at(deadline));
        let ready = self.look(limit, Location::caller());
        ready.ok_or(SelectTimeoutError(()))
    }

    /// The index of an operation that is ready now. Never waits.
    ///
    /// # Errors
    /// [`TrySelectError`]: none is.
    #[track_caller]
    pub fn try_ready(&mut self) -> Result<usize, TrySelectError> {
        let ready = self.look(SelectLimit::None, Location::caller());
        ready.ok_or(TrySelectError(()))
    }

    fn choose(
        &self,
        limit: SelectLimit,
        place: &'static Location<'static>,
    ) -> Option<SelectedOperation<'a>> {
        let present = self.present();
        let arms: Vec<_> = present.iter().map(|(_, operation)| operation.arm).collect();
        let selected = self.choice(limit, place).choose_of_many(&arms);
        let (index, operation) = present[selected.arm()?];
        let reservation = Some(selected.reserve(operation.arm));
        Some(SelectedOperation {
            index,
            arm: operation.arm,
            reservation,
        })
    }

    fn look(&self, limit: SelectLimit, place: &'static Location<'static>) -> Option<usize> {
        let present = self.present();
        let looks: Vec<_> = (present.iter())
            .map(|(_, operation)| ObserveArm::at(operation.thing))
            .collect();
        let arms: Vec<_> = looks.iter().map(|look| look as &dyn Arm).collect();
        let selected = self.choice(limit, place).choose_of_many(&arms);
        let (index, _) = present[selected.arm()?];
        Some(index)
    }

    fn present(&self) -> Vec<(usize, Operation<'a>)> {
        let operations = self.operations.iter().copied().enumerate();
        operations
            .filter_map(|(index, operation)| Some((index, operation?)))
            .collect()
    }

    fn choice(&self, limit: SelectLimit, place: &'static Location<'static>) -> Selection {
        Selection {
            limit,
            is_biased: self.is_biased,
            place,
        }
    }
}

impl SelectedOperation<'_> {
    /// The index of the operation, as [`Select::recv`] or [`Select::send`] gave it.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Completes the receiving from `receiver`. Never waits.
    ///
    /// # Errors
    /// [`RecvError`] if the channel is empty and no sender is left: that selects an operation, too.
    ///
    /// # Panics
    /// If it is not the channel, or not the end of it, that the operation was added for.
    #[track_caller]
    pub fn recv<T>(mut self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        let reservation = self.take("recv", receiver);
        receiver.take_reserved(reservation)
    }

    /// Completes the sending of `item` to `sender`. Lets the receiver of a rendezvous channel run, and waits for nothing
    /// else.
    ///
    /// # Errors
    /// [`SendError`] with the item, if no receiver is left: that selects an operation, too.
    ///
    /// # Panics
    /// If it is not the channel, or not the end of it, that the operation was added for.
    #[track_caller]
    pub fn send<T>(mut self, sender: &Sender<T>, item: T) -> Result<(), SendError<T>> {
        let reservation = self.take("send", sender);
        sender.send_reserved(reservation, item)
    }

    #[track_caller]
    fn take(&mut self, what: &str, arm: &dyn Arm) -> ArmReservation {
        assert!(
            self.arm.identity() == arm.identity(),
            "{what} of operation {}, which was added to the Select for another end of a channel",
            self.index
        );
        let reservation = self.reservation.take();
        reservation.expect("an operation is completed once")
    }
}

/// Without completion the operation is given up: an item stays in the channel, and a place is given to the next sender.
impl Drop for SelectedOperation<'_> {
    fn drop(&mut self) {
        if let Some(reservation) = self.reservation.take() {
            self.arm.give_back(reservation);
        }
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("operations", &self.present().len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SelectedOperation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectedOperation")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}
