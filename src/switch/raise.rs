//! How a greenlet unwinds on its own stack: with a thrown panic, a kill, or an interrupt that is due.

use std::panic::resume_unwind;

#[cfg(feature = "hub")]
use crate::error::TimedOut;
#[cfg(feature = "hub")]
use crate::interrupts::{Interrupt, Interrupts};
#[cfg(feature = "hub")]
use crate::stderr;
#[cfg(feature = "hub")]
use crate::switch::exit::EndsAt;
use crate::switch::exit::GreenletExit;
use crate::switch::parent;
use crate::switch::record::{MistypedValue, Resumption};
#[cfg(feature = "hub")]
use crate::switch::{
    chain::{self, MOST_CAUGHT},
    interrupt,
    record::describe,
    thread::{self, Current},
};

/// Continues with what has arrived in place of a value, where no error can be returned.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn raise(resumption: Resumption) -> ! {
    let message = raise_or_message(resumption);
    panic!("{message}")
}

/// As `raise`, but gives back the message of what would be a new panic, for a caller that has a better line for it.
#[cold]
pub(crate) fn raise_or_message(resumption: Resumption) -> String {
    match resumption {
        Resumption::Thrown(payload) => resume_unwind(payload),
        Resumption::Unwind => GreenletExit::raise(),
        #[cfg(feature = "hub")]
        Resumption::Interrupt => {
            raise_delivered(thread::current());
            "an interrupt was withdrawn after it had ended a switch".to_owned()
        }
        #[cfg(feature = "hub")]
        Resumption::Report(what) => what,
        Resumption::ChildKilled => "the greenlet that was switched to was killed".to_owned(),
        Resumption::MistypedValue(MistypedValue {
            from,
            type_name,
            value,
        }) => {
            parent::drop_quietly(value);
            format!(
                "{from} ended with a value of type {type_name}, which this greenlet does not wait for"
            )
        }
    }
}

/// Raises the interrupt that is due for the running greenlet, if there is one.
#[cfg(feature = "hub")]
pub(super) fn raise_due(me: Current) {
    let Some(due) = me.known_interrupts().and_then(Interrupts::take) else {
        return;
    };
    interrupt::sync_slow_path(&me);
    if due == Interrupt::Kill && me.interrupts().kill_again() >= MOST_CAUGHT {
        leak_current(me);
    }
    raise_interrupt(due)
}

/// Raises the interrupt that has ended a wait of the running greenlet.
#[cfg(feature = "hub")]
#[cold]
#[inline(never)]
pub(crate) fn raise_delivered(me: Current) {
    if let Some(delivered) = me.interrupts().take_delivered() {
        interrupt::sync_slow_path(&me);
        raise_interrupt(delivered)
    }
}

#[cfg(feature = "hub")]
fn raise_interrupt(interrupt: Interrupt) -> ! {
    match interrupt {
        Interrupt::Kill => GreenletExit::raise(),
        Interrupt::ScopeFailure(id) => GreenletExit::raise_in(EndsAt::Scope(id)),
        Interrupt::Timeout(id) => {
            let payload = thread::current().interrupts().begin_unwinding();
            resume_unwind(Box::new(TimedOut::to_unwind(id, payload)))
        }
    }
}

/// A panic unwinds the running greenlet that is neither its kill nor one of its timeouts.
///
/// While the greenlet keeps the payload of a kill or timeout that it has caught, each unwinding counts as that one's.
#[cfg(feature = "hub")]
pub(crate) fn is_panicking() -> bool {
    let is_interrupt = || {
        let me = thread::current();
        me.known_interrupts().is_some_and(Interrupts::are_unwinding)
    };
    std::thread::panicking() && !is_interrupt()
}

/// Leaks a task that has caught its kill too often: it is completed as killed, and its stack stays as it is.
#[cfg(feature = "hub")]
fn leak_current(me: Current) -> ! {
    stderr::say(format_args!(
        "{} has caught its kill {MOST_CAUGHT} times and waits again: its stack is leaked",
        describe(&me)
    ));
    interrupt::clear(&me);
    // Its frames are never unwound, so its record must not be freed either.
    std::mem::forget(me.to_ref());
    // SAFETY: it ends here, and was not completed before.
    unsafe { me.complete_killed() };
    let hub = || me.parent().expect("a task's parent is its hub").as_ptr();
    let next = me.unwinder().unwrap_or_else(hub);
    chain::leak(&me);
    thread::set_current(next);
    // SAFETY: this is its own stack, and a task is not main.
    unsafe { me.context.suspend(next) };
    unreachable!("a leaked greenlet is never resumed")
}
