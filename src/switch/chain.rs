//! The chain of resumers: how any greenlet switches to any other on top of a resume that must return.
//!
//! ```text
//!   transfer(me, target):
//!     target is me            -> return
//!     target is on the chain  -> I leave the chain: suspend to my resumer, who goes on with the
//!                                same target in this same loop; when I am resumed, return
//!     otherwise               -> target joins the chain above me: resume it; what it
//!                                gives back when it leaves is the next target
//!
//!   chain:   main -> hub -> task        main is the bottom and never suspends
//!            ^^^^ each has resumed the one to its right and waits in `resume` for it
//! ```
//!
//! Each suspend undoes one resume, so a switch costs at most two raw switches on average, and exactly
//! one between two greenlets that take turns, and between a task and the hub.

use crate::switch::counted;
use crate::switch::engine::{CorePtr, Resumed};
use crate::switch::state::GreenletState;
use crate::switch::thread::Current;
use crate::switch::unwind;

/// Lets `target` run and leaves the chain for that, so that the chain does not grow: who is off the
/// chain costs its resumer nothing. Main, who cannot leave, resumes the target. Returns when somebody
/// switches back to `me`.
///
/// # Safety
/// As for [`transfer`]; and the target is not `me`.
#[inline(always)]
pub(crate) unsafe fn suspend_to(me: Current, target: CorePtr) {
    if me.is_main() {
        // SAFETY: the caller's promise.
        return unsafe { transfer(me, target) };
    }
    me.set_state(GreenletState::Suspended);
    // SAFETY: we run on our own stack, which is not main's.
    unsafe { me.context.suspend(target) };
}

/// Lets `target` run. Returns when somebody switches back to `me`.
///
/// # Safety
/// `me` runs now. `target` is not over, is ready to go on (what it waits for is in its slot, or its
/// resumption is), and `thread::set_current` was told of it. Nobody's borrow is held across.
#[inline(always)]
pub(crate) unsafe fn transfer(me: Current, mut target: CorePtr) {
    loop {
        // SAFETY: a greenlet that can be switched to has its record: it owns itself, or it is
        // unstarted and whoever switches to it owns it.
        let core = unsafe { target.as_ref() };
        if core.state() == GreenletState::Active {
            if target != me.as_ptr() {
                me.set_state(GreenletState::Suspended);
                // SAFETY: we run on our own stack. It is not main's, for above main there is nobody
                // on the chain while main runs.
                unsafe { me.context.suspend(target) };
            }
            return;
        }
        core.set_state(GreenletState::Active);
        // SAFETY: unstarted or suspended, so it is installed, has not ended, and was not on the chain
        // until the line above.
        match unsafe { core.context.resume() } {
            Resumed::Suspended(next) => {
                if core.is_abandoned() {
                    // SAFETY: it has just left the chain, and it owns itself.
                    target = unsafe { unwind::unwind_between(target, me, next) };
                } else {
                    target = next;
                }
            }
            Resumed::Ended(next) => {
                // SAFETY: its body has ended, and we are back on our own stack.
                unsafe { core.context.retire() };
                // SAFETY: it has ended, and this loop forgets it.
                unsafe { counted::release_ended(target) };
                target = next;
            }
        }
    }
}
