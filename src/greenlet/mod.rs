//! Greenlets: coroutines with a stack of their own and explicit [`switch`](Greenlet::switch).
//!
//! A greenlet is made with a body, and runs nothing until somebody switches to it. A switch hands a
//! value over, lets the other one run, and returns when somebody switches back, with the value that
//! they brought. It is greenlet's model, with types.
//!
//! ```text
//!     main                      adder
//!     switch(1)  --- 1 --->     |first| first = 1
//!       waits                   parent.switch(1)
//!     gets 1     <--- 1 ---       waits
//!     switch(2)  --- 2 --->     gets 2
//!       waits                   return 3
//!     gets 3     <--- 3 ---     (dead)
//! ```
//!
//! Rules, as greenlet has them:
//! - The greenlet that makes another is its *parent*. When a body returns, its value goes to the
//!   nearest ancestor that has not ended; when it panics, the panic goes on there.
//! - A greenlet never leaves its thread: no handle is `Send`.
//! - A suspended greenlet whose last handle is dropped unwinds from its switch, at once. A handle that
//!   [`parent`] gave does not count: children do not keep their parents alive.

mod any;
mod blocks;
mod builder;
pub(crate) mod chain;
pub(crate) mod counted;
mod engine;
mod exit;
pub(crate) mod handover;
pub(crate) mod parent;
pub(crate) mod permit;
pub(crate) mod record;
mod state;
mod tag;
pub(crate) mod thread;
pub(crate) mod unwind;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};

pub use self::any::AnyGreenlet;
pub use self::builder::Builder;
use self::counted::{AnyRef, Handle, Link};
#[cfg(feature = "hub")]
pub(crate) use self::engine::Next;
pub use self::exit::GreenletExit;
use self::record::{Arrival, Birth, Core, First};
pub(crate) use self::state::State;
use self::thread::Me;
use crate::error::SwitchError;
use crate::stack::{self, DEFAULT_STACK_SIZE};
use crate::stderr;

/// A handle to a greenlet that takes an `I` with each switch and hands out an `O`.
///
/// Handles are cheap to clone and compare equal when they name the same greenlet.
///
/// # Examples
/// ```
/// use greenhub::{Greenlet, parent};
///
/// let counter: Greenlet<u32, u32> = Greenlet::new(|mut step| {
///     let starter = parent::<u32, u32>();
///     let mut total = 0;
///     loop {
///         total += step;
///         step = starter.switch(total);
///     }
/// });
/// assert_eq!(counter.switch(1), 1);
/// assert_eq!(counter.switch(10), 11);
/// ```
///
/// A handle never leaves its thread:
/// ```compile_fail,E0277
/// let greenlet: greenhub::Greenlet<(), ()> = greenhub::Greenlet::new(|()| ());
/// std::thread::spawn(move || greenlet.switch(()));
/// ```
pub struct Greenlet<I: 'static, O: 'static> {
    core: Handle,
    types: PhantomData<fn(I) -> O>,
}

impl<I: 'static, O: 'static> Greenlet<I, O> {
    /// Makes a greenlet that will run `body`, as a child of the running one.
    ///
    /// The body's argument is the value of the first switch; what it returns goes to the parent.
    ///
    /// # Panics
    /// If there is no memory for its stack; [`Builder::build`] returns that as an error.
    #[track_caller]
    pub fn new<F>(body: F) -> Greenlet<I, O>
    where
        F: FnOnce(I) -> O + 'static,
    {
        match Builder::new().build(body) {
            Ok(greenlet) => greenlet,
            Err(error) => panic!("no greenlet could be made: {error}"),
        }
    }

    /// Settings for a greenlet with a name or with a stack of another size.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Makes a greenlet whose body comes later, with [`define`](Greenlet::define): for two that name
    /// each other. It has no stack until then.
    #[must_use]
    #[track_caller]
    pub fn declare() -> Greenlet<I, O> {
        let record = First::<I>::record(Birth {
            name: None,
            parent: Some(thread::current().to_link()),
            made_at: Location::caller(),
            id: thread::next_id(),
        });
        Greenlet::from_record(record)
    }

    /// Gives a declared greenlet its body.
    ///
    /// # Panics
    /// If it has one already, if it has ended, if it was declared to start with a value of another
    /// type than `I`, or if there is no memory for its stack.
    #[track_caller]
    pub fn define<F>(&self, body: F)
    where
        F: FnOnce(I) -> O + 'static,
    {
        let Some(record) = self.core.to_ref().starting_with::<I>() else {
            panic!(
                "{} does not start with a {}",
                describe(&self.core),
                std::any::type_name::<I>()
            );
        };
        match stack::take(DEFAULT_STACK_SIZE) {
            Ok(stack) => handover::define::<I, O, F>(&record, stack, body),
            Err(error) => panic!("{} gets no stack: {error}", describe(&self.core)),
        }
    }

    /// Hands `value` to this greenlet, lets it run, and waits until somebody switches back.
    ///
    /// Switching to the running greenlet itself gives the value back. Switching to one that has ended
    /// is switching to its nearest live ancestor, as in greenlet, where that one waits for an `I`.
    ///
    /// # Panics
    /// With the text of the [`SwitchError`] where [`try_switch`](Greenlet::try_switch) returns one.
    /// A panic that a child of the running greenlet dies of goes on here, too.
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
    /// A panic that a child of the running greenlet dies of goes on here.
    #[inline(always)]
    pub fn try_switch(&self, value: I) -> Result<O, SwitchError<I>> {
        let me = thread::current();
        let target = self.core.as_next();
        if target == me.as_next() || !permit::is_free() || !handover::waits_for::<I>(&self.core) {
            return self.try_switch_slow(me, value);
        }
        // SAFETY: `me` is the running one, the target is another that waits for an `I`, and a switch
        // is permitted now.
        match unsafe { handover::exchange::<I, O>(me, target, value) } {
            Ok(answer) => Ok(answer),
            Err(arrival) => Err(refuse(*arrival)),
        }
    }

    #[cold]
    #[inline(never)]
    fn try_switch_slow(&self, me: Me, value: I) -> Result<O, SwitchError<I>> {
        if self.core.as_next() == me.as_next() {
            return handover::same_type::<I, O>(value).map_err(|value| SwitchError::WrongType {
                value,
                waits_for: std::any::type_name::<O>(),
            });
        }
        if permit::look_closer(me).is_err() {
            return Err(SwitchError::Panicking(value));
        }
        if me.takes_all() {
            // The hub: an answer would be swallowed.
            return Err(SwitchError::NotWaiting(value));
        }
        if handover::waits_for::<I>(&self.core) {
            // SAFETY: as in `try_switch`, now that somebody has looked.
            return unsafe { handover::exchange::<I, O>(me, self.core.as_next(), value) }
                .map_err(|arrival| refuse(*arrival));
        }
        Err(match self.core.state() {
            State::Declared => SwitchError::Undefined(value),
            State::Dead | State::Leaked => SwitchError::Dead(value),
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
            SwitchError::Dead(value) => {
                let ancestor = parent::live_ancestor(&self.core);
                // SAFETY: our handle keeps the dead one there, and its parent links the ancestor.
                let ancestor = Greenlet::<I, O>::from_link(unsafe { Link::to(ancestor) });
                match ancestor.try_switch(value) {
                    Ok(answer) => return answer,
                    Err(error @ (SwitchError::Killed | SwitchError::WrongAnswer { .. })) => error,
                    Err(error) => match error.into_value() {
                        Some(value) => SwitchError::Dead(value),
                        None => unreachable!("only a switch that was made keeps the value"),
                    },
                }
            }
            other => other,
        };
        if let SwitchError::Panicking(_) = error {
            abort_refused(&self.core, Location::caller());
        }
        panic!("switch to {} failed: {error}", describe(&self.core))
    }

    /// A number that no other greenlet of this process has or will have.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.core.id()
    }

    /// The name it was given, if any.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.core.name()
    }

    /// The greenlet that its last value goes to; `None` for a main greenlet.
    #[must_use]
    pub fn parent(&self) -> Option<AnyGreenlet> {
        self.core.parent().map(AnyGreenlet::from_link)
    }

    /// Its body was entered, and may have ended since.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.core.was_started()
    }

    /// Its body was entered and has not ended: what `bool(g)` is in greenlet.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.core.state().is_alive()
    }

    /// It has ended: its body returned, panicked or was killed, or never will run.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.core.state().is_over()
    }

    /// Bytes of its stack that were touched so far, in whole pages: for choosing a size. `None` for a main
    /// greenlet, and for one that has no stack yet or any more.
    ///
    /// A stack is reused, so what an earlier greenlet touched counts, too, until the hub has given those pages back
    /// to the system.
    #[must_use]
    pub fn stack_used(&self) -> Option<usize> {
        match self.core.state() {
            State::Declared | State::Dead | State::Leaked => None,
            // SAFETY: it was not retired or discarded, since it has not ended.
            State::Unstarted | State::Suspended | State::Active => unsafe {
                self.core.context.stack_used()
            },
        }
    }

    fn from_any(core: AnyRef) -> Greenlet<I, O> {
        Greenlet::from_handle(Handle::Owner(core))
    }

    fn from_link(core: Link) -> Greenlet<I, O> {
        Greenlet::from_handle(Handle::Link(core))
    }

    fn from_handle(core: Handle) -> Greenlet<I, O> {
        Greenlet {
            core,
            types: PhantomData,
        }
    }

    fn from_record(record: counted::Ref<First<I>>) -> Greenlet<I, O> {
        Greenlet::from_any(record.into_any())
    }
}

/// The running greenlet: the main one of its thread where nothing else was started.
#[must_use]
pub fn current() -> AnyGreenlet {
    // A clone, for that counts with care: handles can be forgotten in any number.
    let me = thread::current().to_ref();
    AnyGreenlet::from_ref(me.clone())
}

/// The parent of the running greenlet, as a handle that takes an `I` and waits for an `O`.
///
/// The handle does not keep the parent alive: a parent that nobody else has a handle to is unwound, and what its
/// children end with goes to the next ancestor.
///
/// # Panics
/// In a main greenlet, which has no parent.
///
/// # Examples
/// ```
/// use greenhub::{Greenlet, parent};
///
/// let twice: Greenlet<(), u8> = Greenlet::new(|()| {
///     parent::<u8, ()>().switch(1);
///     2
/// });
/// assert_eq!((twice.switch(()), twice.switch(())), (1, 2));
/// ```
#[must_use]
#[track_caller]
pub fn parent<I: 'static, O: 'static>() -> Greenlet<I, O> {
    match thread::current().parent() {
        Some(parent) => Greenlet::from_link(parent),
        None => panic!("the main greenlet has no parent"),
    }
}

/// How a greenlet is named in messages.
pub(crate) fn describe(core: &Core) -> String {
    match core.name() {
        Some(name) if core.parent().is_none() => format!("greenlet \"{name}\""),
        Some(name) => format!("greenlet \"{name}\" (made at {})", core.made_at()),
        None => format!("greenlet {} (made at {})", core.id(), core.made_at()),
    }
}

fn refuse<I>(arrival: Arrival) -> SwitchError<I> {
    match arrival {
        Arrival::ChildKilled => SwitchError::Killed,
        Arrival::Unwanted(unwanted) => SwitchError::WrongAnswer {
            from: unwanted.from,
            type_name: unwanted.type_name,
            value: unwanted.value,
        },
        thrown => handover::raise(thrown),
    }
}

/// Ends the process: a switch that has no way to fail, in the middle of a panic.
#[cold]
fn abort_refused(target: &Core, place: &Location<'_>) -> ! {
    let me = thread::current();
    stderr::abort(format_args!(
        "{} cannot switch to {} at {place} while a panic unwinds it (use try_switch in destructors)",
        describe(&me),
        describe(target),
    ))
}

fn debug(core: &Core, what: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let state = match core.state() {
        State::Declared | State::Unstarted => "pending",
        State::Suspended => "suspended",
        State::Active if core.as_next() == thread::current().as_next() => "current",
        State::Active => "active",
        State::Dead | State::Leaked => "dead",
    };
    let mut out = f.debug_struct(what);
    out.field("id", &core.id());
    if let Some(name) = core.name() {
        out.field("name", &name);
    }
    out.field("state", &format_args!("{state}")).finish()
}

impl<I: 'static, O: 'static> Clone for Greenlet<I, O> {
    fn clone(&self) -> Greenlet<I, O> {
        Greenlet::from_handle(self.core.clone())
    }
}

// A greenlet that panicked is dead, and its handle says so: nothing half changed can be seen through it.
impl<I: 'static, O: 'static> UnwindSafe for Greenlet<I, O> {}
impl<I: 'static, O: 'static> RefUnwindSafe for Greenlet<I, O> {}

impl<I: 'static, O: 'static> PartialEq for Greenlet<I, O> {
    fn eq(&self, other: &Greenlet<I, O>) -> bool {
        self.core.as_next() == other.core.as_next()
    }
}

impl<I: 'static, O: 'static> Eq for Greenlet<I, O> {}

impl<I: 'static, O: 'static> Hash for Greenlet<I, O> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.core.id().hash(state);
    }
}

impl<I: 'static, O: 'static> fmt::Debug for Greenlet<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(&self.core, "Greenlet", f)
    }
}
