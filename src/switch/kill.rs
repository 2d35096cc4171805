//! Ending a greenlet from outside.

use std::panic::resume_unwind;

#[cfg(feature = "hub")]
use crate::dropping::drop_quietly;
use crate::error::{CannotWait, KillError};
use crate::switch::counted::AnyRef;
#[cfg(feature = "hub")]
use crate::switch::current_locals;
#[cfg(feature = "hub")]
use crate::switch::refcount::release_ended;
use crate::switch::state::GreenletState;
use crate::switch::{chain, parent, switch_guard, thread};

/// Ends `core`, which is not the running greenlet. Afterwards it is dead, or leaked.
///
/// # Errors
/// [`KillError`] if that cannot be done now: then it is as it was.
///
/// # Panics
/// With the panic of the destructors of a body that never ran.
pub(crate) fn kill(core: &AnyRef) -> Result<(), KillError> {
    if core.is_hub() {
        return Err(KillError::Hub);
    }
    match core.state() {
        GreenletState::Dead | GreenletState::Leaked => Ok(()),
        GreenletState::Declared | GreenletState::Unstarted => {
            parent::cancel(core).map_err(|panic| resume_unwind(panic))
        }
        _ if core.parent().is_none() => Err(KillError::Main),
        _ if core.is_killing() => Err(KillError::Killing),
        _ if cfg!(panic = "abort") => Err(KillError::Unsupported),
        GreenletState::Active => kill_on_chain(core),
        GreenletState::Suspended => {
            // SAFETY: suspended, and `core` is a pointer to it.
            unsafe { chain::unwind(core.as_ptr()) };
            Ok(())
        }
    }
}

/// Ends a greenlet on the chain: the running one must be left meanwhile.
fn kill_on_chain(core: &AnyRef) -> Result<(), KillError> {
    let me = thread::current();
    if me.is_hub() {
        return Err(KillError::Refused(CannotWait::Hub));
    }
    if !switch_guard::may_switch() {
        switch_guard::check_slow(me).map_err(KillError::Refused)?;
    }
    // While this greenlet is suspended, its last handle must not be dropped, and it must not be killed.
    let kept = me.to_ref();
    me.cold().kills.set(true);
    // SAFETY: it waits on the chain for control, this greenlet may be left, and `core` is a pointer to it.
    unsafe { chain::unwind(core.as_ptr()) };
    kept.cold().kills.set(false);
    Ok(())
}

/// Ends a suspended greenlet without unwinding it.
///
/// # Safety
/// `core` is suspended, the frames on its stack own nothing, nothing points into them, and no switch to it is made after this.
#[cfg(feature = "hub")]
pub(crate) unsafe fn end_without_unwinding(core: &AnyRef) {
    drop_quietly(current_locals::end(core));
    parent::close(core);
    // SAFETY: the contract above.
    unsafe { core.context.abandon() };
    // SAFETY: it was alive, so it owned itself, and it has ended.
    unsafe { release_ended(core.as_ptr()) };
}
