//! The handle of a generator, which resumes it, throws into it and closes it.
#![forbid(unsafe_code)]

use std::any::Any;
use std::fmt;
use std::iter::FusedIterator;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::thread::{self, panicking};

use corosensei::CoroutineResult::{Return, Yield};

use super::engine::{Engine, ResumeResult};
use super::yielder::{GeneratorState, Injected};
use crate::error::GeneratorEnded;
use crate::switch::exit::{EndsAt, GreenletExit};
use crate::switch::{MOST_CAUGHT, nest, thread as greenlet_thread};

/// A generator with a body that yields `Y`s, takes an `I` with each resume, and returns an `R`.
///
/// A generator that takes no input is an [`Iterator`]; [`send(())`](Generator::send) also gives the return value of its body.
///
/// Dropping a generator closes it: see [`close`](Generator::close).
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
/// A body cannot resume its own generator: its resumer borrows that. A generator never leaves its thread:
/// ```compile_fail,E0277
/// let mut one = greenhub::generator::Generator::new(|y| y.yield_(1));
/// std::thread::spawn(move || one.next());
/// ```
/// The body does not borrow from outside. A generator may be leaked, and then its frames stay for ever, with what they had
/// lent, for example to the threads of a [`std::thread::scope`]:
/// ```compile_fail,E0597
/// let words = vec!["a", "b"];
/// let borrowed = &words;
/// let lengths = greenhub::generator::Generator::new(move |y| borrowed.iter().for_each(|word| y.yield_(word.len())));
/// ```
pub struct Generator<Y: 'static, I: 'static = (), R: 'static = ()> {
    /// `None` after the end.
    engine: Option<Engine<Y, I, R>>,
    made_at: &'static Location<'static>,
    /// The body was entered, and has ended.
    has_run: bool,
}

impl<Y: 'static, I: 'static, R: 'static> Generator<Y, I, R> {
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
    /// If the generator has ended; [`try_send`](Generator::try_send) returns that as an error. And with the panic of the body,
    /// which ends the generator.
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
    /// [`GeneratorEnded`] with the input, if the generator has ended.
    ///
    /// # Panics
    /// With the panic of the body, which ends the generator.
    #[inline(always)]
    pub fn try_send(&mut self, input: I) -> Result<Step<Y, R>, GeneratorEnded<I>> {
        let Some(engine) = &mut self.engine else {
            return Err(GeneratorEnded::new(input));
        };
        if panicking() {
            // Matched and rebuilt, so that the usual item below stays in its register.
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

    /// Makes the pending yield of the body panic with `payload`; the body continues from there to its next yield or its end.
    ///
    /// A generator that was not started ends: its body is dropped and never runs. Then, and if the generator has ended before,
    /// the payload is raised in the caller, as it is if the body does not catch it.
    ///
    /// # Panics
    /// With `payload`, or with another panic of the body.
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
                // Not started, or ended: the payload takes precedence over a panic of the body's destructors.
                drop(self.end());
                resume_unwind(payload)
            }
        }
    }

    /// Ends the generator: the body unwinds from its pending yield with [`GreenletExit`]. Does nothing after the end.
    ///
    /// A body that was not started is dropped and never runs. A body that catches the exit may return a value, which comes back.
    /// If it yields again it is unwound again, and after a hundred times its stack is leaked:
    /// [`ClassStats::leaked`](crate::stack::ClassStats::leaked) counts that.
    ///
    /// In destructors of thread-locals, and where panics abort, a body that was started is leaked, and not unwound.
    ///
    /// # Panics
    /// With another panic of the body or of its destructors.
    pub fn close(&mut self) -> Option<R> {
        self.end().unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Returns whether the body was entered. It may have ended since.
    #[must_use]
    pub fn is_started(&self) -> bool {
        match &self.engine {
            Some(engine) => engine.yielder().base.state.get() != GeneratorState::Pending,
            None => self.has_run,
        }
    }

    /// Returns whether the generator has ended: its body has returned or panicked, or it was closed.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.engine.is_none()
    }

    /// Sends in a destructor, while a panic unwinds the caller.
    #[cold]
    #[inline(never)]
    fn send_in_panic(&mut self, input: I) -> Step<Y, R> {
        let engine = self.engine.as_mut().expect("checked before");
        match engine.resume_in_panic(input) {
            Yield(item) => Step::Yielded(item),
            Return(outcome) => Step::Returned(self.finish(outcome)),
        }
    }

    /// Gives the stack of an ended body back, and raises its panic.
    #[cold]
    #[inline(never)]
    fn finish(&mut self, outcome: thread::Result<R>) -> R {
        self.has_run = true;
        if let Some(engine) = self.engine.take() {
            engine.retire();
        }
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Ends the generator, for `close` and `drop`.
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
        // If active, the process ends inside the body, and a thread-local that owns the generator is destroyed.
        let is_active = engine.yielder().base.state.get() == GeneratorState::Active;
        if is_active || greenlet_thread::is_exiting() || cfg!(panic = "abort") {
            engine.leak();
            return Ok(None);
        }
        unwind(engine)
    }

    /// As `end`, for a body that never ran and may own a chain of further generators.
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

/// Unwinds a suspended body, again after each yield, up to a limit.
fn unwind<Y, I, R>(mut engine: Engine<Y, I, R>) -> thread::Result<Option<R>> {
    let token = engine.yielder().token();
    let mut dropped = Ok(());
    for _ in 0..MOST_CAUGHT {
        let result: ResumeResult<Y, R> = engine.resume_injected(Injected::Exit);
        match result {
            Yield(item) => {
                let drop_item = AssertUnwindSafe(|| drop(item));
                dropped = dropped.and(catch_unwind(drop_item));
            }
            Return(outcome) => {
                engine.retire();
                return match outcome {
                    Ok(value) => dropped.map(|()| Some(value)),
                    Err(exit) if GreenletExit::ends_at(&*exit, EndsAt::Generator(token)) => {
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
            Some(
                GeneratorState::Suspended
                | GeneratorState::SuspendedWithScopes
                | GeneratorState::SuspendedInjected,
            ) => "suspended",
            Some(GeneratorState::Active) => "active",
            Some(GeneratorState::Ended) | None => "dead",
        };
        f.debug_struct("Generator")
            .field("state", &format_args!("{state}"))
            .field("made_at", &format_args!("{}", self.made_at))
            .finish()
    }
}

/// The outcome of a resume: an item, or the return value of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step<Y, R> {
    /// The body has yielded this, and waits for the next resume.
    Yielded(Y),
    /// The body has returned this, and the generator has ended.
    Returned(R),
}

impl<Y, R> Step<Y, R> {
    /// The item, if the body has yielded one.
    #[must_use]
    pub fn yielded(self) -> Option<Y> {
        match self {
            Step::Yielded(item) => Some(item),
            Step::Returned(_) => None,
        }
    }

    /// The return value, if the body has returned.
    #[must_use]
    pub fn returned(self) -> Option<R> {
        match self {
            Step::Yielded(_) => None,
            Step::Returned(value) => Some(value),
        }
    }
}
