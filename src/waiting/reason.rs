//! What a greenlet waits for, as reports show it.
#![forbid(unsafe_code)]

use std::fmt;

/// What a greenlet waits for, as reports show it: two plain words, so that it travels in registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reason {
    pub(super) what: What,
    /// A task's id, or a descriptor.
    pub(super) subject: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
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
    Once,
    Notify,
    Watch,
    WatchEnd,
    Broadcast,
    Group,
    Unpark,
    SendAcross,
    ReceiveAcross,
    EventAcross,
    ResultAcross,
    Offload,
    Send,
    Receive,
    Push,
    Pop,
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

    /// For a call that is made once.
    pub(crate) const ONCE: Reason = Reason::plain(What::Once);

    /// For a `Notify` to be notified.
    pub(crate) const NOTIFY: Reason = Reason::plain(What::Notify);

    /// For a watched value to change.
    pub(crate) const WATCH: Reason = Reason::plain(What::Watch);

    /// For the last receiver of a watched value to be dropped.
    pub(crate) const WATCH_END: Reason = Reason::plain(What::WatchEnd);

    /// For an item of a broadcast channel.
    pub(crate) const BROADCAST: Reason = Reason::plain(What::Broadcast);

    /// For the other handles of a wait group to be dropped.
    pub(crate) const GROUP: Reason = Reason::plain(What::Group);

    /// For the token of this task.
    pub(crate) const UNPARK: Reason = Reason::plain(What::Unpark);

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
            What::Once => f.write_str("a call that is made once"),
            What::Notify => f.write_str("a notify"),
            What::Watch => f.write_str("a change of a watched value"),
            What::WatchEnd => f.write_str("the last receiver of a watched value to go"),
            What::Broadcast => f.write_str("an item of a broadcast channel"),
            What::Group => f.write_str("the others of a wait group"),
            What::Unpark => f.write_str("its unpark"),
            What::SendAcross => f.write_str("room in a channel to other threads"),
            What::ReceiveAcross => f.write_str("an item from other threads"),
            What::EventAcross => f.write_str("an event that other threads may set"),
            What::ResultAcross => f.write_str("a result from other threads"),
            What::Offload => f.write_str("a job on another thread"),
            What::Send => f.write_str("send to a channel"),
            What::Receive => f.write_str("receive from a channel"),
            What::Push => f.write_str("push to a queue"),
            What::Pop => f.write_str("an item of a queue"),
            What::Done => f.write_str("all items of a queue to be done"),
            What::Called => f.write_str("its turn"),
        }
    }
}
