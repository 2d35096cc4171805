//! The state of a greenlet's wait in its hub. Pure: nothing here switches.
//!
//! ```text
//!            begin(ticket)              wake(ticket, why)
//!  Running ----------------> Parked ----------------------> Notified, TimedOut
//!     ^                        | \ a ticket of another wait       |
//!     |                        |  \ changes nothing              |
//!     |                        |   +------- interrupt() ---> Interrupted
//!     +----- end() ------------+---------------------------------+
//! ```
//!
//! A wake may come before the greenlet has switched away: then it is kept, as `Notified`. Of a wake and a deadline the first one
//! wins. The other finds no parked greenlet, or one with the ticket of a later wait.
//!
//! A wait can be *bound* to one counterpart: a select's send that still makes its item.
//!
//! ```text
//!          bind: sets a bit of the ticket                 wake_by(that ticket)
//!  Parked -----------------------------------> bound ----------------------------> Notified
//!    ^                                           |
//!    +-- the greenlet looks again <-- Retry <----+ unbind: no item came
//! ```
//! While a wait is bound, wakes with the ticket that lists and timers know change nothing. In `Retry` the greenlet is about to
//! run, and its lists may still wake it before that.
//!
//! A kill, or a panic of a child, is no wake: it resumes the greenlet in any state, and `end` is called when the frames of its
//! wait are left.
#![forbid(unsafe_code)]

mod reason;

use std::cell::Cell;
use std::panic::Location;

use self::reason::ReasonKind;
pub use self::reason::WaitInfo;
pub(crate) use self::reason::WaitReason;

/// The bit in the ticket of a bound wait.
const BOUND: u64 = 1 << 63;

/// A view of a greenlet's wait, the two parts of which lie in its record.
#[derive(Clone, Copy)]
pub(crate) struct WaitState<'a> {
    phase: &'a WaitPhase,
    details: &'a WaitDetails,
}

/// The part that every yield and every wake touches: one byte, in the cache line that every switch reads.
pub(crate) struct WaitPhase(Cell<WaitStatus>);

/// The part that only waits touch.
pub(crate) struct WaitDetails {
    ticket: Cell<u64>,
    subject: Cell<u64>,
    place: Cell<Option<&'static Location<'static>>>,
    /// `None`: a list has woken the greenlet, and `subject` is its address.
    kind: Cell<Option<ReasonKind>>,
    /// Reports find the greenlet anyway: its waits need no entry in the list of untracked waiters.
    tracked: Cell<bool>,
}

/// The states in which a greenlet is ready come last, so that one comparison tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
#[repr(u8)]
pub(crate) enum WaitStatus {
    /// The greenlet runs, or waits in a switch.
    Running,
    /// The greenlet waits for a wake.
    Parked,
    /// Woken, or ready without a wait: in the run queue.
    Notified,
    /// Woken by the deadline: in the run queue.
    TimedOut,
    /// The counterpart of a bound wait brought no item: in the run queue, to look again, unless it is woken before.
    Retry,
    /// The wait was ended by a kill or a timeout, which is raised when the greenlet runs.
    Interrupted,
}

/// What has ended a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WakeReason {
    /// A wake.
    Notified,
    /// The deadline.
    TimedOut,
}

impl WaitPhase {
    pub(crate) const fn new() -> WaitPhase {
        WaitPhase(Cell::new(WaitStatus::Running))
    }
}

impl WaitDetails {
    pub(crate) const fn new() -> WaitDetails {
        WaitDetails {
            ticket: Cell::new(0),
            subject: Cell::new(0),
            place: Cell::new(None),
            kind: Cell::new(None),
            tracked: Cell::new(false),
        }
    }
}

impl<'a> WaitState<'a> {
    #[inline(always)]
    pub(crate) fn new(phase: &'a WaitPhase, details: &'a WaitDetails) -> WaitState<'a> {
        WaitState { phase, details }
    }

    /// Begins a wait that only wakes with this ticket can end.
    #[inline(always)]
    pub(crate) fn begin(self, ticket: u64, reason: WaitReason, place: &'static Location<'static>) {
        debug_assert_eq!(
            self.phase.0.get(),
            WaitStatus::Running,
            "one wait at a time"
        );
        self.details.ticket.set(ticket);
        self.details.kind.set(Some(reason.kind));
        self.details.subject.set(reason.subject);
        self.details.place.set(Some(place));
        self.phase.0.set(WaitStatus::Parked);
    }

    /// Ends the wait with this ticket. False, and nothing changes, if it has ended or was woken before.
    #[inline(always)]
    pub(crate) fn wake(self, ticket: u64, why: WakeReason) -> bool {
        let is_first =
            self.phase.0.get() == WaitStatus::Parked && self.details.ticket.get() == ticket;
        if is_first {
            self.phase.0.set(match why {
                WakeReason::Notified => WaitStatus::Notified,
                WakeReason::TimedOut => WaitStatus::TimedOut,
            });
        }
        is_first
    }

    /// Ends the wait if it is for `reason`. False if it is for another one, has ended, or was woken before.
    pub(crate) fn wake_from(self, reason: WaitReason) -> bool {
        let is_this = self.details.kind.get() == Some(reason.kind);
        is_this && self.wake(self.details.ticket.get(), WakeReason::Notified)
    }

    /// Nothing has ended the wait with this ticket.
    #[inline(always)]
    pub(crate) fn is_parked(self, ticket: u64) -> bool {
        self.phase.0.get() == WaitStatus::Parked && self.details.ticket.get() == ticket
    }

    /// As `wake`, by the list at address `list`. A wait in `Retry` can be woken, too.
    #[inline(always)]
    pub(crate) fn wake_by(self, ticket: u64, list: usize) -> bool {
        let can_be_woken = self.can_be_woken(ticket);
        if can_be_woken {
            self.phase.0.set(WaitStatus::Notified);
            self.details.kind.set(None);
            self.details.subject.set(list as u64);
        }
        can_be_woken
    }

    /// The ticket of the latest wait.
    pub(crate) fn ticket(self) -> u64 {
        self.details.ticket.get()
    }

    /// Nothing has ended the wait with this ticket, and it is not bound.
    #[inline(always)]
    pub(crate) fn can_be_woken(self, ticket: u64) -> bool {
        self.is_parked(ticket) || self.is_to_retry(ticket)
    }

    #[cold]
    #[inline(never)]
    fn is_to_retry(self, ticket: u64) -> bool {
        self.phase.0.get() == WaitStatus::Retry && self.details.ticket.get() == ticket
    }

    /// The wait with this ticket is bound to one counterpart.
    #[inline(always)]
    pub(crate) fn is_bound(self, ticket: u64) -> bool {
        self.is_parked(ticket | BOUND)
    }

    /// Binds a wait that can be woken to one counterpart, which wakes it by the ticket that this returns.
    pub(crate) fn bind(self, ticket: u64) -> Option<u64> {
        let bound = ticket | BOUND;
        self.can_be_woken(ticket).then(|| {
            self.details.ticket.set(bound);
            self.phase.0.set(WaitStatus::Parked);
            bound
        })
    }

    /// Undoes `bind`, by the ticket that it returned: the greenlet is to look again. False if the wait has ended meanwhile.
    pub(crate) fn unbind(self, bound: u64) -> bool {
        let is_bound = self.is_parked(bound);
        if is_bound {
            self.details.ticket.set(bound & !BOUND);
            self.phase.0.set(WaitStatus::Retry);
        }
        is_bound
    }

    /// The address of the list that has ended the latest wait, if one has.
    #[inline(always)]
    pub(crate) fn woken_by(self) -> Option<usize> {
        let is_woken = self.details.kind.get().is_none();
        is_woken.then(|| self.details.subject.get() as usize)
    }

    /// Makes the greenlet ready without a wait: a new task, or one that yields.
    #[inline(always)]
    pub(crate) fn set_ready(self) {
        self.phase.0.set(WaitStatus::Notified);
    }

    /// Ends any wait, for an interrupt. False if there is none, or it was woken before.
    pub(crate) fn interrupt(self) -> bool {
        let parked = self.phase.0.get() == WaitStatus::Parked;
        if parked {
            self.phase.0.set(WaitStatus::Interrupted);
        }
        parked
    }

    /// Reports find the greenlet anyway: its waits need no entry in the list of untracked waiters.
    pub(crate) fn set_tracked(self) {
        self.details.tracked.set(true);
    }

    #[inline(always)]
    pub(crate) fn is_tracked(self) -> bool {
        self.details.tracked.get()
    }

    #[inline(always)]
    pub(crate) fn is_ready(self) -> bool {
        self.phase.0.get() >= WaitStatus::Notified
    }

    #[inline(always)]
    pub(crate) fn is_interrupted(self) -> bool {
        self.phase.0.get() == WaitStatus::Interrupted
    }

    /// What has woken the greenlet, if anything has.
    #[inline(always)]
    pub(crate) fn wake_reason(self) -> Option<WakeReason> {
        match self.phase.0.get() {
            WaitStatus::Notified | WaitStatus::Retry => Some(WakeReason::Notified),
            WaitStatus::TimedOut => Some(WakeReason::TimedOut),
            WaitStatus::Parked | WaitStatus::Running | WaitStatus::Interrupted => None,
        }
    }

    /// Ends the wait: later wakes change nothing.
    #[inline(always)]
    pub(crate) fn end(self) {
        self.phase.0.set(WaitStatus::Running);
    }

    /// The reason and the place of the wait, if the greenlet is parked.
    pub(crate) fn parked_for(self) -> Option<WaitInfo> {
        match self.phase.0.get() {
            WaitStatus::Parked => {
                let reason = WaitReason {
                    kind: self.details.kind.get()?,
                    subject: self.details.subject.get(),
                };
                Some(WaitInfo::in_hub(reason, self.details.place.get()?))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(wait: WaitState<'_>, ticket: u64) {
        wait.begin(ticket, WaitReason::SLEEP, Location::caller());
    }

    #[test]
    fn the_first_of_two_wakes_wins() {
        let (phase, details) = (WaitPhase::new(), WaitDetails::new());
        let wait = WaitState::new(&phase, &details);
        begin(wait, 7);
        assert!(wait.wake(7, WakeReason::TimedOut));
        assert!(!wait.wake(7, WakeReason::Notified));
        assert_eq!(wait.wake_reason(), Some(WakeReason::TimedOut));
    }

    #[test]
    fn a_ticket_of_an_earlier_wait_wakes_nothing() {
        let (phase, details) = (WaitPhase::new(), WaitDetails::new());
        let wait = WaitState::new(&phase, &details);
        begin(wait, 1);
        wait.end();
        begin(wait, 2);
        assert!(!wait.wake(1, WakeReason::Notified));
        assert_eq!(wait.wake_reason(), None);
        assert!(wait.wake(2, WakeReason::Notified));
    }

    #[test]
    fn only_its_counterpart_wakes_a_bound_wait() {
        let (phase, details) = (WaitPhase::new(), WaitDetails::new());
        let wait = WaitState::new(&phase, &details);
        begin(wait, 3);
        let bound = wait.bind(3).expect("it is undecided");
        assert!(!wait.wake(3, WakeReason::TimedOut));
        assert!(!wait.wake_by(3, 1));
        assert!(wait.bind(3).is_none());
        assert!(wait.wake_by(bound, 2));
        assert_eq!(wait.woken_by(), Some(2));
    }

    #[test]
    fn an_unbound_wait_looks_again_unless_it_is_woken() {
        let (phase, details) = (WaitPhase::new(), WaitDetails::new());
        let wait = WaitState::new(&phase, &details);
        begin(wait, 3);
        let bound = wait.bind(3).expect("it is undecided");
        assert!(wait.unbind(bound));
        assert!(!wait.unbind(bound));
        assert!(wait.is_ready() && wait.can_be_woken(3));
        assert_eq!(
            (wait.wake_reason(), wait.woken_by()),
            (Some(WakeReason::Notified), None)
        );
        assert!(wait.wake_by(3, 5));
        assert_eq!(wait.woken_by(), Some(5));
        assert!(!wait.can_be_woken(3));
    }

    #[test]
    fn a_greenlet_that_does_not_wait_is_not_woken() {
        let (phase, details) = (WaitPhase::new(), WaitDetails::new());
        let wait = WaitState::new(&phase, &details);
        assert!(!wait.wake(0, WakeReason::Notified));
        assert!(!wait.is_ready());
    }
}
