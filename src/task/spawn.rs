//! Spawning: a body, a stack and a record become a task in the hub's queue.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::thread::Result as Caught;
use std::time::Duration;

use super::Task;
use super::record::{TaskData, failed};
use crate::error::{SpawnError, StackError};
use crate::greenlet::TraceEvent;
use crate::hub::{self, HubRef};
use crate::stack::{self, DEFAULT_STACK_SIZE, PooledStack};
use crate::switch::counted::RecordRef;
use crate::switch::locals::Locals;
use crate::switch::record::Metadata;
use crate::switch::thread::Current;
use crate::switch::trace;
use crate::switch::{CorePtr, current_locals, handover, interrupt, parent, start, thread};

/// Makes a task of `body` and puts it last in the queue. It runs when the running greenlet waits.
///
/// The handle joins or kills the task. Without it the task runs on, and what it returns is dropped: [`detach`](Task::detach) says that
/// this is meant, and [`detach_with`](Task::detach_with) has the error of a body handled that may fail.
///
/// # Panics
/// Where [`try_spawn`] returns an error: no memory for its stack, no hub, or as many tasks as there may be. And with what
/// the `clone` of an inherited [greenlet-local](crate::local) panics with.
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
/// Tasks that nobody joins:
/// ```
/// use greenhub::{spawn, yield_now};
///
/// spawn(|| println!("nothing to return")).detach();
/// spawn(|| "12a".parse::<u32>()).detach_with(|error| eprintln!("no number: {error}"));
/// yield_now();
/// ```
#[must_use = "the task runs on without its handle, and its result and its errors are lost: join it, or say so with `.detach()`"]
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
///   [`set_max_tasks`](crate::hub::set_max_tasks) allows.
/// - [`SpawnError::NoStack`] if no stack can be had, for it or for the hub; the [`StackError`] inside says why.
/// - [`SpawnError::NoPoller`] if the system has no descriptor for the hub.
///
/// The body is dropped then, and nothing else is changed.
///
/// # Panics
/// With what the `clone` of an inherited [greenlet-local](crate::local) panics with.
#[track_caller]
pub fn try_spawn<F, T>(body: F) -> Result<Task<T>, SpawnError>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    spawn_with(None, None, None, Location::caller(), body)
}

/// Makes a task of `body` that is put into the queue when `delay` has passed. If it is killed before, the body never
/// runs. A [`Duration::MAX`] never passes.
///
/// # Panics
/// As [`spawn`].
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// let task = greenhub::spawn_later(Duration::from_millis(5), || "later");
/// greenhub::yield_now();
/// assert!(!task.is_finished());
/// assert_eq!(task.join().unwrap(), "later");
/// ```
#[must_use = "the task runs on without its handle, and its result and its errors are lost: join it, or say so with `.detach()`"]
#[track_caller]
pub fn spawn_later<F, T>(delay: Duration, body: F) -> Task<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    match make(None, None, None, Location::caller(), body) {
        Ok((hub, record)) => {
            let deadline = hub.clock().after(delay);
            if let Some(timer) = hub.park_unstarted(record.any(), deadline) {
                record.trailer.begins_with(timer);
            }
            Task::of(record)
        }
        Err(error) => panic!("no task could be spawned: {error}"),
    }
}

#[inline(always)]
pub(super) fn spawn_with<F, T>(
    name: Option<Box<str>>,
    stack_size: Option<usize>,
    given: Option<Box<Locals>>,
    made_at: &'static Location<'static>,
    body: F,
) -> Result<Task<T>, SpawnError>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    let (hub, record) = make(name, stack_size, given, made_at, body)?;
    record.any().wait().set_ready();
    hub.push_ready(record.any().clone());
    Ok(Task::of(record))
}

/// Makes a task that is not in the queue yet.
#[inline(always)]
fn make<F, T>(
    name: Option<Box<str>>,
    stack_size: Option<usize>,
    given: Option<Box<Locals>>,
    made_at: &'static Location<'static>,
    body: F,
) -> Result<(HubRef, RecordRef<TaskData<T>>), SpawnError>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    // First, for a `clone` may do anything.
    let locals = current_locals::of_child(given);
    let hub = hub::try_get()?;
    hub.tasks().check_limit()?;
    let stack = take_stack(stack_size.unwrap_or(hub.tasks().stack_size()))?;
    let metadata = Metadata {
        name,
        parent: Some(hub.greenlet().to_weak()),
        made_at,
        id: thread::next_id(),
    };
    let parent = thread::current().id();
    let record = RecordRef::new(metadata, || TaskData::<T>::new(parent));
    let core = record.any().as_ptr();
    let job: *const TaskData<T> = &raw const record.trailer;
    let root = move || {
        // SAFETY: this is the root of that greenlet; the hub owns its record until `end` below.
        let me = unsafe { start::enter(core) };
        me.wait().end();
        // SAFETY: as above.
        let job = unsafe { &*job };
        let outcome = match handover::begin(me) {
            Ok(()) => catch_unwind(AssertUnwindSafe(|| {
                job.keep(start::__rust_begin_short_backtrace(body));
            })),
            Err(panic) => {
                parent::drop_quietly(body);
                Err(panic)
            }
        };
        end(hub, job, outcome)
    };
    // SAFETY: the body is 'static, and `end` closes the greenlet, sets the hub as current, and unwinds not.
    unsafe { start::install(record.any(), stack, root) };
    let listed = &record.trailer.head.listed;
    listed.fill(record.any().clone());
    // SAFETY: the node lies in the record, which the node's own value keeps there until it is taken out at the end.
    unsafe { hub.tasks().enter(listed) };
    record.any().wait().set_tracked();
    record.any().init_locals(locals);
    Ok((hub, record))
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
fn end<T>(hub: HubRef, job: &TaskData<T>, caught: Caught<()>) -> CorePtr {
    let me = thread::current();
    // What was to end its waits has done so, or comes too late.
    interrupt::clear(&me);
    if job.head.detached.get() {
        end_detached(me, job, caught);
    } else {
        finish(me, job, current_locals::end_with(&me, caught));
    }
    me.wait().end();
    // Before the end: a queue entry that goes here may be the last pointer to a greenlet, which unwinds then.
    let next = me.unwinder().unwrap_or_else(|| hub.next_to_run());
    parent::close(&me);
    // SAFETY: it was put into this list when it was spawned.
    drop(unsafe { hub.tasks().leave(&job.head.listed) });
    // SAFETY: it is about to run, so it is there.
    trace::leave_event(TraceEvent::Switch, me, unsafe { next.as_ref() });
    thread::set_current(next);
    next
}

#[inline(always)]
fn finish<T>(me: Current, job: &TaskData<T>, caught: Caught<()>) {
    match caught {
        Ok(()) => job.finish(),
        Err(payload) => job.fail(failed(&me, payload)),
    }
}

/// As the middle of `end`, where the value is dropped at once: it finds the task's locals then.
#[inline(never)]
fn end_detached<T>(me: Current, job: &TaskData<T>, caught: Caught<()>) {
    finish(me, job, caught);
    parent::drop_quietly(current_locals::end(&me));
}
