//! What is pending for a greenlet: its kill, its timeouts and its failed scopes, which end its waits. Pure: it wakes no greenlet.
//!
//! ```text
//!   own stack                              generator's stack       inner generator's stack
//!   timeout 3  timeout 5 | shield |   ->   timeout 8        ->     | shield |  timeout 4      innermost
//!                                          held off by the inner shield        delivered
//! ```
//! A [`Layer`] has the shields and timeouts of one stack. A greenlet has its own layer, and those of the generators that it has
//! resumed, while they run: a generator that yields takes its layer along.
//! A kill comes before every timeout, and an outer timeout before an inner one. Each stays, and is delivered at each wait: a kill
//! until the greenlet has ended, the timeout of a block until the block is left. That of a handle is delivered once.
#![forbid(unsafe_code)]

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// What ends a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupt {
    Kill,
    /// The timeout with this id has expired.
    Timeout(u64),
    /// A task of the scope with this id has failed.
    ScopeFailure(u64),
}

/// What a block is ended by, and for how long that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockEnd {
    /// A timeout, at one wait.
    TimeoutOnce,
    /// A timeout, at each wait of its block.
    Timeout,
    /// The failure of a task, at each wait of its scope's body.
    ScopeFailure,
}

impl BlockEnd {
    fn interrupt(self, id: u64) -> Interrupt {
        match self {
            BlockEnd::TimeoutOnce | BlockEnd::Timeout => Interrupt::Timeout(id),
            BlockEnd::ScopeFailure => Interrupt::ScopeFailure(id),
        }
    }
}

/// The shields and the ended blocks that lie on one stack, by their ids: the outermost have the lowest.
pub(crate) struct Layer {
    /// Each holds off timeouts with lower ids, all that lies on stacks further out, and the kill.
    shields: RefCell<Vec<u64>>,
    /// What is due until it is taken or its block is left.
    ended: RefCell<BTreeMap<u64, BlockEnd>>,
}

/// What is pending for one greenlet.
pub(crate) struct Interrupts {
    killed: Cell<bool>,
    /// What lies on its own stack.
    own: Layer,
    /// What lies on the stacks of the generators that run in it: the innermost last.
    generators: RefCell<Vec<Rc<Layer>>>,
    /// Timeouts that were started before this id do not expire any more: its body is over.
    ended: Cell<u64>,
    /// An interrupt that has ended a wait, and was not raised yet.
    delivering: Cell<Option<Interrupt>>,
    /// How often it was killed again.
    swallowed: Cell<u32>,
    /// Its thread was told to look closer before each switch.
    pub(crate) noticed: Cell<bool>,
    /// Each payload of an interrupt that unwinds it has a clone, and so has one that was caught and not dropped.
    payloads: OnceCell<Arc<()>>,
}

impl Layer {
    pub(crate) const fn new() -> Layer {
        Layer {
            shields: RefCell::new(Vec::new()),
            ended: RefCell::new(BTreeMap::new()),
        }
    }

    /// Raises a shield with this id, which is higher than that of every timeout that was started before.
    pub(crate) fn shield(&self, id: u64) {
        self.shields.borrow_mut().push(id);
    }

    pub(crate) fn unshield(&self, id: u64) {
        let mut shields = self.shields.borrow_mut();
        if let Some(place) = shields.iter().rposition(|&other| other == id) {
            shields.remove(place);
        }
    }

    /// The block with this id is to end.
    pub(crate) fn expire(&self, id: u64, end: BlockEnd) {
        self.ended.borrow_mut().insert(id, end);
    }

    /// The end of the block with this id is not delivered any more, unless it has ended a wait already. False if it was not there.
    pub(crate) fn stop(&self, id: u64) -> bool {
        self.ended.borrow_mut().remove(&id).is_some()
    }

    /// The end of the block with this id is delivered.
    fn take(&self, id: u64) {
        let mut ended = self.ended.borrow_mut();
        if ended.get(&id) == Some(&BlockEnd::TimeoutOnce) {
            ended.remove(&id);
        }
    }

    fn innermost_shield(&self) -> Option<u64> {
        self.shields.borrow().last().copied()
    }

    /// The end of the outermost block that was begun since `first`.
    fn first_ended(&self, first: u64) -> Option<Interrupt> {
        let ended = self.ended.borrow();
        let (id, end) = ended.range(first..).next()?;
        Some(end.interrupt(*id))
    }

    fn has_ended(&self) -> bool {
        !self.ended.borrow().is_empty()
    }
}

impl Interrupts {
    pub(crate) const fn new() -> Interrupts {
        Interrupts {
            killed: Cell::new(false),
            own: Layer::new(),
            generators: RefCell::new(Vec::new()),
            ended: Cell::new(0),
            delivering: Cell::new(None),
            swallowed: Cell::new(0),
            noticed: Cell::new(false),
            payloads: OnceCell::new(),
        }
    }

    /// What lies on its own stack.
    pub(crate) fn own(&self) -> &Layer {
        &self.own
    }

    /// A generator runs in it from now on, with what lies on its stack: it is the innermost.
    pub(crate) fn enter(&self, layer: &Rc<Layer>) {
        self.generators.borrow_mut().push(layer.clone());
    }

    /// A generator does not run in it any more.
    pub(crate) fn leave(&self, layer: &Rc<Layer>) {
        let mut generators = self.generators.borrow_mut();
        let place = generators
            .iter()
            .rposition(|other| Rc::ptr_eq(other, layer));
        if let Some(place) = place {
            generators.remove(place);
        }
    }

    /// For the payload of an interrupt that unwinds it from now on, which keeps it for as long as it lives.
    pub(crate) fn begin_unwinding(&self) -> Arc<()> {
        self.payloads.get_or_init(Arc::default).clone()
    }

    /// An interrupt unwinds it, or was caught and may be raised again: its payload is there.
    pub(crate) fn are_unwinding(&self) -> bool {
        let payloads = self.payloads.get();
        payloads.is_some_and(|payloads| Arc::strong_count(payloads) > 1)
    }

    pub(crate) fn kill(&self) {
        self.killed.set(true);
    }

    /// Counts a kill that was delivered before. How often that was.
    pub(crate) fn kill_again(&self) -> u32 {
        self.swallowed.set(self.swallowed.get() + 1);
        self.swallowed.get()
    }

    /// A block of its own stack is to end, which was begun last at `started`. Nothing comes of it if the body has ended since.
    pub(crate) fn expire(&self, id: u64, started: u64, end: BlockEnd) {
        if started >= self.ended.get() {
            self.own.expire(id, end);
        }
    }

    /// What shall be delivered now.
    pub(crate) fn due(&self) -> Option<Interrupt> {
        let mut outermost = None;
        let generators = self.generators.borrow();
        let layers = generators.iter().map(|layer| &**layer).rev();
        for layer in layers.chain([&self.own]) {
            let shield = layer.innermost_shield();
            outermost = layer.first_ended(shield.unwrap_or(0)).or(outermost);
            if shield.is_some() {
                return outermost;
            }
        }
        if self.killed.get() {
            return Some(Interrupt::Kill);
        }
        outermost
    }

    /// What shall be delivered now, to be delivered.
    pub(crate) fn take(&self) -> Option<Interrupt> {
        let due = self.due()?;
        if let Interrupt::Timeout(id) = due {
            self.own.take(id);
            self.generators
                .borrow()
                .iter()
                .for_each(|layer| layer.take(id));
        }
        Some(due)
    }

    /// Something is due now or when a shield ends.
    pub(crate) fn is_pending(&self) -> bool {
        let generators = || self.generators.borrow();
        self.killed.get()
            || self.own.has_ended()
            || generators().iter().any(|layer| layer.has_ended())
    }

    /// An interrupt has ended a wait: from now on it cannot be withdrawn.
    pub(crate) fn deliver(&self, interrupt: Interrupt) {
        self.delivering.set(Some(interrupt));
    }

    /// What is delivered where a wait was ended by an interrupt: the first that is due by now.
    pub(crate) fn take_delivered(&self) -> Option<Interrupt> {
        let delivering = self.delivering.take();
        self.take().or(delivering)
    }

    /// Something else has come to the greenlet first: what has ended its wait is due again at its next one.
    pub(crate) fn put_off(&self) {
        self.delivering.set(None);
    }

    /// The greenlet has ended, or as good as that: nothing is pending any more, nor will be of the timeouts that were
    /// started before the id `now`.
    pub(crate) fn clear(&self, now: u64) {
        self.killed.set(false);
        self.delivering.set(None);
        self.ended.set(now);
        self.own.ended.borrow_mut().clear();
        self.generators.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_comes_first_and_stays_and_outer_timeouts_come_before_inner_ones() {
        let interrupts = Interrupts::new();
        interrupts.expire(3, 3, BlockEnd::TimeoutOnce);
        interrupts.expire(1, 1, BlockEnd::TimeoutOnce);
        interrupts.kill();
        assert_eq!(interrupts.take(), Some(Interrupt::Kill));
        assert_eq!(interrupts.take(), Some(Interrupt::Kill));
        interrupts.own().shield(0);
        assert_eq!(interrupts.take(), Some(Interrupt::Timeout(1)));
        assert_eq!(interrupts.take(), Some(Interrupt::Timeout(3)));
        assert_eq!(interrupts.take(), None);
        assert!(interrupts.is_pending(), "the kill is");
    }

    #[test]
    fn a_shield_holds_off_what_was_started_outside() {
        let interrupts = Interrupts::new();
        interrupts.own().shield(2);
        interrupts.expire(1, 1, BlockEnd::TimeoutOnce);
        assert_eq!(interrupts.take(), None);
        interrupts.expire(2, 2, BlockEnd::TimeoutOnce);
        assert_eq!(interrupts.take(), Some(Interrupt::Timeout(2)));
        interrupts.own().unshield(2);
        assert_eq!(interrupts.take(), Some(Interrupt::Timeout(1)));
        assert!(!interrupts.is_pending());
    }

    #[test]
    fn a_shield_on_an_inner_stack_holds_off_what_lies_further_out() {
        let interrupts = Interrupts::new();
        let (outer, inner) = (Rc::new(Layer::new()), Rc::new(Layer::new()));
        inner.shield(1);
        interrupts.enter(&outer);
        interrupts.enter(&inner);
        interrupts.kill();
        interrupts.expire(5, 5, BlockEnd::TimeoutOnce);
        outer.expire(6, BlockEnd::TimeoutOnce);
        assert_eq!(interrupts.due(), None);
        inner.expire(2, BlockEnd::TimeoutOnce);
        assert_eq!(interrupts.take(), Some(Interrupt::Timeout(2)));
        interrupts.leave(&inner);
        assert_eq!(interrupts.take(), Some(Interrupt::Kill));
        interrupts.clear(7);
        assert!(!interrupts.is_pending());
    }

    #[test]
    fn of_two_stacks_the_outer_ones_timeout_comes_first() {
        let interrupts = Interrupts::new();
        let inner = Rc::new(Layer::new());
        inner.expire(1, BlockEnd::TimeoutOnce);
        interrupts.enter(&inner);
        interrupts.expire(2, 2, BlockEnd::TimeoutOnce);
        assert_eq!(interrupts.take(), Some(Interrupt::Timeout(2)));
        assert_eq!(interrupts.take(), Some(Interrupt::Timeout(1)));
    }

    #[test]
    fn a_timeout_of_a_body_that_is_over_does_not_expire() {
        let interrupts = Interrupts::new();
        interrupts.clear(5);
        interrupts.expire(3, 3, BlockEnd::TimeoutOnce);
        assert!(!interrupts.is_pending());
        interrupts.expire(3, 6, BlockEnd::TimeoutOnce);
        assert_eq!(
            interrupts.take(),
            Some(Interrupt::Timeout(3)),
            "started anew"
        );
    }

    #[test]
    fn it_unwinds_for_as_long_as_a_payload_is_there() {
        let interrupts = Interrupts::new();
        assert!(!interrupts.are_unwinding());
        let (kill, timeout) = (interrupts.begin_unwinding(), interrupts.begin_unwinding());
        drop(timeout);
        assert!(interrupts.are_unwinding(), "the kill is");
        drop(kill);
        assert!(!interrupts.are_unwinding());
    }

    #[test]
    fn the_end_of_a_block_is_due_until_the_block_is_left() {
        let interrupts = Interrupts::new();
        interrupts.expire(2, 2, BlockEnd::Timeout);
        interrupts.expire(1, 1, BlockEnd::ScopeFailure);
        interrupts.expire(3, 3, BlockEnd::TimeoutOnce);
        for _ in 0..3 {
            assert_eq!(interrupts.take(), Some(Interrupt::ScopeFailure(1)));
        }
        assert!(interrupts.own().stop(1));
        for _ in 0..3 {
            assert_eq!(interrupts.take(), Some(Interrupt::Timeout(2)));
        }
        assert!(interrupts.own().stop(2));
        assert_eq!(interrupts.take(), Some(Interrupt::Timeout(3)));
        assert!(!interrupts.is_pending());
    }

    #[test]
    fn a_timeout_that_was_stopped_is_not_delivered() {
        let interrupts = Interrupts::new();
        interrupts.expire(1, 1, BlockEnd::TimeoutOnce);
        assert!(interrupts.own().stop(1));
        assert!(!interrupts.is_pending());
        assert_eq!(interrupts.take(), None);
    }
}
