//! Time as a hub sees it: the machine's, or one that stands still while anything can run.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Nanoseconds since the hub was made.
pub(crate) type Nanos = u64;

/// The moment at which a wait gives up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Deadline(Nanos);

impl Deadline {
    /// A wait with this deadline does not give up.
    pub(crate) const NEVER: Deadline = Deadline(Nanos::MAX);

    #[inline(always)]
    pub(crate) fn is_never(self) -> bool {
        self == Deadline::NEVER
    }

    /// The moment, if there is one.
    #[inline(always)]
    pub(crate) fn nanos(self) -> Option<Nanos> {
        (!self.is_never()).then_some(self.0)
    }
}

/// A hub's clock. It never goes back, and after 584 years it stands still.
pub(crate) struct Clock {
    /// When the hub was made: zero.
    base: Instant,
    /// The machine's time when it last began to run,
    begun: Cell<Instant>,
    /// and what it showed then.
    shown: Cell<Nanos>,
    /// Where it stands, while it is paused.
    paused: Cell<Option<Nanos>>,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        let base = Instant::now();
        Clock {
            base,
            begun: Cell::new(base),
            shown: Cell::new(0),
            paused: Cell::new(None),
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> Nanos {
        match self.paused.get() {
            Some(now) => now,
            None => {
                // A machine does not run for the 584 years that 64 bits of nanoseconds last.
                let ran = self.begun.get().elapsed().as_nanos() as Nanos;
                self.shown.get().saturating_add(ran)
            }
        }
    }

    /// The instant that `now` stands for.
    pub(crate) fn instant(&self) -> Instant {
        self.instant_of(self.now())
    }

    /// The instant that `moment` stands for.
    pub(crate) fn instant_of(&self, moment: Nanos) -> Instant {
        self.base + Duration::from_nanos(moment)
    }

    /// The moment that lies `wait` ahead; never, where the clock does not get there.
    #[inline]
    pub(crate) fn after(&self, wait: Duration) -> Deadline {
        let wait = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        Deadline(self.now().saturating_add(wait))
    }

    /// The moment at which the clock shows `instant`: zero, if that was before the hub was made; never, where the clock does
    /// not get there.
    pub(crate) fn at(&self, instant: Instant) -> Deadline {
        let since = instant.saturating_duration_since(self.base);
        Deadline(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.get().is_some()
    }

    pub(crate) fn pause(&self) {
        self.paused.set(Some(self.now()));
    }

    /// Runs again from the moment that it shows.
    pub(crate) fn resume(&self) {
        if let Some(now) = self.paused.take() {
            self.begun.set(Instant::now());
            self.shown.set(now);
        }
    }

    /// Sets a paused clock forward.
    pub(crate) fn jump_to(&self, moment: Nanos) {
        if let Some(now) = self.paused.get() {
            self.paused.set(Some(now.max(moment)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_clock_moves_only_when_told() {
        let clock = Clock::new();
        clock.pause();
        let then = clock.now();
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(clock.now(), then);
        clock.jump_to(then + 5_000_000_000);
        assert_eq!(clock.now(), then + 5_000_000_000);
        clock.jump_to(then);
        assert_eq!(clock.now(), then + 5_000_000_000);
    }

    #[test]
    fn it_never_goes_back_when_it_goes_on() {
        let clock = Clock::new();
        clock.pause();
        clock.jump_to(clock.now() + 1_000_000_000_000);
        let then = clock.now();
        clock.resume();
        assert!(clock.now() >= then);
    }

    #[test]
    fn the_time_of_a_pause_does_not_count() {
        let clock = Clock::new();
        clock.pause();
        let then = clock.now();
        std::thread::sleep(Duration::from_millis(20));
        clock.resume();
        assert!(clock.now() - then < 20_000_000);
    }

    #[test]
    fn the_longest_wait_is_for_ever() {
        assert!(Clock::new().after(Duration::MAX).is_never());
        assert!(!Clock::new().after(Duration::ZERO).is_never());
    }

    #[test]
    fn it_goes_on_from_wherever_it_stands_up_to_the_end_of_its_numbers() {
        for moment in [
            i64::MAX as u64 - 1,
            i64::MAX as u64 + 1,
            u64::MAX - 1,
            u64::MAX,
        ] {
            let clock = Clock::new();
            clock.pause();
            clock.jump_to(moment);
            let shown = clock.instant();
            assert_eq!(clock.now(), moment);
            clock.resume();
            assert!(clock.now() >= moment && clock.instant() >= shown);
            assert!(clock.now() - moment < 5_000_000_000);
            assert!(clock.after(Duration::MAX).is_never());
            let next = clock.after(Duration::from_secs(300 * 365 * 24 * 3600));
            assert!(next.nanos().is_none_or(|next| next > moment));
        }
    }
}
