//! Selecting among a number of operations that is known at run time only: [`Select`].
#![forbid(unsafe_code)]

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::{Choice, Looking, Patience};
use crate::error::{ReadyTimeoutError, RecvError, SelectTimeoutError, SendError, TryReadyError, TrySelectError};
use crate::hub;
use crate::sync::channel::{Arm, Receiver, Reservation, Sender};
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
    reservation: Option<Reservation>,
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
        assert!(operation.is_some(), "there is no operation {index} to remove from a Select");
    }

    /// Waits until one of the operations is ready, and selects it. With no operation it waits for ever, which the hub
    /// reports as a deadlock where nothing else can happen.
    ///
    /// # Panics
    /// If it has to wait, as [`Task::wait`](crate::Task::wait).
    ///
    /// # Aborts
    /// If it had to wait while a panic unwinds the running greenlet.
    #[track_caller]
    pub fn select(&mut self) -> SelectedOperation<'a> {
        let selected = self.choose(Patience::Until(None), Location::caller());
        selected.expect("a wait without a deadline ends with an operation")
    }

    /// As [`select`](Select::select), for as long as `limit` at most.
    ///
    /// # Errors
    /// [`SelectTimeoutError`]: no operation was ready by then.
    ///
    /// # Panics
    /// As there.
    ///
    /// # Aborts
    /// As there.
    #[track_caller]
    pub fn select_timeout(&mut self, limit: Duration) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        let patience = Patience::Until(hub::deadline(limit));
        self.choose(patience, Location::caller()).ok_or(SelectTimeoutError(()))
    }

    /// As [`select`](Select::select), until `deadline` at the latest.
    ///
    /// # Errors
    /// [`SelectTimeoutError`]: no operation was ready by then.
    ///
    /// # Panics
    /// As there.
    ///
    /// # Aborts
    /// As there.
    #[track_caller]
    pub fn select_deadline(&mut self, deadline: Instant) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        let patience = Patience::Until(hub::deadline_at(deadline));
        self.choose(patience, Location::caller()).ok_or(SelectTimeoutError(()))
    }

    /// Selects an operation that is ready now. Lets another select run that it meets in a rendezvous channel, and waits for
    /// nothing else.
    ///
    /// # Errors
    /// [`TrySelectError`]: none is.
    #[track_caller]
    pub fn try_select(&mut self) -> Result<SelectedOperation<'a>, TrySelectError> {
        self.choose(Patience::None, Location::caller()).ok_or(TrySelectError(()))
    }

    fn choose(&self, patience: Patience, place: &'static Location<'static>) -> Option<SelectedOperation<'a>> {
        let arms: Vec<_> = self.operations.iter().flatten().map(|operation| operation.arm).collect();
        let chosen = self.choice(patience, place).choose_of_many(&arms);
        let chosen_arm = arms[chosen.arm()?];
        let reservation = Some(chosen.reserve(chosen_arm));
        Some(SelectedOperation {
            index: self.index_of(arms_index),
            arm: chosen_arm,
            reservation,
        })
    }
}
