//! Throwing into a greenlet and killing it: what others can do to the place where it waits.

use std::any::Any;
use std::panic::{Location, resume_unwind};

use super::handle::Greenlet;
use super::switch::{panic_or_abort, refuse};
use crate::error::{CannotWait, KillError, SwitchError};
use crate::stderr;
use crate::switch::CorePtr;
use crate::switch::GreenletState;
use crate::switch::exit::GreenletExit;
use crate::switch::record::{Core, Resumption};
use crate::switch::thread::{self, Current};
use crate::switch::trace::TraceEvent;
use crate::switch::{describe, handover, parent, switch_guard, unwind};

/// What a panic carries.
type Payload = Box<dyn Any + Send>;

impl<I: 'static, O: 'static> Greenlet<I, O> {
    /// Lets the switch or the wait that this greenlet is in panic with `payload`, and waits until somebody switches back.
    /// No panic hook runs.
    ///
    /// A greenlet that was not started yet is dead with that: its body is dropped and never runs, and the payload goes
    /// on in its nearest live ancestor. So it does where the greenlet has ended already. In the running greenlet
    /// itself it is raised here.
    ///
    /// # Panics
    /// With the text of the [`SwitchError`] where [`try_throw`](Greenlet::try_throw) returns another than `Dead`. With
    /// `payload`, where it goes on in the running greenlet: because a child of it does not catch it, say.
    ///
    /// # Aborts
    /// While a panic unwinds the running greenlet, which cannot switch then.
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
        let error = match self.try_throw(payload) {
            Ok(answer) => return answer,
            Err(SwitchError::Dead(payload)) => match throw_above(&self.core, payload, true) {
                Ok(answer) => return answer,
                Err(error) => error,
            },
            Err(error) => error,
        };
        panic_or_abort("throw into", "try_throw", &self.core, &error)
    }

    /// Throws as [`throw`](Greenlet::throw) does, where that may fail.
    ///
    /// # Errors
    /// A [`SwitchError`] that says what stands against it and gives the payload back: nothing has changed then. After
    /// [`SwitchError::Killed`] and [`SwitchError::WrongAnswer`] it was thrown, and these tell what came of it.
    ///
    /// # Panics
    /// As [`throw`](Greenlet::throw) does with `payload`.
    pub fn try_throw(&self, payload: Payload) -> Result<O, SwitchError<Payload>> {
        let me = thread::current();
        if self.core.as_ptr() == me.as_ptr() {
            return throw_here(me, payload);
        }
        let payload = permit_throw(me, payload)?;
        if me.is_hub() || self.core.is_hub() || self.core.is_killing() {
            return Err(SwitchError::NotWaiting(payload));
        }
        match self.core.state() {
            GreenletState::Declared => Err(SwitchError::Undefined(payload)),
            GreenletState::Dead | GreenletState::Leaked => Err(SwitchError::Dead(payload)),
            GreenletState::Unstarted => {
                let kept = self.core.to_ref();
                parent::drop_quietly(parent::cancel(&kept));
                // Its children go where the payload goes.
                parent::successor_of_panic(&kept);
                // Only handles keep a dead greenlet, and not who waits.
                drop(kept);
                throw_above(&self.core, payload, false)
            }
            // SAFETY: it waits, and is not the running one; the switch is permitted.
            GreenletState::Suspended | GreenletState::Active => unsafe {
                throw_at(me, self.core.as_ptr(), Resumption::Thrown(payload))
            },
        }
    }

    /// Ends this greenlet: unwinds it from its switch or its wait, with [`GreenletExit`], and returns when it has ended.
    ///
    /// A body that was not started never runs: it is dropped. One that has ended stays as it is. The running greenlet
    /// itself unwinds from here, so that this does not return; whoever waits for it gets
    /// [`SwitchError::Killed`].
    ///
    /// Nobody else is told: whoever has switched to it waits on, for whoever switches back there.
    ///
    /// A greenlet that catches the kill and switches or waits again is killed again there, and
    /// after a hundred times it is given up, and its stack leaked.
    ///
    /// # Panics
    /// With the text of the [`KillError`] where [`try_kill`](Greenlet::try_kill) returns one; and with what the
    /// destructors of a body panic with that never ran.
    ///
    /// # Aborts
    /// While a panic unwinds the running greenlet, if that is the one to kill, or would have to be left for it: the
    /// process ends with a message. Who merely waits can be killed then.
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

    /// Kills as [`kill`](Greenlet::kill) does, where that may fail.
    ///
    /// # Errors
    /// [`KillError`] for a main greenlet and a hub; for one that has switched to the running one where that may not be
    /// left; and for one that was started in a program built with `panic=abort`. It is as it was then.
    ///
    /// # Panics
    /// With what the destructors of a body panic with that never ran.
    pub fn try_kill(&self) -> Result<(), KillError> {
        let me = thread::current();
        if self.core.as_ptr() != me.as_ptr() {
            return unwind::kill(&self.core.to_ref());
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

/// Raises `payload` in the running greenlet, which is not left for that.
fn throw_here<O>(me: Current, payload: Payload) -> Result<O, SwitchError<Payload>> {
    if std::thread::panicking() {
        return Err(SwitchError::Panicking(payload));
    }
    handover::trace(TraceEvent::Throw, me, &me);
    let told = handover::begin(me);
    resume_unwind(told.err().unwrap_or(payload))
}

/// Gives `payload` back if `me` may be left for another.
fn permit_throw(me: Current, payload: Payload) -> Result<Payload, SwitchError<Payload>> {
    if switch_guard::may_switch() {
        return Ok(payload);
    }
    match switch_guard::check_slow(me) {
        Ok(()) => Ok(payload),
        Err(CannotWait::Panicking) => Err(SwitchError::Panicking(payload)),
        Err(CannotWait::Forbidden { place }) => Err(SwitchError::Forbidden {
            value: payload,
            place,
        }),
        Err(CannotWait::Hub | CannotWait::Tracing) => Err(SwitchError::NotWaiting(payload)),
    }
}

/// Lets `payload` go on in the nearest ancestor of `core`, which has ended, that was started. If that is the running
/// greenlet, the tracer is told of it where `is_told` says so.
///
/// # Errors
/// As [`Greenlet::try_throw`]. A hub takes nothing: the payload comes back as from one that has ended.
fn throw_above<O: 'static>(
    core: &Core,
    payload: Payload,
    is_told: bool,
) -> Result<O, SwitchError<Payload>> {
    if parent::ancestor(core).is_none() {
        // A main greenlet, whose thread ends: nothing comes after it.
        return Err(SwitchError::Dead(payload));
    }
    let successor = parent::started_ancestor(core);
    // Destructors of bodies have run, and may have waited: this may be another greenlet now, in a generator's body, or
    // one that was told to unwind.
    let me = thread::current();
    // As at the end of a body: a kill ends there.
    let is_kill = GreenletExit::is_in(&*payload);
    if successor == me.as_ptr() {
        if is_kill {
            return Err(SwitchError::Killed);
        }
        if is_told {
            return throw_here(me, payload);
        }
        resume_unwind(payload);
    }
    let payload = permit_throw(me, payload)?;
    // SAFETY: the parent links from `core` keep it there.
    let heir_core = unsafe { successor.as_ref() };
    if heir_core.is_hub() {
        return Err(SwitchError::Dead(payload));
    }
    if heir_core.is_killing() {
        return Err(SwitchError::NotWaiting(payload));
    }
    let resumption = if is_kill {
        Resumption::ChildKilled
    } else {
        Resumption::Thrown(payload)
    };
    // SAFETY: it waits, and is not the running one; the switch is permitted.
    unsafe { throw_at(me, successor, resumption) }
}

/// # Safety
/// `target` waits, is not `me`, which runs, and stays there; and the switch is permitted.
unsafe fn throw_at<O: 'static>(
    me: Current,
    target: CorePtr,
    resumption: Resumption,
) -> Result<O, SwitchError<Payload>> {
    // SAFETY: the caller's promise.
    unsafe { handover::throw_into::<O>(me, target, resumption) }
        .map_err(|resumption| refuse(*resumption))
}
