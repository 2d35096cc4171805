//! The members of a group: each task from its spawn to its end.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::slots::WorkerPermit;
use crate::hub::Deadline;
use crate::switch::thread;
use crate::task::{AnyTask, Task};
use crate::waitable::wait_for;

/// The tasks of a group that have not ended, by their ids: in the order in which they were spawned.
#[derive(Default)]
pub(super) struct Members {
    tasks: RefCell<BTreeMap<u64, Member>>,
    /// How many tasks have become members so far.
    entered: Cell<u64>,
}

struct Member {
    task: AnyTask,
    /// What a job of a pool sits on, unless it has lent it.
    permit: Option<WorkerPermit>,
}

impl Members {
    /// `task` is a member until it has ended, and gives its permit up then.
    pub(super) fn enter<T: 'static>(
        self: &Rc<Members>,
        task: &Task<T>,
        permit: Option<WorkerPermit>,
    ) {
        if task.is_finished() {
            return;
        }
        let any = task.any();
        if let Some(permit) = &permit {
            permit.is_taken_by(&any);
        }
        let member = Member { task: any, permit };
        let before = self.tasks.borrow_mut().insert(task.id(), member);
        drop(before);
        self.entered.set(self.entered.get() + 1);
        let members = self.clone();
        let _ = task.on_done(move |task| members.leave(task.id()));
    }

    fn leave(&self, task: u64) {
        let member = self.tasks.borrow_mut().remove(&task);
        drop(member);
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.borrow().len()
    }

    pub(super) fn contains(&self, task: &AnyTask) -> bool {
        self.tasks.borrow().contains_key(&task.id())
    }

    pub(super) fn tasks(&self) -> Vec<AnyTask> {
        let tasks = self.tasks.borrow();
        tasks.values().map(|member| member.task.clone()).collect()
    }

    /// The running greenlet is a member that has a permit.
    pub(super) fn has_own_permit(&self) -> bool {
        let me = thread::current().id();
        let tasks = self.tasks.borrow();
        tasks.get(&me).is_some_and(|member| member.permit.is_some())
    }

    /// The permit that the running greenlet sits on, to be lent.
    pub(super) fn take_own_permit(&self) -> Option<WorkerPermit> {
        let me = thread::current().id();
        self.tasks.borrow_mut().get_mut(&me)?.permit.take()
    }

    /// Gives the running greenlet, which is a member, a permit.
    pub(super) fn return_permit(&self, permit: WorkerPermit) {
        let me = thread::current().id();
        let mut tasks = self.tasks.borrow_mut();
        let left = match tasks.get_mut(&me) {
            Some(member) => member.permit.replace(permit),
            None => Some(permit),
        };
        drop(tasks);
        drop(left);
    }

    /// The first that is not the running greenlet.
    fn first_other(&self) -> Option<AnyTask> {
        let me = thread::current().id();
        let tasks = self.tasks.borrow();
        let mut others = tasks.values().filter(|member| member.task.id() != me);
        others.next().map(|member| member.task.clone())
    }

    /// Waits until there is no member but the running greenlet, if that is one. False if the clock has reached
    /// `deadline` before.
    #[track_caller]
    pub(super) fn join(&self, deadline: Deadline) -> bool {
        while let Some(other) = self.first_other() {
            if !wait_for(&other, "join", deadline) {
                return self.first_other().is_none();
            }
        }
        true
    }

    /// Kills all, also those that come meanwhile, each once; waits until they have ended, and then unwinds the running
    /// greenlet, if that is a member. False if the clock has reached `deadline` before.
    #[track_caller]
    pub(super) fn kill(&self, deadline: Deadline) -> bool {
        let (mut killed, mut seen) = (BTreeSet::new(), None);
        loop {
            // Not for each that has ended: there may be many.
            if seen != Some(self.entered.get()) {
                self.kill_others(&mut killed);
                seen = Some(self.entered.get());
            }
            let Some(other) = self.first_other() else {
                break;
            };
            if !wait_for(&other, "kill", deadline) && self.first_other().is_some() {
                return false;
            }
        }
        self.kill_myself();
        true
    }

    /// Kills all, and waits for none.
    #[track_caller]
    pub(super) fn kill_nowait(&self) {
        self.kill_others(&mut BTreeSet::new());
        self.kill_myself();
    }

    /// Kills those that are not in `killed`, and puts them there.
    #[track_caller]
    fn kill_others(&self, killed: &mut BTreeSet<u64>) {
        loop {
            let me = thread::current().id();
            let mut new = self.tasks();
            new.retain(|task| task.id() != me && killed.insert(task.id()));
            if new.is_empty() {
                return;
            }
            for task in new {
                task.kill_nowait();
            }
        }
    }

    #[track_caller]
    fn kill_myself(&self) {
        let me = thread::current().id();
        let tasks = self.tasks.borrow();
        let own = tasks.get(&me).map(|member| member.task.clone());
        drop(tasks);
        if let Some(own) = own {
            own.kill_nowait();
        }
    }
}
