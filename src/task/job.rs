//! What a task's record holds besides its greenlet: who waits for it, and what came out of it.
//!
//! ```text
//!   record | Core | Head: joiners, place in the hub's list, ... | outcome, callbacks |
//!                   AnyTask sees this much                        Task<T> sees all
//! ```

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::time::Duration;

use super::unobserved;
use crate::error::JoinError;
use crate::greenlet::counted::AnyRef;
use crate::greenlet::record::{Core, Extra, Record};
use crate::greenlet::{GreenletExit, Next, describe_task, parent};
use crate::hub::{self, TimerKey, WaitList, refuse};
use crate::list::Node;
use crate::waiting::{Reason, Woken};

/// What a task's body came to.
pub(super) type Outcome<T> = Result<T, Box<JoinError>>;

/// The half of a job that is the same for every task.
#[repr(C)]
pub(crate) struct Head {
    pub(super) joiners: WaitList,
    /// Its place in the hub's list of tasks, which owns it until it has ended.
    pub(super) listed: Node<AnyRef>,
    /// The id of the greenlet that has spawned it.
    pub(super) parent: u64,
    pub(super) stand: Cell<Stand>,
    /// Nobody will ask for the outcome.
    pub(super) detached: Cell<bool>,
}

/// Whether a task has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    Open,
    /// Its body has returned or panicked. The outcome is there, or was taken.
    Done,
    /// It was killed.
    Cancelled,
}

/// What a task's record holds besides its greenlet.
#[repr(C)]
pub(super) struct Job<T> {
    pub(super) head: Head,
    pub(super) outcome: Cell<Option<Outcome<T>>>,
    rare: OnceCell<Box<Rare<T>>>,
}

/// What few tasks have.
struct Rare<T> {
    callbacks: RefCell<VecDeque<(u64, Callback<T>)>>,
    last_callback: Cell<u64>,
    /// The timer that lets it begin.
    begins: Cell<Option<TimerKey>>,
}

/// What shall be called when a task has ended.
pub(super) enum Callback<T> {
    Done(Box<dyn FnOnce()>),
    Value(Box<dyn FnOnce(&T)>),
    Failure(Box<dyn FnOnce(&JoinError)>),
}

impl<T> Callback<T> {
    /// Calls it if it is for an outcome such as this. True if it has seen a failure.
    pub(super) fn call(self, outcome: &Outcome<T>) -> bool {
        let called = catch_unwind(AssertUnwindSafe(|| match (self, outcome) {
            (Callback::Done(call), _) => {
                call();
                false
            }
            (Callback::Value(call), Ok(value)) => {
                call(value);
                false
            }
            (Callback::Failure(call), Err(error)) => {
                call(error);
                true
            }
            _ => false,
        }));
        called.unwrap_or_else(|panic| {
            // The panic hook has told of it.
            std::mem::forget(panic);
            false
        })
    }
}

impl<T: 'static> Extra for Job<T> {
    const GIVE_UP: Option<unsafe fn(Next)> = Some(give_up::<T>);
}

impl Head {
    #[inline(always)]
    pub(super) fn is_over(&self) -> bool {
        self.stand.get() != Stand::Open
    }

    /// Waits until the task has ended or `limit` has passed.
    pub(super) fn wait_for(
        &self,
        reason: Reason,
        place: &'static Location<'static>,
        limit: Duration,
    ) -> Woken {
        let deadline = hub::get().clock().after(limit);
        self.joiners
            .wait_until(reason, place, deadline, &mut None)
            .unwrap_or_else(|why| refuse(why, "join", place))
    }
}

impl<T> Job<T> {
    pub(super) fn new(parent: u64) -> Job<T> {
        Job {
            head: Head {
                joiners: WaitList::new(),
                listed: Node::empty(),
                parent,
                stand: Cell::new(Stand::Open),
                detached: Cell::new(false),
            },
            outcome: Cell::new(None),
            rare: OnceCell::new(),
        }
    }

    fn rare(&self) -> &Rare<T> {
        self.rare.get_or_init(|| {
            Box::new(Rare {
                callbacks: RefCell::new(VecDeque::new()),
                last_callback: Cell::new(0),
                begins: Cell::new(None),
            })
        })
    }

    pub(super) fn begins_with(&self, timer: TimerKey) {
        self.rare().begins.set(Some(timer));
    }

    /// Adds a callback to be called last. Its number, to remove it with.
    pub(super) fn add_callback(&self, callback: Callback<T>) -> u64 {
        let rare = self.rare();
        let number = rare.last_callback.get() + 1;
        rare.last_callback.set(number);
        rare.callbacks.borrow_mut().push_back((number, callback));
        number
    }

    /// Calls one that comes when the task has ended. Its number, where it has to wait for its turn: zero if not.
    pub(super) fn call_late(&self, callback: Callback<T>) -> u64 {
        // Taken out meanwhile: the callback may do whatever it likes.
        let Some(outcome) = self.outcome.take() else {
            // Another late one has it, and waits. Whoever calls that one calls this next.
            return self.add_callback(callback);
        };
        let mut next = Some(callback);
        while let Some(callback) = next {
            if callback.call(&outcome)
                && let Err(error) = &outcome
            {
                error.observe();
            }
            let rare = self.rare.get();
            next = rare.and_then(|rare| Some(rare.callbacks.borrow_mut().pop_front()?.1));
        }
        if self.head.detached.get() {
            report(&outcome);
            parent::forget(outcome);
        } else {
            self.outcome.set(Some(outcome));
        }
        0
    }

    /// Removes a callback that was not called yet.
    pub(super) fn remove_callback(&self, number: u64) -> Option<Callback<T>> {
        let mut callbacks = self.rare.get()?.callbacks.borrow_mut();
        let place = callbacks.iter().position(|(other, _)| *other == number)?;
        Some(callbacks.remove(place)?.1)
    }

    /// It has ended with an error that nobody has taken.
    pub(super) fn has_failed(&self) -> bool {
        let outcome = self.outcome.take();
        let failed = matches!(outcome, Some(Err(_)));
        self.outcome.set(outcome);
        failed
    }

    /// Keeps what the body has returned: the first thing, for it may be large, and each move of it costs stack.
    #[inline(always)]
    pub(super) fn keep(&self, value: T) {
        self.outcome.set(Some(Ok(value)));
    }

    /// The body has returned, and its value is kept: calls the callbacks, and wakes those who wait.
    #[inline(always)]
    pub(super) fn finish(&self) {
        if self.rare.get().is_none() && !self.head.detached.get() {
            self.head.stand.set(Stand::Done);
        } else {
            self.finish_slow();
        }
        self.head.joiners.wake_all();
    }

    /// The same for a body that has panicked or was killed. A value that was kept before goes.
    #[inline(never)]
    pub(super) fn fail(&self, error: Box<JoinError>) {
        parent::forget(self.outcome.take());
        self.outcome.set(Some(Err(error)));
        self.finish_slow();
        self.head.joiners.wake_all();
    }

    #[inline(never)]
    fn finish_slow(&self) {
        // Taken out meanwhile: callbacks are users' code.
        let Some(outcome) = self.outcome.take() else {
            unreachable!("kept just now, and nobody takes it before the end");
        };
        let seen = self.rare.get().is_some_and(|rare| rare.finish(&outcome));
        if seen && let Err(error) = &outcome {
            error.observe();
        }
        let stand = match &outcome {
            Err(error) if error.is_killed() => Stand::Cancelled,
            _ => Stand::Done,
        };
        if self.head.detached.get() {
            // Here and now, where a destructor may still wait.
            report(&outcome);
            parent::forget(outcome);
        } else {
            self.outcome.set(Some(outcome));
        }
        self.head.stand.set(stand);
    }
}

impl<T> Rare<T> {
    #[cold]
    fn finish(&self, outcome: &Outcome<T>) -> bool {
        if let Some(timer) = self.begins.take() {
            hub::get().stop_timer(timer);
        }
        let mut seen = false;
        loop {
            // One by one, for a callback may add and remove others.
            let first = self.callbacks.borrow_mut().pop_front();
            match first {
                Some((_, callback)) => seen |= callback.call(outcome),
                None => return seen,
            }
        }
    }
}

/// Reports a failure that nobody will ask for, unless somebody has seen it.
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
    let who = describe_task(core);
    Box::new(JoinError::new(who, core.made_at(), killed, payload))
}

/// # Safety
/// As [`Extra::GIVE_UP`] has it.
unsafe fn give_up<T>(core: Next) {
    // SAFETY: the record of this very kind.
    let record = unsafe { core.cast::<Record<Job<T>>>().as_ref() };
    // SAFETY: the first half of the same record.
    let core = unsafe { core.as_ref() };
    let job = &record.extra;
    job.fail(failed(core, Box::new(GreenletExit::new())));
    let hub = hub::get();
    // SAFETY: it was put into this list when it was spawned, and is told once.
    drop(unsafe { hub.tasks().leave(&job.head.listed) });
}
