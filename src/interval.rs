//! Ticks at equal distances, waited for one by one.
#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use crate::hub;
use crate::task::sleep;

/// How late a tick may be before it counts as missed: timers are late by a little, and no tick is moved for that.
const SLACK: Duration = Duration::from_millis(5);

/// As good as never, where a time cannot be represented.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// Ticks at equal distances: see [`interval`].
///
/// Times are those of [`hub::now`], also where the [clock is paused](crate::hub::pause_clock).
#[derive(Debug)]
pub struct Interval {
    next: Instant,
    period: Duration,
    missed: MissedTickBehavior,
}

/// The ticks after one that an [`Interval`] gave more than 5 ms late. An interval of 10 ms, with its second tick taken at 35:
///
/// | | ticks are taken at |
/// |---|---|
/// | `Burst` | 0, 35 (due at 10), 35 (20), 35 (30), 40, 50 |
/// | `Delay` | 0, 35, 45, 55 |
/// | `Skip` | 0, 35, 40, 50 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MissedTickBehavior {
    /// All ticks come, the missed ones at once, until it has caught up.
    #[default]
    Burst,
    /// The next tick comes a period after the late one.
    Delay,
    /// Missed ticks do not come; the next one comes when it would have come.
    Skip,
}

/// Ticks that come each `period`, the first one at once, in the shape of tokio's
/// [`interval`](https://docs.rs/tokio/latest/tokio/time/fn.interval.html).
///
/// An interval runs nothing by itself: a tick that is not [taken](Interval::tick) in time is late, and
/// [`MissedTickBehavior`] says what follows.
///
/// # Panics
/// If `period` is zero. And [where there can be no hub](crate::hub#where-there-can-be-no-hub).
///
/// # Examples
/// ```
/// use greenhub::{hub, interval, sleep};
/// use std::time::Duration;
///
/// hub::pause_clock();
/// let begun = hub::now();
/// let mut beat = interval(Duration::from_secs(10));
/// for expected in [0, 10, 20] {
///     beat.tick();
///     assert_eq!((hub::now() - begun).as_secs(), expected);
///     sleep(Duration::from_secs(3)); // the distance stays the same
/// }
/// ```
#[must_use = "an interval ticks when it is asked to"]
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(hub::now(), period)
}

/// As [`interval`], with the first tick at `start`.
///
/// # Panics
/// As [`interval`].
#[must_use = "an interval ticks when it is asked to"]
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(
        !period.is_zero(),
        "the period of an interval must not be zero"
    );
    Interval {
        next: start,
        period,
        missed: MissedTickBehavior::Burst,
    }
}

impl Interval {
    /// Waits for the next tick, and gives the time at which it was due. If that has passed already, it returns at once.
    ///
    /// A wait that is [ended early](crate::hub#what-may-end-a-wait-early) takes no tick.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn tick(&mut self) -> Instant {
        let due = self.next;
        let left = hub::until(due);
        if left.is_zero() {
            hub::yield_if_budget_spent();
        } else {
            sleep(left);
        }
        self.next = self.after(due, hub::now());
        hub::consume_budget(0);
        due
    }

    /// The next tick comes a period from now.
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// The next tick comes at once.
    pub fn reset_immediately(&mut self) {
        self.reset_at(hub::now());
    }

    /// The next tick comes when `delay` has passed.
    pub fn reset_after(&mut self, delay: Duration) {
        self.reset_at(later(hub::now(), delay));
    }

    /// The next tick comes at `time`.
    pub fn reset_at(&mut self, time: Instant) {
        self.next = time;
    }

    /// Returns the behavior after a late tick.
    #[must_use]
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Says what it does when a tick is late.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The distance of its ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// When the tick after that of `due` comes, which was taken at `now`.
    fn after(&self, due: Instant, now: Instant) -> Instant {
        let late = now.saturating_duration_since(due);
        match self.missed {
            MissedTickBehavior::Delay if late > SLACK => later(now, self.period),
            MissedTickBehavior::Skip if late > SLACK => {
                later(now, self.period - remainder(late, self.period))
            }
            _ => later(due, self.period),
        }
    }
}

fn later(time: Instant, by: Duration) -> Instant {
    time.checked_add(by).unwrap_or_else(|| time + FAR)
}

/// What is left of `time` after its last whole `period`.
fn remainder(time: Duration, period: Duration) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let nanos = time.as_nanos() % period.as_nanos();
    Duration::new((nanos / SECOND) as u64, (nanos % SECOND) as u32)
}
