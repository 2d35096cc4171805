//! The reasons of waits, as reports show them.
#![forbid(unsafe_code)]

use std::fmt;
use std::panic::Location;

/// Why a greenlet waits: a kind and a number, small enough to travel in registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WaitReason {
    pub(super) kind: ReasonKind,
    /// A task's id, a descriptor, a count, or 0.
    pub(super) subject: u64,
}

/// What a task waits for, and since which line: see [`AnyTask::waits_for`](crate::task::AnyTask::waits_for).
///
/// Shown as `sleep at src/main.rs:12:9`, in the words of the report of a deadlock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WaitInfo {
    reason: WaitReason,
    place: Option<&'static Location<'static>>,
}

impl WaitInfo {
    /// A wait in the hub that was begun at `place`.
    pub(super) fn in_hub(reason: WaitReason, place: &'static Location<'static>) -> WaitInfo {
        let place = Some(place);
        WaitInfo { reason, place }
    }

    /// The wait of a greenlet that has switched to another one.
    pub(crate) fn in_switch() -> WaitInfo {
        let reason = WaitReason::SWITCH;
        WaitInfo {
            reason,
            place: None,
        }
    }

    /// What is waited for: `sleep`, `join of task 7`, `read from descriptor 5`. The words may change between versions.
    pub fn reason(&self) -> impl fmt::Display + use<> {
        self.reason
    }

    /// The source line of the call that waits. It is not known of a switch.
    #[must_use]
    pub fn place(&self) -> Option<&'static Location<'static>> {
        self.place
    }
}

impl fmt::Display for WaitInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason().fmt(f)?;
        match self.place() {
            Some(place) => write!(f, " at {place}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for WaitInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WaitInfo({self})")
    }
}

/// Each row makes a constant or a constructor, a kind, and a text; `{}` in the text is the subject.
macro_rules! wait_reasons {
    (
        $($constant:ident: $plain:ident = $plain_text:literal;)*
        ---
        $($constructor:ident($argument:ident: $type:ty): $kind:ident = $text:literal, $subject:expr;)*
    ) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(super) enum ReasonKind {
            $($plain,)*
            $($kind,)*
        }

        impl WaitReason {
            $(pub(crate) const $constant: WaitReason = WaitReason {
                kind: ReasonKind::$plain,
                subject: 0,
            };)*

            $(#[inline(always)]
            pub(crate) fn $constructor($argument: $type) -> WaitReason {
                WaitReason {
                    kind: ReasonKind::$kind,
                    subject: $subject,
                }
            })*
        }

        impl fmt::Display for WaitReason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.kind {
                    $(ReasonKind::$plain => f.write_str($plain_text),)*
                    $(ReasonKind::$kind => write!(f, $text, self.subject),)*
                }
            }
        }
    };
}

wait_reasons! {
    SWITCH: Switch = "a switch to it";
    SLEEP: Sleep = "sleep";
    BEGIN: Begin = "its time to begin";
    ADVANCE: Advance = "the advance of the clock";
    DRAIN: Drain = "all tasks to end";
    UNPARK: Unpark = "its unpark";
    TIMER: Timer = "a timer";
    POOL_SLOT: PoolSlot = "room in a pool";
    POOL_RESULT: PoolResult = "the next result of a pool";
    POOL_CONSUMER: PoolConsumer = "a consumer of the results of a pool";
    MUTEX: Mutex = "a mutex";
    REENTRANT_LOCK: ReentrantLock = "a reentrant lock";
    RWLOCK_READ: RwLockRead = "a rwlock, to read";
    RWLOCK_WRITE: RwLockWrite = "a rwlock, to write";
    SEMAPHORE: Semaphore = "a permit of a semaphore";
    CONDVAR: Condvar = "a condition variable";
    BARRIER: Barrier = "the others at a barrier";
    EVENT: Event = "an event";
    NOTIFY: Notify = "a notify";
    ONCE: Once = "a call that is made once";
    ONCE_LOCK: OnceLock = "a value that is set once";
    ASYNC_RESULT: AsyncResult = "an async result";
    WAIT_GROUP: WaitGroup = "the others of a wait group";
    SEND: Send = "send to a channel";
    RECEIVE: Receive = "receive from a channel";
    QUEUE_PUSH: QueuePush = "push to a queue";
    QUEUE_POP: QueuePop = "an item of a queue";
    QUEUE_DONE: QueueDone = "all items of a queue to be done";
    BROADCAST: Broadcast = "an item of a broadcast channel";
    WATCH: Watch = "a change of a watched value";
    WATCH_CLOSED: WatchClosed = "the last receiver of a watched value to go";
    SHARED_SEND: SharedSend = "room in a channel to other threads";
    SHARED_RECEIVE: SharedReceive = "an item from other threads";
    SHARED_EVENT: SharedEvent = "an event that other threads may set";
    SHARED_RESULT: SharedResult = "a result from other threads";
    OFFLOAD: Offload = "a job on another thread";
    BACKLOG: Backlog = "room in the backlog of a Unix socket";
    ---
    join(task: u64): Join = "join of task {}", task;
    kill(task: u64): Kill = "the end of task {}, which was killed", task;
    any(count: usize): Any = "any of {} things", count as u64;
    read(fd: i32): Read = "read from descriptor {}", u64::from(fd.unsigned_abs());
    write(fd: i32): Write = "write to descriptor {}", u64::from(fd.unsigned_abs());
    accept(fd: i32): Accept = "accept at descriptor {}", u64::from(fd.unsigned_abs());
    connect(fd: i32): Connect = "connect of descriptor {}", u64::from(fd.unsigned_abs());
}
