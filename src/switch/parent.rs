//! Who runs after a greenlet has ended, and what it is told.
//!
//! ```text
//!   body returned a value        -> the nearest live ancestor, if it waits for that type
//!                                   (an unstarted one is started with it);
//!                                   if it does not, it is told so at its switch
//!   body panicked                -> the panic goes on in the nearest live ancestor, same payload
//!   body unwound by its kill     -> whoever waited for it learns that it was killed
//!   an unstarted ancestor that a panic reaches never runs: it is dead, and the panic goes on up
//!   it was unwound for want of handles -> whoever dropped the last one goes on
//! ```

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::Result as Caught;

pub(crate) use crate::dropping::drop_quietly;
use crate::switch::counted::{HandleRef, WeakRef};
use crate::switch::describe;
use crate::switch::engine::CorePtr;
use crate::switch::exit::GreenletExit;
use crate::switch::handover;
#[cfg(feature = "hub")]
use crate::switch::interrupt;
use crate::switch::locals;
use crate::switch::record::{Core, MistypedValue, Resumption};
use crate::switch::state::GreenletState;
use crate::switch::thread::{self, Current};
use crate::switch::trace::TraceEvent;

/// Ends the running greenlet with what came out of its body. What it returns must run next.
pub(crate) fn end<O: 'static>(me: Current, outcome: Caught<O>) -> CorePtr {
    let outcome = locals::end_with(&me, outcome);
    let (event, next) = if let Some(unwinder) = me.unwound_by() {
        drop_quietly(outcome);
        successor_of(&me);
        (TraceEvent::Switch, unwinder.as_ptr())
    } else {
        match outcome {
            Ok(value) => (TraceEvent::Switch, pass_value(&me, value)),
            Err(payload) if GreenletExit::is_in(&*payload) => (
                TraceEvent::Throw,
                pass_resumption(&me, Resumption::ChildKilled),
            ),
            Err(payload) => (
                TraceEvent::Throw,
                pass_resumption(&me, Resumption::Thrown(payload)),
            ),
        }
    };
    // Destructors ran above, which may have waited, and been unwound there.
    let next = me.unwound_by().map_or(next, Core::as_ptr);
    close(&me);
    // SAFETY: chosen just now: an unwinder waits for us, and the parent links from `me` keep an successor there.
    handover::trace(event, me, unsafe { next.as_ref() });
    thread::set_current(next);
    next
}

/// Marks an ended greenlet: nothing can be sent to it any more, and nothing is pending for it.
#[inline(always)]
pub(crate) fn close(core: &Core) {
    #[cfg(feature = "hub")]
    interrupt::clear(core);
    core.end(GreenletState::Dead);
}

/// Ends a greenlet that was not started: its body, if it has one, never runs.
///
/// # Errors
/// What the destructors of the body, or of the locals that it was made with, have panicked with.
pub(crate) fn cancel(core: &Core) -> Caught<()> {
    let has_body = core.state() == GreenletState::Unstarted;
    assert!(has_body || core.state() == GreenletState::Declared);
    close(core);
    orphan_children(core);
    let dropped = if has_body {
        // SAFETY: it was installed when it became unstarted, and was never resumed.
        catch_unwind(AssertUnwindSafe(|| unsafe { core.context.discard() }))
    } else {
        Ok(())
    };
    locals::end_with(core, dropped)
}

/// The nearest ancestor that has not ended, the main greenlet at the latest. None for a main greenlet, which has none.
pub(crate) fn ancestor(core: &Core) -> Option<CorePtr> {
    let mut ancestor = HandleRef::Weak(core.parent()?);
    while ancestor.state().is_over() {
        ancestor = match ancestor.parent() {
            Some(parent) => HandleRef::Weak(parent),
            // A main greenlet is over when its thread's destructors run: then the one that runs them, which stays.
            None => HandleRef::Owner(thread::main()),
        };
    }
    // The parent links from `core` keep it there.
    Some(ancestor.as_ptr())
}

/// The nearest ancestor of a greenlet that is not main which has not ended.
fn live_ancestor(core: &Core) -> CorePtr {
    ancestor(core).expect("only a main greenlet has no parent, and it ends otherwise")
}

/// The nearest ancestor of `core`, which is not main, that was started and has not ended. The unstarted ones on the way die.
pub(crate) fn started_ancestor(core: &Core) -> CorePtr {
    loop {
        let successor = live_ancestor(core);
        // SAFETY: the parent links from `core` keep it there.
        let heir_core = unsafe { successor.as_ref() };
        match heir_core.state() {
            GreenletState::Unstarted | GreenletState::Declared => {
                // The body's destructors may give `core` another parent.
                // SAFETY: the weak from `core` keeps it there until then.
                let kept = unsafe { WeakRef::to(successor) };
                drop_quietly(cancel(heir_core));
                drop(kept);
            }
            _ => return successor,
        }
    }
}

/// Whether `core` descends from `other`, or is it.
pub(crate) fn descends_from(core: &Core, other: CorePtr) -> bool {
    if core.as_ptr() == other {
        return true;
    }
    let mut ancestor = core.parent();
    while let Some(weak) = ancestor {
        if weak.as_ptr() == other {
            return true;
        }
        ancestor = HandleRef::Weak(weak).parent();
    }
    false
}

/// Who comes after `core`, which ends with a value.
fn successor_of(core: &Core) -> CorePtr {
    let successor = live_ancestor(core);
    // SAFETY: the parent links from `core` keep it there.
    unsafe { reparent(core, successor) };
    successor
}

/// Who comes after `core`, which ends with a panic. The unstarted ones on the way die.
pub(crate) fn successor_of_panic(core: &Core) -> CorePtr {
    let successor = started_ancestor(core);
    // SAFETY: the parent links from `core` keep it there.
    unsafe { reparent(core, successor) };
    successor
}

/// Makes who comes after an ended greenlet its parent, so that those who end after their parents do not leave ever
/// longer ways behind them.
///
/// # Safety
/// Somebody keeps `successor` there.
unsafe fn reparent(core: &Core, successor: CorePtr) {
    // SAFETY: the caller's promise.
    core.set_parent(unsafe { WeakRef::to(successor) });
}

/// The same for one that nothing comes after. In destructors of thread-locals there is no main greenlet to leave them to.
fn orphan_children(core: &Core) {
    if !thread::is_exiting() {
        successor_of(core);
    }
}

fn pass_value<O: 'static>(me: &Core, value: O) -> CorePtr {
    let successor = successor_of(me);
    // SAFETY: the parent links from `me` keep it there.
    let heir_core = unsafe { successor.as_ref() };
    if heir_core.is_hub() {
        drop_quietly(value);
        return successor;
    }
    if heir_core.expects.get().is::<O>() {
        // SAFETY: it waits for an `O`, and its slot is where it goes.
        unsafe { heir_core.slot.get().cast::<O>().write(value) };
        if heir_core.state() == GreenletState::Unstarted {
            // Our weak may be the last pointer to it, and goes when we are buried.
            heir_core.enter();
        }
        return successor;
    }
    let unwanted = Resumption::MistypedValue(MistypedValue {
        from: describe(me),
        type_name: type_name::<O>(),
        value: Box::new(value),
    });
    let mut successor = heir_core;
    // Who was not started stays as it is; the error belongs to the next one up.
    while !successor.state().is_alive() {
        // SAFETY: the parent links from `me` keep it there.
        successor = unsafe { live_ancestor(successor).as_ref() };
    }
    put(successor, unwanted)
}

/// Puts `resumption` before the nearest live ancestor that was started; the unstarted ones die of it.
fn pass_resumption(me: &Core, resumption: Resumption) -> CorePtr {
    let successor = successor_of_panic(me);
    if me.unwound_by().is_some() {
        drop_quietly(resumption);
        return successor;
    }
    // SAFETY: the parent links from `me` keep it there.
    put(unsafe { successor.as_ref() }, resumption)
}

fn put(successor: &Core, resumption: Resumption) -> CorePtr {
    if successor.is_hub() {
        drop_quietly(resumption);
    } else {
        successor.put_resumption(resumption);
    }
    successor.as_ptr()
}
