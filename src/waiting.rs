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
//! A wake may come before the greenlet has left the processor: it is kept, as `Ready`. Of a wake and a deadline
//! in the same turn the first one wins. The other finds nobody parked, or somebody with the ticket of a later wait.
//!
//! A kill, or a panic of a child, is no wake: it resumes the greenlet from whatever state it is in, and `end`
//! is called when the frames of its wait are left.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::panic::Location;

/// How a greenlet stands with its hub: a view of the two corners of its record that say so.
#[derive(Clone, Copy)]
pub(crate) struct Wait<'a> {
    phase: &'a Phase,
    details: &'a Details,
}

/// What every yield and every wake touches: one byte, which lies where every switch looks anyway.
pub(crate) struct Phase(Cell<Stand>);

/// What only a wait touches.
pub(crate) struct Details {
    ticket: Cell<u64>,
    subject: Cell<u64>,
    place: Cell<Option<&'static Location<'static>>>,
    what: Cell<What>,
    /// Reports find it without its being told each time that it waits.
    listed: Cell<bool>,
}

/// In this order: whoever is ready comes after whoever is not, so that one comparison tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
#[repr(u8)]
pub(crate) enum Stand {
    /// It runs, or waits for something that is not the hub's business.
    Running,
    /// It waits for a wake.
    Parked,
    /// It was woken, or never had to wait, and shall run when its turn comes.
    Called,
    /// The same, by its deadline.
    TimedOut,
    /// Its wait was ended by its kill or a timeout of its, which is raised when its turn comes.
    Interrupted,
}

/// A wait that was woken and put aside: how, and by whom.
pub(crate) struct Aside {
    stand: Stand,
    what: What,
    subject: u64,
}

/// What ended a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Woken {
    /// Somebody woke it.
    Called,
    /// Its deadline has passed.
    TimedOut,
}

/// What a greenlet waits for, as reports show it: two plain words, so that it travels in registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reason {
    what: What,
    /// A task's id, or a descriptor.
    subject: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Sleep,
    Begin,
    Advance,
    Join,
    Any,
    Kill,
    Drain,
    Seat,
    Result,
    Consumer,
    Read,
    Write,
    Accept,
    Connect,
    Timer,
    Acquire,
    Event,
    Outcome,
    Mutex,
    Reentrant,
    ToRead,
    ToWrite,
    Notice,
    Barrier,
    Initialiser,
    SendAcross,
    ReceiveAcross,
    EventAcross,
    ResultAcross,
    Offload,
    Send,
    Receive,
    Push,
    Pop,
    Peek,
    Done,
    /// Its wait is over: it was called by the list at this address.
    Called,
}

impl Reason {
    /// For time to pass.
    pub(crate) const SLEEP: Reason = Reason::plain(What::Sleep);

    /// For the time when it shall begin.
    pub(crate) const BEGIN: Reason = Reason::plain(What::Begin);

    /// For the paused clock to have been set forward.
    pub(crate) const ADVANCE: Reason = Reason::plain(What::Advance);

    /// For the task with this id to end.
    #[inline(always)]
    pub(crate) fn join(task: u64) -> Reason {
        Reason {
            what: What::Join,
            subject: task,
        }
    }

    /// For all tasks to end.
    pub(crate) const DRAIN: Reason = Reason::plain(What::Drain);

    /// For a timer's time to come.
    pub(crate) const TIMER: Reason = Reason::plain(What::Timer);

    /// For a permit of a semaphore.
    pub(crate) const ACQUIRE: Reason = Reason::plain(What::Acquire);

    /// For room in a pool.
    pub(crate) const SEAT: Reason = Reason::plain(What::Seat);

    /// For the next result of a pool.
    pub(crate) const RESULT: Reason = Reason::plain(What::Result);

    /// For somebody to take the results of a pool.
    pub(crate) const CONSUMER: Reason = Reason::plain(What::Consumer);

    /// For an event to be set.
    pub(crate) const EVENT: Reason = Reason::plain(What::Event);

    /// For an outcome to be set.
    pub(crate) const OUTCOME: Reason = Reason::plain(What::Outcome);

    /// For the lock of a mutex.
    pub(crate) const MUTEX: Reason = Reason::plain(What::Mutex);

    /// For a lock that its holder may take again.
    pub(crate) const REENTRANT: Reason = Reason::plain(What::Reentrant);

    /// For a lock that many may have to read.
    pub(crate) const TO_READ: Reason = Reason::plain(What::ToRead);

    /// For the same lock alone, to write.
    pub(crate) const TO_WRITE: Reason = Reason::plain(What::ToWrite);

    /// For a condition variable to be notified.
    pub(crate) const NOTICE: Reason = Reason::plain(What::Notice);

    /// For the others to come to a barrier.
    pub(crate) const BARRIER: Reason = Reason::plain(What::Barrier);

    /// For a value that is set once.
    pub(crate) const INITIALISER: Reason = Reason::plain(What::Initialiser);

    /// For room in a channel that goes to other threads.
    pub(crate) const SEND_ACROSS: Reason = Reason::plain(What::SendAcross);

    /// For an item from such a channel.
    pub(crate) const RECEIVE_ACROSS: Reason = Reason::plain(What::ReceiveAcross);

    /// For an event that other threads may set.
    pub(crate) const EVENT_ACROSS: Reason = Reason::plain(What::EventAcross);

    /// For a result that other threads may set.
    pub(crate) const RESULT_ACROSS: Reason = Reason::plain(What::ResultAcross);

    /// For a job on another thread, or for room in the queue of such jobs.
    pub(crate) const OFFLOAD: Reason = Reason::plain(What::Offload);

    const fn plain(what: What) -> Reason {
        Reason { what, subject: 0 }
    }

    /// For room in a channel, or for somebody who receives there.
    pub(crate) const SEND: Reason = Reason::plain(What::Send);

    /// For an item of a channel.
    pub(crate) const RECEIVE: Reason = Reason::plain(What::Receive);

    /// For room in a queue.
    pub(crate) const PUSH: Reason = Reason::plain(What::Push);

    /// For an item of a queue.
    pub(crate) const POP: Reason = Reason::plain(What::Pop);

    /// For an item of a queue, to look at it.
    pub(crate) const PEEK: Reason = Reason::plain(What::Peek);

    /// For all items of a queue to be done with.
    pub(crate) const DONE: Reason = Reason::plain(What::Done);

    /// For the first of so many things.
    pub(crate) fn any(count: usize) -> Reason {
        Reason {
            what: What::Any,
            subject: count as u64,
        }
    }

    /// For the task with this id, which was killed, to end.
    pub(crate) fn kill(task: u64) -> Reason {
        Reason {
            what: What::Kill,
            subject: task,
        }
    }

    /// For something to read from this descriptor.
    pub(crate) fn read(fd: i32) -> Reason {
        Reason::descriptor(What::Read, fd)
    }

    /// For room to write to this descriptor.
    pub(crate) fn write(fd: i32) -> Reason {
        Reason::descriptor(What::Write, fd)
    }

    /// For a connection to come in at this descriptor.
    pub(crate) fn accept(fd: i32) -> Reason {
        Reason::descriptor(What::Accept, fd)
    }

    /// For a connection to be made by this descriptor.
    pub(crate) fn connect(fd: i32) -> Reason {
        Reason::descriptor(What::Connect, fd)
    }

    fn descriptor(what: What, fd: i32) -> Reason {
        let subject = u64::from(fd.unsigned_abs());
        Reason { what, subject }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = self.subject;
        match self.what {
            What::Sleep => f.write_str("sleep"),
            What::Begin => f.write_str("its time to begin"),
            What::Advance => f.write_str("the advance of the clock"),
            What::Join => write!(f, "join of task {subject}"),
            What::Drain => f.write_str("all tasks to end"),
            What::Seat => f.write_str("room in a pool"),
            What::Result => f.write_str("the next result of a pool"),
            What::Consumer => f.write_str("somebody to take the results of a pool"),
            What::Any => write!(f, "any of {subject} things"),
            What::Kill => write!(f, "the end of task {subject}, which was killed"),
            What::Read => write!(f, "read from descriptor {subject}"),
            What::Write => write!(f, "write to descriptor {subject}"),
            What::Accept => write!(f, "accept at descriptor {subject}"),
            What::Connect => write!(f, "connect of descriptor {subject}"),
            What::Timer => f.write_str("a timer"),
            What::Acquire => f.write_str("a permit of a semaphore"),
            What::Event => f.write_str("an event"),
            What::Outcome => f.write_str("an async result"),
            What::Mutex => f.write_str("a mutex"),
            What::Reentrant => f.write_str("a reentrant lock"),
            What::ToRead => f.write_str("a rwlock, to read"),
            What::ToWrite => f.write_str("a rwlock, to write"),
            What::Notice => f.write_str("a condition variable"),
            What::Barrier => f.write_str("the others at a barrier"),
            What::Initialiser => f.write_str("a value that is set once"),
            What::SendAcross => f.write_str("room in a channel to other threads"),
            What::ReceiveAcross => f.write_str("an item from other threads"),
            What::EventAcross => f.write_str("an event that other threads may set"),
            What::ResultAcross => f.write_str("a result from other threads"),
            What::Offload => f.write_str("a job on another thread"),
            What::Send => f.write_str("send to a channel"),
            What::Receive => f.write_str("receive from a channel"),
            What::Push => f.write_str("push to a queue"),
            What::Pop => f.write_str("pop from a queue"),
            What::Peek => f.write_str("peek into a queue"),
            What::Done => f.write_str("all items of a queue to be done"),
            What::Called => f.write_str("its turn"),
        }
    }
}

impl Phase {
    pub(crate) const fn new() -> Phase {
        Phase(Cell::new(Stand::Running))
    }
}

impl Details {
    pub(crate) const fn new() -> Details {
        Details {
            ticket: Cell::new(0),
            subject: Cell::new(0),
            place: Cell::new(None),
            what: Cell::new(What::Sleep),
            listed: Cell::new(false),
        }
    }
}

impl<'a> Wait<'a> {
    #[inline(always)]
    pub(crate) fn new(phase: &'a Phase, details: &'a Details) -> Wait<'a> {
        Wait { phase, details }
    }

    /// Begins a wait that only this ticket's wakes can end.
    #[inline(always)]
    pub(crate) fn begin(self, ticket: u64, reason: Reason, place: &'static Location<'static>) {
        debug_assert_eq!(self.phase.0.get(), Stand::Running, "one wait at a time");
        self.details.ticket.set(ticket);
        self.details.what.set(reason.what);
        self.details.subject.set(reason.subject);
        self.details.place.set(Some(place));
        self.phase.0.set(Stand::Parked);
    }

    /// Ends the wait of this ticket. False if it is over or was woken before: then nothing changes.
    #[inline(always)]
    pub(crate) fn wake(self, ticket: u64, why: Woken) -> bool {
        let first = self.phase.0.get() == Stand::Parked && self.details.ticket.get() == ticket;
        if first {
            self.phase.0.set(match why {
                Woken::Called => Stand::Called,
                Woken::TimedOut => Stand::TimedOut,
            });
        }
        first
    }

    /// The wait with this ticket goes on: nothing has ended it.
    #[inline(always)]
    pub(crate) fn is_parked(self, ticket: u64) -> bool {
        self.phase.0.get() == Stand::Parked && self.details.ticket.get() == ticket
    }

    /// As `wake`, by a list that it waits in, which it shall know.
    #[inline(always)]
    pub(crate) fn call(self, ticket: u64, list: usize) -> bool {
        let first = self.wake(ticket, Woken::Called);
        if first {
            self.details.what.set(What::Called);
            self.details.subject.set(list as u64);
        }
        first
    }

    /// By which list it was called, if its latest wait has ended so.
    #[inline(always)]
    pub(crate) fn caller(self) -> Option<usize> {
        let is_called = self.details.what.get() == What::Called;
        is_called.then(|| self.details.subject.get() as usize)
    }

    /// Makes it ready without a wait: a new task, or one that lets others go first.
    #[inline(always)]
    pub(crate) fn set_ready(self) {
        self.phase.0.set(Stand::Called);
    }

    /// Ends whatever wait it is in, for an interrupt. False if it is in none, or was woken before.
    pub(crate) fn interrupt(self) -> bool {
        let parked = self.phase.0.get() == Stand::Parked;
        if parked {
            self.phase.0.set(Stand::Interrupted);
        }
        parked
    }

    /// It runs, though its wait is not over: somebody else's code comes first, which may wait itself.
    pub(crate) fn put_aside(self) -> Aside {
        Aside {
            stand: self.phase.0.replace(Stand::Running),
            what: self.details.what.get(),
            subject: self.details.subject.get(),
        }
    }

    /// Goes on with its wait, which must have been woken before.
    pub(crate) fn put_back(self, aside: Aside) {
        self.phase.0.set(aside.stand);
        self.details.what.set(aside.what);
        self.details.subject.set(aside.subject);
    }

    /// Reports find it without its being told each time that it waits.
    pub(crate) fn set_listed(self) {
        self.details.listed.set(true);
    }

    #[inline(always)]
    pub(crate) fn is_listed(self) -> bool {
        self.details.listed.get()
    }

    #[inline(always)]
    pub(crate) fn is_ready(self) -> bool {
        self.phase.0.get() >= Stand::Called
    }

    #[inline(always)]
    pub(crate) fn is_interrupted(self) -> bool {
        self.phase.0.get() == Stand::Interrupted
    }

    /// What has woken it, if anything has.
    #[inline(always)]
    pub(crate) fn woken(self) -> Option<Woken> {
        match self.phase.0.get() {
            Stand::Called => Some(Woken::Called),
            Stand::TimedOut => Some(Woken::TimedOut),
            Stand::Parked | Stand::Running | Stand::Interrupted => None,
        }
    }

    /// Ends the wait, however it ended: late wakes find nobody.
    #[inline(always)]
    pub(crate) fn end(self) {
        self.phase.0.set(Stand::Running);
    }

    /// What it waits for, since where, if it is parked.
    pub(crate) fn parked_at(self) -> Option<(Reason, &'static Location<'static>)> {
        match self.phase.0.get() {
            Stand::Parked => {
                let reason = Reason {
                    what: self.details.what.get(),
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

    fn begin(wait: Wait<'_>, ticket: u64) {
        wait.begin(ticket, Reason::SLEEP, Location::caller());
    }

    #[test]
    fn the_first_of_two_wakes_wins() {
        let (phase, details) = (Phase::new(), Details::new());
        let wait = Wait::new(&phase, &details);
        begin(wait, 7);
        assert!(wait.wake(7, Woken::TimedOut));
        assert!(!wait.wake(7, Woken::Called));
        assert_eq!(wait.woken(), Some(Woken::TimedOut));
    }

    #[test]
    fn a_ticket_of_an_earlier_wait_finds_nobody() {
        let (phase, details) = (Phase::new(), Details::new());
        let wait = Wait::new(&phase, &details);
        begin(wait, 1);
        wait.end();
        begin(wait, 2);
        assert!(!wait.wake(1, Woken::Called));
        assert_eq!(wait.woken(), None);
        assert!(wait.wake(2, Woken::Called));
    }

    #[test]
    fn nobody_is_woken_who_does_not_wait() {
        let (phase, details) = (Phase::new(), Details::new());
        let wait = Wait::new(&phase, &details);
        assert!(!wait.wake(0, Woken::Called));
        assert!(!wait.is_ready());
    }
}
