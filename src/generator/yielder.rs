//! The inside of a generator: what its body yields with, and the block that body and handle share.
//!
//! ```text
//!   a generator's stack
//!   | guard | ......... the body's frames ......... | corosensei's weak | Yielder | colour |
//!     limit   <- a stack pointer in here may yield ->                     ^
//!   <------------------------- reach -----------------------------------> |
//!                                       handle (`engine.rs`) and body both point here
//! ```
//!
//! # Invariant
//! A [`Yielder`] lies at the high end of its generator's stack from before the body is put there until the
//! stack is given back. `raw` is null until the body is entered, and then corosensei's, at the base of that
//! same stack. Code whose stack pointer lies in that stack runs only while the generator is resumed and
//! has resumed nothing itself, so the weak to its resumer is good then, and only then.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::mem::{MaybeUninit, offset_of};
use std::panic::{Location, RefUnwindSafe, resume_unwind};
use std::ptr;
use std::rc::Rc;

use super::handle::Generator;
use super::step::Step;
use crate::greenlet::GreenletExit;
use crate::stack::{self, Description, stack_pointer};
use crate::stderr;
#[cfg(feature = "hub")]
use crate::switch::generator_stack::StackOwner;
use crate::switch::generator_stack::{GeneratorStack, OnGeneratorStack};
use crate::switch::{no_switch, switch_guard, thread};

/// What corosensei hands the body: it takes a `Y` out and brings an `I`, or an order and no `I`.
pub(super) type RawYielder<Y, I> = corosensei::Yielder<MaybeUninit<I>, Y>;

/// What comes to a waiting body in place of an input.
pub(super) enum Injected {
    /// Go on with this panic.
    Throw(Box<dyn Any + Send>),
    /// Unwind: the generator is closed.
    Exit,
}

/// Where a generator stands, for as long as it has a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GeneratorState {
    /// Its body was never entered. The first resume moves it on.
    Pending,
    /// Its body waits in a yield. When it is resumed, itself moves it on.
    Suspended,
    /// The same, and something lies on its stack that holds only while it runs: its [`Piece`] waits with it.
    Laden,
    /// Its body waits in a yield, and an order was left for it. The same.
    Ordered,
    /// Its body runs, and its resumer waits. Only itself moves it on.
    Active,
    /// Its body has ended, or was dropped. Its stack is about to be given back.
    Ended,
}

/// The inside of a generator: its body gets a reference to it, and yields with it.
///
/// It works on the stack of its own generator only, and cannot be kept beyond the body:
/// ```compile_fail,E0521
/// use greenhub::generator::{Generator, Yielder};
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// let kept: Rc<Cell<Option<&Yielder<i32>>>> = Rc::default();
/// let _generator = Generator::new(move |y| kept.set(Some(y)));
/// ```
/// The body of a generator inside cannot capture it; there is [`yield_from`](Yielder::yield_from) for that:
/// ```compile_fail,E0521
/// use greenhub::generator::Generator;
///
/// let _outer = Generator::new(|outer| {
///     let mut inner = Generator::new(move |_: &greenhub::generator::Yielder<i32>| outer.yield_(1));
///     inner.next();
/// });
/// ```
/// Nor can it reach another thread:
/// ```compile_fail,E0277
/// use greenhub::generator::Generator;
///
/// let _generator = Generator::new(|y| {
///     std::thread::scope(|scope| {
///         scope.spawn(|| y.yield_(1));
///     });
/// });
/// ```
#[repr(C)]
pub struct Yielder<Y: 'static, I: 'static = ()> {
    /// Null until the body is entered.
    raw: Cell<*const RawYielder<Y, I>>,
    injected: Cell<Option<Injected>>,
    pub(super) base: YielderState,
}

/// The half of a yielder that is the same for every generator.
///
/// # Invariant
/// A description with the id zero lies in a `Base`.
pub(super) struct YielderState {
    /// As `whole`; zero while something may lie on the stack, so that a yield looks closer.
    stack_span: Cell<usize>,
    /// From the lowest address of the stack, guard included, to the yielder.
    whole: usize,
    pub(super) state: Cell<GeneratorState>,
    /// It was resumed by a destructor in the middle of a panic, which is not its body's.
    pub(super) resumed_in_panic: Cell<bool>,
    /// What lies on the stack, if anything ever did.
    generator_stack: Cell<Option<Rc<GeneratorStack>>>,
    /// What an overflow of the stack says.
    pub(super) about: Description,
}

/// The stack that the running code is on.
#[cfg(feature = "hub")]
pub(crate) fn stack_owner() -> StackOwner {
    match on_generator_stack() {
        Some(lying) => StackOwner::Generator(lying),
        None => StackOwner::own(),
    }
}

/// Something lies on the stack of a generator from now on, if the running code is on one.
pub(crate) fn on_generator_stack() -> Option<OnGeneratorStack> {
    let here = stack_pointer();
    if thread::current().holds(here) {
        return None;
    }
    let owner = stack::at(here)?.owner;
    // SAFETY: null, or what describes the owner of the stack that we run on: it stays there while that one does.
    let about = unsafe { owner.as_ref() }?;
    if about.id != 0 {
        return None;
    }
    let base = owner.addr() - offset_of!(YielderState, about);
    let base: *const YielderState = ptr::with_exposed_provenance(base);
    // SAFETY: the invariant of `Base`, and it lies in that stack.
    Some(unsafe { &*base }.place_on_stack())
}

impl YielderState {
    fn generator_stack(&self) -> Option<Rc<GeneratorStack>> {
        let piece = self.generator_stack.take();
        self.generator_stack.set(piece.clone());
        piece
    }

    /// Something lies on this stack from now on, which runs.
    fn place_on_stack(&self) -> OnGeneratorStack {
        let piece = self.generator_stack().unwrap_or_else(GeneratorStack::new);
        self.generator_stack.set(Some(piece.clone()));
        piece.enter();
        self.stack_span.set(0);
        OnGeneratorStack::on(piece)
    }

    /// The body yields: what lies on its stack does not hold meanwhile.
    fn leave_greenlet(&self) {
        let mut state = GeneratorState::Suspended;
        if let Some(piece) = self.generator_stack() {
            piece.leave();
            if piece.is_empty() {
                self.stack_span.set(self.whole);
            } else {
                state = GeneratorState::Laden;
            }
        }
        self.state.set(state);
    }

    /// The body goes on: what lies on its stack holds again, for the greenlet that has resumed it.
    fn enter_greenlet(&self) {
        if let Some(piece) = self.generator_stack()
            && !piece.is_empty()
        {
            piece.enter();
        }
    }

    /// The body has ended: nothing lies on its stack any more.
    pub(super) fn end(&self) {
        if let Some(piece) = self.generator_stack.take() {
            piece.leave();
        }
        self.state.set(GeneratorState::Ended);
    }
}

impl<Y: 'static, I: 'static> Yielder<Y, I> {
    pub(super) fn new(reach: usize, made_at: &'static Location<'static>) -> Yielder<Y, I> {
        Yielder {
            raw: Cell::new(ptr::null()),
            injected: Cell::new(None),
            base: YielderState {
                stack_span: Cell::new(reach),
                whole: reach,
                state: Cell::new(GeneratorState::Pending),
                resumed_in_panic: Cell::new(false),
                generator_stack: Cell::new(None),
                about: Description::of_generator(made_at),
            },
        }
    }

    /// The first thing on its own stack.
    pub(super) fn enter(&self, raw: &RawYielder<Y, I>) {
        self.raw.set(raw);
        self.base.state.set(GeneratorState::Active);
    }

    /// Hands `value` out to whoever has resumed the generator, and waits for the next resume. Evaluates to the
    /// input that this one brings.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// With what is thrown into the generator, or with [`GreenletExit`] when it is closed: let that pass. And if
    /// this does not run on the generator's own stack: in a generator that it has resumed, or in another greenlet;
    /// or inside a [`no_switch`](crate::switch::no_switch) that the body has called.
    #[inline(always)]
    #[track_caller]
    pub fn yield_(&self, value: Y) -> I {
        match self.exchange(value, Location::caller()) {
            Ok(input) => input,
            Err(order) => self.raise(order),
        }
    }

    /// Hands out all that `inner` yields; then evaluates to what its body returns. `first` is the first input of
    /// `inner`, and what is sent, thrown or closed from then on reaches `inner`, until it is over.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// If `inner` has ended before; as [`yield_`](Yielder::yield_); and with what `inner` panics with.
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

    /// # Errors
    /// The order that has come instead of an input.
    #[inline(always)]
    fn exchange(&self, value: Y, place: &'static Location<'static>) -> Result<I, Injected> {
        // Each arm sets the state, so that the usual one keeps it in no register.
        if !self.is_here(self.base.stack_span.get()) || !switch_guard::may_switch() {
            self.check_slow(place);
        } else {
            self.base.state.set(GeneratorState::Suspended);
        }
        // SAFETY: we run on this generator's stack, so its body was entered (invariant of this file).
        let raw = unsafe { &*self.raw.get() };
        let input = raw.suspend(value);
        let is_plain = self.base.state.replace(GeneratorState::Active) == GeneratorState::Suspended;
        if !is_plain && let Some(order) = self.resumed() {
            return Err(order);
        }
        // SAFETY: whoever resumes without an order brings an input.
        Ok(unsafe { input.assume_init() })
    }

    /// The running code is on this generator's stack: it is the innermost that runs.
    #[inline(always)]
    fn is_here(&self, reach: usize) -> bool {
        (&raw const *self).addr().wrapping_sub(stack_pointer()) <= reach
    }

    /// Returns if it may yield after all: the state says that it is suspended then.
    #[cold]
    #[inline(never)]
    fn check_slow(&self, place: &'static Location<'static>) {
        let made_at = self.base.about.made_at;
        assert!(
            self.is_here(self.base.whole),
            "the generator made at {made_at} cannot yield at {place}: that does not run on its own stack, \
             but in another generator or greenlet"
        );
        if std::thread::panicking() && !self.base.resumed_in_panic.get() {
            stderr::abort(format_args!(
                "the generator made at {made_at} cannot yield at {place} while a panic unwinds it \
                 (destructors must not yield)"
            ));
        }
        let end = (&raw const *self).addr();
        let stack = end - self.base.whole..=end;
        if let Some(scope) = no_switch::on_stack(&stack) {
            panic!(
                "the generator made at {made_at} cannot yield at {place}: {}",
                scope.why
            );
        }
        self.base.leave_greenlet();
    }

    /// Leaves an order for the body, which is about to be resumed.
    pub(super) fn inject(&self, order: Injected) {
        self.injected.set(Some(order));
        self.base.state.set(GeneratorState::Ordered);
    }

    /// The order that has come, if one has.
    #[cold]
    #[inline(never)]
    fn resumed(&self) -> Option<Injected> {
        self.base.enter_greenlet();
        self.injected.take()
    }

    #[cold]
    #[inline(never)]
    fn raise(&self, order: Injected) -> ! {
        match order {
            Injected::Throw(payload) => resume_unwind(payload),
            Injected::Exit => GreenletExit::raise_in(self.token()),
        }
    }

    /// What no other generator has at the same time.
    pub(super) fn token(&self) -> usize {
        (&raw const *self).addr()
    }
}

impl<Y: 'static> Yielder<Y> {
    /// Hands out all that `inner` yields; then evaluates to what its body returns. What is thrown or closed
    /// meanwhile reaches `inner`.
    ///
    /// Each item passes through every generator on its way. To go down a deep tree, hand the same `&Yielder` to a
    /// recursive function instead: that costs one switch however deep it is.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// If `inner` has ended before; as [`yield_`](Yielder::yield_); and with what `inner` panics with.
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

/// So that a body may catch what is thrown into its yield: a panic there leaves the yielder as it was.
impl<Y: 'static, I: 'static> RefUnwindSafe for Yielder<Y, I> {}

impl<Y: 'static, I: 'static> fmt::Debug for Yielder<Y, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made_at = format_args!("{}", self.base.about.made_at);
        f.debug_struct("Yielder")
            .field("made_at", &made_at)
            .finish()
    }
}
