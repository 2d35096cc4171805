//! The outside of a generator: the handle that resumes it, throws into it and closes it.
#![forbid(unsafe_code)]

use std::any::Any;
use std::fmt;
use std::iter::FusedIterator;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::thread::{self, panicking};

use corosensei::CoroutineResult::{Return, Yield};

use super::builder::Builder;
use super::engine::{Engine, ResumeResult};
use super::step::Step;
use super::yielder::{GeneratorState, Injected, Yielder};
use crate::error::GeneratorEnded;
use crate::greenlet::GreenletExit;
use crate::switch::MOST_CAUGHT;
use crate::switch::{nest, thread as greenlet_thread};

/// A body that yields `Y`s, takes an `I` with each resume, and returns an `R`.
///
/// One that takes no input is an [`Iterator`]; to have what its body returns, too, use
/// [`send(())`](Generator::send).
///
/// Dropping one closes it: see [`close`](Generator::close).
///
/// # Examples
/// ```
/// use greenhub::generator::Generator;
///
/// let fibonacci = Generator::new(|y| {
///     let (mut a, mut b) = (0_u64, 1);
///     loop {
///         y.yield_(a);
///         (a, b) = (b, a + b);
///     }
/// });
/// assert_eq!(fibonacci.take(8).collect::<Vec<_>>(), [0, 1, 1, 2, 3, 5, 8, 13]);
/// ```
///
/// A body cannot resume its own generator, for it cannot have it, nor borrow what is borrowed by its resumer. And a
/// generator never leaves its thread:
/// ```compile_fail,E0277
/// let mut one = greenhub::generator::Generator::new(|y| y.yield_(1));
/// std::thread::spawn(move || one.next());
/// ```
/// Nor does its body borrow from outside. A generator may be forgotten, and then its frames stay as they are for ever,
/// with what they had lent, to the threads of a [`std::thread::scope`] say:
/// ```compile_fail,E0597
/// let words = vec!["a", "b"];
/// let borrowed = &words;
/// let lengths = greenhub::generator::Generator::new(move |y| borrowed.iter().for_each(|word| y.yield_(word.len())));
/// ```
pub struct Generator<Y: 'static, I: 'static = (), R: 'static = ()> {
    /// None: it is over.
    engine: Option<Engine<Y, I, R>>,
    made_at: &'static Location<'static>,
    /// Its body was entered, and it is over.
    has_run: bool,
}

impl<Y: 'static, R: 'static> Generator<Y, (), R> {
    /// Makes a generator that takes no input: an iterator.
    ///
    /// # Panics
    /// If there is no memory for its stack; [`Builder::build`] returns that as an error.
    #[inline(always)]
    #[track_caller]
    pub fn new<F>(body: F) -> Generator<Y, (), R>
    where
        F: FnOnce(&Yielder<Y>) -> R + 'static,
    {
        Generator::with_input(move |y: &Yielder<Y>, ()| body(y))
    }
}

impl Generator<()> {
    /// Settings for a generator with a stack of another size.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl<Y: 'static, I: 'static, R: 'static> Generator<Y, I, R> {
    /// Makes a generator that takes an `I` with each resume; the first goes to the body as its argument.
    ///
    /// # Panics
    /// If there is no memory for its stack; [`Builder::build_with_input`] returns that as an error.
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

    pub(super) fn with_engine(
        engine: Engine<Y, I, R>,
        made_at: &'static Location<'static>,
    ) -> Generator<Y, I, R> {
        Generator {
            engine: Some(engine),
            made_at,
            has_run: false,
        }
    }

    /// Hands `input` to the body, which runs to its next yield or to its end.
    ///
    /// # Panics
    /// If it has ended; [`try_send`](Generator::try_send) returns that as an error. And with what the body panics
    /// with: it is over then.
    #[inline(always)]
    #[track_caller]
    pub fn send(&mut self, input: I) -> Step<Y, R> {
        match self.try_send(input) {
            Ok(step) => step,
            Err(_) => self.refuse(),
        }
    }

    /// Hands `input` to the body, which runs to its next yield or to its end.
    ///
    /// # Errors
    /// [`Ended`] if it has ended: the input comes back.
    ///
    /// # Panics
    /// With what the body panics with: it is over then.
    #[inline(always)]
    pub fn try_send(&mut self, input: I) -> Result<Step<Y, R>, GeneratorEnded<I>> {
        let Some(engine) = &mut self.engine else {
            return Err(GeneratorEnded::new(input));
        };
        if panicking() {
            // Taken apart and put together again, so that the usual item below stays in its register.
            return match self.send_in_panic(input) {
                Step::Yielded(item) => Ok(Step::Yielded(item)),
                Step::Returned(value) => Ok(Step::Returned(value)),
            };
        }
        match engine.resume(input) {
            Yield(item) => Ok(Step::Yielded(item)),
            Return(outcome) => Ok(Step::Returned(self.finish(outcome))),
        }
    }

    /// Lets the pending yield of the body panic with `payload`, so that the body runs on from there.
    ///
    /// A generator that was not started yet is over with that: its body is dropped and never runs. Then, and if it
    /// has ended before, the payload goes on in the caller, as it does if the body does not catch it.
    ///
    /// # Panics
    /// With `payload`, or with what else the body panics with.
    ///
    /// # Examples
    /// ```
    /// use greenhub::generator::{Generator, Step};
    /// use std::panic::catch_unwind;
    ///
    /// let mut patient = Generator::new(|y| {
    ///     let thrown = catch_unwind(|| y.yield_(1)).unwrap_err();
    ///     y.yield_(*thrown.downcast::<i32>().unwrap());
    /// });
    /// assert_eq!(patient.next(), Some(1));
    /// assert_eq!(patient.throw(Box::new(2)), Step::Yielded(2));
    /// ```
    pub fn throw(&mut self, payload: Box<dyn Any + Send>) -> Step<Y, R> {
        match &mut self.engine {
            Some(engine) if engine.is_suspended() => {
                match engine.resume_injected(Injected::Throw(payload)) {
                    Yield(item) => Step::Yielded(item),
                    Return(outcome) => Step::Returned(self.finish(outcome)),
                }
            }
            _ => {
                // It was not started, or is over: whatever its body's destructors do, this goes on.
                drop(self.end());
                resume_unwind(payload)
            }
        }
    }

    /// Ends it: the body unwinds from its pending yield, with [`GreenletExit`]. Nothing happens if it has ended.
    ///
    /// A body that was not started is dropped and never runs. One that catches the exit may return; that value
    /// comes back. If it yields again, it is told again, and after a hundred times its stack is leaked:
    /// [`ClassStats::leaked`](crate::stack::ClassStats::leaked) counts that.
    ///
    /// In destructors of thread-locals, and where panics abort, a body that was started is not unwound, but leaked.
    ///
    /// # Panics
    /// With what the body panics with instead, or its destructors.
    pub fn close(&mut self) -> Option<R> {
        self.end().unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Its body was entered, and may have ended since.
    #[must_use]
    pub fn is_started(&self) -> bool {
        match &self.engine {
            Some(engine) => engine.yielder().base.state.get() != GeneratorState::Pending,
            None => self.has_run,
        }
    }

    /// It is over: its body has returned or panicked, or it was closed.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.engine.is_none()
    }

    /// What `send` does in a destructor, while a panic unwinds its caller: that is nothing to the body.
    #[cold]
    #[inline(never)]
    fn send_in_panic(&mut self, input: I) -> Step<Y, R> {
        let engine = self.engine.as_mut().expect("looked before");
        match engine.resume_in_panic(input) {
            Yield(item) => Step::Yielded(item),
            Return(outcome) => Step::Returned(self.finish(outcome)),
        }
    }

    /// The body has ended: gives its stack back, and its panic on.
    #[cold]
    #[inline(never)]
    fn finish(&mut self, outcome: thread::Result<R>) -> R {
        self.has_run = true;
        if let Some(engine) = self.engine.take() {
            engine.retire();
        }
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// What `close` does, and `drop`.
    #[cold]
    #[inline(never)]
    fn end(&mut self) -> thread::Result<Option<R>> {
        let Some(engine) = self.engine.take() else {
            return Ok(None);
        };
        if engine.yielder().base.state.get() == GeneratorState::Pending {
            return engine.discard().map(|()| None);
        }
        self.has_run = true;
        // Active: the process ends inside the body, and a thread-local that owns the generator is destroyed.
        let is_active = engine.yielder().base.state.get() == GeneratorState::Active;
        if is_active || greenlet_thread::is_exiting() || cfg!(panic = "abort") {
            engine.leak();
            return Ok(None);
        }
        unwind(engine)
    }

    /// As `end`, where a body that never ran may own another generator, and so on.
    #[cold]
    #[inline(never)]
    fn end_dropped(&mut self) -> thread::Result<()> {
        if !self.is_started()
            && let Some(engine) = self.engine.take()
        {
            return nest::drop_body(move || engine.discard());
        }
        self.end().map(drop)
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn refuse(&self) -> ! {
        panic!("the generator made at {} has ended", self.made_at)
    }
}

/// Unwinds a suspended body, however often it yields instead, up to a limit.
fn unwind<Y, I, R>(mut engine: Engine<Y, I, R>) -> thread::Result<Option<R>> {
    let token = engine.yielder().token();
    let mut dropped = Ok(());
    for _ in 0..MOST_CAUGHT {
        let left: ResumeResult<Y, R> = engine.resume_injected(Injected::Exit);
        match left {
            Yield(item) => {
                let drop_item = AssertUnwindSafe(|| drop(item));
                dropped = dropped.and(catch_unwind(drop_item));
            }
            Return(outcome) => {
                engine.retire();
                return match outcome {
                    Ok(value) => dropped.map(|()| Some(value)),
                    Err(exit) if GreenletExit::is_of_generator(&*exit, token) => {
                        dropped.map(|()| None)
                    }
                    Err(panic) => Err(panic),
                };
            }
        }
    }
    engine.leak();
    dropped.map(|()| None)
}

impl<Y: 'static, R: 'static> Iterator for Generator<Y, (), R> {
    type Item = Y;

    #[inline(always)]
    fn next(&mut self) -> Option<Y> {
        match self.try_send(()) {
            Ok(Step::Yielded(item)) => Some(item),
            Ok(Step::Returned(_)) | Err(_) => None,
        }
    }
}

impl<Y: 'static, R: 'static> FusedIterator for Generator<Y, (), R> {}

impl<Y: 'static, I: 'static, R: 'static> Drop for Generator<Y, I, R> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.engine.is_none() {
            return;
        }
        if let Err(panic) = self.end_dropped()
            && !panicking()
        {
            resume_unwind(panic);
        }
    }
}

impl<Y: 'static, I: 'static, R: 'static> fmt::Debug for Generator<Y, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self
            .engine
            .as_ref()
            .map(|engine| engine.yielder().base.state.get())
        {
            Some(GeneratorState::Pending) => "pending",
            Some(GeneratorState::Suspended | GeneratorState::Laden | GeneratorState::Ordered) => {
                "suspended"
            }
            Some(GeneratorState::Active) => "active",
            Some(GeneratorState::Ended) | None => "dead",
        };
        f.debug_struct("Generator")
            .field("state", &format_args!("{state}"))
            .field("made_at", &format_args!("{}", self.made_at))
            .finish()
    }
}
