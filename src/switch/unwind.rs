//! Unwinding a greenlet from outside, from where it waits to its root: because nobody can switch to it any more, or
//! because somebody kills it.
//!
//! It is given control with the order to unwind, and hands control back to whoever does this, not to its
//! parent. If it catches the order and waits again it is told again (see `permit.rs`), and after a
//! bounded number of times its stack is leaked: a stack may only be freed when it was unwound.

use std::ptr;

use crate::error::{CannotWait, KillError};
use crate::switch::chain;
use crate::switch::counted::AnyRef;
use crate::switch::engine::CorePtr;
use crate::switch::handover;
#[cfg(feature = "hub")]
use crate::switch::interrupt;
use crate::switch::parent;
use crate::switch::record::{Core, Resumption};
use crate::switch::state::GreenletState;
use crate::switch::switch_guard::{self, MOST_SWALLOWED};
use crate::switch::tag::{Never, TypeTag};
use crate::switch::thread::{self, Current};
use crate::switch::trace::{self, Note, TraceEvent};

/// Ends `core`, which is not the running greenlet. Afterwards it is dead, or leaked.
///
/// # Errors
/// [`KillError`] if that cannot be done now: then it is as it was.
///
/// # Panics
/// With what the destructors of a body panic with that never ran.
pub(crate) fn kill(core: &AnyRef) -> Result<(), KillError> {
    if core.is_hub() {
        return Err(KillError::Hub);
    }
    match core.state() {
        GreenletState::Dead | GreenletState::Leaked => Ok(()),
        GreenletState::Declared | GreenletState::Unstarted => {
            parent::cancel(core).map_err(|panic| std::panic::resume_unwind(panic))
        }
        _ if core.parent().is_none() => Err(KillError::Main),
        _ if core.is_killing() => Err(KillError::Killing),
        _ if cfg!(panic = "abort") => Err(KillError::Unsupported),
        GreenletState::Active => kill_below(core),
        GreenletState::Suspended => {
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
        return Err(KillError::Refused(CannotWait::Hub));
    }
    if !switch_guard::may_switch() {
        switch_guard::check_slow(me).map_err(KillError::Refused)?;
    }
    // Suspended meanwhile, we must be left alone: nobody may drop our last handle, nor kill us.
    let kept = me.to_ref();
    me.cold().kills.set(true);
    // SAFETY: it waits on the chain for control, and `core` is a counted pointer to it.
    unsafe { unwind(core.as_ptr()) };
    kept.cold().kills.set(false);
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
    let waiting = SavedSwitch::save(me);
    let mut is_given_up = false;
    core.cold().unwound_by.set(&raw const *me);
    core.cold().ends_in_panic.set(std::thread::panicking());
    thread::request_slow_path();
    loop {
        me.expects.set(TypeTag::of::<Never>());
        core.put_resumption(Resumption::Unwind);
        handover::trace(TraceEvent::Throw, me, core);
        thread::set_current(core.as_ptr());
        // SAFETY: `me` runs, `core` waits, and what it waits for has arrived.
        unsafe { chain::transfer(me, core.as_ptr()) };
        // Only greenlets that are being unwound have run, and nobody sends us anything but control.
        parent::drop_quietly(me.take_resumption());
        trace::tell_or_say(me);
        if core.state().is_over() {
            break;
        }
        let swallowed = &core.cold().swallowed;
        swallowed.set(swallowed.get() + 1);
        if swallowed.get() >= MOST_SWALLOWED {
            leak(core);
            is_given_up = true;
            break;
        }
    }
    thread::withdraw_slow_path();
    core.cold().unwound_by.set(ptr::null());
    waiting.restore(me);
    if is_given_up {
        // Last, for its callbacks are users' code.
        tell_killed(core);
    }
}

#[cfg(feature = "hub")]
fn tell_killed(core: &Core) {
    if core.is_task() {
        // SAFETY: its unwinder has given it up just now, and it was not told of that.
        unsafe { core.tell_killed() };
    }
}

/// There are no tasks.
#[cfg(not(feature = "hub"))]
fn tell_killed(_: &Core) {}

/// Gives a greenlet up that is suspended, or about to leave its stack: it is never resumed again, and what it owns is
/// never dropped.
pub(super) fn leak(core: &Core) {
    #[cfg(feature = "hub")]
    interrupt::clear(core);
    core.end(GreenletState::Leaked);
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
pub(super) unsafe fn unwind_between(core: CorePtr, me: Current, next: CorePtr) -> CorePtr {
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
        kept_next.into_ptr()
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
    parent::drop_quietly(crate::switch::locals::end(core));
    parent::close(core);
    // SAFETY: the caller's promise.
    unsafe { core.context.abandon() };
    // SAFETY: it was alive, so it owned itself, and it has ended.
    unsafe { crate::switch::counted::release_ended(core.as_ptr()) };
}

/// What a greenlet waits for, and what was to be told, put aside while it unwinds another.
struct SavedSwitch {
    slot: *mut u8,
    expects: &'static TypeTag,
    flagged: bool,
    resumption: Option<Box<Resumption>>,
    note: Option<Note>,
}

impl SavedSwitch {
    fn save(me: Current) -> SavedSwitch {
        SavedSwitch {
            slot: me.slot.get(),
            expects: me.expects.get(),
            flagged: me.has_resumption.get(),
            resumption: me.take_resumption(),
            note: trace::put_aside(),
        }
    }

    fn restore(self, me: Current) {
        let core: &Core = &me;
        core.slot.set(self.slot);
        core.expects.set(self.expects);
        if let Some(resumption) = self.resumption {
            core.put_resumption(*resumption);
        }
        core.has_resumption.set(self.flagged);
        trace::put_back(self.note);
    }
}
