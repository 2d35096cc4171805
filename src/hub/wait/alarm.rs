//! What a timer does at its time: it ends one wait, or it lets an alarm expire. An alarm ends all waits for it, interrupts a
//! greenlet, or calls back.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::rc::{Rc, Weak};

use crate::hub::wait::waker::{WaitList, Waker};
use crate::interrupts::BlockEnd;
use crate::switch::counted::AnyRef;
use crate::switch::generator_stack::StackOwner;
use crate::switch::thread;

/// What a timer is set for.
pub(crate) enum TimerAction {
    /// The deadline of one wait: that of this greenlet, with this ticket.
    Wake {
        greenlet: AnyRef,
        ticket: u64,
    },
    Expire(Rc<Alarm>),
}

// There is one for each sleeping greenlet.
const _: () = assert!(size_of::<TimerAction>() == 2 * size_of::<usize>());

/// A moment, as its timer and its owner both know it.
pub(crate) struct Alarm {
    /// Which block it ends, if it ends one.
    block: Option<Block>,
    /// The waits for it.
    pub(in crate::hub) waiters: WaitList,
    expired: Cell<bool>,
    /// What else is done then, if it is still there.
    on_expiry: Option<Weak<dyn OnExpiry>>,
}

/// Something that the hub does when its time has come, on its own stack: so it must not wait, nor run code of users'.
pub(crate) trait OnExpiry {
    fn on_expiry(&self);
}

/// What an alarm knows of the block that it ends.
struct Block {
    home: StackOwner,
    id: u64,
    end: BlockEnd,
    /// When it was set last, as an id.
    started: Cell<u64>,
}

impl TimerAction {
    /// The deadline of the wait that `waiter` can end, which is one greenlet's.
    #[inline(always)]
    pub(in crate::hub) fn wake(waiter: Waker) -> TimerAction {
        match waiter {
            Waker::Greenlet { greenlet, ticket } => TimerAction::Wake { greenlet, ticket },
            Waker::Among(_) => unreachable!("who collects has a wait for that"),
        }
    }
}

impl Alarm {
    /// An alarm that interrupts no greenlet.
    pub(crate) fn new() -> Alarm {
        Alarm {
            block: None,
            waiters: WaitList::new(),
            expired: Cell::new(false),
            on_expiry: None,
        }
    }

    /// One that calls `call`.
    pub(crate) fn of_callback(call: Weak<dyn OnExpiry>) -> Alarm {
        Alarm {
            on_expiry: Some(call),
            ..Alarm::new()
        }
    }

    /// One that ends the block with this id, which lies on the stack `home`.
    pub(crate) fn of_block(home: StackOwner, id: u64, end: BlockEnd) -> Alarm {
        let started = Cell::new(id);
        let block = Block {
            home,
            id,
            end,
            started,
        };
        Alarm {
            block: Some(block),
            ..Alarm::new()
        }
    }

    /// To be done when its time has come.
    pub(crate) fn run_callback(&self) {
        if let Some(call) = self.on_expiry.as_ref().and_then(Weak::upgrade) {
            call.on_expiry();
        }
    }

    /// It is set from now on.
    pub(in crate::hub) fn set(&self) {
        self.expired.set(false);
        if let Some(block) = &self.block {
            block.started.set(thread::next_id());
        }
    }

    /// Its time has come. If it ends a block: which greenlet this may interrupt.
    pub(in crate::hub) fn expire(&self) -> Option<AnyRef> {
        self.expired.set(true);
        let block = self.block.as_ref()?;
        let (id, started) = (block.id, block.started.get());
        block.home.expire(id, started, block.end);
        block.home.greenlet()
    }

    /// The end of its block is not delivered any more, unless it has ended a wait already.
    pub(crate) fn stop(&self) {
        if let Some(block) = &self.block {
            block.home.stop(block.id);
        }
    }

    /// Its time has come, since it was set last.
    pub(crate) fn has_expired(&self) -> bool {
        self.expired.get()
    }

    /// The waits for it.
    pub(crate) fn waiters(&self) -> &WaitList {
        &self.waiters
    }
}
