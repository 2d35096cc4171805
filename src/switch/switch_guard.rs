//! Whether the running greenlet may be left: not while a panic unwinds it, not inside `no_switch` or a tracer, and not when
//! it is to unwind or an interrupt is due.

use crate::error::CannotWait;
use crate::switch::chain::{self, MOST_CAUGHT};
use crate::switch::exit::GreenletExit;
#[cfg(feature = "hub")]
use crate::switch::interrupt;
use crate::switch::no_switch;
#[cfg(feature = "hub")]
use crate::switch::raise;
use crate::switch::record::{Core, describe};
use crate::switch::state::{Never, TypeTag};
use crate::switch::thread::{self, Current};

/// Nothing prevents a switch: one load and one branch each for panics and for all else.
///
/// The rest is whatever has [requested the slow path](thread::request_slow_path): a greenlet that is being unwound, a pending
/// interrupt, a `no_switch`, a tracer.
#[inline(always)]
pub(crate) fn may_switch() -> bool {
    !std::thread::panicking() && thread::slow_path_requests() == 0
}

/// Checks what [`may_switch`] could not decide. Raises what is due for the running greenlet.
///
/// # Errors
/// Why the running greenlet may not be left.
#[cold]
#[inline(never)]
pub(crate) fn check_slow(me: Current) -> Result<(), CannotWait> {
    check_may_leave(me)?;
    #[cfg(feature = "hub")]
    raise::raise_due(me);
    Ok(())
}

/// As [`check_slow`], and raises no interrupts.
///
/// # Errors
/// Why the running greenlet may not be left.
pub(crate) fn check_may_leave(me: Current) -> Result<(), CannotWait> {
    if std::thread::panicking() {
        return Err(CannotWait::Panicking);
    }
    let scope = no_switch::innermost();
    // In another greenlet's scope this one is unwound for that greenlet, and the unwinding comes first.
    if me.unwound_by().is_some() && !scope.is_some_and(|scope| scope.is_of(me)) {
        unwind_again(me);
    }
    match scope {
        Some(scope) => Err(scope.why),
        None => Ok(()),
    }
}

/// The running greenlet may be left, though a wait may raise an interrupt.
#[cfg(feature = "hub")]
pub(crate) fn may_wait() -> bool {
    may_switch() || (!std::thread::panicking() && no_switch::innermost().is_none())
}

/// A wait of the running greenlet would raise nothing.
#[cfg(feature = "hub")]
pub(crate) fn has_nothing_due(me: Current) -> bool {
    may_switch() || (me.unwound_by().is_none() && !interrupt::is_due(me))
}

/// Describes the panic that stands in the way of `me`, which is called `name` there: its own, or that of the greenlet which
/// unwinds it in a destructor.
#[cold]
pub(crate) fn during_panic(me: Current, name: &str) -> String {
    let mut panicking: &Core = &me;
    while let Some(unwinder) = panicking.unwound_by()
        && panicking.cold().ends_in_panic.get()
    {
        panicking = unwinder;
    }
    if panicking.as_ptr() == me.as_ptr() {
        format!("while a panic unwinds {name}")
    } else {
        format!(
            "while a panic unwinds {}, which ends {name}",
            describe(panicking)
        )
    }
}

/// Unwinds a greenlet again that has caught its unwinding and waits. After many times it is suspended for ever.
fn unwind_again(me: Current) -> ! {
    let caught = &me.cold().caught_unwinds;
    caught.set(caught.get() + 1);
    if caught.get() < MOST_CAUGHT {
        GreenletExit::raise();
    }
    suspend_for_ever(me)
}

fn suspend_for_ever(me: Current) -> ! {
    // The slot lies in a frame that is gone.
    me.expects.set(TypeTag::of::<Never>());
    loop {
        let unwinder = me.unwound_by().expect("checked before").as_ptr();
        thread::set_current(unwinder);
        // SAFETY: the unwinder waits for our end, and for nothing but control. We leave the chain, so no other greenlet is on
        // top of the stack that it leaks.
        unsafe { chain::suspend_to(me, unwinder) };
    }
}
