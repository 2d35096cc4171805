//! Making a generator with a stack of another size, and learning when there is no stack.
#![forbid(unsafe_code)]

use std::panic::Location;

use super::engine::Engine;
use super::handle::Generator;
use super::yielder::Yielder;
use crate::error::SpawnError;
use crate::stack::{self, DEFAULT_STACK_SIZE};
use crate::switch::thread;

/// Settings of a generator to be made.
///
/// # Examples
/// ```
/// use greenhub::generator::Generator;
///
/// let squares = Generator::builder()
///     .stack_size(64 * 1024)
///     .build(|y| (1..4).for_each(|n| y.yield_(n * n)))?;
/// assert_eq!(squares.collect::<Vec<_>>(), [1, 4, 9]);
/// # Ok::<(), greenhub::SpawnError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder makes nothing until `build` is called"]
pub struct Builder {
    stack_size: Option<usize>,
}

impl Builder {
    /// Settings as [`Generator::new`] has them: a stack of [`DEFAULT_STACK_SIZE`] bytes.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Sets the usable stack size in bytes. It is rounded up, to
    /// [`MIN_STACK_SIZE`](crate::stack::MIN_STACK_SIZE) at least.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.stack_size = Some(bytes);
        self
    }

    /// Makes a generator that takes no input. It does not run yet.
    ///
    /// # Errors
    /// [`SpawnError`] if there is no memory for its stack. Nothing else is changed by that.
    #[inline(always)]
    #[track_caller]
    pub fn build<Y, R, F>(self, body: F) -> Result<Generator<Y, (), R>, SpawnError>
    where
        Y: 'static,
        R: 'static,
        F: FnOnce(&Yielder<Y>) -> R + 'static,
    {
        self.build_with_input(move |y: &Yielder<Y>, ()| body(y))
    }

    /// Makes a generator that takes an `I` with each resume; the first goes to the body as its argument. It does
    /// not run yet.
    ///
    /// # Errors
    /// [`SpawnError`] if there is no memory for its stack. Nothing else is changed by that.
    #[inline(always)]
    #[track_caller]
    pub fn build_with_input<Y, I, R, F>(self, body: F) -> Result<Generator<Y, I, R>, SpawnError>
    where
        Y: 'static,
        I: 'static,
        R: 'static,
        F: FnOnce(&Yielder<Y, I>, I) -> R + 'static,
    {
        let made_at = Location::caller();
        // The thread's end is noticed only on threads that are known: see `Generator`'s drop.
        thread::current();
        let stack = stack::take(self.stack_size.unwrap_or(DEFAULT_STACK_SIZE))?;
        Ok(Generator::with_engine(
            Engine::new(stack, made_at, body),
            made_at,
        ))
    }
}
