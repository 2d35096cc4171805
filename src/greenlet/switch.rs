//! Switching: a value goes over, the other greenlet runs, and an answer comes back.

use std::any::type_name;
use std::panic::{Location, resume_unwind};

use super::handle::{AnyGreenlet, Greenlet};
use crate::error::{CannotWait, SwitchError};
use crate::stderr;
use crate::switch::counted::{HandleRef, WeakRef};
use crate::switch::record::{Core, Resumption};
use crate::switch::thread::{self, Current};
use crate::switch::trace::{self, TraceEvent};
use crate::switch::{GreenletState, describe, handover, parent, raise, switch_guard};

impl<I: 'static, O: 'static> Greenlet<I, O> {
    /// Hands `value` to this greenlet, lets it run, and waits until a switch brings control back.
    ///
    /// A switch to the running greenlet returns the value. A switch to an ended greenlet goes to its nearest ancestor that has
    /// not ended, as in greenlet, if that one waits for an `I`.
    ///
    /// # Panics
    /// With the text of the [`SwitchError`] where [`try_switch`](Greenlet::try_switch) returns one. With the panic of a child
    /// that ends meanwhile. In a main greenlet, with the hub's report of a deadlock: if all greenlets wait and none can be
    /// woken, it names each of them, and the line and reason of its wait.
    ///
    /// While a panic unwinds the running greenlet, the process ends with a message instead.
    #[inline(always)]
    #[track_caller]
    pub fn switch(&self, value: I) -> O {
        match self.try_switch(value) {
            Ok(answer) => answer,
            Err(error) => self.switch_otherwise(error),
        }
    }

    /// Hands `value` to this greenlet, lets it run, and waits until a switch brings control back.
    ///
    /// # Errors
    /// A [`SwitchError`] with the reason and the value: nothing has run and nothing has changed. After
    /// [`SwitchError::Killed`] and [`SwitchError::WrongAnswer`] the value was handed over, and these report what happened then.
    ///
    /// # Panics
    /// With the panic of a child that ends meanwhile, and in a main greenlet with the report of a deadlock: see
    /// [`switch`](Greenlet::switch).
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
        // SAFETY: `me` runs and may be left; the target is another greenlet that waits for an `I`.
        match unsafe { handover::exchange::<I, O>(me, target, value) } {
            Ok(answer) => Ok(answer),
            Err(resumption) => Err(error_of(*resumption)),
        }
    }

    #[cold]
    #[inline(never)]
    fn try_switch_slow(&self, me: Current, value: I) -> Result<O, SwitchError<I>> {
        if self.core.as_ptr() == me.as_ptr() {
            return switch_to_self(me, value);
        }
        let value = check_may_leave(me, value)?;
        if me.is_hub() {
            // The hub drops answers.
            return Err(SwitchError::NotWaiting(value));
        }
        if handover::waits_for::<I>(&self.core) {
            trace::leave_event(TraceEvent::Switch, me, &self.core);
            // SAFETY: as in `try_switch`, after the slow check.
            return unsafe { handover::exchange::<I, O>(me, self.core.as_ptr(), value) }
                .map_err(|resumption| error_of(*resumption));
        }
        Err(match self.core.state() {
            GreenletState::Declared => SwitchError::Undefined(value),
            GreenletState::Dead | GreenletState::Leaked => SwitchError::Dead(value),
            _ if self.core.is_hub() => SwitchError::Hub(value),
            _ => match handover::expected_type(&self.core) {
                Some(waits_for) => SwitchError::WrongType { value, waits_for },
                None => SwitchError::NotWaiting(value),
            },
        })
    }

    /// Does what `switch` does where `try_switch` returns an error: follows the rule for ended targets, or panics.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn switch_otherwise(&self, error: SwitchError<I>) -> O {
        let error = match error {
            SwitchError::Dead(value) => match self.switch_to_ancestor(value) {
                Ok(answer) => return answer,
                Err(error) => error,
            },
            other => other,
        };
        panic_or_abort("switch to", "try_switch", &self.core, &error)
    }

    fn switch_to_ancestor(&self, value: I) -> Result<O, SwitchError<I>> {
        let Some(ancestor) = parent::ancestor(&self.core) else {
            // A main greenlet, with an ending thread.
            return Err(SwitchError::Dead(value));
        };
        // SAFETY: our handle keeps the ended greenlet, and its parent links keep the ancestor.
        let ancestor = HandleRef::Weak(unsafe { WeakRef::to(ancestor) });
        let ancestor = AnyGreenlet::from_handle(ancestor).into_typed::<I, O>();
        ancestor.try_switch(value).map_err(|error| match error {
            SwitchError::Killed | SwitchError::WrongAnswer { .. } => error,
            refused => match refused.into_value() {
                Some(value) => SwitchError::Dead(value),
                None => unreachable!("only a switch that was made keeps the value"),
            },
        })
    }
}

/// Returns the value of a greenlet that switches to itself, as in greenlet.
fn switch_to_self<I: 'static, O: 'static>(me: Current, value: I) -> Result<O, SwitchError<I>> {
    let same = handover::same_type::<I, O>(value).map_err(|value| SwitchError::WrongType {
        value,
        waits_for: type_name::<O>(),
    })?;
    trace::leave_event(TraceEvent::Switch, me, &me);
    if let Err(panic) = handover::begin(me) {
        resume_unwind(panic);
    }
    Ok(same)
}

/// Returns `value` if the running greenlet may be left.
pub(super) fn check_may_leave<T>(me: Current, value: T) -> Result<T, SwitchError<T>> {
    if switch_guard::may_switch() {
        return Ok(value);
    }
    match switch_guard::check_slow(me) {
        Ok(()) => Ok(value),
        Err(CannotWait::Forbidden { place }) => Err(SwitchError::Forbidden { value, place }),
        Err(CannotWait::Panicking) => Err(SwitchError::Panicking(value)),
        Err(CannotWait::Tracing) => Err(SwitchError::Tracing(value)),
        Err(CannotWait::Hub) => Err(SwitchError::NotWaiting(value)),
    }
}

/// The error of a switch that was made. Raises a resumption that is none.
pub(super) fn error_of<I>(resumption: Resumption) -> SwitchError<I> {
    match resumption {
        Resumption::ChildKilled => SwitchError::Killed,
        Resumption::MistypedValue(value) => SwitchError::WrongAnswer {
            from: value.from,
            type_name: value.type_name,
            value: value.value,
        },
        thrown => raise::raise(thrown),
    }
}

/// Panics with the error; or ends the process, while a panic unwinds the running greenlet.
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
