//! Unwinding a suspended greenlet that nobody can switch to any more, from its switch to its root.
//!
//! It is resumed with the order to unwind, and hands control back to whoever does this, not to its
//! parent. If it catches the order and waits again it is told again (see `permit.rs`), and after a
//! bounded number of times its stack is leaked: a stack may only be freed when it was unwound.

use std::ptr;

use super::chain;
use super::counted::AnyRef;
use super::engine::Next;
use super::permit::MOST_SWALLOWED;
use super::record::{Arrival, Core};
use super::state::State;
use super::tag::{Nothing, Tag};
use super::thread::{self, Me};

/// Unwinds `core`. Afterwards it is dead, or leaked.
///
/// # Safety
/// `core` is suspended, and the caller owns a counted pointer to it.
#[cold]
#[inline(never)]
pub(super) unsafe fn unwind(core: Next) {
    // SAFETY: the caller owns a pointer to it.
    let core = unsafe { core.as_ref() };
    // In a destructor of a thread-local an unwinding frame may look at another thread-local that is
    // gone; and without unwinding there is no way to run the destructors on that stack.
    if thread::is_exiting() || cfg!(panic = "abort") {
        leak(core);
        return;
    }
    let me = thread::current();
    let waiting = Waiting::of(me);
    core.rare().unwound_by.set(&raw const *me);
    thread::add_attention();
    loop {
        me.expects.set(Tag::of::<Nothing>());
        core.put_arrival(Arrival::Exit);
        thread::set_current(core.as_next());
        // SAFETY: `me` runs, `core` is suspended, and what it waits for has arrived.
        unsafe { chain::transfer(me, core.as_next()) };
        // Somebody may have ended into us meanwhile, who waits for nothing of the kind.
        drop(me.take_arrival());
        if core.state.get() == State::Dead {
            break;
        }
        let swallowed = &core.rare().swallowed;
        swallowed.set(swallowed.get() + 1);
        if swallowed.get() >= MOST_SWALLOWED {
            leak(core);
            break;
        }
    }
    thread::remove_attention();
    core.rare().unwound_by.set(ptr::null());
    waiting.put_back(me);
}

/// Gives a suspended greenlet up: it is never resumed again, and what it owns is never dropped.
fn leak(core: &Core) {
    core.expects.set(Tag::of::<Nothing>());
    core.state.set(State::Leaked);
    // SAFETY: it was suspended, and nobody resumes a greenlet in this state.
    unsafe { core.context.leak() };
}

/// Unwinds `core` in the middle of a transfer of `me`: it has just left the chain for `next`, and with
/// that nobody can switch to it any more.
///
/// # Safety
/// `core` is suspended and owns itself; `me` runs the transfer; `next` is on the chain.
#[cold]
#[inline(never)]
pub(super) unsafe fn unwind_between(core: Next, me: Me, next: Next) {
    thread::set_current(me.as_next());
    // SAFETY: it owns itself.
    let kept = unsafe { AnyRef::counted(core) };
    // SAFETY: suspended, and `kept` is a pointer to it. Only greenlets that are being unwound run
    // meanwhile, and they may switch to nobody, so `next` stays as it is.
    unsafe { unwind(core) };
    drop(kept);
    thread::set_current(next);
}

/// Ends a suspended greenlet without unwinding it.
///
/// # Safety
/// `core` is suspended, the frames on its stack own nothing, nothing points into them, and nobody switches to it
/// any more.
#[cfg(feature = "hub")]
pub(crate) unsafe fn end_without_unwinding(core: &AnyRef) {
    super::parent::close(core);
    // SAFETY: the caller's promise.
    unsafe { core.context.abandon() };
    // SAFETY: it was alive, so it owned itself, and it has ended.
    unsafe { super::counted::release_ended(core.as_next()) };
}

/// What a greenlet waits for, put aside while it unwinds another.
struct Waiting {
    slot: *mut u8,
    expects: &'static Tag,
    arrival: Option<Box<Arrival>>,
}

impl Waiting {
    fn of(me: Me) -> Waiting {
        Waiting {
            slot: me.slot.get(),
            expects: me.expects.get(),
            arrival: me.take_arrival(),
        }
    }

    fn put_back(self, me: Me) {
        let core: &Core = &me;
        core.slot.set(self.slot);
        core.expects.set(self.expects);
        if let Some(arrival) = self.arrival {
            core.put_arrival(*arrival);
        }
    }
}
