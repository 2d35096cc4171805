//! The trace hook of a thread: a function that is called after each switch, in the greenlet that has got control.
//!
//! ```text
//!   origin                          target
//!   leaves the event, and raises    resumes with the flag raised, takes the event and calls the hook;
//!   the target's flag          -->  then it reads its value
//! ```
//! Without a hook this costs the branch that each switch has anyway. The hook runs in a `no_switch` scope.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::thread::Result as Caught;

use crate::dropping::drop_quietly;
use crate::error::CannotWait;
use crate::stderr;
use crate::switch::counted::{AnyRef, HandleRef, WeakRef};
use crate::switch::no_switch;
use crate::switch::record::{Core, CorePtr};
use crate::switch::thread::{self, Current};

/// How control went from one greenlet to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TraceEvent {
    /// A switch: with a value, by the hub, or at the end of a greenlet with its last value.
    Switch,
    /// A throw or a kill, or the end of a greenlet by a panic.
    Throw,
}

/// Gets an event, the greenlet that gave control up, and the one that has got it. Returns the panic of the tracer.
pub(crate) type Hook = fn(TraceEvent, HandleRef, AnyRef) -> Caught<()>;

thread_local! {
    static HOOK: Cell<Option<Hook>> = const { Cell::new(None) };
    static PENDING: Cell<Option<PendingEvent>> = const { Cell::new(None) };
}

/// An event that the target has not seen yet.
pub(super) struct PendingEvent {
    event: TraceEvent,
    /// Weak, so that a traced greenlet is unwound when its last handle is dropped, as an untraced one.
    origin: WeakRef,
    /// Only compared.
    target: CorePtr,
}

pub(crate) fn set_hook(hook: Option<Hook>) {
    match (HOOK.replace(hook).is_some(), hook.is_some()) {
        (false, true) => thread::request_slow_path(),
        (true, false) => thread::withdraw_slow_path(),
        _ => {}
    }
}

/// Leaves an event for `target`, which runs next, if there is a hook.
#[inline(always)]
pub(crate) fn leave_event(event: TraceEvent, origin: Current, target: &Core) {
    if thread::slow_path_requests() != 0 {
        leave_event_slow(event, origin, target);
    }
}

/// As [`leave_event`], where a slow path was requested.
#[cold]
#[inline(never)]
pub(crate) fn leave_event_slow(event: TraceEvent, origin: Current, target: &Core) {
    if HOOK.get().is_none() {
        return;
    }
    let pending = PendingEvent {
        event,
        origin: origin.to_weak(),
        target: target.as_ptr(),
    };
    if let Ok(old) = PENDING.try_with(|kept| kept.replace(Some(pending))) {
        target.has_resumption.set(true);
        // A weak pointer: no user code runs here.
        drop(old);
    }
}

/// Calls the hook with the event that was left for `me`, which has got control.
///
/// # Errors
/// The panic of the tracer.
pub(super) fn call_hook(me: Current) -> Caught<()> {
    let Some(pending) = take_pending() else {
        return Ok(());
    };
    let hook = HOOK.get().filter(|_| pending.target == me.as_ptr());
    let Some(hook) = hook else {
        return Ok(());
    };
    no_switch::hold(CannotWait::Tracing, || {
        let origin = match pending.origin.upgrade() {
            Some(origin) => HandleRef::Strong(origin),
            None => HandleRef::Weak(pending.origin),
        };
        hook(pending.event, origin, me.to_ref())
    })
}

/// As [`call_hook`], where a panic of the tracer cannot be raised: a line on stderr reports it.
pub(super) fn call_hook_or_report(me: Current) {
    if let Err(panic) = call_hook(me) {
        drop_quietly(panic);
        stderr::say(format_args!("the tracer panicked and was removed"));
    }
}

/// Takes the pending event away while other greenlets run in between.
pub(super) fn take_pending() -> Option<PendingEvent> {
    PENDING.try_with(Cell::take).ok().flatten()
}

pub(super) fn restore_pending(pending: Option<PendingEvent>) {
    let _ = PENDING.try_with(|kept| kept.set(pending));
}
