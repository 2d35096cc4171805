//! The chain of resumers: a switch between any two greenlets on top of a resume that must return; and the unwinding of a
//! greenlet from outside, which a transfer may have to do.
//!
//! ```text
//!   transfer(me, target):
//!     target is me            -> return
//!     target is on the chain  -> suspend to my resumer, which continues with the same target in its
//!                                own loop; when I am resumed, return
//!     otherwise               -> resume the target, which joins the chain above me; the greenlet
//!                                that it names when it leaves the chain is the next target
//!
//!   chain:   main -> hub -> task        main is the bottom and never suspends
//!            ^^^^ each has resumed the one to its right and waits in `resume` for it
//! ```
//! Each suspend undoes one resume, so a switch costs at most two raw switches on average, and exactly one between two
//! greenlets that alternate, and between a task and the hub.
//!
//! A greenlet is *unwound* when its last handle is dropped or when it is killed: it gets control with `Resumption::Unwind`,
//! and gives control back to its unwinder and not to its parent. If it catches the unwinding and waits again it is unwound
//! again (see `switch_guard.rs`), up to [`MOST_CAUGHT`] times. Then its stack is leaked: only an unwound stack may be freed.

use std::ptr;

use crate::dropping::drop_quietly;
use crate::switch::counted::AnyRef;
use crate::switch::engine::Resumed;
#[cfg(feature = "hub")]
use crate::switch::interrupt;
use crate::switch::record::{Core, CorePtr, Resumption};
use crate::switch::refcount::release_ended;
use crate::switch::state::{GreenletState, Never, TypeTag};
use crate::switch::thread::{self, Current};
use crate::switch::trace::{self, PendingEvent, TraceEvent};

/// How often a greenlet may catch its kill and wait again, before its stack is leaked.
pub(crate) const MOST_CAUGHT: u32 = 100;

/// Lets `target` run, and leaves the chain for that, so that the chain does not grow. Main, which cannot leave the chain,
/// resumes the target. Returns when control comes back to `me`.
///
/// # Safety
/// As for [`transfer`]; and the target is not `me`.
#[inline(always)]
pub(crate) unsafe fn suspend_to(me: Current, target: CorePtr) {
    if me.is_main() {
        // SAFETY: the contract above.
        return unsafe { transfer(me, target) };
    }
    me.set_state(GreenletState::Suspended);
    // SAFETY: this runs on the stack of `me`, which is not main.
    unsafe { me.context.suspend(target) };
}

/// Lets `target` run. Returns when control comes back to `me`.
///
/// # Safety
/// `me` runs. `target` is not over, its value is in its slot or its resumption is set, and `thread::set_current` was called
/// for it. No borrow of shared state is held across.
#[inline(always)]
pub(crate) unsafe fn transfer(me: Current, mut target: CorePtr) {
    loop {
        // SAFETY: a greenlet that can be switched to has its record: it owns itself, or it is unstarted and owned by the
        // greenlet that switches to it.
        let core = unsafe { target.as_ref() };
        if core.state() == GreenletState::Active {
            if target != me.as_ptr() {
                me.set_state(GreenletState::Suspended);
                // SAFETY: this runs on the stack of `me`, which is not main: while main runs, no other greenlet is on the chain.
                unsafe { me.context.suspend(target) };
            }
            return;
        }
        core.set_state(GreenletState::Active);
        // SAFETY: unstarted or suspended, so it is installed, has not ended, and was not on the chain until the line above.
        match unsafe { core.context.resume() } {
            Resumed::Suspended(next) => {
                if core.is_abandoned() {
                    // SAFETY: it has just left the chain, and it owns itself.
                    target = unsafe { unwind_between(target, me, next) };
                } else {
                    target = next;
                }
            }
            Resumed::Ended(next) => {
                // SAFETY: its body has ended, and this is the stack of `me`.
                unsafe { core.context.retire() };
                // SAFETY: it has ended, and this loop does not use it again.
                unsafe { release_ended(target) };
                target = next;
            }
        }
    }
}

/// Unwinds `core`. Afterwards it is dead, or leaked.
///
/// # Safety
/// `core` is suspended, or it is on the chain and the running greenlet may be left; and the caller owns a strong pointer to it.
#[cold]
#[inline(never)]
pub(super) unsafe fn unwind(core: CorePtr) {
    // SAFETY: the caller owns a pointer to it.
    let core = unsafe { core.as_ref() };
    // In a destructor of a thread-local, unwinding frames may use other thread-locals, which are gone.
    if thread::is_exiting() || cfg!(panic = "abort") {
        leak(core);
        return;
    }
    let me = thread::current();
    let saved = SavedSwitch::save(me);
    let mut is_leaked = false;
    core.cold().unwound_by.set(&raw const *me);
    core.cold().ends_in_panic.set(std::thread::panicking());
    thread::request_slow_path();
    loop {
        me.expects.set(TypeTag::of::<Never>());
        core.put_resumption(Resumption::Unwind);
        trace::leave_event(TraceEvent::Throw, me, core);
        thread::set_current(core.as_ptr());
        // SAFETY: `me` runs, `core` waits, and its resumption is set.
        unsafe { transfer(me, core.as_ptr()) };
        // Only greenlets that are being unwound have run, and nothing but control comes back.
        drop_quietly(me.take_resumption());
        trace::call_hook_or_report(me);
        if core.state().is_over() {
            break;
        }
        let caught = &core.cold().caught_unwinds;
        caught.set(caught.get() + 1);
        if caught.get() >= MOST_CAUGHT {
            leak(core);
            is_leaked = true;
            break;
        }
    }
    thread::withdraw_slow_path();
    core.cold().unwound_by.set(ptr::null());
    saved.restore(me);
    if is_leaked {
        // Last, because its callbacks are user code.
        complete_killed(core);
    }
}

#[cfg(feature = "hub")]
fn complete_killed(core: &Core) {
    if core.is_task() {
        // SAFETY: it was leaked just now, and not completed before.
        unsafe { core.complete_killed() };
    }
}

/// Without a hub there are no tasks.
#[cfg(not(feature = "hub"))]
fn complete_killed(_: &Core) {}

/// Leaks a greenlet that is suspended, or about to leave its stack: it is never resumed again, and nothing on its stack is
/// dropped.
pub(super) fn leak(core: &Core) {
    #[cfg(feature = "hub")]
    interrupt::clear(core);
    core.end(GreenletState::Leaked);
    // SAFETY: it was alive, so it has its stack, and no greenlet is resumed in this state.
    unsafe { core.context.leak() };
}

/// Unwinds `core` in the middle of a transfer of `me`: it has just left the chain for `next`, and no pointer to it but its own
/// is left. The result runs next.
///
/// # Safety
/// `core` is suspended and owns itself; `me` runs the transfer; `next` is another greenlet that is about to run.
#[cold]
#[inline(never)]
unsafe fn unwind_between(core: CorePtr, me: Current, next: CorePtr) -> CorePtr {
    thread::set_current(me.as_ptr());
    // SAFETY: about to run, so it is there. This keeps destructors from dropping its last handle.
    let kept_next = unsafe { AnyRef::counted(next) };
    // SAFETY: it owns itself.
    let kept = unsafe { AnyRef::counted(core) };
    // SAFETY: suspended, and `kept` is a pointer to it. Only greenlets that are being unwound run meanwhile, and they may switch
    // to no other, so `next` stays as it is, unless they kill it.
    unsafe { unwind(core) };
    drop(kept);
    // A greenlet on the chain cannot be killed meanwhile. One off the chain was chosen by the hub, which chooses again.
    let next = if kept_next.state().is_over() {
        thread::idle().expect("only the hub chooses greenlets off the chain")
    } else {
        kept_next.into_ptr()
    };
    thread::set_current(next);
    next
}

/// What a greenlet waits for, and the event that it has not seen, saved while it unwinds another.
struct SavedSwitch {
    slot: *mut u8,
    expects: TypeTag,
    has_resumption: bool,
    resumption: Option<Box<Resumption>>,
    pending: Option<PendingEvent>,
}

impl SavedSwitch {
    fn save(me: Current) -> SavedSwitch {
        SavedSwitch {
            slot: me.slot.get(),
            expects: me.expects.get(),
            has_resumption: me.has_resumption.get(),
            resumption: me.take_resumption(),
            pending: trace::take_pending(),
        }
    }

    fn restore(self, me: Current) {
        let core: &Core = &me;
        core.slot.set(self.slot);
        core.expects.set(self.expects);
        if let Some(resumption) = self.resumption {
            core.put_resumption(*resumption);
        }
        core.has_resumption.set(self.has_resumption);
        trace::restore_pending(self.pending);
    }
}
