//! Making a greenlet with a name or with a stack of another size, and learning when there is no stack.
#![forbid(unsafe_code)]

use std::panic::{Location, RefUnwindSafe, UnwindSafe};

use super::Greenlet;
use crate::error::SpawnError;
use crate::stack::{self, DEFAULT_STACK_SIZE};
use crate::switch::handover;
use crate::switch::locals::{self, Locals};
use crate::switch::record::{Metadata, StartSlot};
use crate::switch::thread;

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
    /// Settings as [`Greenlet::new`] has them: no name, a stack of [`DEFAULT_STACK_SIZE`] bytes.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Names the greenlet, for error messages and `Debug`.
    pub fn name(mut self, name: impl Into<String>) -> Builder {
        self.name = Some(name.into().into_boxed_str());
        self
    }

    /// Sets the usable stack size in bytes. It is rounded up, to
    /// [`MIN_STACK_SIZE`](crate::stack::MIN_STACK_SIZE) at least.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.stack_size = Some(bytes);
        self
    }

    /// Makes the greenlet, as a child of the running one. It does not run yet.
    ///
    /// # Errors
    /// [`SpawnError`] if there is no memory for its stack. Nothing else is changed by that.
    ///
    /// # Panics
    /// With what the `clone` of an inherited [greenlet-local](crate::local) panics with.
    #[track_caller]
    pub fn build<I, O, F>(self, body: F) -> Result<Greenlet<I, O>, SpawnError>
    where
        I: 'static,
        O: 'static,
        F: FnOnce(I) -> O + 'static,
    {
        let locals = locals::of_child(self.locals);
        let stack = stack::take(self.stack_size.unwrap_or(DEFAULT_STACK_SIZE))?;
        let record = StartSlot::<I>::record(Metadata {
            name: self.name,
            parent: Some(thread::current().to_weak()),
            made_at: Location::caller(),
            id: thread::next_id(),
        });
        handover::define::<I, O, F>(&record, stack, body);
        record.any().begin_with(locals);
        Ok(Greenlet::from_record(record))
    }
}

// Values go in and are not seen again: nothing half changed can be seen through it.
impl UnwindSafe for Builder {}
impl RefUnwindSafe for Builder {}
