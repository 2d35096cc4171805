//! Scopes that end with the first failure: an error or a panic of one task kills the others, and comes back as the outcome.
//!
//! ```text
//!   a task fails --> its failure is kept --> the other tasks are killed, unstarted ones never run
//!                                       \--> the body unwinds from its wait, up to the call of `try_scope`
//!                    all have ended      --> the error is returned, the panic goes on
//! ```
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::thread::Result as Caught;

use super::children::{Children, Payload};
use super::scope::{Scope, is_interrupt, report};
use super::scoped::ScopedTask;
use crate::error::{JoinError, SpawnError};
use crate::generator;
use crate::greenlet::GreenletExit;
use crate::hub::{self, Alarm, EarlyEnd};
use crate::interrupts::BlockEnd;
use crate::switch::exit::EndsAt;
use crate::switch::start::__rust_begin_short_backtrace;
use crate::switch::{describe_task, parent, thread};
use crate::task::Builder;

/// A scope to spawn tasks into that may fail: see [`try_scope`].
pub struct TryScope<'scope, 'env, E> {
    scope: Scope<'scope, 'env>,
    failure: Rc<FirstFailure<E>>,
}

/// What has failed first, if anything has.
struct FirstFailure<E> {
    id: u64,
    has_failed: Cell<bool>,
    /// Until the scope has ended.
    kept: Cell<Option<Failure<E>>>,
    /// Ends each wait of the body.
    alarm: Alarm,
}

enum Failure<E> {
    Error(E),
    Panic(JoinError),
}

/// Runs `body`, which may spawn tasks that borrow, and ends with the first failure of `body` or of a task: the other tasks
/// are killed, and when they have ended, that failure is the outcome. asyncio has it as `TaskGroup`, Go as `errgroup`, and trio as its
/// nursery.
///
/// It is a [`scope`](crate::scope()) in all else. What differs:
/// - A task whose body returns an `Err` or panics has failed. The others are killed where they wait; those that have not begun never
///   run, nor does what is spawned later.
/// - If `body` is not over by then, its wait, or its next one, unwinds with [`GreenletExit`](crate::GreenletExit), up to here.
/// - A failure of `body` itself, by an `Err` or a panic, kills all tasks.
/// - A task that has failed counts as killed for its [joins](ScopedTask::join); its failure is the scope's.
///
/// Later errors are dropped, and later panics reported as those of tasks that are not joined. A kill of the running greenlet, or a
/// timeout around the call, comes before a failure.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Errors
/// The first error that a task or `body` has returned.
///
/// # Panics
/// With the panic of a task or of `body`, if that was the first failure. In a program built with `panic=abort` nothing can be killed:
/// the other tasks run to their ends.
///
/// # Examples
/// ```
/// use greenhub::{sleep, try_scope};
/// use std::time::Duration;
///
/// let fetch = |page: u64| {
///     sleep(Duration::from_millis(page));
///     if page == 2 { Err(format!("page {page} is missing")) } else { Ok(page) }
/// };
/// let pages = try_scope(|s| {
///     let pages = [1, 2, 600_000].map(|page| s.spawn(move || fetch(page)));
///     Ok(pages.map(|page| page.join().unwrap()))
/// });
/// assert_eq!(pages.unwrap_err(), "page 2 is missing");
/// ```
///
/// A task borrows only what outlives the whole call:
/// ```compile_fail,E0373
/// let _ = greenhub::try_scope(|s| {
///     let text = String::from("gone at the end of the body");
///     s.spawn(|| text.parse::<u32>());
///     Ok(())
/// });
/// ```
/// Neither the scope nor a handle to one of its tasks leaves the body, nor does an error borrow from it:
/// ```compile_fail
/// let task = greenhub::try_scope(|s| Ok::<_, ()>(s.spawn(|| Ok(1))));
/// ```
/// ```compile_fail,E0597
/// let _ = greenhub::try_scope(|s| {
///     let text = String::from("gone at the end of the body");
///     let text = &text;
///     s.spawn(move || Err::<(), &str>(text));
///     Ok(())
/// });
/// ```
#[track_caller]
pub fn try_scope<'env, F, R, E>(body: F) -> Result<R, E>
where
    F: for<'scope> FnOnce(&'scope TryScope<'scope, 'env, E>) -> Result<R, E>,
    E: 'env,
{
    let scope = TryScope {
        scope: Scope::new(Location::caller()),
        failure: Rc::new(FirstFailure::new()),
    };
    let failure = &scope.failure;
    let mut task_failed_first = false;
    let (caught, ended_by) = scope.scope.run(
        || body(&scope),
        |caught| {
            task_failed_first = failure.has_failed.get();
            let fails = task_failed_first || !matches!(caught, Ok(Ok(_)));
            failure.has_failed.set(fails);
            fails
        },
    );
    failure.alarm.stop();
    let mut failures = scope.scope.children.take_failures();
    let of_task = failure.kept.take();
    let of_outside = ended_by
        .filter(|end| !matches!(end, EarlyEnd::Unwind(payload) if failure.has_raised(payload)));
    let outcome = match (caught, of_outside, of_task) {
        (Err(payload), _, of_task) if is_interrupt(&payload) && !failure.has_raised(&payload) => {
            drop_failure(of_task);
            Err(EarlyEnd::Unwind(payload))
        }
        (caught, Some(early_end), of_task) => {
            parent::drop_quietly(caught);
            drop_failure(of_task);
            Err(early_end)
        }
        (caught, None, Some(first)) if task_failed_first || matches!(caught, Ok(Ok(_))) => {
            parent::drop_quietly(caught);
            first.into_outcome().map_err(EarlyEnd::Unwind)
        }
        (Ok(Ok(value)), None, _) => match failures.next() {
            None => Ok(Ok(value)),
            Some(first) => {
                parent::drop_quietly(value);
                Err(EarlyEnd::Unwind(first.into_panic()))
            }
        },
        (caught, None, _) => caught.map_err(EarlyEnd::Unwind),
    };
    failures.for_each(report);
    match outcome {
        Ok(outcome) => outcome,
        Err(early_end) => early_end.raise(),
    }
}

/// Something else is the outcome.
fn drop_failure<E>(failure: Option<Failure<E>>) {
    match failure {
        Some(Failure::Panic(error)) => report(error),
        failure => parent::drop_quietly(failure),
    }
}

impl<E> Failure<E> {
    fn into_outcome<R>(self) -> Caught<Result<R, E>> {
        match self {
            Failure::Error(error) => Ok(Err(error)),
            Failure::Panic(error) => Err(error.into_panic()),
        }
    }
}

impl<E> FirstFailure<E> {
    fn new() -> FirstFailure<E> {
        let id = thread::next_id();
        let home = generator::stack_owner();
        FirstFailure {
            id,
            has_failed: Cell::new(false),
            kept: Cell::new(None),
            alarm: Alarm::of_block(home, id, BlockEnd::ScopeFailure),
        }
    }

    /// It has ended a wait of the body with this.
    fn has_raised(&self, payload: &Payload) -> bool {
        GreenletExit::ends_at(&**payload, EndsAt::Scope(self.id))
    }

    /// Keeps the failure of the running task, ends the waits of the body, and kills the other tasks. Given back if it is not the first.
    fn fail(&self, failure: Failure<E>, children: &Children) -> Result<(), Failure<E>> {
        if self.has_failed.replace(true) {
            return Err(failure);
        }
        self.kept.set(Some(failure));
        children.kill_new();
        if cfg!(panic = "unwind")
            && let Some(hub) = hub::current()
        {
            hub.expire_alarm(&self.alarm);
        }
        Ok(())
    }

    /// Runs what a task consists of. `None` if it fails.
    fn run<T>(&self, body: impl FnOnce() -> Result<T, E>, children: &Children) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(|| __rust_begin_short_backtrace(body))) {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => {
                let later = self.fail(Failure::Error(error), children);
                parent::drop_quietly(later);
            }
            Err(payload) if GreenletExit::is_in(&*payload) => resume_unwind(payload),
            Err(payload) => {
                let me = thread::current();
                let error = JoinError::new(describe_task(&me), me.made_at(), false, payload);
                if let Err(Failure::Panic(later)) = self.fail(Failure::Panic(error), children) {
                    resume_unwind(later.into_panic());
                }
            }
        }
        None
    }
}

impl<'scope, 'env, E: 'env> TryScope<'scope, 'env, E> {
    /// Spawns a task that may fail, and may borrow what outlives the scope. It runs when the running greenlet waits, at the
    /// end of the scope at the latest; where the scope has failed before, never.
    ///
    /// # Panics
    /// As [`Scope::spawn`].
    ///
    /// # Examples
    /// ```
    /// let text = String::from("12a");
    /// let number = greenhub::try_scope(|s| {
    ///     let number = s.spawn(|| text.parse::<u32>());
    ///     Ok(number.join().unwrap())
    /// });
    /// assert!(number.is_err());
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, body: F) -> ScopedTask<'scope, T>
    where
        F: FnOnce() -> Result<T, E> + 'scope,
        T: 'scope,
    {
        match Builder::new().try_spawn_scoped(self, body) {
            Ok(task) => task,
            Err(error) => panic!("no task could be spawned: {error}"),
        }
    }
}

impl Builder {
    /// Spawns the task into a scope that its failure ends: [`TryScope::spawn`] with settings.
    ///
    /// # Errors
    /// As [`spawn_scoped`](Builder::spawn_scoped). The body is dropped; the scope has not failed.
    ///
    /// # Panics
    /// As [`spawn_scoped`](Builder::spawn_scoped).
    ///
    /// # Examples
    /// ```
    /// use greenhub::{task, try_scope};
    ///
    /// let number = try_scope(|s| {
    ///     let parser = task::Builder::new().name("parser");
    ///     let number = parser.try_spawn_scoped(s, || "12".parse::<u32>());
    ///     Ok(number.expect("there is memory").join().unwrap())
    /// });
    /// assert_eq!(number, Ok(12));
    /// ```
    #[track_caller]
    pub fn try_spawn_scoped<'scope, 'env, F, T, E>(
        self,
        scope: &'scope TryScope<'scope, 'env, E>,
        body: F,
    ) -> Result<ScopedTask<'scope, T>, SpawnError>
    where
        F: FnOnce() -> Result<T, E> + 'scope,
        T: 'scope,
        E: 'env,
    {
        let children = &scope.scope.children;
        let failure = scope.failure.clone();
        let body = move || failure.run(body, children);
        let task = self.spawn_into(&scope.scope, Location::caller(), |_| {}, body)?;
        if scope.failure.has_failed.get() {
            // Where nothing can be unwound it runs.
            let _ = task.try_kill();
        }
        Ok(task)
    }
}

impl<E> fmt::Debug for TryScope<'_, '_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryScope")
            .field("place", &format_args!("{}", self.scope.children.place))
            .field("has_failed", &self.failure.has_failed.get())
            .finish_non_exhaustive()
    }
}
