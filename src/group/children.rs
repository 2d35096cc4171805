//! The tasks of one scope: waiting until all have ended, and ending them where the scope itself is ended.
//!
//! ```text
//!   the body returned or panicked ----> wait for all ------> all have ended
//!                                          | the wait is ended: a kill, a timeout, a throw, a deadlock
//!   the body was killed or timed out ----->+
//!                                          v
//!                         shield:  kill all, wait for all -> all have ended; what has ended the wait is raised again
//!                                          | no wait is possible: a panic, no_switch, an unwinding, the hub's stack, no hub
//!                                          v
//!                         unwind them from here -----------> all have ended, and so on
//!                                          | one of them cannot be unwound from here
//!                                          v
//!                         the process ends, or the frames of the scope are left for good
//! ```
#![forbid(unsafe_code)]

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::thread::panicking;

use crate::error::JoinError;
use crate::greenlet::{AnyGreenlet, GreenletExit};
use crate::hub::{self, Deadline, EarlyEnd, WaitList, WaitRequest};
use crate::stderr;
use crate::switch::start::__rust_begin_short_backtrace;
use crate::switch::{GreenletState, describe_task, no_switch, parent, thread};
use crate::task::shield::Shield;
use crate::task::{AnyTask, Task};
use crate::waitable::Waitable;

/// So few tasks are not worth a look for those that have ended.
const FEW: usize = 16;

/// What has ended a body or a wait.
pub(super) type Payload = Box<dyn Any + Send>;

/// The tasks of one scope.
pub(super) struct Children {
    /// The line that has called `scope`.
    pub(super) place: &'static Location<'static>,
    /// In the order in which they were spawned, which is that of their ids. Some of them may have ended.
    ///
    /// # Invariant
    /// A task is taken out only when it [is over](Child::is_over).
    open: RefCell<VecDeque<Child>>,
    /// The number of tasks at which the ended ones are reaped.
    sweep_at: Cell<usize>,
    /// Those with ids up to this were killed.
    killed_up_to: Cell<u64>,
    /// Tasks with bodies that have panicked, not joined, with how many had panicked before.
    panicked: RefCell<BTreeMap<u64, u64>>,
    panics: Cell<u64>,
    /// The failures of reaped tasks, until they are joined.
    failures: RefCell<BTreeMap<u64, JoinError>>,
}

/// One task.
struct Child {
    any: AnyTask,
    /// Held so that its outcome is kept, until it is sorted out.
    task: Option<Task<()>>,
}

impl Child {
    /// Its body is gone, and whatever it had borrowed with it.
    ///
    /// A leaked task counts as ended for its joiners, but its frames are still there. They never run again, but others may use
    /// what they have lent: the tasks of a scope inside, or threads of [`std::thread::scope`].
    fn is_over(&self) -> bool {
        self.any.is_finished() && !is_leaked(&self.any)
    }
}

fn is_leaked(task: &AnyTask) -> bool {
    task.record().state() == GreenletState::Leaked
}

impl Children {
    pub(super) fn new(place: &'static Location<'static>) -> Children {
        Children {
            place,
            open: RefCell::new(VecDeque::new()),
            sweep_at: Cell::new(FEW),
            killed_up_to: Cell::new(0),
            panicked: RefCell::new(BTreeMap::new()),
            panics: Cell::new(0),
            failures: RefCell::new(BTreeMap::new()),
        }
    }

    /// Adds a task that was spawned last of all.
    pub(super) fn add(&self, task: Task<()>) {
        let mut ended = VecDeque::new();
        let mut open = self.open.borrow_mut();
        if open.len() >= self.sweep_at.get() {
            let rest;
            (ended, rest) = mem::take(&mut *open).into_iter().partition(Child::is_over);
            *open = rest;
            self.sweep_at.set(FEW.max(open.len() * 2));
        }
        let any = task.any();
        let task = Some(task);
        open.push_back(Child { any, task });
        drop(open);
        for child in ended {
            self.reap(child.task);
        }
    }

    /// All that were added are over.
    pub(super) fn are_over(&self) -> bool {
        self.first_open().is_none()
    }

    /// The first that is not over.
    fn first_open(&self) -> Option<AnyTask> {
        loop {
            let mut open = self.open.borrow_mut();
            let first = open.front()?;
            if !first.is_over() {
                return Some(first.any.clone());
            }
            let ended = open.pop_front();
            drop(open);
            self.reap(ended.and_then(|child| child.task));
        }
    }

    /// Keeps the failure of a task that is over, if it has one that matters.
    fn reap(&self, ended: Option<Task<()>>) {
        let Some(ended) = ended else {
            return; // it was sorted out before
        };
        let id = ended.id();
        if let Ok(Err(error)) = ended.try_join()
            && error.is_panic()
        {
            self.failures.borrow_mut().insert(id, error);
        }
    }

    /// Runs what a task of this scope consists of, and takes note of a panic.
    pub(super) fn run(&self, body: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| __rust_begin_short_backtrace(body)))
        {
            if !GreenletExit::is_in(&*payload) {
                let before = self.panics.replace(self.panics.get() + 1);
                let task = thread::current().id();
                self.panicked.borrow_mut().insert(task, before);
            }
            resume_unwind(payload);
        }
    }

    /// The panic of this ended task, if it was not joined.
    pub(super) fn take_failure(&self, task: u64) -> Option<JoinError> {
        let mut open = self.open.borrow_mut();
        let found = open.binary_search_by_key(&task, |child| child.any.id());
        let over = found.ok().filter(|&place| open[place].is_over());
        // The rest of it goes when others are taken out, too: one from the middle costs as much as many.
        let ended = over.and_then(|place| open[place].task.take());
        drop(open);
        self.reap(ended);
        self.panicked.borrow_mut().remove(&task);
        self.failures.borrow_mut().remove(&task)
    }

    /// The panics of tasks that were not joined, in their order. All tasks are over.
    pub(super) fn take_failures(&self) -> impl Iterator<Item = JoinError> + use<> {
        let panicked = self.panicked.take();
        // A task may fail without a panic of its body: by its locals, say. These come last.
        let rank = |task: &u64| panicked.get(task).copied().unwrap_or(u64::MAX);
        let mut failures: Vec<_> = self.failures.take().into_iter().collect();
        failures.sort_by_key(|(task, _)| rank(task));
        failures.into_iter().map(|(_, error)| error)
    }

    /// Waits until all have ended, and kills them if `interrupted` or if something else than their end ends this wait: then that
    /// is returned, to be raised again. All are over when this returns. It does not unwind: users' code runs inside catches only,
    /// and the process ends where a task cannot be ended.
    pub(super) fn end(&self, interrupted: bool) -> Option<EarlyEnd> {
        self.first_open()?;
        self.refuse_to_wait_for_myself();
        let mut ended_by = None;
        if !interrupted {
            let waited = catch_unwind(AssertUnwindSafe(|| self.wait_for_all()));
            ended_by = Some(match waited {
                Ok(Ok(())) => return None,
                Ok(Err(early_end)) => early_end,
                Err(payload) => EarlyEnd::Unwind(payload),
            });
        }
        let _shield = Shield::raise();
        while !self.are_over() {
            if !may_wait() {
                self.end_here();
                continue;
            }
            self.kill_new();
            if let Err(payload) = self.try_to_wait_for_first() {
                // The scope is on its way out already, with what came first.
                parent::drop_quietly(payload);
                if thread::current().parent().is_none() {
                    // In main only a deadlock ends a wait here: the tasks that are left ignore their kill.
                    self.end_here();
                }
            }
        }
        ended_by
    }

    fn wait_for_all(&self) -> Result<(), EarlyEnd> {
        while !self.are_over() {
            self.wait_for_first(|request, joiners| request.in_list_until_raised(joiners))
                .transpose()?;
        }
        Ok(())
    }

    /// Waits until the first that is not over has ended; not where the running greenlet must not be left.
    fn try_to_wait_for_first(&self) -> std::thread::Result<()> {
        catch_unwind(AssertUnwindSafe(|| {
            let _ = self.wait_for_first(|request, joiners| request.try_in_list(joiners));
        }))
    }

    /// Waits by `wait` until the first that is not over has ended. `None` if there is none.
    fn wait_for_first<R>(&self, wait: impl FnOnce(&mut WaitRequest, &WaitList) -> R) -> Option<R> {
        let first = self.first_open()?;
        if is_leaked(&first) {
            self.give_up(
                &first,
                "it has caught its kill time and again and was given up, but others may still use what it has lent them",
            );
        }
        let target = first.wait_target();
        let mut request = WaitRequest::at(self.place, "scope", target.reason, Deadline::NEVER);
        Some(wait(&mut request, target.point.waiters()))
    }

    /// Kills those that were not killed yet, but not the running one.
    pub(super) fn kill_new(&self) {
        let me = thread::current().id();
        loop {
            let killed = self.killed_up_to.get();
            let open = self.open.borrow();
            let new = open.iter().rev().map(|child| &child.any);
            let new = new.take_while(|task| task.id() > killed);
            let new: Vec<AnyTask> = new.cloned().collect();
            drop(open);
            let Some(newest) = new.first() else {
                return;
            };
            self.killed_up_to.set(newest.id());
            for task in new.iter().rev().filter(|task| task.id() != me) {
                // Where nothing can be unwound they run on, and the scope waits.
                let _ = task.try_kill();
            }
        }
    }

    /// Ends those that are left where nothing may wait for them: unwinds each from here.
    fn end_here(&self) {
        while self.unwind_some() {}
        let Some(left) = self.first_open() else {
            return;
        };
        if hub::current().is_none() {
            self.give_up(
                &left,
                "the hub has ended with its thread, the destructors of the thread run, and nothing is unwound any more",
            );
        }
        self.kill_new();
        if thread::current().unwinder().is_some()
            && let Err(payload) = self.try_to_wait_for_first()
        {
            // Unwound ourselves, from code of the task that is left, say. To wait is to be told so again, until
            // this greenlet is left here for good, and its frames with it.
            return parent::drop_quietly(payload);
        }
        self.give_up(&left, "it cannot be unwound from here");
    }

    /// Unwinds those that wait, and drops those that were not started. False if there were none.
    fn unwind_some(&self) -> bool {
        let open = self.open.borrow();
        let left: Vec<AnyTask> = open.iter().map(|child| child.any.clone()).collect();
        drop(open);
        let mut some = false;
        for task in left {
            some |= match task.record().state() {
                GreenletState::Declared | GreenletState::Unstarted => task.try_kill().is_ok(),
                GreenletState::Suspended => AnyGreenlet::from_ref(task.record().clone())
                    .try_kill()
                    .is_ok(),
                GreenletState::Active | GreenletState::Dead | GreenletState::Leaked => false,
            };
        }
        some
    }

    /// A generator's body may be in a scope, and continue in a task of that very scope.
    fn refuse_to_wait_for_myself(&self) {
        let me = thread::current().id();
        let open = self.open.borrow();
        let found = open.binary_search_by_key(&me, |child| child.any.id());
        if let Some(me) = found.ok().and_then(|place| open.get(place)) {
            self.give_up(&me.any, "it is the running one itself");
        }
    }

    /// Ends the process: the scope must not be left.
    pub(super) fn give_up_first(&self, why: &str) {
        if let Some(first) = self.first_open() {
            self.give_up(&first, why);
        }
    }

    #[cold]
    fn give_up(&self, task: &AnyTask, why: &str) -> ! {
        stderr::abort(format_args!(
            "the scope at {} cannot end while {} (spawned at {}) may use what it borrows: {why}",
            self.place,
            describe_task(task.record()),
            task.spawned_at(),
        ))
    }
}

/// The running greenlet may wait in the hub, and be woken there.
fn may_wait() -> bool {
    let me = thread::current();
    let is_another = |hub: hub::HubRef| hub.greenlet().as_ptr() != me.as_ptr();
    !panicking()
        && no_switch::innermost().is_none()
        && me.unwinder().is_none()
        && hub::current().is_some_and(is_another)
}
