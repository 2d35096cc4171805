//! Delegation: a body that yields all that another generator yields, as Python's `yield from`.
#![forbid(unsafe_code)]

use std::panic::Location;

use super::handle::{Generator, Step};
use super::yielder::{Injected, Yielder};

impl<Y: 'static, I: 'static> Yielder<Y, I> {
    /// Yields all that `inner` yields, and evaluates to the return value of its body. `first` is the first input of `inner`;
    /// what is sent, thrown or closed after that reaches `inner`, until it ends.
    ///
    /// # Panics
    /// If `inner` has ended before; with the panic of `inner`; and where [`yield_`](Yielder::yield_) panics. While a panic
    /// unwinds the body, the process ends with a message instead.
    ///
    /// # Examples
    /// ```
    /// use greenhub::generator::{Generator, Step};
    ///
    /// let mut echo = Generator::with_input(|y, first: u32| {
    ///     let inner = Generator::with_input(|y, n: u32| y.yield_(n * 10) + y.yield_(0));
    ///     y.yield_from_with(inner, first)
    /// });
    /// assert_eq!(echo.send(1), Step::Yielded(10));
    /// assert_eq!(echo.send(2), Step::Yielded(0));
    /// assert_eq!(echo.send(3), Step::Returned(5));
    /// ```
    #[track_caller]
    pub fn yield_from_with<R: 'static>(&self, mut inner: Generator<Y, I, R>, first: I) -> R {
        let place = Location::caller();
        let mut step = inner.send(first);
        loop {
            let value = match step {
                Step::Yielded(value) => value,
                Step::Returned(value) => return value,
            };
            step = match self.exchange(value, place) {
                Ok(input) => inner.send(input),
                Err(Injected::Throw(payload)) => inner.throw(payload),
                Err(Injected::Exit) => {
                    inner.close();
                    self.raise(Injected::Exit)
                }
            };
        }
    }
}

impl<Y: 'static> Yielder<Y> {
    /// Yields all that `inner` yields, and evaluates to the return value of its body. What is thrown or closed meanwhile reaches
    /// `inner`.
    ///
    /// Each item passes through every generator on its way. To walk a deep tree, hand the same `&Yielder` to a recursive
    /// function instead: that costs one switch at any depth.
    ///
    /// # Panics
    /// If `inner` has ended before; with the panic of `inner`; and where [`yield_`](Yielder::yield_) panics. While a panic
    /// unwinds the body, the process ends with a message instead.
    ///
    /// # Examples
    /// ```
    /// use greenhub::generator::Generator;
    ///
    /// let numbers = Generator::new(|y| {
    ///     let count = y.yield_from(Generator::new(|y| {
    ///         y.yield_(10);
    ///         y.yield_(20);
    ///         2
    ///     }));
    ///     y.yield_(count);
    /// });
    /// assert_eq!(numbers.collect::<Vec<_>>(), [10, 20, 2]);
    /// ```
    #[track_caller]
    pub fn yield_from<R: 'static>(&self, inner: Generator<Y, (), R>) -> R {
        self.yield_from_with(inner, ())
    }
}
