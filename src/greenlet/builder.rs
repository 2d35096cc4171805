//! Making greenlets: at once, in two steps, or with a name and a stack size.
#![forbid(unsafe_code)]

use std::any::type_name;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};

use super::handle::{AnyGreenlet, Greenlet};
use crate::error::SpawnError;
use crate::stack::{self, DEFAULT_STACK_SIZE};
use crate::switch::locals::Locals;
use crate::switch::record::{Metadata, StartSlot};
use crate::switch::{current_locals, describe, start, thread};

/// Settings of a greenlet to be made, as [`std::thread::Builder`] has them for threads.
///
/// # Examples
/// ```
/// use greenhub::greenlet;
///
/// let doubler = greenlet::Builder::new()
///     .name("doubler")
///     .stack_size(64 * 1024)
///     .build(|n: u32| n * 2)?;
/// assert_eq!(doubler.name(), Some("doubler"));
/// assert_eq!(doubler.switch(21), 42);
/// # Ok::<(), greenhub::SpawnError>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "a builder makes nothing until `build` is called"]
pub struct Builder {
    name: Option<Box<str>>,
    stack_size: Option<usize>,
    pub(crate) locals: Option<Box<Locals>>,
}

impl Builder {
    /// The settings of [`Greenlet::new`]: no name, and a stack of [`DEFAULT_STACK_SIZE`] bytes.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Names the greenlet, for error messages and `Debug`.
    pub fn name(mut self, name: impl Into<String>) -> Builder {
        self.name = Some(name.into().into_boxed_str());
        self
    }

    /// Sets the usable stack size in bytes, rounded up to [`MIN_STACK_SIZE`](crate::stack::MIN_STACK_SIZE) at least.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.stack_size = Some(bytes);
        self
    }

    /// Makes the greenlet, as a child of the running one. Its body runs at the first switch.
    ///
    /// # Errors
    /// [`SpawnError`] if there is no memory for the stack. Nothing else is changed then.
    ///
    /// # Panics
    /// With the panic of the `clone` of an inherited [greenlet-local](crate::local).
    #[track_caller]
    pub fn build<I, O, F>(self, body: F) -> Result<Greenlet<I, O>, SpawnError>
    where
        I: 'static,
        O: 'static,
        F: FnOnce(I) -> O + 'static,
    {
        let locals = current_locals::of_child(self.locals);
        let stack = stack::take(self.stack_size.unwrap_or(DEFAULT_STACK_SIZE))?;
        let record = StartSlot::<I>::record(Metadata {
            name: self.name,
            parent: Some(thread::current().to_weak()),
            made_at: Location::caller(),
            id: thread::next_id(),
        });
        start::define::<I, O, F>(&record, stack, body);
        record.any().init_locals(locals);
        Ok(AnyGreenlet::from_ref(record.into_any()).into_typed())
    }
}

// Values go in and are not seen again: no broken state can be observed.
impl UnwindSafe for Builder {}
impl RefUnwindSafe for Builder {}

impl<I: 'static, O: 'static> Greenlet<I, O> {
    /// Makes a greenlet with this body, as a child of the running one. The body runs at the first switch.
    ///
    /// The argument of the body is the value of the first switch; its return value goes to the parent.
    ///
    /// # Panics
    /// If there is no memory for the stack; [`Builder::build`] returns that as an error. And with the panic of the `clone` of
    /// an inherited [greenlet-local](crate::local).
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

    /// Settings for a greenlet with a name or a stack size.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Makes a greenlet without a body, which [`define`](Greenlet::define) adds: for two greenlets that name each other. It has
    /// no stack until then.
    ///
    /// # Panics
    /// With the panic of the `clone` of an inherited [greenlet-local](crate::local).
    #[must_use]
    #[track_caller]
    pub fn declare() -> Greenlet<I, O> {
        let locals = current_locals::of_child(None);
        let record = StartSlot::<I>::record(Metadata {
            name: None,
            parent: Some(thread::current().to_weak()),
            made_at: Location::caller(),
            id: thread::next_id(),
        });
        record.any().init_locals(locals);
        AnyGreenlet::from_ref(record.into_any()).into_typed()
    }

    /// Gives a declared greenlet its body.
    ///
    /// # Panics
    /// If the greenlet has a body already or has ended, if it was declared to start with another type than `I`, or if there
    /// is no memory for the stack.
    #[track_caller]
    pub fn define<F>(&self, body: F)
    where
        F: FnOnce(I) -> O + 'static,
    {
        let Some(record) = self.core.to_ref().starting_with::<I>() else {
            panic!(
                "{} does not start with a {}",
                describe(&self.core),
                type_name::<I>()
            );
        };
        match stack::take(DEFAULT_STACK_SIZE) {
            Ok(stack) => start::define::<I, O, F>(&record, stack, body),
            Err(error) => panic!("{} gets no stack: {error}", describe(&self.core)),
        }
    }
}
