//! The task's half of a record: the waits for its end, and its outcome.
//!
//! ```text
//!   record | Core | Head: joiners, place in the hub's list, ... | outcome, callbacks |
//!                   AnyTask sees this much                        Task<T> sees all
//! ```

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::Result as Caught;

use super::shield::Shield;
use super::unobserved;
use crate::error::{JoinError, TimedOut};
use crate::greenlet::GreenletExit;
use crate::hub::{self, Deadline, TimerKey, WaitList, WaitRequest};
use crate::list::Node;
use crate::switch::counted::AnyRef;
use crate::switch::record::{Core, Record, Trailer};
use crate::switch::{CorePtr, describe_task, parent};
use crate::waiting::WaitReason;

/// What a task's body came to.
pub(super) type Outcome<T> = Result<T, Box<JoinError>>;

/// The half of a job that is the same for every task.
#[repr(C)]
pub(crate) struct TaskHeader {
    pub(super) joiners: WaitList,
    /// Its place in the hub's list of tasks, which owns it until it has ended.
    pub(super) listed: Node<AnyRef>,
    /// The id of the greenlet that has spawned it.
    pub(super) parent: u64,
    pub(super) completion: Cell<Completion>,
    /// The handle was dropped: the outcome is not taken any more.
    pub(super) detached: Cell<bool>,
    /// It was unparked, and has not parked since then.
    pub(super) token: Cell<bool>,
}

/// Whether a task has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Completion {
    Open,
    /// The body has returned. The outcome is there, or was taken, as in those below.
    Done,
    /// The body has panicked.
    Panicked,
    /// The task was killed.
    Cancelled,
}

/// What a task's record holds besides its greenlet.
#[repr(C)]
pub(super) struct TaskData<T> {
    pub(super) head: TaskHeader,
    pub(super) outcome: Cell<Option<Outcome<T>>>,
    rare: OnceCell<Box<CallbackList<T>>>,
}

/// What few tasks have.
struct CallbackList<T> {
    /// By their numbers, in the order in which they were added.
    callbacks: RefCell<BTreeMap<u64, CallbackFn<T>>>,
    last_callback: Cell<u64>,
    /// The timer that lets it begin.
    begins: Cell<Option<TimerKey>>,
}

/// What shall be called when a task has ended.
pub(super) enum CallbackFn<T> {
    Done(Box<dyn FnOnce()>),
    Value(Box<dyn FnOnce(&T)>),
    Failure(Box<dyn FnOnce(&JoinError)>),
}

impl<T> CallbackFn<T> {
    /// Calls it if it is for an outcome such as this. True if it has seen a failure.
    fn call(self, outcome: &Outcome<T>) -> Caught<bool> {
        catch_unwind(AssertUnwindSafe(|| match (self, outcome) {
            (CallbackFn::Done(call), _) => {
                call();
                false
            }
            (CallbackFn::Value(call), Ok(value)) => {
                call(value);
                false
            }
            (CallbackFn::Failure(call), Err(error)) => {
                call(error);
                true
            }
            _ => false,
        }))
    }
}

impl<T: 'static> Trailer for TaskData<T> {
    const ON_KILLED: Option<unsafe fn(CorePtr)> = Some(give_up::<T>);
}

impl TaskHeader {
    #[inline(always)]
    pub(super) fn is_over(&self) -> bool {
        self.completion.get() != Completion::Open
    }

    /// It has ended without a value, by a panic or a kill.
    pub(super) fn has_failed(&self) -> bool {
        matches!(
            self.completion.get(),
            Completion::Panicked | Completion::Cancelled
        )
    }

    /// Waits until the task has ended, or until `deadline`. True if it has ended: at the last moment, too.
    #[inline(always)]
    #[track_caller]
    pub(super) fn wait(&self, verb: &'static str, reason: WaitReason, deadline: Deadline) -> bool {
        if !self.is_over() {
            WaitRequest::new(verb, reason, deadline).in_list(&self.joiners);
        }
        self.is_over()
    }
}

impl<T> TaskData<T> {
    pub(super) fn new(parent: u64) -> TaskData<T> {
        TaskData {
            head: TaskHeader {
                joiners: WaitList::new(),
                listed: Node::empty(),
                parent,
                completion: Cell::new(Completion::Open),
                detached: Cell::new(false),
                token: Cell::new(false),
            },
            outcome: Cell::new(None),
            rare: OnceCell::new(),
        }
    }

    fn rare(&self) -> &CallbackList<T> {
        self.rare.get_or_init(|| {
            Box::new(CallbackList {
                callbacks: RefCell::new(BTreeMap::new()),
                last_callback: Cell::new(0),
                begins: Cell::new(None),
            })
        })
    }

    pub(super) fn begins_with(&self, timer: TimerKey) {
        self.rare().begins.set(Some(timer));
    }

    /// Adds a callback to be called last. Its number, to remove it with.
    pub(super) fn add_callback(&self, callback: CallbackFn<T>) -> u64 {
        let rare = self.rare();
        let number = rare.last_callback.get() + 1;
        rare.last_callback.set(number);
        rare.callbacks.borrow_mut().insert(number, callback);
        number
    }

    /// Calls one that comes when the task has ended. Its number, where it has to wait for its turn: zero if not.
    ///
    /// # Panics
    /// With the kill or the timeout that has ended a wait of it.
    pub(super) fn call_late(&self, callback: CallbackFn<T>) -> u64 {
        // Taken out meanwhile: the callback may do whatever it likes.
        let Some(outcome) = self.outcome.take() else {
            // Another late callback has the outcome, and waits. Its caller calls this one next.
            return self.add_callback(callback);
        };
        let called = callback.call(&outcome);
        let interrupted = called
            .as_ref()
            .err()
            .is_some_and(|panic| is_interrupt(&**panic));
        let (mut seen, interrupt) = match called {
            Err(panic) if interrupted => (false, Some(panic)),
            called => (seen_by(called), None),
        };
        if let Some(rare) = self.rare.get() {
            // These callbacks are of other callers: what ends our waits is not for them.
            let _shield = Shield::raise();
            seen |= rare.call_all(&outcome);
        }
        self.put_back(outcome, seen);
        match interrupt {
            Some(interrupt) => resume_unwind(interrupt),
            None => 0,
        }
    }

    /// Callbacks have looked at the outcome, and some have seen a failure, or none: it stays for its join, if there may
    /// be one.
    fn put_back(&self, outcome: Outcome<T>, seen: bool) {
        if seen && let Err(error) = &outcome {
            error.observe();
        }
        if self.head.detached.get() {
            // Here and now, where a destructor may still wait.
            report(&outcome);
            parent::drop_quietly(outcome);
        } else {
            self.outcome.set(Some(outcome));
        }
    }

    /// Removes a callback that was not called yet.
    pub(super) fn remove_callback(&self, number: u64) -> Option<CallbackFn<T>> {
        self.rare.get()?.callbacks.borrow_mut().remove(&number)
    }

    /// Keeps what the body has returned: the first thing, for it may be large, and each move of it costs stack.
    #[inline(always)]
    pub(super) fn keep(&self, value: T) {
        self.outcome.set(Some(Ok(value)));
    }

    /// The body has returned, and its value is kept: calls the callbacks, and wakes the joiners.
    #[inline(always)]
    pub(super) fn finish(&self) {
        if self.rare.get().is_none() && !self.head.detached.get() {
            self.head.completion.set(Completion::Done);
        } else {
            self.finish_slow();
        }
        self.head.joiners.wake_all();
    }

    /// The same for a body that has panicked or was killed. A value that was kept before goes.
    #[inline(never)]
    pub(super) fn fail(&self, error: Box<JoinError>) {
        parent::drop_quietly(self.outcome.take());
        self.outcome.set(Some(Err(error)));
        self.finish_slow();
        self.head.joiners.wake_all();
    }

    #[inline(never)]
    fn finish_slow(&self) {
        // Taken out meanwhile: callbacks are users' code.
        let Some(outcome) = self.outcome.take() else {
            unreachable!("kept just now, and nothing takes it before the end");
        };
        let seen = self.rare.get().is_some_and(|rare| rare.finish(&outcome));
        let completion = match &outcome {
            Ok(_) => Completion::Done,
            Err(error) if error.is_killed() => Completion::Cancelled,
            Err(_) => Completion::Panicked,
        };
        self.put_back(outcome, seen);
        self.head.completion.set(completion);
    }
}

impl<T> CallbackList<T> {
    #[cold]
    fn finish(&self, outcome: &Outcome<T>) -> bool {
        if let (Some(timer), Some(hub)) = (self.begins.take(), hub::current()) {
            hub.stop_timer(timer);
        }
        self.call_all(outcome)
    }

    /// Calls all. True if one of them has seen a failure.
    fn call_all(&self, outcome: &Outcome<T>) -> bool {
        let mut seen = false;
        loop {
            // One by one: a callback may add and remove others.
            let first = self.callbacks.borrow_mut().pop_first();
            match first {
                Some((_, callback)) => seen |= seen_by(callback.call(outcome)),
                None => return seen,
            }
        }
    }
}

/// Whether a callback has seen a failure. Its own panic is dropped: the panic hook has reported it.
fn seen_by(called: Caught<bool>) -> bool {
    called.unwrap_or_else(|panic| {
        parent::drop_quietly(panic);
        false
    })
}

/// It has come from outside, to end a wait of the running greenlet.
fn is_interrupt(payload: &(dyn Any + Send)) -> bool {
    GreenletExit::is_in(payload) || TimedOut::is_in(payload)
}

/// Reports a failure that will not be joined, unless a callback has seen it.
pub(super) fn report<T>(outcome: &Outcome<T>) {
    if let Err(error) = outcome
        && !error.is_observed()
    {
        unobserved::report(error);
    }
}

/// What a body has unwound with, as it is kept.
#[cold]
#[inline(never)]
pub(super) fn failed(core: &Core, payload: Box<dyn Any + Send>) -> Box<JoinError> {
    let killed = GreenletExit::is_in(&*payload);
    let name = describe_task(core);
    Box::new(JoinError::new(name, core.made_at(), killed, payload))
}

/// # Safety
/// As [`Trailer::ON_KILLED`] has it.
unsafe fn give_up<T>(core: CorePtr) {
    // SAFETY: the record of this very kind.
    let record = unsafe { core.cast::<Record<TaskData<T>>>().as_ref() };
    // SAFETY: the first half of the same record.
    let core = unsafe { core.as_ref() };
    let job = &record.trailer;
    job.fail(failed(
        core,
        Box::new(GreenletExit::in_place_of_a_payload()),
    ));
    // Where the hub has ended its list stays as it is.
    if let Some(hub) = hub::current() {
        // SAFETY: it was put into this list when it was spawned, and is told once.
        drop(unsafe { hub.tasks().leave(&job.head.listed) });
    }
}
