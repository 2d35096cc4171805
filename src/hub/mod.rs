//! A hub: the greenlet of a thread that runs the other greenlets in turn, wakes them at their deadlines and when their
//! descriptors become ready, and waits in the poller when no greenlet can run.
//!
//! ```text
//!        spawn, wake                 pop
//!   ---------------------> ready ----------> runs ----------> parks: sleep, join, read, ...
//!                            ^                                   |
//!                            |     timers, poller, mailbox       |
//!                            +-----------------------------------+
//! ```
//!
//! # What may end a wait early
//! A panic that arrives in place of what the call waits for:
//! - a [`throw`](crate::Greenlet::throw) at the waiting greenlet, a [`kill`](crate::AnyGreenlet::kill) of it or of its
//!   [task](crate::task::AnyTask::kill), a [timeout](crate::with_timeout), for the body of a
//!   [`try_scope`](crate::try_scope) its first failure;
//! - the end of a child: of a greenlet that it has made with [`Greenlet::new`](crate::Greenlet::new) and that another
//!   greenlet has switched to. The child's own panic continues in the wait. A child that was killed, or that returned a
//!   value, ends the wait with a panic that says so. Tasks are the hub's children and end no wait of others.
//!
//! Nothing is lost by that, and the call may be made again: a read, a write or an accept has moved nothing then.
//!
//! # Where a call may not wait
//! A call that waits leaves the running greenlet, and the hub runs others meanwhile. A greenlet must not be left
//! - on the hub's own stack: in a callback that the hub runs, and in a destructor that ends there;
//! - inside [`no_switch`](crate::greenlet::no_switch), and in a [tracer](crate::greenlet::set_tracer);
//! - while a panic unwinds it, in its destructors: std counts panics per thread, so other greenlets would seem to panic.
//!
//! A call that would have to wait there panics, and its message names the call, its line and the reason. Calls of
//! [`std::io`] return that as an error instead. While a panic unwinds the greenlet a second panic would end the process
//! without a word, so the call prints the message and aborts. A call that finds at once what it waits for succeeds everywhere.
//!
//! # Where there can be no hub
//! The first call that needs the hub makes it. That fails without memory or descriptors, and when the thread is about to
//! end. Calls whose error can say so return it; all others panic.

mod reactor;
mod remote;
mod sched;
mod wait;

use std::cell::{Cell, RefCell};
use std::io;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

pub use self::reactor::advance::advance_clock;
pub(crate) use self::reactor::clock::Clock;
pub(crate) use self::reactor::clock::{Deadline, Nanos};
use self::reactor::poller::Poller;
pub(crate) use self::reactor::poller::{Direction, Source};
pub(crate) use self::reactor::timers::TimerKey;
use self::reactor::timers::Timers;
use self::remote::inbox::Mailbox;
pub(crate) use self::remote::inbox::MessageSender;
pub(crate) use self::remote::remote_waits::OnThreadExit;
use self::remote::remote_waits::RemoteWaits;
pub(crate) use self::remote::wait::{RemoteWait, RemoteWaker, ensure_wakeable};
pub(crate) use self::sched::deadlock::wait_of;
use self::sched::housekeeping::Housekeeping;
use self::sched::run_budget::RunBudget;
use self::sched::run_queue::RunQueue;
pub use self::sched::settings::{now, pause_clock, resume_clock, set_max_tasks, set_stack_size};
pub(crate) use self::sched::shutdown::kill;
pub use self::sched::shutdown::{join, join_timeout, shutdown};
use self::sched::task_list::TaskList;
use self::wait::alarm::TimerAction;
pub(crate) use self::wait::alarm::{Alarm, OnExpiry};
pub(crate) use self::wait::list::{Registrations, draw_rank};
pub(crate) use self::wait::multi::{WaitPoint, WokenAt, is_picked};
pub(crate) use self::wait::park::{
    Wait, consume_budget, may_park, wake_from, yield_if_allowed, yield_if_budget_spent, yield_now,
};
pub(crate) use self::wait::queue::{Acquired, Reservation, Resource, WaitQueue};
pub(crate) use self::wait::request::{EarlyEnd, WaitRequest, must_end};
pub(crate) use self::wait::waker::{ReadySet, WaitList, Waker};
use crate::error::{SpawnError, StackError};
use crate::list::List;
use crate::stack::{self, DEFAULT_STACK_SIZE};
use crate::switch::counted::{AnyRef, RecordRef};
use crate::switch::record::{Core, Metadata};
use crate::switch::thread;
use crate::switch::{CorePtr, GreenletState, handover, kill, start};

/// Interrupts that end a wait at its begin, in one budget, before others run: as many as the longest round has switches.
const MOST_AT_ONCE: u32 = 128;

/// What one thread's hub consists of.
pub(crate) struct Hub {
    greenlet: AnyRef,
    run_queue: RunQueue,
    timers: RefCell<Timers<TimerAction>>,
    clock: Clock,
    /// Waits that set the paused clock forward, by the moments at which they are done.
    advances: RefCell<Timers<Waker>>,
    poller: Poller,
    mailbox: Mailbox,
    /// Waits that other threads end.
    remote_waits: RemoteWaits,
    tasks: TaskList,
    /// Greenlets that wait in the hub and are neither tasks nor main.
    untracked_waiters: List<CorePtr>,
    last_ticket: Cell<u64>,
    /// How often control may still be handed on before the hub must have it.
    budget_left: Cell<u32>,
    run_budget: RunBudget,
    /// How many waits may still be interrupted before they have begun, until others run.
    interrupts_left: Cell<u32>,
    /// The next budget of switches.
    budget: Cell<u32>,
    housekeeping: Housekeeping,
    /// The thread's destructors run: no greenlet runs here any more.
    has_ended: Cell<bool>,
}

thread_local! {
    // Without a destructor, so that reading it is one instruction.
    static HUB: Cell<Option<NonNull<Hub>>> = const { Cell::new(None) };
    static EXIT: EndOfHub = const { EndOfHub };
}

/// The hub of this thread.
///
/// # Invariant
/// It points to the hub that `HUB` has owned since it was made, and is used by code that runs on this
/// thread: the hub goes when the thread's last destructors run, after which none of that code does.
#[derive(Clone, Copy)]
pub(crate) struct HubRef(NonNull<Hub>);

impl Deref for HubRef {
    type Target = Hub;

    #[inline(always)]
    fn deref(&self) -> &Hub {
        // SAFETY: the invariant of this type.
        unsafe { self.0.as_ref() }
    }
}

/// The hub of this thread, made when it is first asked for.
///
/// # Panics
/// If it cannot be made: no memory for its stack, no descriptor for its poller. [`try_get`] says so
/// instead.
#[inline(always)]
pub(crate) fn get() -> HubRef {
    match HUB.get() {
        Some(hub) => HubRef(hub),
        None => get_slow(),
    }
}

/// How long it is until `moment` on this hub's clock. Zero if it has passed.
pub(crate) fn until(moment: Instant) -> Duration {
    moment.saturating_duration_since(now())
}

/// The hub of this thread, if it is there or can be made.
///
/// # Errors
/// [`SpawnError`] with what was missing.
#[inline(always)]
pub(crate) fn try_get() -> Result<HubRef, SpawnError> {
    match HUB.get() {
        Some(hub) => Ok(HubRef(hub)),
        None => make(),
    }
}

/// The hub of this thread, if one was made and is not gone.
#[inline(always)]
pub(crate) fn current() -> Option<HubRef> {
    HUB.get().map(HubRef)
}

#[cold]
#[inline(never)]
fn get_slow() -> HubRef {
    match make() {
        Ok(hub) => hub,
        Err(error) => panic!("this thread's hub cannot be made: {error}"),
    }
}

#[cold]
#[inline(never)]
fn make() -> Result<HubRef, SpawnError> {
    // What is registered last is destroyed first, and the hub must end before the stacks and main do. So: main,
    // then the first stack, then the hub.
    if thread::is_exiting() {
        return Err(StackError::ThreadEnding.into());
    }
    let main = thread::main();
    let stack = stack::take(DEFAULT_STACK_SIZE)?;
    if EXIT.try_with(|_| ()).is_err() {
        return Err(StackError::ThreadEnding.into());
    }
    let poller = Poller::new().map_err(|source| SpawnError::NoPoller { source })?;
    main.wait().set_tracked();
    let metadata = Metadata {
        name: Some("hub".into()),
        parent: Some(main.to_weak()),
        made_at: Location::caller(),
        id: thread::next_id(),
    };
    let record = RecordRef::new(metadata, || ());
    let greenlet = record.any().clone();
    greenlet.set_hub();
    let hub = Box::leak(Box::new(Hub {
        greenlet: record.any().clone(),
        run_queue: RunQueue::new(),
        timers: RefCell::new(Timers::new()),
        clock: Clock::new(),
        advances: RefCell::new(Timers::new()),
        poller,
        mailbox: Mailbox::new(),
        remote_waits: RemoteWaits::new(),
        tasks: TaskList::new(),
        untracked_waiters: List::new(),
        last_ticket: Cell::new(0),
        budget_left: Cell::new(0),
        run_budget: RunBudget::new(),
        interrupts_left: Cell::new(MOST_AT_ONCE),
        budget: Cell::new(1),
        housekeeping: Housekeeping::new(),
        has_ended: Cell::new(false),
    }));
    let hub = HubRef(NonNull::from(hub));
    let core = greenlet.as_ptr();
    let root = move || {
        // SAFETY: this is the root of that greenlet.
        let me = unsafe { start::enter(core) };
        handover::trace_hub(me);
        hub.run()
    };
    // SAFETY: the root never returns and does not unwind: the only code of users that it runs is messages, whose panics are
    // caught; and the hub that it uses is freed only when it will never run again.
    unsafe { start::install(&greenlet, stack, root) };
    HUB.set(Some(hub.0));
    thread::set_idle(Some(core));
    Ok(hub)
}

impl Hub {
    /// Puts a greenlet that can resume last in the queue.
    #[inline(always)]
    pub(crate) fn push_ready(&self, greenlet: AnyRef) {
        self.run_queue.push(greenlet);
    }

    pub(crate) fn greenlet(&self) -> &AnyRef {
        &self.greenlet
    }

    /// The tasks that have not ended.
    #[inline(always)]
    pub(crate) fn tasks(&self) -> &TaskList {
        &self.tasks
    }

    /// Shows the waiting greenlets that are neither tasks nor main.
    fn for_each_untracked(&self, mut show: impl FnMut(&Core)) {
        // SAFETY: a greenlet in the list waits, so it has not ended and owns itself.
        self.untracked_waiters
            .for_each(|other| show(unsafe { other.as_ref() }));
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn poller(&self) -> &Poller {
        &self.poller
    }

    /// A handle for other threads. While one is alive the hub waits for messages instead of reporting a deadlock.
    ///
    /// # Errors
    /// If the system has no descriptor for the waker.
    pub(crate) fn sender(&self) -> io::Result<MessageSender> {
        self.mailbox.sender(&self.poller)
    }

    #[inline(always)]
    fn next_ticket(&self) -> u64 {
        let ticket = self.last_ticket.get() + 1;
        self.last_ticket.set(ticket);
        ticket
    }
}

/// Its destructor is how the end of the thread is noticed.
struct EndOfHub;

impl Drop for EndOfHub {
    fn drop(&mut self) {
        let on_own_stack = thread::begin_exit();
        let Some(hub) = HUB.take() else {
            return;
        };
        thread::set_idle(None);
        let hub_ref = HubRef(hub);
        hub_ref.has_ended.set(true);
        hub_ref.budget_left.set(0);
        hub_ref.mailbox.close();
        hub_ref.remote_waits.thread_exits();
        hub_ref.poller.close();
        // Tasks that did not end stay where they are, and so does all that their frames may point to. So do other
        // greenlets and generators: a destructor may run them once more, and they may be in the middle of a call of ours.
        let is_alone = hub_ref.tasks.is_empty()
            && hub_ref.untracked_waiters.is_empty()
            && stack::in_use() <= 1;
        if !on_own_stack || !is_alone {
            hub_ref.run_queue.leak_all();
            return;
        }
        let greenlet = hub_ref.greenlet.clone();
        if greenlet.state() == GreenletState::Suspended {
            // SAFETY: the hub's own frames own nothing, no greenlet waits for it, and no task is left to switch to it.
            unsafe { kill::end_without_unwinding(&greenlet) };
        }
        // SAFETY: leaked from a box when it was made. `HUB` was the only way to it but for frames, and its own stack was the
        // last that had any.
        drop(unsafe { Box::from_raw(hub.as_ptr()) });
    }
}
