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

use super::counted::{Handle, Link};
use super::describe;
use super::engine::Next;
use super::exit::GreenletExit;
use super::record::{Arrival, Core, Unwanted};
use super::state::State;
use super::tag::{Nothing, Tag};
use super::thread::{self, Me};

/// Ends the running greenlet with what came out of its body. What it returns must run next.
pub(crate) fn end<O: 'static>(me: Me, outcome: Caught<O>) -> Next {
    let next = if let Some(unwinder) = me.unwound_by() {
        forget(outcome);
        unwinder.as_next()
    } else {
        match outcome {
            Ok(value) => hand_over(me, value),
            Err(payload) if GreenletExit::is_in(&*payload) => tell(me, Arrival::ChildKilled),
            Err(payload) => tell(me, Arrival::Thrown(payload)),
        }
    };
    // Destructors ran above, which may have waited, and been unwound there.
    let next = me.unwound_by().map_or(next, Core::as_next);
    close(&me);
    thread::set_current(next);
    next
}

/// Marks an ended greenlet: nothing can be sent to it any more.
pub(crate) fn close(core: &Core) {
    core.expects.set(Tag::of::<Nothing>());
    core.state.set(State::Dead);
}

/// The nearest ancestor that has not ended, the main greenlet at the latest.
pub(crate) fn live_ancestor(core: &Core) -> Next {
    let mut ancestor = Handle::Link(core.parent().expect("only the main greenlet has no parent"));
    while ancestor.state.get().is_over() {
        ancestor = match ancestor.parent() {
            Some(parent) => Handle::Link(parent),
            // A main greenlet is over when its thread's destructors run: then the one that runs them.
            None => Handle::Owner(thread::main()),
        };
    }
    // The parent links from `core` keep it there.
    ancestor.as_next()
}

/// Who comes after `me`, which ends: also its parent from now on, so that those who end after their parents
/// do not leave ever longer ways behind them.
fn heir_of(me: Me) -> Next {
    let heir = live_ancestor(&me);
    // SAFETY: the parent links from `me` keep it there.
    me.set_parent(unsafe { Link::to(heir) });
    heir
}

fn hand_over<O: 'static>(me: Me, value: O) -> Next {
    let heir = heir_of(me);
    // SAFETY: the parent links from `me` keep it there.
    let heir_core = unsafe { heir.as_ref() };
    if heir_core.takes_all() {
        forget(value);
        return heir;
    }
    if heir_core.expects.get().is::<O>() {
        // SAFETY: it waits for an `O`, and its slot is where it goes.
        unsafe { heir_core.slot.get().cast::<O>().write(value) };
        if heir_core.state.get() == State::Unstarted {
            // Our link may be the last pointer to it, and goes when we are buried.
            heir_core.enter();
        }
        return heir;
    }
    let unwanted = Unwanted {
        from: describe(&me),
        type_name: type_name::<O>(),
        value: Box::new(value),
    };
    if heir_core.state.get() == State::Unstarted || heir_core.state.get() == State::Declared {
        // It stays as it is; the error belongs to the next one up.
        return tell_above(heir_core, Arrival::Unwanted(unwanted));
    }
    tell(me, Arrival::Unwanted(unwanted))
}

/// Puts `arrival` before the nearest live ancestor that was started; the unstarted ones die of it.
fn tell(me: Me, arrival: Arrival) -> Next {
    loop {
        let heir = heir_of(me);
        // SAFETY: the parent links from `me` keep it there.
        let heir_core = unsafe { heir.as_ref() };
        match heir_core.state.get() {
            State::Unstarted => {
                close(heir_core);
                // SAFETY: it was installed when it became unstarted, and was never resumed.
                forget(catch_unwind(AssertUnwindSafe(|| unsafe {
                    heir_core.context.discard()
                })));
            }
            State::Declared => close(heir_core),
            _ => return put(heir_core, arrival),
        }
    }
}

fn tell_above(core: &Core, arrival: Arrival) -> Next {
    let mut heir = live_ancestor(core);
    loop {
        // SAFETY: the parent links from `core` keep it there.
        let heir_core = unsafe { heir.as_ref() };
        if heir_core.state.get().is_alive() {
            return put(heir_core, arrival);
        }
        heir = live_ancestor(heir_core);
    }
}

fn put(heir: &Core, arrival: Arrival) -> Next {
    if heir.takes_all() {
        forget(arrival);
    } else {
        heir.put_arrival(arrival);
    }
    heir.as_next()
}

/// Drops what nobody wants, and a panic that comes of it: there is nobody to tell.
fn forget<T>(value: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        std::mem::forget(panic);
    }
}
