//! Making generators, with the usual stack or with one of another size.
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
    /// The settings of [`Generator::new`]: a stack of [`DEFAULT_STACK_SIZE`] bytes.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Sets the usable stack size in bytes, rounded up to [`MIN_STACK_SIZE`](crate::stack::MIN_STACK_SIZE) at least.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.stack_size = Some(bytes);
        self
    }

    /// Makes a generator that takes no input. Its body runs at the first resume.
    ///
    /// # Errors
    /// [`SpawnError`] if there is no memory for the stack. Nothing else is changed then.
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

    /// Makes a generator that takes an `I` with each resume; the first one is the argument of the body.
    ///
    /// # Errors
    /// [`SpawnError`] if there is no memory for the stack. Nothing else is changed then.
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
        // The end of a thread is noticed only after this: see `Generator`'s drop.
        thread::current();
        let stack = stack::take(self.stack_size.unwrap_or(DEFAULT_STACK_SIZE))?;
        let engine = Engine::new(stack, made_at, body);
        Ok(Generator::with_engine(engine, made_at))
    }
}

impl Generator<()> {
    /// Settings for a generator with a stack of another size.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl<Y: 'static, R: 'static> Generator<Y, (), R> {
    /// Makes a generator that takes no input: an iterator.
    ///
    /// # Panics
    /// If there is no memory for the stack; [`Builder::build`] returns that as an error.
    #[inline(always)]
    #[track_caller]
    pub fn new<F>(body: F) -> Generator<Y, (), R>
    where
        F: FnOnce(&Yielder<Y>) -> R + 'static,
    {
        Generator::with_input(move |y: &Yielder<Y>, ()| body(y))
    }
}

impl<Y: 'static, I: 'static, R: 'static> Generator<Y, I, R> {
    /// Makes a generator that takes an `I` with each resume; the first one is the argument of the body.
    ///
    /// # Panics
    /// If there is no memory for the stack; [`Builder::build_with_input`] returns that as an error.
    ///
    /// # Examples
    /// ```
    /// use greenhub::generator::{Generator, Step};
    ///
    /// let mut average = Generator::with_input(|y, first: f64| {
    ///     let (mut sum, mut count) = (first, 1.0);
    ///     while sum < 100.0 {
    ///         sum += y.yield_(sum / count);
    ///         count += 1.0;
    ///     }
    ///     count
    /// });
    /// assert_eq!(average.send(10.0), Step::Yielded(10.0));
    /// assert_eq!(average.send(20.0), Step::Yielded(15.0));
    /// assert_eq!(average.send(70.0), Step::Returned(3.0));
    /// ```
    #[inline(always)]
    #[track_caller]
    pub fn with_input<F>(body: F) -> Generator<Y, I, R>
    where
        F: FnOnce(&Yielder<Y, I>, I) -> R + 'static,
    {
        match Builder::new().build_with_input(body) {
            Ok(generator) => generator,
            Err(error) => panic!("no generator could be made: {error}"),
        }
    }
}
