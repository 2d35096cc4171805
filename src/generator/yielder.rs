//! The inside of a generator: the handle that its body yields with, and the state that body and [`Generator`] share.
//!
//! ```text
//!   a generator's stack
//!   | guard | ......... the body's frames ......... | corosensei's link | Yielder | colour |
//!     limit   <- a stack pointer in here may yield ->                     ^
//!   <-------------------------- span -----------------------------------> |
//!                                       handle (`engine.rs`) and body both point here
//! ```
//!
//! # Invariant
//! A [`Yielder`] lies at the high end of its generator's stack from before the body is put there until the stack is given back.
//! `raw` is null until the body is entered, and then corosensei's, at the base of that same stack. Code with a stack pointer in
//! that stack runs only while the generator is resumed and has resumed nothing itself, so the link to its resumer is valid
//! then, and only then.
//!
//! [`Generator`]: super::Generator

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::mem::{MaybeUninit, offset_of};
use std::panic::{Location, RefUnwindSafe, resume_unwind};
use std::ptr;
use std::rc::Rc;

use crate::stack::{self, Description, stack_pointer};
use crate::stderr;
use crate::switch::exit::{EndsAt, GreenletExit};
#[cfg(feature = "hub")]
use crate::switch::generator_stack::StackOwner;
use crate::switch::generator_stack::{GeneratorScope, GeneratorStack};
use crate::switch::{no_switch, switch_guard, thread};

/// corosensei's yielder: it takes a `Y` out and brings an `I`, uninitialised where something was injected.
pub(super) type RawYielder<Y, I> = corosensei::Yielder<MaybeUninit<I>, Y>;

/// What resumes a waiting body in place of an input.
pub(super) enum Injected {
    /// A panic with this payload.
    Throw(Box<dyn Any + Send>),
    /// The unwinding of a generator that is closed.
    Exit,
}

/// The state of a generator that has a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GeneratorState {
    /// The body was never entered. The first resume ends this state.
    Pending,
    /// The body waits in a yield. Its own code ends this state when it is resumed.
    Suspended,
    /// As `Suspended`, with open scopes on its stack: they wait in its [`GeneratorStack`].
    SuspendedWithScopes,
    /// As `Suspended`, and something was injected.
    SuspendedInjected,
    /// The body runs, and its resumer waits. Only its own code ends this state.
    Active,
    /// The body has ended or was dropped. The stack is about to be given back.
    Ended,
}

/// The inside of a generator: its body gets a reference to this, and yields with it.
///
/// A yielder works on the stack of its own generator only, and cannot be kept beyond the body:
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
/// A yielder cannot reach another thread:
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

/// The part of a yielder that all generators have.
///
/// # Invariant
/// A description with the id zero lies in a `YielderState`.
pub(super) struct YielderState {
    /// As `full_span`; zero while there may be open scopes on the stack, so that a yield takes its slow path.
    span: Cell<usize>,
    /// The distance from the lowest address of the stack, guard included, to the yielder.
    full_span: usize,
    pub(super) state: Cell<GeneratorState>,
    /// Resumed by a destructor in the middle of a panic, which is not the body's.
    pub(super) resumed_in_panic: Cell<bool>,
    /// The scopes on the stack, if there ever were any.
    scopes: Cell<Option<Rc<GeneratorStack>>>,
    /// For the report of a stack overflow.
    pub(super) description: Description,
}

/// The stack that the running code is on.
#[cfg(feature = "hub")]
pub(crate) fn stack_owner() -> StackOwner {
    match open_generator_scope() {
        Some(scope) => StackOwner::Generator(scope),
        None => StackOwner::own(),
    }
}

/// Opens a scope on the generator's stack that the running code is on, if it is on one.
pub(crate) fn open_generator_scope() -> Option<GeneratorScope> {
    let here = stack_pointer();
    if thread::current().holds(here) {
        return None;
    }
    let owner = stack::at(here)?.owner;
    // SAFETY: null, or the description of the owner of the stack that this runs on: it is there while the stack is.
    let description = unsafe { owner.as_ref() }?;
    if description.id != 0 {
        return None;
    }
    let state = owner.addr() - offset_of!(YielderState, description);
    let state: *const YielderState = ptr::with_exposed_provenance(state);
    // SAFETY: the invariant of `YielderState`, and it lies in that stack.
    Some(unsafe { &*state }.open_scope())
}

impl YielderState {
    fn scopes(&self) -> Option<Rc<GeneratorStack>> {
        let scopes = self.scopes.take();
        self.scopes.set(scopes.clone());
        scopes
    }

    fn open_scope(&self) -> GeneratorScope {
        let scopes = self.scopes().unwrap_or_else(GeneratorStack::new);
        self.scopes.set(Some(scopes.clone()));
        scopes.enter();
        self.span.set(0);
        GeneratorScope::open(scopes)
    }

    /// The body yields: the scopes on its stack do not hold meanwhile.
    fn leave_greenlet(&self) {
        let mut state = GeneratorState::Suspended;
        if let Some(scopes) = self.scopes() {
            scopes.leave();
            if scopes.is_empty() {
                self.span.set(self.full_span);
            } else {
                state = GeneratorState::SuspendedWithScopes;
            }
        }
        self.state.set(state);
    }

    /// The body was resumed: the scopes on its stack hold again, for the greenlet that has resumed it.
    fn enter_greenlet(&self) {
        if let Some(scopes) = self.scopes()
            && !scopes.is_empty()
        {
            scopes.enter();
        }
    }

    /// The body has ended, and no scope is open on its stack.
    pub(super) fn end(&self) {
        if let Some(scopes) = self.scopes.take() {
            scopes.leave();
        }
        self.state.set(GeneratorState::Ended);
    }
}

impl<Y: 'static, I: 'static> Yielder<Y, I> {
    pub(super) fn new(span: usize, made_at: &'static Location<'static>) -> Yielder<Y, I> {
        Yielder {
            raw: Cell::new(ptr::null()),
            injected: Cell::new(None),
            base: YielderState {
                span: Cell::new(span),
                full_span: span,
                state: Cell::new(GeneratorState::Pending),
                resumed_in_panic: Cell::new(false),
                scopes: Cell::new(None),
                description: Description::of_generator(made_at),
            },
        }
    }

    /// The first call on the generator's own stack.
    pub(super) fn enter(&self, raw: &RawYielder<Y, I>) {
        self.raw.set(raw);
        self.base.state.set(GeneratorState::Active);
    }

    /// Hands `value` to the caller that has resumed the generator, waits for the next resume, and evaluates to its input.
    ///
    /// # Panics
    /// With a payload that is thrown into the generator, or with [`GreenletExit`](crate::GreenletExit) when it is closed: do not
    /// catch that one. If this does not run on the generator's own stack, but in a generator that it has resumed or in
    /// another greenlet. And inside a [`no_switch`](crate::greenlet::no_switch) or a
    /// [tracer](crate::greenlet::set_tracer) on that stack.
    ///
    /// While a panic unwinds the body, the process ends with a message instead: destructors must not yield.
    #[inline(always)]
    #[track_caller]
    pub fn yield_(&self, value: Y) -> I {
        match self.exchange(value, Location::caller()) {
            Ok(input) => input,
            Err(injected) => self.raise(injected),
        }
    }

    /// # Errors
    /// What was injected in place of an input.
    #[inline(always)]
    pub(super) fn exchange(
        &self,
        value: Y,
        place: &'static Location<'static>,
    ) -> Result<I, Injected> {
        // Each branch sets the state, so that the usual one keeps it in no register.
        if !self.is_here(self.base.span.get()) || !switch_guard::may_switch() {
            self.check_slow(place);
        } else {
            self.base.state.set(GeneratorState::Suspended);
        }
        // SAFETY: this runs on the generator's stack, so its body was entered (invariant of this file).
        let raw = unsafe { &*self.raw.get() };
        let input = raw.suspend(value);
        let is_plain = self.base.state.replace(GeneratorState::Active) == GeneratorState::Suspended;
        if !is_plain && let Some(injected) = self.resumed() {
            return Err(injected);
        }
        // SAFETY: a resume that injects nothing brings an input.
        Ok(unsafe { input.assume_init() })
    }

    /// The running code is on this generator's stack: the generator is the innermost that runs.
    #[inline(always)]
    fn is_here(&self, span: usize) -> bool {
        (&raw const *self).addr().wrapping_sub(stack_pointer()) <= span
    }

    /// Returns if the yield is allowed after all, and sets the state for it.
    #[cold]
    #[inline(never)]
    fn check_slow(&self, place: &'static Location<'static>) {
        let made_at = self.base.description.made_at;
        assert!(
            self.is_here(self.base.full_span),
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
        if let Some(scope) = no_switch::on_stack(&(end - self.base.full_span..=end)) {
            panic!(
                "the generator made at {made_at} cannot yield at {place}: {}",
                scope.why
            );
        }
        self.base.leave_greenlet();
    }

    /// Injects into the body, which is about to be resumed.
    pub(super) fn inject(&self, injected: Injected) {
        self.injected.set(Some(injected));
        self.base.state.set(GeneratorState::SuspendedInjected);
    }

    /// Enters the greenlet that has resumed the body, and takes what was injected.
    #[cold]
    #[inline(never)]
    fn resumed(&self) -> Option<Injected> {
        self.base.enter_greenlet();
        self.injected.take()
    }

    #[cold]
    #[inline(never)]
    pub(super) fn raise(&self, injected: Injected) -> ! {
        match injected {
            Injected::Throw(payload) => resume_unwind(payload),
            Injected::Exit => GreenletExit::raise_in(EndsAt::Generator(self.token())),
        }
    }

    /// A number that no other generator has at the same time.
    pub(super) fn token(&self) -> usize {
        (&raw const *self).addr()
    }
}

/// A body may catch what is thrown into its yield: a panic there leaves the yielder as it was.
impl<Y: 'static, I: 'static> RefUnwindSafe for Yielder<Y, I> {}

impl<Y: 'static, I: 'static> fmt::Debug for Yielder<Y, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yielder")
            .field(
                "made_at",
                &format_args!("{}", self.base.description.made_at),
            )
            .finish()
    }
}
