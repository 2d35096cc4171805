//! Channels that the clock sends into: `after`, `at`, `tick` and `never`.
//!
//! ```text
//!   timer --on_time--> [ the moment ] -> recv        room for one item, and no sender
//!     ^                                 |
//!     +-- wind: when a receiver finds nothing, or waits while another takes the item, the timer for the next moment is started
//! ```
//! So a timer runs only while the channel is empty, and one that is not received from costs nothing after its first item.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use super::Receiver;
use super::shared::Channel;
use crate::hub::{self, Alarm, Deadline, Nanos, OnExpiry, TimerKey};

/// When the items of a channel come.
pub(super) struct TimedSource {
    alarm: Rc<Alarm>,
    next: Cell<Option<Nanos>>,
    period: Option<Nanos>,
    /// The moment that is in the channel, where another one comes after it.
    held: Cell<Option<Nanos>>,
    timer: Cell<Option<TimerKey>>,
}

/// A channel that brings the moment when `wait` has passed, once. The time begins now; nothing comes after that, and the channel
/// stays open.
///
/// # Examples
/// ```
/// use greenhub::select;
/// use greenhub::sync::channel;
/// use std::time::Duration;
///
/// let (_sender, receiver) = channel::unbounded::<i32>();
/// let too_late = channel::after(Duration::from_millis(5));
/// select! {
///     recv(receiver) -> _ => unreachable!(),
///     recv(too_late) -> moment => println!("nothing came until {:?}", moment?),
/// }
/// # Ok::<(), channel::RecvError>(())
/// ```
#[must_use]
pub fn after(wait: Duration) -> Receiver<Instant> {
    receiver(Deadline::after(wait), None)
}

/// A channel that brings the moment when the clock shows `moment`, once.
#[must_use]
pub fn at(moment: Instant) -> Receiver<Instant> {
    receiver(Deadline::at(moment), None)
}

/// A channel that brings the moment whenever `period` has passed. It holds one item: moments that pass while that is not
/// received are skipped, and the next one then comes a `period` after it was received.
///
/// # Panics
/// If `period` is zero.
///
/// # Examples
/// ```
/// use greenhub::hub;
/// use greenhub::sync::channel;
/// use std::time::Duration;
///
/// hub::pause_clock();
/// let begun = hub::now();
/// let ticks = channel::tick(Duration::from_secs(1));
/// let third = ticks.iter().nth(2).unwrap();
/// assert_eq!(third - begun, Duration::from_secs(3));
/// ```
#[must_use]
#[track_caller]
pub fn tick(period: Duration) -> Receiver<Instant> {
    assert!(!period.is_zero(), "a tick needs a period longer than zero");
    let next = Deadline::after(period);
    let period = Nanos::try_from(period.as_nanos()).unwrap_or(Nanos::MAX);
    receiver(next, Some(period))
}

/// A channel that never brings anything, and stays open: for an arm of a select that is not wanted.
///
/// # Examples
/// ```
/// use greenhub::sync::channel::{self, TryRecvError};
///
/// assert_eq!(channel::never::<i32>().try_recv(), Err(TryRecvError::Empty));
/// ```
#[must_use]
pub fn never<T>() -> Receiver<T> {
    let shared = Rc::new(Channel::never());
    Receiver { channel: shared }
}

fn receiver(next: Deadline, period: Option<Nanos>) -> Receiver<Instant> {
    let shared = Rc::new_cyclic(|shared: &Weak<Channel<Instant>>| {
        let alarm = Alarm::of_callback(shared.clone());
        Channel::timed(TimedSource::new(alarm, next.nanos(), period))
    });
    Receiver { channel: shared }
}

impl TimedSource {
    fn new(alarm: Alarm, next: Option<Nanos>, period: Option<Nanos>) -> TimedSource {
        TimedSource {
            alarm: Rc::new(alarm),
            next: Cell::new(next),
            period,
            held: Cell::new(None),
            timer: Cell::new(None),
        }
    }

    /// The channel is empty: what is due comes now, or its timer is started if it is not running.
    pub(super) fn start_timer(&self) {
        let (Some(next), None) = (self.next.get(), self.timer.get()) else {
            return;
        };
        // In the last destructors of a thread there is none, and nothing comes any more.
        let Ok(hub) = hub::try_get() else {
            return;
        };
        if hub.clock().now() >= next {
            self.alarm.run_callback();
        } else {
            self.timer.set(Some(hub.start_alarm(&self.alarm, next)));
        }
    }

    /// The moment that is due, as an item.
    fn turn(&self) -> Option<Instant> {
        self.timer.set(None);
        let hub = hub::try_get().ok()?;
        let due = self.next.take()?;
        self.held.set(self.period.and(Some(due)));
        Some(hub.clock().instant_of(due))
    }

    /// The item was received: the next one lies a period after it, or after now if that was missed.
    pub(super) fn taken(&self) {
        let (Some(held), Some(period)) = (self.held.take(), self.period) else {
            return;
        };
        let Ok(hub) = hub::try_get() else {
            return;
        };
        let now = hub.clock().now();
        let in_time = held.checked_add(period).filter(|next| *next >= now);
        self.next.set(in_time.or_else(|| now.checked_add(period)));
    }

    /// Nothing comes any more.
    pub(super) fn stop(&self) {
        self.next.set(None);
        if let (Some(timer), Some(hub)) = (self.timer.take(), hub::current()) {
            hub.stop_timer(timer);
        }
    }
}

impl OnExpiry for Channel<Instant> {
    fn on_expiry(&self) {
        if let Some(moment) = self.timed_source.as_deref().and_then(TimedSource::turn) {
            self.items().put(moment);
        }
    }
}

impl Drop for TimedSource {
    fn drop(&mut self) {
        self.stop();
    }
}
