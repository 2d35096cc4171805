//! Channels whose items are sent by the clock: `after`, `at`, `tick` and `never`.
//!
//! ```text
//!   timer --on_time--> [ the moment ] -> recv        room for one item, and no sender
//!     ^                                 |
//!     +-- wind: when a receiver finds nothing, the timer for the next moment is started
//! ```
//! So a timer runs only while the channel is empty, and one that is not received from costs nothing after its first item.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use super::Receiver;
use super::shared::Shared;
use crate::hub::{self, Alarm, Nanos, OnTime, TimerKey};

/// When the items of a channel come.
pub(super) struct Clockwork {
    alarm: Rc<Alarm>,
    next: Cell<Option<Nanos>>,
    period: Option<Duration>,
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
    receiver(hub::deadline(wait), None)
}

/// A channel that brings the moment when the clock shows `moment`, once.
#[must_use]
pub fn at(moment: Instant) -> Receiver<Instant> {
    receiver(hub::deadline_at(moment), None)
}

/// A channel that brings the moment whenever `period` has passed. It holds one item: while that is not received no other one
/// comes, and the next then follows after a `period` at the earliest.
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
    receiver(hub::deadline(period), Some(period))
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
    let clockwork = Clockwork::new(Alarm::new(), None, None);
    let shared = Rc::new(Shared::timed(clockwork));
    Receiver { shared }
}

fn receiver(next: Option<Nanos>, period: Option<Duration>) -> Receiver<Instant> {
    let shared = Rc::new_cyclic(|shared: &Weak<Shared<Instant>>| {
        let alarm = Alarm::of_call(shared.clone());
        Shared::timed(Clockwork::new(alarm, next, period))
    });
    Receiver { shared }
}

impl Clockwork {
    fn new(alarm: Alarm, next: Option<Nanos>, period: Option<Duration>) -> Clockwork {
        Clockwork {
            alarm: Rc::new(alarm),
            next: Cell::new(next),
            period,
            timer: Cell::new(None),
        }
    }

    /// The channel is empty: what is due comes now, or its timer is started if it is not running.
    pub(super) fn wind(&self) {
        let (Some(next), None) = (self.next.get(), self.timer.get()) else {
            return;
        };
        let hub = hub::get();
        if hub.clock().now() >= next {
            self.alarm.call();
        } else {
            self.timer.set(Some(hub.start_alarm(&self.alarm, next)));
        }
    }

    /// The moment that is due, as an item. The next one lies a period after it, or is now if it was missed.
    fn turn(&self) -> Option<Instant> {
        self.timer.set(None);
        let due = self.next.take()?;
        let hub = hub::get();
        let clock = hub.clock();
        if let Some(period) = self.period {
            let next = u64::try_from(period.as_nanos()).ok();
            let next = next.and_then(|period| due.checked_add(period));
            self.next.set(next.map(|next| next.max(clock.now())));
        }
        Some(clock.instant_of(due))
    }
}

impl OnTime for Shared<Instant> {
    fn on_time(&self) {
        if let Some(moment) = self.clockwork.as_deref().and_then(Clockwork::turn) {
            self.items().put(moment);
        }
    }
}

impl Drop for Clockwork {
    fn drop(&mut self) {
        if let (Some(timer), Some(hub)) = (self.timer.get(), hub::existing()) {
            hub.stop_timer(timer);
        }
    }
}
