//! The end of a greenlet: which greenlet runs next, and what it gets; and the end of a thread's main greenlet.
//!
//! ```text
//!   body returned a value        -> the nearest live ancestor, if it waits for that type (an unstarted one is started
//!                                   with it); otherwise its switch returns an error with the value
//!   body panicked                -> the nearest started ancestor, in which the panic continues with the same payload;
//!                                   unstarted ancestors on the way are dead and never run
//!   body unwound by its kill     -> the nearest started ancestor, the switch of which returns that it was killed
//!   unwound from outside         -> the unwinder
//! ```

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::Result as Caught;

pub(crate) use crate::dropping::drop_quietly;
use crate::switch::counted::{HandleRef, WeakRef};
use crate::switch::exit::GreenletExit;
#[cfg(feature = "hub")]
use crate::switch::interrupt;
use crate::switch::record::{Core, CorePtr, MistypedValue, Resumption, describe};
use crate::switch::refcount::release_ended;
use crate::switch::state::GreenletState;
use crate::switch::thread::{self, Current, EndOfThread};
use crate::switch::trace::{self, TraceEvent};
use crate::switch::{blocks, current_locals};

/// Ends the running greenlet with the outcome of its body. The result must run next.
pub(crate) fn end<O: 'static>(me: Current, outcome: Caught<O>) -> CorePtr {
    let outcome = current_locals::end_with(&me, outcome);
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
    // Destructors ran above, in which this greenlet may have waited and been unwound.
    let next = me.unwound_by().map_or(next, Core::as_ptr);
    close(&me);
    // SAFETY: an unwinder waits for us, and the parent links from `me` keep a successor.
    trace::leave_event(event, me, unsafe { next.as_ref() });
    thread::set_current(next);
    next
}

/// Moves an ended greenlet to its final state, without pending interrupts.
#[inline(always)]
pub(crate) fn close(core: &Core) {
    #[cfg(feature = "hub")]
    interrupt::clear(core);
    core.end(GreenletState::Dead);
}

/// Ends a greenlet that was not started: its body, if it has one, is dropped.
///
/// # Errors
/// The panic of the destructors of the body or of the locals.
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
    current_locals::end_with(core, dropped)
}

/// The nearest ancestor that has not ended, the main greenlet at the latest. `None` for a main greenlet.
pub(crate) fn ancestor(core: &Core) -> Option<CorePtr> {
    let mut ancestor = HandleRef::Weak(core.parent()?);
    while ancestor.state().is_over() {
        ancestor = match ancestor.parent() {
            Some(parent) => HandleRef::Weak(parent),
            // A main greenlet is over when its thread's destructors run: then the one that runs them, which is kept.
            None => HandleRef::Strong(thread::main()),
        };
    }
    // The parent links from `core` keep it.
    Some(ancestor.as_ptr())
}

/// The nearest ancestor that has not ended, of a greenlet that is not main.
fn live_ancestor(core: &Core) -> CorePtr {
    ancestor(core).expect("only a main greenlet has no parent, and it ends otherwise")
}

/// The nearest ancestor of `core`, which is not main, that was started and has not ended. Unstarted ones on the way are
/// canceled.
pub(crate) fn started_ancestor(core: &Core) -> CorePtr {
    loop {
        let ancestor = live_ancestor(core);
        // SAFETY: the parent links from `core` keep it.
        let ancestor_core = unsafe { ancestor.as_ref() };
        match ancestor_core.state() {
            GreenletState::Unstarted | GreenletState::Declared => {
                // The body's destructors may give `core` another parent.
                // SAFETY: the link from `core` keeps it until then.
                let kept = unsafe { WeakRef::to(ancestor) };
                drop_quietly(cancel(ancestor_core));
                drop(kept);
            }
            _ => return ancestor,
        }
    }
}

/// `core` descends from `other`, or is it.
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

/// The greenlet that runs after `core`, which ends with a value.
fn successor_of(core: &Core) -> CorePtr {
    let successor = live_ancestor(core);
    // SAFETY: the parent links from `core` keep it.
    unsafe { reparent(core, successor) };
    successor
}

/// The greenlet that runs after `core`, which ends with a panic. Unstarted ones on the way are canceled.
pub(crate) fn successor_of_panic(core: &Core) -> CorePtr {
    let successor = started_ancestor(core);
    // SAFETY: the parent links from `core` keep it.
    unsafe { reparent(core, successor) };
    successor
}

/// Makes `successor` the parent of an ended greenlet, so that no chain of ended ones grows.
///
/// # Safety
/// A pointer to `successor` exists.
unsafe fn reparent(core: &Core, successor: CorePtr) {
    // SAFETY: the contract above.
    core.set_parent(unsafe { WeakRef::to(successor) });
}

/// Leaves the children of a greenlet that has no successor to its ancestor. In destructors of thread-locals there is no main
/// greenlet for that.
fn orphan_children(core: &Core) {
    if !thread::is_exiting() {
        successor_of(core);
    }
}

fn pass_value<O: 'static>(me: &Core, value: O) -> CorePtr {
    let successor = successor_of(me);
    // SAFETY: the parent links from `me` keep it.
    let core = unsafe { successor.as_ref() };
    if core.is_hub() {
        drop_quietly(value);
        return successor;
    }
    if core.expects.get().is::<O>() {
        // SAFETY: it waits for an `O`, and its slot is where that goes.
        unsafe { core.slot.get().cast::<O>().write(value) };
        if core.state() == GreenletState::Unstarted {
            // Our link may be the last pointer to it, and is dropped with our record.
            core.enter();
        }
        return successor;
    }
    let unwanted = Resumption::MistypedValue(MistypedValue {
        from: describe(me),
        type_name: type_name::<O>(),
        value: Box::new(value),
    });
    let mut core = core;
    // An unstarted one stays as it is; the error goes to the next one up.
    while !core.state().is_alive() {
        // SAFETY: the parent links from `me` keep it.
        core = unsafe { live_ancestor(core).as_ref() };
    }
    put(core, unwanted)
}

/// Hands `resumption` to the nearest ancestor that was started and has not ended. Unstarted ones on the way are canceled.
fn pass_resumption(me: &Core, resumption: Resumption) -> CorePtr {
    let successor = successor_of_panic(me);
    if me.unwound_by().is_some() {
        drop_quietly(resumption);
        return successor;
    }
    // SAFETY: the parent links from `me` keep it.
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

impl Drop for EndOfThread {
    fn drop(&mut self) {
        // `process::exit` inside a greenlet runs this on that greenlet's stack: then all stays.
        if !thread::begin_exit() {
            return;
        }
        drop_quietly(current_locals::end(&thread::main()));
        if let Some(main) = thread::take_main() {
            // SAFETY: it is owned by itself and by the thread, and both pointers are given up here, once.
            unsafe { end_main(main) };
        }
        blocks::free_chunks();
    }
}

/// # Safety
/// `main` is the main greenlet's record, and neither of its two own pointers was given up before.
unsafe fn end_main(main: CorePtr) {
    // SAFETY: the thread's own pointer keeps it.
    close(unsafe { main.as_ref() });
    // SAFETY: the pointer of the greenlet to itself is given up here,
    unsafe { release_ended(main) };
    // SAFETY: and the thread's here.
    unsafe { release_ended(main) };
}
