//! The slots of a pool: how many jobs may run at a time, the queue of requests, and permits that jobs lend.
//!
//! ```text
//!   free -- take --> PermitKind::Own -- drop --> the first request in the queue, or free
//!
//!   a job that has a permit and needs another one requests it, and lends its own meanwhile:
//!
//!     request of the job [ lent: its permit ] <--- PermitKind::Borrowed (held by the borrower)
//!                                                  |
//!                             drop: the job gets its permit back, if it still waits
//! ```
//! A permit is in one place: free, held by a job or on its way to one, or lent. So there are never more running jobs than slots,
//! and a job that lends its own waits for nothing but the return of it, or for a free permit if that comes first.
//!
//! A kill, a timeout or a throw that ends this wait does not let the job continue without a permit:
//!
//! ```text
//!   the wait unwinds -> caught -> the permit is recalled: its borrower is killed, unless its caller lets it run
//!                              -> waits again, shielded, in its old place in the queue -> has it -> the unwinding continues
//! ```
//! A killed job that has lent the permit on does the same first, so permits come back from the innermost job out.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::dropping::drop_quietly;
use crate::error::TimedOut;
use crate::hub::{EarlyEnd, WaitList, WaitRequest};
use crate::switch::thread;
use crate::task::shield::Shield;
use crate::task::{AnyTask, State};

/// All slots of one pool.
pub(super) struct WorkerSlots {
    count: usize,
    free: Cell<usize>,
    /// The requests that wait for a permit, by their numbers: first come, first served.
    queue: RefCell<BTreeMap<u64, Rc<SlotRequest>>>,
    last_number: Cell<u64>,
}

/// The right to run. Dropping it hands it on.
pub(super) struct WorkerPermit(Option<PermitKind>);

enum PermitKind {
    Own(Rc<WorkerSlots>),
    /// Lent by a job that waits meanwhile.
    Borrowed(Rc<SlotRequest>),
}

/// A request for a permit, in the queue.
pub(super) struct SlotRequest {
    slots: Rc<WorkerSlots>,
    number: u64,
    /// It is in the queue, and was granted nothing yet.
    is_queued: Cell<bool>,
    granted: Cell<Option<WorkerPermit>>,
    lent: Cell<Option<WorkerPermit>>,
    /// The job that sits on the permit that was lent.
    borrower: Cell<Option<AnyTask>>,
    waiter: WaitList,
}

/// What becomes of the job on a lent permit when its lender is timed out of the wait. Whatever else ends that wait kills the job.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Recall {
    /// The borrower is killed.
    Kill,
    /// The borrower is killed if it has not begun, and runs to its end otherwise.
    KillUnbegun,
    /// The borrower runs to its end.
    LetRun,
}

/// A request of the running greenlet. Dropping it gives the request up, and hands on what it was granted.
pub(super) struct PendingRequest(Rc<SlotRequest>);

impl WorkerSlots {
    pub(super) fn new(count: usize) -> Rc<WorkerSlots> {
        Rc::new(WorkerSlots {
            count,
            free: Cell::new(count),
            queue: RefCell::new(BTreeMap::new()),
            last_number: Cell::new(0),
        })
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn free(&self) -> usize {
        self.free.get()
    }

    /// A free permit. While a request waits for one there is none.
    pub(super) fn take(self: &Rc<WorkerSlots>) -> Option<WorkerPermit> {
        let left = self.free.get().checked_sub(1)?;
        self.free.set(left);
        Some(WorkerPermit::own(self))
    }

    /// Stands in the queue from now on; and lends `permit` meanwhile.
    pub(super) fn request(self: &Rc<WorkerSlots>, lent: Option<WorkerPermit>) -> PendingRequest {
        let number = self.last_number.get() + 1;
        self.last_number.set(number);
        let request = Rc::new(SlotRequest {
            slots: self.clone(),
            number,
            is_queued: Cell::new(false),
            granted: Cell::new(None),
            lent: Cell::new(lent),
            borrower: Cell::new(None),
            waiter: WaitList::new(),
        });
        request.enter_queue();
        PendingRequest(request)
    }

    fn give_back(self: &Rc<WorkerSlots>) {
        let queue = self.queue.borrow();
        let first = queue.first_key_value().map(|(_, request)| request.clone());
        drop(queue);
        match first {
            Some(first) => first.grant(WorkerPermit::own(self)),
            None => self.free.set(self.free.get() + 1),
        }
    }
}

impl WorkerPermit {
    fn own(slots: &Rc<WorkerSlots>) -> WorkerPermit {
        WorkerPermit(Some(PermitKind::Own(slots.clone())))
    }

    /// This job sits on it from now on.
    pub(super) fn is_taken_by(&self, job: &AnyTask) {
        if let Some(PermitKind::Borrowed(request)) = &self.0 {
            request.borrower.set(Some(job.clone()));
        }
    }
}

impl Drop for WorkerPermit {
    fn drop(&mut self) {
        // In a loop: jobs may be nested deep, and the lender of this permit may have borrowed it, and so on.
        let mut next = self.0.take();
        while let Some(kind) = next {
            next = match kind {
                PermitKind::Own(slots) => {
                    slots.give_back();
                    None
                }
                PermitKind::Borrowed(request) => request.give_back(),
            };
        }
    }
}

impl SlotRequest {
    /// Gives it a permit, if it is still queued; otherwise the permit goes to others.
    pub(super) fn grant(&self, permit: WorkerPermit) {
        if self.leave_queue() {
            self.granted.set(Some(permit));
            if !self.waiter.is_empty() {
                self.waiter.wake_all();
            }
        }
    }

    /// Takes back a permit that it was granted and that no job uses yet: it is queued again, in its old place.
    fn take_back(self: &Rc<SlotRequest>) -> Option<WorkerPermit> {
        let permit = self.granted.take()?;
        self.enter_queue();
        Some(permit)
    }

    /// It waits for a permit.
    pub(super) fn is_queued(&self) -> bool {
        self.is_queued.get()
    }

    /// The borrower of its permit has ended. If the request is not queued any more, the permit is returned, to go to others.
    fn give_back(&self) -> Option<PermitKind> {
        drop(self.borrower.take());
        let mut permit = self.lent.take()?;
        if !self.is_queued() {
            return permit.0.take();
        }
        self.grant(permit);
        None
    }

    fn enter_queue(self: &Rc<SlotRequest>) {
        self.is_queued.set(true);
        let mut queue = self.slots.queue.borrow_mut();
        let before = queue.insert(self.number, self.clone());
        debug_assert!(before.is_none(), "each has its own number");
    }

    fn leave_queue(&self) -> bool {
        let stood = self.is_queued.replace(false);
        if stood {
            let request = self.slots.queue.borrow_mut().remove(&self.number);
            drop(request);
        }
        stood
    }
}

impl PendingRequest {
    /// For jobs that may grant it a permit out of turn.
    pub(super) fn share(&self) -> Rc<SlotRequest> {
        self.0.clone()
    }

    /// The permit that was lent with this request, for another job, until that drops it.
    pub(super) fn lend(&self) -> WorkerPermit {
        WorkerPermit(Some(PermitKind::Borrowed(self.0.clone())))
    }

    /// Waits until it is granted a permit.
    #[track_caller]
    pub(super) fn wait(&self, wait: &mut WaitRequest) -> WorkerPermit {
        match self.wait_until_raised(wait) {
            Ok(permit) => permit,
            Err(early_end) => early_end.raise(),
        }
    }

    fn wait_until_raised(&self, wait: &mut WaitRequest) -> Result<WorkerPermit, EarlyEnd> {
        loop {
            if let Some(permit) = self.0.granted.take() {
                return Ok(permit);
            }
            wait.in_list_until_raised(&self.0.waiter)?;
        }
    }

    /// As `wait`, for a job that has lent its permit, to `request` if that was queued for it. The permit goes to `give_back_to` also
    /// where the wait is ended early, before that end continues.
    #[track_caller]
    pub(super) fn wait_on_loan(
        self,
        request: Option<&Rc<SlotRequest>>,
        recall: Recall,
        wait: &mut WaitRequest,
        give_back_to: impl FnOnce(WorkerPermit),
    ) {
        let early_end = match self.wait_until_raised(wait) {
            Ok(permit) => return give_back_to(permit),
            Err(early_end) => early_end,
        };
        let shield = Shield::raise();
        drop(request.and_then(SlotRequest::take_back));
        let recall = match &early_end {
            EarlyEnd::Unwind(payload) if TimedOut::is_in(&**payload) => recall,
            _ => Recall::Kill,
        };
        if let Some(borrower) = self.0.borrower.take()
            && (recall == Recall::Kill
                || recall == Recall::KillUnbegun && borrower.state() == State::Pending)
        {
            // Where nothing can be unwound it runs to its end.
            let _ = borrower.try_kill();
        }
        if let Some(permit) = self.wait_in_shield(wait) {
            give_back_to(permit);
        }
        drop(shield);
        drop(self);
        early_end.raise()
    }

    /// `None` where the running greenlet may not wait: it is unwound on the spot, say.
    fn wait_in_shield(&self, wait: &mut WaitRequest) -> Option<WorkerPermit> {
        loop {
            if let Some(permit) = self.0.granted.take() {
                return Some(permit);
            }
            if thread::current().unwinder().is_some() {
                return None;
            }
            let wait = || wait.try_in_list(&self.0.waiter);
            match catch_unwind(AssertUnwindSafe(wait)) {
                Ok(Ok(_)) => {}
                Ok(Err(_)) => return None,
                // Thrown in. The call is on its way out already, with what came first.
                Err(later) => drop_quietly(later),
            }
        }
    }
}

impl Drop for PendingRequest {
    fn drop(&mut self) {
        self.0.leave_queue();
        drop(self.0.granted.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_is_in_one_place_at_a_time() {
        let slots = WorkerSlots::new(2);
        let first = slots.take().unwrap();
        let second = slots.take().unwrap();
        assert!(slots.take().is_none());
        drop(first);
        assert_eq!(slots.free(), 1);
        drop(second);
        assert_eq!((slots.free(), slots.count()), (2, 2));
    }

    #[test]
    fn a_permit_goes_to_the_first_in_the_queue_and_on_if_that_one_has_left() {
        let slots = WorkerSlots::new(1);
        let permit = slots.take().unwrap();
        let (first, second) = (slots.request(None), slots.request(None));
        drop(permit);
        assert!(!first.0.is_queued() && second.0.is_queued());
        assert_eq!(slots.free(), 0);
        drop(first);
        assert!(!second.0.is_queued());
        drop(second);
        assert_eq!(slots.free(), 1);
    }

    #[test]
    fn a_lent_permit_comes_back_to_its_lender_or_goes_to_others() {
        let slots = WorkerSlots::new(1);
        let own = slots.take();
        let lender = slots.request(own);
        let other = slots.request(None);
        let borrowed = lender.lend();
        drop(borrowed);
        let back = lender.0.granted.take().unwrap();
        assert!(other.0.is_queued());
        let lender = slots.request(Some(back));
        let borrowed = lender.lend();
        drop(lender);
        assert!(other.0.is_queued(), "its permit is in use");
        drop(borrowed);
        assert!(!other.0.is_queued());
        drop(other);
        assert_eq!(slots.free(), 1);
    }
}
