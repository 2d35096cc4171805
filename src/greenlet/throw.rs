//! Throwing into a greenlet and killing it: how other greenlets end the switch or wait that it is in.

use std::any::Any;
use std::panic::{Location, resume_unwind};

use super::handle::{AnyGreenlet, Greenlet};
use super::switch::{check_may_leave, error_of, panic_or_abort};
use crate::error::{CannotWait, KillError, SwitchError};
use crate::stderr;
use crate::switch::exit::GreenletExit;
use crate::switch::record::{Core, Resumption};
use crate::switch::thread::{self, Current};
use crate::switch::trace::{self, TraceEvent};
use crate::switch::{CorePtr, GreenletState, describe, handover, kill, parent, switch_guard};

type Payload = Box<dyn Any + Send>;

impl<I: 'static, O: 'static> Greenlet<I, O> {
    /// Makes the switch or wait that this greenlet is in panic with `payload`, and waits until a switch brings control back. No
    /// panic hook runs.
    ///
    /// A greenlet that was not started is dead after that: its body is dropped, and the payload continues in its nearest
    /// ancestor that was started and has not ended. The same holds for a greenlet that has ended. In the running greenlet the
    /// payload is raised here.
    ///
    /// # Panics
    /// With the text of the [`SwitchError`] where [`try_throw`](Greenlet::try_throw) returns one other than `Dead`. With
    /// `payload`, where it continues in the running greenlet: for example because a child does not catch it.
    ///
    /// While a panic unwinds the running greenlet, the process ends with a message instead.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{Greenlet, parent};
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    ///
    /// let patient: Greenlet<(), String> = Greenlet::new(|()| {
    ///     let waits = || parent::<String, ()>().switch("ready".to_string());
    ///     let thrown = catch_unwind(AssertUnwindSafe(waits)).unwrap_err();
    ///     format!("caught {}", thrown.downcast::<&str>().unwrap())
    /// });
    /// assert_eq!(patient.switch(()), "ready");
    /// assert_eq!(patient.throw(Box::new("a stone")), "caught a stone");
    /// ```
    #[track_caller]
    pub fn throw(&self, payload: Payload) -> O {
        throw(&self.any, payload)
    }

    /// Throws as [`throw`](Greenlet::throw) does, and returns errors.
    ///
    /// # Errors
    /// A [`SwitchError`] with the reason and the payload: nothing has changed. After [`SwitchError::Killed`] and
    /// [`SwitchError::WrongAnswer`] the payload was thrown, and these report what happened then.
    ///
    /// # Panics
    /// With `payload`, where it continues in the running greenlet.
    pub fn try_throw(&self, payload: Payload) -> Result<O, SwitchError<Payload>> {
        try_throw(&self.any, payload)
    }
}

impl AnyGreenlet {
    /// Throws `payload` as [`Greenlet::throw`] does, into a greenlet that answers with `()`.
    ///
    /// # Panics
    /// With the text of the [`SwitchError`] where [`try_throw`](AnyGreenlet::try_throw) returns one other than `Dead`, and with
    /// `payload`, where it continues in the running greenlet.
    #[track_caller]
    pub fn throw(&self, payload: Payload) {
        throw(self, payload)
    }

    /// Throws `payload` as [`Greenlet::try_throw`] does, into a greenlet that answers with `()`.
    ///
    /// # Errors
    /// A [`SwitchError`], as for [`Greenlet::try_throw`].
    ///
    /// # Panics
    /// With `payload`, where it continues in the running greenlet.
    pub fn try_throw(&self, payload: Payload) -> Result<(), SwitchError<Payload>> {
        try_throw(self, payload)
    }

    /// Ends this greenlet: unwinds it from its switch or wait with [`GreenletExit`], and returns when it has ended.
    ///
    /// The body of a greenlet that was not started is dropped and never runs. A greenlet that has ended stays as it is. The
    /// running greenlet unwinds from here, so this does not return; its parent's switch returns [`SwitchError::Killed`].
    ///
    /// No other greenlet is notified: one that has switched to the killed greenlet waits on, until a switch reaches it.
    ///
    /// A greenlet that catches the kill and switches or waits again is killed again there. After a hundred times its stack is
    /// leaked.
    ///
    /// # Panics
    /// With the text of the [`KillError`] where [`try_kill`](AnyGreenlet::try_kill) returns one; and with the panic of the
    /// destructors of a body that never ran.
    ///
    /// While a panic unwinds the running greenlet, suspended greenlets can be killed. To kill the running greenlet, or one that
    /// waits for it, then ends the process with a message.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{Greenlet, parent};
    ///
    /// struct CleanUp;
    /// impl Drop for CleanUp {
    ///     fn drop(&mut self) {
    ///         println!("cleaned up");
    ///     }
    /// }
    ///
    /// let victim: Greenlet<(), ()> = Greenlet::new(|()| {
    ///     let _clean_up = CleanUp;
    ///     parent::<(), ()>().switch(());
    /// });
    /// victim.switch(());
    /// victim.kill(); // cleaned up
    /// assert!(victim.is_dead());
    /// ```
    #[track_caller]
    pub fn kill(&self) {
        let Err(error) = self.try_kill() else {
            return;
        };
        if error == KillError::Refused(CannotWait::Panicking) {
            let (me, place) = (thread::current(), Location::caller());
            stderr::abort(format_args!(
                "{} cannot kill {} at {place} {} (use try_kill in destructors)",
                describe(&me),
                describe(&self.core),
                switch_guard::during_panic(me, "it"),
            ));
        }
        panic!("{} cannot be killed: {error}", describe(&self.core));
    }

    /// Kills as [`kill`](AnyGreenlet::kill) does, and returns errors.
    ///
    /// # Errors
    /// [`KillError`] for a main greenlet and a hub; for a greenlet that waits for the running one where that may not be left;
    /// and for a started greenlet in a program built with `panic=abort`. The greenlet is as it was then.
    ///
    /// # Panics
    /// With the panic of the destructors of a body that never ran.
    pub fn try_kill(&self) -> Result<(), KillError> {
        let me = thread::current();
        if self.core.as_ptr() != me.as_ptr() {
            return kill::kill(&self.core.to_ref());
        }
        if me.is_hub() {
            return Err(KillError::Hub);
        }
        if me.parent().is_none() {
            return Err(KillError::Main);
        }
        if cfg!(panic = "abort") {
            return Err(KillError::Unsupported);
        }
        if std::thread::panicking() {
            return Err(KillError::Refused(CannotWait::Panicking));
        }
        GreenletExit::raise()
    }
}

#[track_caller]
fn throw<O: 'static>(target: &AnyGreenlet, payload: Payload) -> O {
    let error = match try_throw(target, payload) {
        Ok(answer) => return answer,
        Err(SwitchError::Dead(payload)) => match throw_above(&target.core, payload, true) {
            Ok(answer) => return answer,
            Err(error) => error,
        },
        Err(error) => error,
    };
    panic_or_abort("throw into", "try_throw", &target.core, &error)
}

fn try_throw<O: 'static>(
    target: &AnyGreenlet,
    payload: Payload,
) -> Result<O, SwitchError<Payload>> {
    let (me, core) = (thread::current(), &target.core);
    if core.as_ptr() == me.as_ptr() {
        return throw_here(me, payload);
    }
    let payload = check_may_leave(me, payload)?;
    if core.is_hub() {
        return Err(SwitchError::Hub(payload));
    }
    if me.is_hub() || core.is_killing() {
        return Err(SwitchError::NotWaiting(payload));
    }
    match core.state() {
        GreenletState::Declared => Err(SwitchError::Undefined(payload)),
        GreenletState::Dead | GreenletState::Leaked => Err(SwitchError::Dead(payload)),
        GreenletState::Unstarted => {
            let kept = core.to_ref();
            parent::drop_quietly(parent::cancel(&kept));
            // Its children go to the greenlet that the payload goes to.
            parent::successor_of_panic(&kept);
            // A waiting greenlet must not keep an ended one.
            drop(kept);
            throw_above(core, payload, false)
        }
        // SAFETY: it waits, and is not the running one, which may be left.
        GreenletState::Suspended | GreenletState::Active => unsafe {
            throw_at(me, core.as_ptr(), Resumption::Thrown(payload))
        },
    }
}

/// Raises `payload` in the running greenlet.
fn throw_here<O>(me: Current, payload: Payload) -> Result<O, SwitchError<Payload>> {
    if std::thread::panicking() {
        return Err(SwitchError::Panicking(payload));
    }
    trace::leave_event(TraceEvent::Throw, me, &me);
    let traced = handover::begin(me);
    resume_unwind(traced.err().unwrap_or(payload))
}

/// Throws `payload` into the nearest ancestor of `core`, which has ended, that was started and has not ended. If that is the
/// running greenlet, this is traced if `is_traced`.
///
/// # Errors
/// As [`Greenlet::try_throw`]. A hub takes nothing: the payload comes back with [`SwitchError::Dead`].
fn throw_above<O: 'static>(
    core: &Core,
    payload: Payload,
    is_traced: bool,
) -> Result<O, SwitchError<Payload>> {
    if parent::ancestor(core).is_none() {
        // A main greenlet, with an ending thread.
        return Err(SwitchError::Dead(payload));
    }
    let successor = parent::started_ancestor(core);
    // Destructors of bodies have run, and may have waited: another greenlet may run now, in a generator's body, or one that is
    // to unwind.
    let me = thread::current();
    // As at the end of a body: a kill ends there.
    let is_kill = GreenletExit::is_in(&*payload);
    if successor == me.as_ptr() {
        if is_kill {
            return Err(SwitchError::Killed);
        }
        if is_traced {
            return throw_here(me, payload);
        }
        resume_unwind(payload);
    }
    let payload = check_may_leave(me, payload)?;
    // SAFETY: the parent links from `core` keep it.
    let successor_core = unsafe { successor.as_ref() };
    if successor_core.is_hub() {
        return Err(SwitchError::Dead(payload));
    }
    if successor_core.is_killing() {
        return Err(SwitchError::NotWaiting(payload));
    }
    let resumption = if is_kill {
        Resumption::ChildKilled
    } else {
        Resumption::Thrown(payload)
    };
    // SAFETY: it waits, and is not the running one, which may be left.
    unsafe { throw_at(me, successor, resumption) }
}

/// # Safety
/// `target` waits, is not `me`, and stays allocated; `me` runs and may be left.
unsafe fn throw_at<O: 'static>(
    me: Current,
    target: CorePtr,
    resumption: Resumption,
) -> Result<O, SwitchError<Payload>> {
    // SAFETY: the contract above.
    unsafe { handover::throw_into::<O>(me, target, resumption) }
        .map_err(|resumption| error_of(*resumption))
}
