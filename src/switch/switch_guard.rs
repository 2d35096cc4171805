//! Whether the running greenlet may be left now: not in the middle of a panic, not inside `no_switch`, and not when
//! it was told to unwind and did not, or shall be interrupted.

use crate::error::CannotWait;
use crate::switch::exit::GreenletExit;
#[cfg(feature = "hub")]
use crate::switch::interrupt;
use crate::switch::no_switch;
use crate::switch::record::Core;
use crate::switch::tag::{Never, TypeTag};
use crate::switch::thread::{self, Current};
use crate::switch::{chain, describe};

/// How often a greenlet may catch its kill and wait again, before its stack is given up for lost.
pub(crate) const MOST_SWALLOWED: u32 = 100;

/// Nothing stands against a switch: one load and one branch each for the panic and for the rest.
///
/// The rest is whatever has asked for [attention](thread::add_attention): a greenlet that is being unwound, a kill or a
/// timeout that is pending, a `no_switch`, a tracer.
#[inline(always)]
pub(crate) fn may_switch() -> bool {
    !std::thread::panicking() && thread::slow_path_requests() == 0
}

/// Looks closer where [`is_free`] said no. Does not return if the running greenlet shall unwind.
#[cold]
#[inline(never)]
pub(crate) fn check_slow(me: Current) -> Result<(), CannotWait> {
    check_may_leave(me)?;
    #[cfg(feature = "hub")]
    interrupt::raise_due(me);
    Ok(())
}

/// As [`look_closer`], but for what may be due.
///
/// # Errors
/// Why the running greenlet may not be left.
pub(crate) fn check_may_leave(me: Current) -> Result<(), CannotWait> {
    if std::thread::panicking() {
        return Err(CannotWait::Panicking);
    }
    let scope = no_switch::innermost();
    // In a scope of somebody else's it is unwound for them, and told so first.
    if me.unwound_by().is_some() && !scope.is_some_and(|scope| scope.is_of(me)) {
        unwind_again(me);
    }
    match scope {
        Some(scope) => Err(scope.why),
        None => Ok(()),
    }
}

/// The running greenlet may be left, though a wait may raise what is pending for it.
#[cfg(feature = "hub")]
pub(crate) fn may_wait() -> bool {
    may_switch() || (!std::thread::panicking() && no_switch::innermost().is_none())
}

/// Nothing is due for the running greenlet that a wait would raise.
#[cfg(feature = "hub")]
pub(crate) fn has_nothing_due(me: Current) -> bool {
    may_switch() || (me.unwound_by().is_none() && !interrupt::is_due(me))
}

/// Says whose panic stands in the way of `me`, which is called `name` there: its own; or that of one who ends it, and whose
/// panic goes on when that is done.
#[cold]
pub(crate) fn during_panic(me: Current, name: &str) -> String {
    let mut whose: &Core = &me;
    while let Some(unwinder) = whose.unwound_by()
        && whose.cold().ends_in_panic.get()
    {
        whose = unwinder;
    }
    if whose.as_ptr() == me.as_ptr() {
        format!("while a panic unwinds {name}")
    } else {
        format!(
            "while a panic unwinds {}, which ends {name}",
            describe(whose)
        )
    }
}

/// It caught its kill and waits again: it is told again, and after many times it is left where it is.
fn unwind_again(me: Current) -> ! {
    let swallowed = &me.cold().swallowed;
    swallowed.set(swallowed.get() + 1);
    if swallowed.get() < MOST_SWALLOWED {
        GreenletExit::raise();
    }
    leak_swallower(me)
}

fn leak_swallower(me: Current) -> ! {
    // The slot lies in a frame that is gone.
    me.expects.set(TypeTag::of::<Never>());
    loop {
        let unwinder = me.unwound_by().expect("checked before").as_ptr();
        thread::set_current(unwinder);
        // SAFETY: the unwinder waits for our end, and for nothing but control. We leave the chain, where nothing may
        // be on top of a stack that is given up.
        unsafe { chain::suspend_to(me, unwinder) };
    }
}
