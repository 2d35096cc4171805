//! Unwinding a greenlet from outside, from where it waits to its root: because nobody can switch to it any more, or
//! because somebody kills it.
//!
//! It is given control with the order to unwind, and hands control back to whoever does this, not to its
//! parent. If it catches the order and waits again it is told again (see `permit.rs`), and after a
//! bounded number of times its stack is leaked: a stack may only be freed when it was unwound.

use std::ptr;

use super::chain;
use super::counted::AnyRef;
use super::engine::CorePtr;
use super::handover;
#[cfg(feature = "hub")]
use super::interrupt;
use super::parent;
use super::record::{Arrival, Core};
use super::state::State;
use super::switch_guard::{self, MOST_SWALLOWED};
use super::tag::{Nothing, Tag};
use super::thread::{self, Me};
use super::trace::{self, Event, Note};
use crate::error::{KillError, WaitRefused};

/// Ends `core`, which is not the running greenlet. Afterwards it is dead, or leaked.
///
/// # Errors
/// [`KillError`] if that cannot be done now: then it is as it was.
///
/// # Panics
/// With what the destructors of a body panic with that never ran.
pub(super) fn kill(core: &AnyRef) -> Result<(), KillError> {
    if core.is_hub() {
        return Err(KillError::Hub);
    }
    match core.state() {
        State::Dead | State::Leaked => Ok(()),
        State::Declared | State::Unstarted => {
            parent::cancel(core).map_err(|panic| std::panic::resume_unwind(panic))
        }
        _ if core.parent().is_none() => Err(KillError::Main),
        _ if core.is_killing() => Err(KillError::Killing),
        _ if cfg!(panic = "abort") => Err(KillError::Unsupported),
        State::Active => kill_below(core),
        State::Suspended => {
            // SAFETY: suspended, and `core` is a counted pointer to it.
            unsafe { unwind(core.as_ptr()) };
            Ok(())
        }
    }
}

/// Ends a greenlet that is on the chain, so that the running one must leave it meanwhile.
fn kill_below(core: &AnyRef) -> Result<(), KillError> {
    let me = thread::current();
    if me.is_hub() {
        return Err(KillError::Refused(WaitRefused::Hub));
    }
    if !switch_guard::may_switch() {
        switch_guard::check_slow(me).map_err(KillError::Refused)?;
    }
    // Suspended meanwhile, we must be left alone: nobody may drop our last handle, nor kill us.
    let kept = me.to_ref();
    me.rare().kills.set(true);
    // SAFETY: it waits on the chain for control, and `core` is a counted pointer to it.
    unsafe { unwind(core.as_ptr()) };
    kept.rare().kills.set(false);
    Ok(())
}

/// Unwinds `core`. Afterwards it is dead, or leaked.
///
/// # Safety
/// `core` is suspended, or waits on the chain while the running greenlet may be left; and the caller owns a counted
/// pointer to it.
#[cold]
#[inline(never)]
pub(super) unsafe fn unwind(core: CorePtr) {
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
    let mut is_given_up = false;
    core.rare().unwound_by.set(&raw const *me);
    core.rare().ends_in_panic.set(std::thread::panicking());
    thread::add_attention();
    loop {
        me.expects.set(Tag::of::<Nothing>());
        core.put_arrival(Arrival::Exit);
        handover::trace(Event::Throw, me, core);
        thread::set_current(core.as_ptr());
        // SAFETY: `me` runs, `core` waits, and what it waits for has arrived.
        unsafe { chain::transfer(me, core.as_ptr()) };
        // Only greenlets that are being unwound have run, and nobody sends us anything but control.
        parent::drop_quietly(me.take_arrival());
        trace::tell_or_say(me);
        if core.state().is_over() {
            break;
        }
        let swallowed = &core.rare().swallowed;
        swallowed.set(swallowed.get() + 1);
        if swallowed.get() >= MOST_SWALLOWED {
            leak(core);
            is_given_up = true;
            break;
        }
    }
    thread::remove_attention();
    core.rare().unwound_by.set(ptr::null());
    waiting.put_back(me);
    if is_given_up {
        // Last, for its callbacks are users' code.
        tell_given_up(core);
    }
}

#[cfg(feature = "hub")]
fn tell_given_up(core: &Core) {
    if core.is_task() {
        // SAFETY: its unwinder has given it up just now, and it was not told of that.
        unsafe { core.give_up() };
    }
}

/// There are no tasks.
#[cfg(not(feature = "hub"))]
fn tell_given_up(_: &Core) {}

/// Gives a greenlet up that is suspended, or about to leave its stack: it is never resumed again, and what it owns is
/// never dropped.
pub(super) fn leak(core: &Core) {
    #[cfg(feature = "hub")]
    interrupt::clear(core);
    core.end(State::Leaked);
    // SAFETY: it was alive, so it has its stack, and nobody resumes a greenlet in this state.
    unsafe { core.context.leak() };
}

/// Unwinds `core` in the middle of a transfer of `me`: it has just left the chain for `next`, and with
/// that nobody can switch to it any more. What it returns must run next.
///
/// # Safety
/// `core` is suspended and owns itself; `me` runs the transfer; `next` is another that is about to run.
#[cold]
#[inline(never)]
pub(super) unsafe fn unwind_between(core: CorePtr, me: Me, next: CorePtr) -> CorePtr {
    thread::set_current(me.as_ptr());
    // SAFETY: about to run, so it is there. This keeps destructors from dropping its last handle.
    let kept_next = unsafe { AnyRef::counted(next) };
    // SAFETY: it owns itself.
    let kept = unsafe { AnyRef::counted(core) };
    // SAFETY: suspended, and `kept` is a pointer to it. Only greenlets that are being unwound run
    // meanwhile, and they may switch to nobody, so `next` stays as it is, unless they kill it.
    unsafe { unwind(core) };
    drop(kept);
    // Who is on the chain cannot be killed meanwhile. Off the chain it was chosen by the hub, which chooses again.
    let next = if kept_next.state().is_over() {
        thread::idle().expect("who leaves for one off the chain waits in the hub")
    } else {
        kept_next.hand_over()
    };
    thread::set_current(next);
    next
}

/// Ends a suspended greenlet without unwinding it.
///
/// # Safety
/// `core` is suspended, the frames on its stack own nothing, nothing points into them, and nobody switches to it
/// any more.
#[cfg(feature = "hub")]
pub(crate) unsafe fn end_without_unwinding(core: &AnyRef) {
    parent::drop_quietly(super::locals::end(core));
    parent::close(core);
    // SAFETY: the caller's promise.
    unsafe { core.context.abandon() };
    // SAFETY: it was alive, so it owned itself, and it has ended.
    unsafe { super::counted::release_ended(core.as_ptr()) };
}

/// What a greenlet waits for, and what was to be told, put aside while it unwinds another.
struct Waiting {
    slot: *mut u8,
    expects: &'static Tag,
    flagged: bool,
    arrival: Option<Box<Arrival>>,
    note: Option<Note>,
}

impl Waiting {
    fn of(me: Me) -> Waiting {
        Waiting {
            slot: me.slot.get(),
            expects: me.expects.get(),
            flagged: me.has_arrival.get(),
            arrival: me.take_arrival(),
            note: trace::put_aside(),
        }
    }

    fn put_back(self, me: Me) {
        let core: &Core = &me;
        core.slot.set(self.slot);
        core.expects.set(self.expects);
        if let Some(arrival) = self.arrival {
            core.put_arrival(*arrival);
        }
        core.has_arrival.set(self.flagged);
        trace::put_back(self.note);
    }
}
