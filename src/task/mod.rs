//! Tasks: greenlets that the hub runs, and that others join.
//!
//! A task is spawned with a body that takes nothing. It runs when its turn comes, its outcome is kept for
//! whoever joins it, and a panic stays there, too. Dropping the [`Task`] lets it run on by itself.

mod builder;
mod handle;
mod pause;

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, RefUnwindSafe, UnwindSafe, catch_unwind};

pub use self::builder::Builder;
pub use self::handle::HubHandle;
pub use self::pause::{sleep, yield_now};
use crate::error::{JoinError, SpawnError, StackError};
use crate::greenlet::counted::{AnyRef, Ref};
use crate::greenlet::record::Birth;
use crate::greenlet::{Event, GreenletExit, Next, handover, parent, thread};
use crate::hub::{self, HubRef, WaitList, refuse};
use crate::list::Node;
use crate::stack::{self, DEFAULT_STACK_SIZE, PooledStack};
use crate::waiting::Reason;

/// A handle to a spawned task: to wait for it, and to get what came out of it.
///
/// Dropping it detaches the task, which runs on.
///
/// # Examples
/// ```
/// let task = greenhub::spawn(|| 6 * 7);
/// assert_eq!(task.join().unwrap(), 42);
/// ```
///
/// A task stays on its thread, so it may hold what is not `Send`; its handle stays, too:
/// ```compile_fail,E0277
/// let task = greenhub::spawn(|| 1);
/// std::thread::spawn(move || task.join());
/// ```
pub struct Task<T> {
    record: Ref<Job<T>>,
}

/// What a task's record holds besides its greenlet.
struct Job<T> {
    outcome: Cell<Option<Outcome<T>>>,
    joiners: WaitList,
    /// The body is over; its outcome is there, or was taken.
    finished: Cell<bool>,
    /// Nobody will ask for the outcome.
    detached: Cell<bool>,
    /// Its place in the hub's list of tasks, which owns it until it has ended.
    listed: Node<AnyRef>,
}

impl<T> Job<T> {
    fn new() -> Job<T> {
        Job {
            outcome: Cell::new(None),
            joiners: WaitList::new(),
            finished: Cell::new(false),
            detached: Cell::new(false),
            listed: Node::empty(),
        }
    }
}

type Outcome<T> = Result<T, Box<dyn Any + Send>>;

/// Makes a task of `body` and puts it last in the queue. It runs when the running greenlet waits.
///
/// # Panics
/// Where [`try_spawn`] returns an error: no memory for its stack, no hub, or as many tasks as there may be.
///
/// # Examples
/// ```
/// use std::rc::Rc;
///
/// let shared = Rc::new(20); // it need not be Send
/// let task = greenhub::spawn({
///     let shared = shared.clone();
///     move || *shared + 1
/// });
/// assert_eq!(task.join().unwrap(), 21);
/// ```
#[track_caller]
pub fn spawn<F, T>(body: F) -> Task<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    match try_spawn(body) {
        Ok(task) => task,
        Err(error) => panic!("no task could be spawned: {error}"),
    }
}

/// Spawns a task as [`spawn`] does, where running out of memory is not the end.
///
/// # Errors
/// - [`SpawnError::TooMany`] if this thread's hub has as many tasks as
///   [`set_max_greenlets`](crate::hub::set_max_greenlets) allows.
/// - [`SpawnError::NoStack`] if no stack can be had, for it or for the hub; the [`StackError`] inside says why.
/// - [`SpawnError::NoPoller`] if the system has no descriptor for the hub.
///
/// The body is dropped then, and nothing else is changed.
#[track_caller]
pub fn try_spawn<F, T>(body: F) -> Result<Task<T>, SpawnError>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    spawn_with(None, None, Location::caller(), body)
}

#[inline(always)]
fn spawn_with<F, T>(
    name: Option<Box<str>>,
    stack_size: Option<usize>,
    made_at: &'static Location<'static>,
    body: F,
) -> Result<Task<T>, SpawnError>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    let hub = hub::try_get()?;
    hub.tasks().permit()?;
    let stack = take_stack(stack_size.unwrap_or(hub.tasks().stack_size()))?;
    let birth = Birth {
        name,
        parent: Some(hub.greenlet().to_link()),
        made_at,
        id: thread::next_id(),
    };
    let record = Ref::new(birth, Job::<T>::new);
    let core = record.any().as_next();
    let job: *const Job<T> = &raw const record.extra;
    let root = move || {
        // SAFETY: this is the root of that greenlet, whose record the hub owns until `end` below.
        let me = unsafe { handover::enter(core) };
        me.wait().end();
        let outcome = match handover::begin(me) {
            Ok(()) => catch_unwind(AssertUnwindSafe(body)),
            Err(panic) => {
                parent::forget(body);
                Err(panic)
            }
        };
        // SAFETY: as above.
        end(hub, unsafe { &*job }, outcome)
    };
    // SAFETY: the body is 'static, and `end` closes the greenlet, sets the hub as current, and unwinds not.
    unsafe { handover::install(record.any(), stack, root) };
    record.extra.listed.fill(record.any().clone());
    // SAFETY: the node lies in the record, which the node's own value keeps there until `end` takes it out.
    unsafe { hub.tasks().enter(&record.extra.listed) };
    record.any().wait().set_listed();
    record.any().wait().set_ready();
    hub.push_ready(record.any().clone());
    Ok(Task { record })
}

/// A stack; with the usual size known to the compiler, which makes the warm way shorter.
#[inline(always)]
fn take_stack(size: usize) -> Result<PooledStack, StackError> {
    if size == DEFAULT_STACK_SIZE {
        stack::take(DEFAULT_STACK_SIZE)
    } else {
        stack::take(size)
    }
}

/// The last thing on a task's own stack. What it returns must run next.
#[inline(always)]
fn end<T>(hub: HubRef, job: &Job<T>, outcome: Outcome<T>) -> Next {
    if job.detached.get() {
        // Here and now, where a destructor may still wait.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(outcome))) {
            std::mem::forget(panic);
        }
    } else {
        job.outcome.set(Some(outcome));
    }
    job.finished.set(true);
    job.joiners.wake_all();
    let me = thread::current();
    me.wait().end();
    // Before the end: a queue entry that goes here may be the last pointer to a greenlet, which unwinds then.
    let next = me.unwinder().unwrap_or_else(|| hub.next());
    parent::close(&me);
    // SAFETY: it was put into this list when it was spawned.
    drop(unsafe { hub.tasks().leave(&job.listed) });
    // SAFETY: it is about to run, so it is there.
    handover::trace(Event::Switch, me, unsafe { next.as_ref() });
    thread::set_current(next);
    next
}

impl<T> Task<T> {
    /// Waits until the task has ended, and gives what its body returned.
    ///
    /// # Errors
    /// [`JoinError`] if the body panicked or was killed.
    ///
    /// # Panics
    /// If it has to wait, as [`wait`](Task::wait) does. The handle goes with the panic, and the task runs on, detached.
    ///
    /// # Aborts
    /// If it had to wait while a panic unwinds the running greenlet.
    #[inline(always)]
    #[track_caller]
    pub fn join(self) -> Result<T, JoinError> {
        self.wait();
        match self.record.extra.outcome.take() {
            Some(Ok(value)) => Ok(value),
            Some(Err(payload)) => Err(self.failed(payload)),
            None => unreachable!("only join takes the outcome, and it takes the handle"),
        }
    }

    #[cold]
    fn failed(&self, payload: Box<dyn Any + Send>) -> JoinError {
        let killed = GreenletExit::is_in(&*payload);
        let who = match self.name() {
            Some(name) => format!("task \"{name}\""),
            None => format!("task {}", self.id()),
        };
        JoinError::new(who, self.record.any().made_at(), killed, payload)
    }

    /// Waits until the task has ended, and leaves its outcome for [`join`](Task::join).
    ///
    /// # Panics
    /// - In the main greenlet, if nothing can ever wake anybody any more: with a list of who waits for what.
    /// - Where the wait is [ended early](crate::hub#what-may-end-a-wait-early).
    /// - Inside [`no_switch`](crate::greenlet::no_switch), if it has to wait.
    ///
    /// # Aborts
    /// If it had to wait while a panic unwinds the running greenlet.
    #[inline(always)]
    #[track_caller]
    pub fn wait(&self) {
        let job = &self.record.extra;
        if !job.finished.get() {
            let reason = Reason::join(self.record.any().id());
            if let Err(why) = job.joiners.wait(reason, Location::caller()) {
                refuse(why, "join", Location::caller());
            }
        }
    }

    /// The task has ended: `join` would not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.record.extra.finished.get()
    }

    /// A number that no other greenlet of this process has or will have.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.record.any().id()
    }

    /// The name it was given with [`Builder::name`], if any.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.record.any().name()
    }
}

/// Waits until all of `tasks` have ended, one after the other. Their outcomes stay for [`Task::join`].
///
/// # Panics
/// As [`Task::wait`]. A task's own panic is not among them: it stays for its `join`.
///
/// # Aborts
/// As [`Task::wait`].
///
/// # Examples
/// ```
/// use greenhub::{joinall, spawn};
///
/// let tasks: Vec<_> = (0..3).map(|n| spawn(move || n * n)).collect();
/// joinall(&tasks);
/// let squares: Vec<i32> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
/// assert_eq!(squares, [0, 1, 4]);
/// ```
#[track_caller]
pub fn joinall<'a, T: 'static>(tasks: impl IntoIterator<Item = &'a Task<T>>) {
    for task in tasks {
        task.wait();
    }
}

impl<T> Drop for Task<T> {
    #[inline]
    fn drop(&mut self) {
        self.record.extra.detached.set(true);
        drop(self.record.extra.outcome.take());
    }
}

// A task that panicked keeps the panic for its join: nothing half changed can be seen through the handle.
impl<T> UnwindSafe for Task<T> {}
impl<T> RefUnwindSafe for Task<T> {}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Task");
        out.field("id", &self.id());
        if let Some(name) = self.name() {
            out.field("name", &name);
        }
        out.field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
