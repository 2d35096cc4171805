//! Whether the running greenlet may switch now: not in the middle of a panic, and not when it was told
//! to unwind and did not.

use std::panic::resume_unwind;

use super::chain;
use super::exit::GreenletExit;
use super::thread::{self, Me};

/// How often a greenlet may catch its kill and wait again, before its stack is given up for lost.
pub(crate) const MOST_SWALLOWED: u32 = 100;

/// Nothing stands against a switch: one load and one branch each for the panic and for the rest.
#[inline(always)]
pub(crate) fn is_free() -> bool {
    !std::thread::panicking() && thread::attention() == 0
}

/// Why a switch is refused.
pub(crate) struct WhilePanicking;

/// Looks closer where [`is_free`] said no. Does not return if the running greenlet shall unwind.
#[cold]
#[inline(never)]
pub(crate) fn look_closer(me: Me) -> Result<(), WhilePanicking> {
    if std::thread::panicking() {
        return Err(WhilePanicking);
    }
    if me.unwound_by().is_some() {
        unwind_again(me);
    }
    Ok(())
}

/// It caught its kill and waits again: it is told again, and after many times it is left where it is.
fn unwind_again(me: Me) -> ! {
    let swallowed = &me.rare().swallowed;
    swallowed.set(swallowed.get() + 1);
    if swallowed.get() < MOST_SWALLOWED {
        resume_unwind(Box::new(GreenletExit::new()));
    }
    leave_for_good(me)
}

fn leave_for_good(me: Me) -> ! {
    loop {
        let unwinder = me.unwound_by().expect("checked before").as_next();
        thread::set_current(unwinder);
        // SAFETY: the unwinder is on the chain, and waits for nothing but control.
        unsafe { chain::transfer(me, unwinder) };
    }
}
