//! Scopes: tasks that borrow from their spawner's frame, which is not left before all of them have ended.
//!
//! # Invariant
//! A call of [`scope`] is left, by return or by unwinding, only when each task that was spawned into it is over: its
//! body was consumed or dropped. [`AbortIfLeft`] sees to that, whatever happens: it lies in the frame of that call, and ends the process
//! where a task is left. If the frame is never left (its greenlet or generator is leaked, the process exits), the borrows
//! are good for ever, for a stack that was not unwound is never used again.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::thread::Result as Caught;

use super::children::{Children, Payload};
use super::scoped::ScopedTask;
use crate::error::{JoinError, SpawnError, TimedOut};
use crate::greenlet::GreenletExit;
use crate::hub::EarlyEnd;
use crate::switch::{no_switch, parent};
use crate::task::{Builder, Task, unobserved};

/// A scope to spawn tasks into: see [`scope`].
///
/// It stays where it is, and so does whatever refers to it: not even another thread gets hold of it.
/// ```compile_fail,E0277
/// greenhub::scope(|s| {
///     std::thread::scope(|threads| {
///         threads.spawn(|| s.spawn(|| ()));
///     });
/// });
/// ```
pub struct Scope<'scope, 'env: 'scope> {
    pub(super) children: Children,
    /// It was made inside a `no_switch`.
    forbidden: bool,
    /// Invariance over 'scope, to make sure 'scope cannot shrink, which is necessary for soundness: as in
    /// [`std::thread::Scope`]. Without it, this would compile, although `text` is gone when the inner task runs:
    ///
    /// ```compile_fail,E0373
    /// greenhub::scope(|s| {
    ///     s.spawn(|| {
    ///         let text = String::from("short-lived");
    ///         s.spawn(|| println!("{text}"));
    ///     });
    /// });
    /// ```
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Runs `body`, which may spawn tasks that borrow what lives longer than this call, and returns when all of these have
/// ended: [`std::thread::scope`] for tasks.
///
/// The tasks run whenever the running greenlet waits, in `body` or at its end. `scope` returns what `body` returns, unless a task
/// has panicked that was not [joined](ScopedTask::join).
///
/// **Its ends.** However a scope ends, all its tasks have ended before the frame that they borrow from is left.
/// - If `body` panics, its tasks run to their end, and then the panic continues.
/// - If the running greenlet is killed or times out, in `body` or while it waits here for the tasks, they are killed; it waits,
///   shielded, until they have ended, and then the kill or the timeout continues. The same holds for any other end of that
///   wait: a payload thrown into the greenlet, or, in main, the report of a deadlock.
/// - Where that wait is impossible, because the greenlet is killed by [`Greenlet::kill`](crate::AnyGreenlet::kill) or by the
///   drop of its last handle, or closed as a part of a generator, the tasks are unwound on the spot.
///
/// Tasks that must not keep their spawner waiting belong into a [`Group`](crate::Group).
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Panics
/// With the panic of `body`, or of the first task that has panicked and was not joined: the others are reported as any task that
/// is not joined, and a killed one has not failed.
///
/// # Examples
/// ```
/// use greenhub::{scope, sleep};
/// use std::cell::Cell;
/// use std::time::Duration;
///
/// let text = String::from("so much depends upon");
/// let words = Cell::new(0);
/// let mut longest = "";
/// scope(|s| {
///     s.spawn(|| {
///         for word in text.split(' ') {
///             words.set(words.get() + 1);
///             sleep(Duration::from_millis(1)); // the other task runs
///         }
///     });
///     s.spawn(|| longest = text.split(' ').max_by_key(|word| word.len()).unwrap());
/// });
/// assert_eq!((words.get(), longest), (4, "depends"));
/// ```
///
/// # What does not compile
/// A task borrows only what outlives the whole call, so not what `body` itself owns:
/// ```compile_fail,E0597
/// greenhub::scope(|s| {
///     let text = String::from("gone at the end of the body");
///     let text = &text;
///     s.spawn(move || println!("{text}"));
/// });
/// ```
/// ```compile_fail,E0373
/// greenhub::scope(|s| {
///     let text = String::from("gone at the end of the body");
///     s.spawn(|| println!("{text}"));
/// });
/// ```
/// What a task borrows cannot go or change before it ends: it cannot be moved away,
/// ```compile_fail,E0505
/// let text = String::from("still borrowed");
/// greenhub::scope(|s| {
///     s.spawn(|| println!("{text}"));
///     drop(text);
/// });
/// ```
/// nor be changed by the body or by another task meanwhile:
/// ```compile_fail,E0506
/// let mut count = 0;
/// greenhub::scope(|s| {
///     s.spawn(|| println!("{count}"));
///     count += 1;
/// });
/// ```
/// ```compile_fail,E0499
/// let mut list = Vec::new();
/// greenhub::scope(|s| {
///     s.spawn(|| list.push(1));
///     s.spawn(|| list.push(2));
/// });
/// ```
/// Neither the scope nor a handle to one of its tasks leaves the body: not as what it returns,
/// ```compile_fail
/// let task = greenhub::scope(|s| s.spawn(|| 1));
/// task.join().unwrap();
/// ```
/// ```compile_fail
/// greenhub::scope(|s| s).spawn(|| 1);
/// ```
/// not through what was there before,
/// ```compile_fail,E0521
/// let mut kept = None;
/// greenhub::scope(|s| kept = Some(s.spawn(|| 1)));
/// ```
/// ```compile_fail,E0521
/// let kept = std::cell::Cell::new(None);
/// greenhub::scope(|s| kept.set(Some(s)));
/// ```
/// and not into a task that is no task of the scope, nor into a greenlet or a generator:
/// ```compile_fail,E0521
/// greenhub::scope(|s| {
///     greenhub::spawn(move || s.spawn(|| 1));
/// });
/// ```
/// ```compile_fail,E0521
/// greenhub::scope(|s| {
///     let task = s.spawn(|| 1);
///     let _greenlet: greenhub::Greenlet<(), ()> = greenhub::Greenlet::new(move |()| drop(task));
/// });
/// ```
/// ```compile_fail,E0521
/// greenhub::scope(|s| {
///     let _generator = greenhub::generator::Generator::new(move |y| y.yield_(drop(s)));
/// });
/// ```
/// What a task returns cannot carry a borrow of its own frame, and no borrow outlives what it borrows from:
/// ```compile_fail,E0515
/// greenhub::scope(|s| {
///     let text = s.spawn(|| String::from("the task's own").as_str());
///     println!("{}", text.join().unwrap());
/// });
/// ```
/// ```compile_fail,E0597
/// let mut kept = "";
/// {
///     let text = String::from("gone at the end of the block");
///     greenhub::scope(|s| {
///         s.spawn(|| kept = &text);
///     });
/// }
/// println!("{kept}");
/// ```
/// Without a scope a task cannot borrow at all:
/// ```compile_fail,E0373
/// let text = String::from("borrowed");
/// greenhub::spawn(|| println!("{text}")).join().unwrap();
/// ```
#[track_caller]
pub fn scope<'env, F, R>(body: F) -> R
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    let scope = Scope::new(Location::caller());
    let (caught, ended_by) = scope.run(|| body(&scope), |_| false);
    let mut failures = scope.children.take_failures();
    match (caught, ended_by) {
        (Ok(value), None) => match failures.next() {
            None => value,
            Some(first) => {
                parent::drop_quietly(value);
                failures.for_each(report);
                resume_unwind(first.into_panic())
            }
        },
        (Ok(value), Some(early_end)) => {
            parent::drop_quietly(value);
            failures.for_each(report);
            early_end.raise()
        }
        (Err(payload), later) => {
            parent::drop_quietly(later);
            failures.for_each(report);
            resume_unwind(payload)
        }
    }
}

/// A kill or a timeout, of whatever.
pub(super) fn is_interrupt(payload: &Payload) -> bool {
    GreenletExit::is_in(&**payload) || TimedOut::is_in(&**payload)
}

/// That task will not be joined any more.
pub(super) fn report(error: JoinError) {
    unobserved::report(&error);
    parent::drop_quietly(error);
}

/// While it lives, the frame that it lies in must not be left. It ends the process where that happens with tasks left.
struct AbortIfLeft<'a>(&'a Children);

impl Drop for AbortIfLeft<'_> {
    fn drop(&mut self) {
        self.0.give_up_first("the scope is left before its time");
    }
}

impl Scope<'_, '_> {
    pub(super) fn new(place: &'static Location<'static>) -> Self {
        Scope {
            children: Children::new(place),
            forbidden: no_switch::innermost().is_some(),
            scope: PhantomData,
            env: PhantomData,
        }
    }

    /// Runs `body`, and waits until all tasks have ended. They are killed before that, if `body` was killed or timed out, if
    /// `kills` says so of what has come of it, or if something else than their end ends that wait: then this is what it was.
    pub(super) fn run<R>(
        &self,
        body: impl FnOnce() -> R,
        kills: impl FnOnce(&Caught<R>) -> bool,
    ) -> (Caught<R>, Option<EarlyEnd>) {
        let locked = AbortIfLeft(&self.children);
        let caught = catch_unwind(AssertUnwindSafe(body));
        let interrupted = caught.as_ref().is_err_and(is_interrupt);
        let kills = kills(&caught) || interrupted;
        let ended_by = self.children.end(kills);
        drop(locked);
        (caught, ended_by)
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a task that may borrow what outlives the scope. It runs when the running greenlet waits, at the end of
    /// the scope at the latest.
    ///
    /// # Panics
    /// If there is no memory for its stack; [`Builder::spawn_scoped`] returns that as an error. And in a
    /// scope inside [`no_switch`](crate::greenlet::no_switch), which could not wait for the task.
    ///
    /// # Examples
    /// ```
    /// let mut numbers = [3, 1, 2];
    /// let largest = greenhub::scope(|s| {
    ///     let sorter = s.spawn(|| {
    ///         numbers.sort();
    ///         numbers[2]
    ///     });
    ///     sorter.join().unwrap()
    /// });
    /// assert_eq!((largest, numbers), (3, [1, 2, 3]));
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, body: F) -> ScopedTask<'scope, T>
    where
        F: FnOnce() -> T + 'scope,
        T: 'scope,
    {
        match Builder::new().spawn_scoped(self, body) {
            Ok(task) => task,
            Err(error) => panic!("no task could be spawned: {error}"),
        }
    }
}

impl Builder {
    /// Spawns the task into a scope, so that it may borrow: [`Scope::spawn`] with settings.
    ///
    /// # Errors
    /// [`SpawnError`] if there is no memory for its stack, or no hub can be made. The body is dropped.
    ///
    /// # Panics
    /// In a scope inside [`no_switch`](crate::greenlet::no_switch), which could not wait for the task.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{scope, task};
    ///
    /// let text = String::from("borrowed");
    /// scope(|s| {
    ///     let task = task::Builder::new().name("reader").spawn_scoped(s, || text.len())?;
    ///     assert_eq!(task.name(), Some("reader"));
    ///     assert_eq!(task.join().unwrap(), 8);
    ///     Ok::<(), greenhub::SpawnError>(())
    /// })?;
    /// # Ok::<(), greenhub::SpawnError>(())
    /// ```
    #[track_caller]
    pub fn spawn_scoped<'scope, F, T>(
        self,
        scope: &'scope Scope<'scope, '_>,
        body: F,
    ) -> Result<ScopedTask<'scope, T>, SpawnError>
    where
        F: FnOnce() -> T + 'scope,
        T: 'scope,
    {
        self.spawn_into(scope, Location::caller(), |_| {}, || Some(body()))
    }

    /// As [`spawn_scoped`](Builder::spawn_scoped), for the line that has asked for it, and for a body that may have no value: for a join
    /// the task was killed then. `enter` sees the task first, and must not run code of users.
    #[track_caller]
    pub(super) fn spawn_into<'scope, F, T>(
        self,
        scope: &'scope Scope<'scope, '_>,
        place: &'static Location<'static>,
        enter: impl FnOnce(&Task<()>),
        body: F,
    ) -> Result<ScopedTask<'scope, T>, SpawnError>
    where
        F: FnOnce() -> Option<T> + 'scope,
        T: 'scope,
    {
        if scope.forbidden {
            scope.refuse_inside_no_switch();
        }
        let children = &scope.children;
        let value = Rc::new(Cell::new(None));
        let body: Box<dyn FnOnce() + 'scope> = Box::new({
            let value = value.clone();
            // `value` goes in there, too: without a handle the task itself drops what was returned.
            move || children.run(move || value.set(body()))
        });
        // SAFETY: the invariant of this file: 'scope ends after the call of `scope`, which is not left before this
        // body was consumed or dropped. Until the task is made, the body is in frames above that call; then the task
        // is added, and no users' code runs in between.
        let body: Box<dyn FnOnce() + 'static> = unsafe { mem::transmute(body) };
        let task = self.spawn_at(place, body)?;
        enter(&task);
        let any = task.any();
        children.add(task);
        Ok(ScopedTask::new(any, value, children))
    }
}

impl Scope<'_, '_> {
    /// Panics if this is still inside the `no_switch` that the scope was made in: a generator may have left it.
    #[cold]
    #[track_caller]
    fn refuse_inside_no_switch(&self) {
        if let Some(forbids) = no_switch::innermost() {
            panic!(
                "no task can be spawned into the scope at {}, which could not wait for it: {}",
                self.children.place, forbids.why
            );
        }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("place", &format_args!("{}", self.children.place))
            .finish_non_exhaustive()
    }
}
