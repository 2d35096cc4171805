//! How one greenlet stands with its hub: running, parked, or ready to go on. Pure: it switches nobody.
//!
//! ```text
//!            begin(ticket)              wake(ticket, why)
//!  Running ----------------> Parked ----------------------> Called, TimedOut
//!     ^                        | \ a ticket of another wait       |
//!     |                        |  \ changes nothing              |
//!     |                        |   +------- interrupt() ---> Interrupted
//!     +----- end() ------------+---------------------------------+
//! ```
//!
//! A wake may come before the greenlet has left the processor: it is kept, as `Called`. Of a wake and a deadline
//! in the same turn the first one wins. The other finds no parked greenlet, or one with the ticket of a later wait.
//!
//! A wait can be *bound* to one counterpart, a select's send whose item is still being made:
//!
//! ```text
//!          bind: the ticket gets one bit more                call(that ticket)
//!  Parked -----------------------------------> bound ----------------------------> Called
//!    ^                                           |
//!    +-- the greenlet looks again <-- Again <----+ unbind: the item did not come
//! ```
//! While it is bound, wakes with the ticket that lists and timers know change nothing. In `Again` the greenlet is about to
//! run, and whatever its lists have for it may still call it before that.
//!
//! A kill, or a panic of a child, is no wake: it resumes the greenlet from whatever state it is in, and `end`
//! is called when the frames of its wait are left.
#![forbid(unsafe_code)]

mod reason;

use std::cell::Cell;
use std::panic::Location;

use self::reason::ReasonKind;
pub(crate) use self::reason::WaitReason;

/// The bit of a ticket that says that its wait is bound.
const BOUND: u64 = 1 << 63;

/// How a greenlet stands with its hub: a view of the two corners of its record that say so.
#[derive(Clone, Copy)]
pub(crate) struct WaitState<'a> {
    phase: &'a WaitPhase,
    details: &'a WaitDetails,
}

/// ReasonKind every yield and every wake touches: one byte, which lies where every switch looks anyway.
pub(crate) struct WaitPhase(Cell<WaitStatus>);

/// ReasonKind only a wait touches.
pub(crate) struct WaitDetails {
    ticket: Cell<u64>,
    subject: Cell<u64>,
    place: Cell<Option<&'static Location<'static>>>,
    /// `None`: a list has ended the wait, and `subject` is its address.
    kind: Cell<Option<ReasonKind>>,
    /// Reports find it without its being told each time that it waits.
    tracked: Cell<bool>,
}

/// In this order: whoever is ready comes after whoever is not, so that one comparison tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
#[repr(u8)]
pub(crate) enum WaitStatus {
    /// It runs, or waits for something that is not the hub's business.
    Running,
    /// It waits for a wake.
    Parked,
    /// It was woken, or never had to wait, and shall run when its turn comes.
    Notified,
    /// The same, by its deadline.
    TimedOut,
    /// The item that its wait was bound to did not come: it shall look again, unless it is called before its turn.
    Retry,
    /// Its wait was ended by its kill or a timeout of its, which is raised when its turn comes.
    Interrupted,
}

/// ReasonKind ended a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WakeReason {
    /// Somebody woke it.
    Notified,
    /// Its deadline has passed.
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

    /// Begins a wait that only this ticket's wakes can end.
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

    /// Ends the wait of this ticket. False if it is over or was woken before: then nothing changes.
    #[inline(always)]
    pub(crate) fn wake(self, ticket: u64, why: WakeReason) -> bool {
        let first = self.phase.0.get() == WaitStatus::Parked && self.details.ticket.get() == ticket;
        if first {
            self.phase.0.set(match why {
                WakeReason::Notified => WaitStatus::Notified,
                WakeReason::TimedOut => WaitStatus::TimedOut,
            });
        }
        first
    }

    /// Ends the wait if it is one for `reason`. False if it is for something else, is over, or was woken before.
    pub(crate) fn wake_from(self, reason: WaitReason) -> bool {
        let is_this = self.details.kind.get() == Some(reason.kind);
        is_this && self.wake(self.details.ticket.get(), WakeReason::Notified)
    }

    /// The wait with this ticket goes on: nothing has ended it.
    #[inline(always)]
    pub(crate) fn is_parked(self, ticket: u64) -> bool {
        self.phase.0.get() == WaitStatus::Parked && self.details.ticket.get() == ticket
    }

    /// As `wake`, by a list that it waits in, which it shall know. A wait that is about to look again can be called, too.
    #[inline(always)]
    pub(crate) fn wake_by(self, ticket: u64, list: usize) -> bool {
        let is_undecided = self.is_parked(ticket) || self.is_to_retry(ticket);
        if is_undecided {
            self.phase.0.set(WaitStatus::Notified);
            self.details.kind.set(None);
            self.details.subject.set(list as u64);
        }
        is_undecided
    }

    /// That of its latest wait.
    pub(crate) fn ticket(self) -> u64 {
        self.details.ticket.get()
    }

    /// The wait with this ticket can still be called: nothing has ended it, and no counterpart was found for it.
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

    /// Binds an undecided wait to one counterpart, which knows it by the ticket that this returns.
    pub(crate) fn bind(self, ticket: u64) -> Option<u64> {
        let bound = ticket | BOUND;
        self.can_be_woken(ticket).then(|| {
            self.details.ticket.set(bound);
            self.phase.0.set(WaitStatus::Parked);
            bound
        })
    }

    /// Undoes `bind`, by the ticket that it gave: the greenlet is to look again. False if the wait has ended meanwhile.
    pub(crate) fn unbind(self, bound: u64) -> bool {
        let is_bound = self.is_parked(bound);
        if is_bound {
            self.details.ticket.set(bound & !BOUND);
            self.phase.0.set(WaitStatus::Retry);
        }
        is_bound
    }

    /// By which list it was called, if its latest wait has ended so.
    #[inline(always)]
    pub(crate) fn woken_by(self) -> Option<usize> {
        let is_called = self.details.kind.get().is_none();
        is_called.then(|| self.details.subject.get() as usize)
    }

    /// Makes it ready without a wait: a new task, or one that lets others go first.
    #[inline(always)]
    pub(crate) fn set_ready(self) {
        self.phase.0.set(WaitStatus::Notified);
    }

    /// Ends whatever wait it is in, for an interrupt. False if it is in none, or was woken before.
    pub(crate) fn interrupt(self) -> bool {
        let parked = self.phase.0.get() == WaitStatus::Parked;
        if parked {
            self.phase.0.set(WaitStatus::Interrupted);
        }
        parked
    }

    /// Reports find it without its being told each time that it waits.
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

    /// ReasonKind has woken it, if anything has.
    #[inline(always)]
    pub(crate) fn wake_reason(self) -> Option<WakeReason> {
        match self.phase.0.get() {
            WaitStatus::Notified | WaitStatus::Retry => Some(WakeReason::Notified),
            WaitStatus::TimedOut => Some(WakeReason::TimedOut),
            WaitStatus::Parked | WaitStatus::Running | WaitStatus::Interrupted => None,
        }
    }

    /// Ends the wait, however it ended: late wakes find nobody.
    #[inline(always)]
    pub(crate) fn end(self) {
        self.phase.0.set(WaitStatus::Running);
    }

    /// ReasonKind it waits for, since where, if it is parked.
    pub(crate) fn parked_for(self) -> Option<(WaitReason, &'static Location<'static>)> {
        match self.phase.0.get() {
            WaitStatus::Parked => {
                let reason = WaitReason {
                    kind: self.details.kind.get()?,
                    subject: self.details.subject.get(),
                };
                Some((reason, self.details.place.get()?))
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
    fn a_ticket_of_an_earlier_wait_finds_nobody() {
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
    fn a_bound_wait_hears_its_counterpart_alone() {
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
    fn an_unbound_wait_looks_again_unless_it_is_called() {
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
    fn nobody_is_woken_who_does_not_wait() {
        let (phase, details) = (WaitPhase::new(), WaitDetails::new());
        let wait = WaitState::new(&phase, &details);
        assert!(!wait.wake(0, WakeReason::Notified));
        assert!(!wait.is_ready());
    }
}
