//! Switching: a value goes over, the other one runs, and an answer comes back.

use std::panic::{Location, resume_unwind};

use super::handle::Greenlet;
use crate::error::{CannotWait, SwitchError};
use crate::stderr;
use crate::switch::GreenletState;
use crate::switch::counted::WeakRef;
use crate::switch::record::{Core, Resumption};
use crate::switch::thread::{self, Current};
use crate::switch::trace::TraceEvent;
use crate::switch::{describe, handover, parent, switch_guard};

impl<I: 'static, O: 'static> Greenlet<I, O> {
    /// Hands `value` to this greenlet, lets it run, and waits until somebody switches back.
    ///
    /// Switching to the running greenlet itself gives the value back. Switching to one that has ended
    /// is switching to its nearest live ancestor, as in greenlet, where that one waits for an `I`.
    ///
    /// # Panics
    /// With the text of the [`SwitchError`] where [`try_switch`](Greenlet::try_switch) returns one.
    /// A panic that a child of the running greenlet dies of goes on here, too. And in a main greenlet, where everybody waits
    /// and nobody can ever switch back, the hub's report of that deadlock comes as a panic: who waits for what, and
    /// since which line.
    ///
    /// # Aborts
    /// While a panic unwinds the running greenlet, it cannot switch: the process ends with a message.
    #[inline(always)]
    #[track_caller]
    pub fn switch(&self, value: I) -> O {
        match self.try_switch(value) {
            Ok(answer) => answer,
            Err(error) => self.switch_otherwise(error),
        }
    }

    /// Hands `value` to this greenlet, lets it run, and waits until somebody switches back.
    ///
    /// # Errors
    /// A [`SwitchError`] that says what stands against it and gives the value back. Nothing has run and
    /// nothing has changed then, except with [`SwitchError::Killed`] and
    /// [`SwitchError::WrongAnswer`], which tell what the others did meanwhile.
    ///
    /// # Panics
    /// A panic that a child of the running greenlet dies of goes on here. So does, in a main greenlet, the report of a
    /// deadlock: see [`switch`](Greenlet::switch).
    #[inline(always)]
    pub fn try_switch(&self, value: I) -> Result<O, SwitchError<I>> {
        let me = thread::current();
        let target = self.core.as_ptr();
        if target == me.as_ptr()
            || !switch_guard::may_switch()
            || !handover::waits_for::<I>(&self.core)
        {
            return self.try_switch_slow(me, value);
        }
        // SAFETY: `me` is the running one, the target is another that waits for an `I`, and a switch
        // is permitted now.
        match unsafe { handover::exchange::<I, O>(me, target, value) } {
            Ok(answer) => Ok(answer),
            Err(resumption) => Err(refuse(*resumption)),
        }
    }

    #[cold]
    #[inline(never)]
    fn try_switch_slow(&self, me: Current, value: I) -> Result<O, SwitchError<I>> {
        if self.core.as_ptr() == me.as_ptr() {
            return switch_to_self(me, value);
        }
        match switch_guard::check_slow(me) {
            Ok(()) => {}
            Err(CannotWait::Forbidden { place }) => {
                return Err(SwitchError::Forbidden { value, place });
            }
            Err(CannotWait::Panicking) => return Err(SwitchError::Panicking(value)),
            Err(CannotWait::Hub | CannotWait::Tracing) => {
                return Err(SwitchError::NotWaiting(value));
            }
        }
        if me.is_hub() {
            // The hub: an answer would be swallowed.
            return Err(SwitchError::NotWaiting(value));
        }
        if handover::waits_for::<I>(&self.core) {
            handover::trace(TraceEvent::Switch, me, &self.core);
            // SAFETY: as in `try_switch`, now that somebody has looked.
            return unsafe { handover::exchange::<I, O>(me, self.core.as_ptr(), value) }
                .map_err(|resumption| refuse(*resumption));
        }
        Err(match self.core.state() {
            GreenletState::Declared => SwitchError::Undefined(value),
            GreenletState::Dead | GreenletState::Leaked => SwitchError::Dead(value),
            _ => match handover::expected_type(&self.core) {
                Some(waits_for) => SwitchError::WrongType { value, waits_for },
                None => SwitchError::NotWaiting(value),
            },
        })
    }

    /// What `switch` does where `try_switch` has an error: the rule for dead targets, or a panic.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn switch_otherwise(&self, error: SwitchError<I>) -> O {
        let error = match error {
            SwitchError::Dead(value) => match parent::ancestor(&self.core) {
                Some(ancestor) => {
                    // SAFETY: our handle keeps the dead one there, and its parent links the ancestor.
                    let ancestor = Greenlet::<I, O>::from_link(unsafe { WeakRef::to(ancestor) });
                    match ancestor.try_switch(value) {
                        Ok(answer) => return answer,
                        Err(error @ (SwitchError::Killed | SwitchError::WrongAnswer { .. })) => {
                            error
                        }
                        Err(error) => match error.into_value() {
                            Some(value) => SwitchError::Dead(value),
                            None => unreachable!("only a switch that was made keeps the value"),
                        },
                    }
                }
                // A main greenlet, whose thread ends: nothing comes after it.
                None => SwitchError::Dead(value),
            },
            other => other,
        };
        panic_or_abort("switch to", "try_switch", &self.core, &error)
    }
}

/// A greenlet that switches to itself gets its value back at once, as greenlet has it.
fn switch_to_self<I: 'static, O: 'static>(me: Current, value: I) -> Result<O, SwitchError<I>> {
    let same = handover::same_type::<I, O>(value).map_err(|value| SwitchError::WrongType {
        value,
        waits_for: std::any::type_name::<O>(),
    })?;
    handover::trace(TraceEvent::Switch, me, &me);
    if let Err(panic) = handover::begin(me) {
        resume_unwind(panic);
    }
    Ok(same)
}

pub(super) fn refuse<I>(resumption: Resumption) -> SwitchError<I> {
    match resumption {
        Resumption::ChildKilled => SwitchError::Killed,
        Resumption::MistypedValue(unwanted) => SwitchError::WrongAnswer {
            from: unwanted.from,
            type_name: unwanted.type_name,
            value: unwanted.value,
        },
        thrown => handover::raise(thrown),
    }
}

/// Panics with what stands against a switch; or ends the process, in the middle of a panic.
#[cold]
#[track_caller]
pub(super) fn panic_or_abort<I>(
    what: &str,
    instead: &str,
    target: &Core,
    error: &SwitchError<I>,
) -> ! {
    if let SwitchError::Panicking(_) = error {
        let place = Location::caller();
        let me = thread::current();
        stderr::abort(format_args!(
            "{} cannot {what} {} at {place} {} (use {instead} in destructors)",
            describe(&me),
            describe(target),
            switch_guard::during_panic(me, "it"),
        ));
    }
    panic!("{what} {} failed: {error}", describe(target))
}
