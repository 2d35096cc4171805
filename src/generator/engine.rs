//! The raw switch of a generator: one corosensei coroutine, which the caller resumes for the next item and which suspends to
//! that caller. A resume is a call that returns, without records and without the chain of resumers.
//!
//! # Invariant
//! An [`Engine`] is made with a body and a stack, and ends in `retire`, `discard` or `leak`, each of which consumes it: its
//! `ManuallyDrop` is emptied or leaked there and nowhere else. While the coroutine is resumed, the `&mut self` of `resume` is
//! live in the resumer's frame, so no other code reaches the engine; for destructors that run inside `process::exit`, the state
//! in the yielder is `Active` meanwhile.

use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::ptr::NonNull;
use std::thread;

use corosensei::stack::Stack;
use corosensei::{Coroutine, CoroutineResult};

use super::yielder::{GeneratorState, Injected, RawYielder, Yielder};
use crate::stack::{PooledStack, StackView};
use crate::switch::start::__rust_begin_short_backtrace;

/// A body gets an input with each resume; it is uninitialised where something was injected.
type RawGenerator<Y, I, R> = Coroutine<MaybeUninit<I>, Y, thread::Result<R>, PooledStack>;

/// What a resume gives back: an item, or the outcome of the body.
pub(super) type ResumeResult<Y, R> = CoroutineResult<Y, thread::Result<R>>;

/// The bytes at the high end of the stack for the [`Yielder`].
const YIELDER_SIZE: usize = 128;

/// Bodies up to this size are stored on the new stack itself; corosensei refuses more than 1024.
const LARGEST_INLINE_BODY: usize = 512;

/// The coroutine of a generator that has not ended.
pub(super) struct Engine<Y: 'static, I: 'static, R: 'static> {
    raw: ManuallyDrop<RawGenerator<Y, I, R>>,
    yielder: NonNull<Yielder<Y, I>>,
    /// The stack in `raw`, for counting it when it is leaked.
    stack: StackView,
}

impl<Y: 'static, I: 'static, R: 'static> Engine<Y, I, R> {
    /// Puts `body` on `stack`. The first resume runs it.
    #[inline(always)]
    pub(super) fn new<F>(
        stack: PooledStack,
        made_at: &'static Location<'static>,
        body: F,
    ) -> Engine<Y, I, R>
    where
        F: FnOnce(&Yielder<Y, I>, I) -> R + 'static,
    {
        if size_of::<F>() > LARGEST_INLINE_BODY {
            let body = Box::new(body);
            Engine::with_small(stack, made_at, move |y, first| body(y, first))
        } else {
            Engine::with_small(stack, made_at, body)
        }
    }

    #[inline(always)]
    fn with_small<F>(
        mut stack: PooledStack,
        made_at: &'static Location<'static>,
        body: F,
    ) -> Engine<Y, I, R>
    where
        F: FnOnce(&Yielder<Y, I>, I) -> R + 'static,
    {
        const { assert!(size_of::<Yielder<Y, I>>() <= YIELDER_SIZE) };
        const { assert!(align_of::<Yielder<Y, I>>() <= 64) };
        let view = stack.view();
        let yielder = stack.set_apart(YIELDER_SIZE).cast::<Yielder<Y, I>>();
        let span = yielder.addr().get() - stack.limit().get();
        // SAFETY: set apart for this on a stack that is ours, large enough, and aligned to 64 bytes.
        unsafe { yielder.write(Yielder::new(span, made_at)) };
        // SAFETY: just written, and on that stack until it is given back.
        let description = unsafe { &yielder.as_ref().base.description };
        // SAFETY: it lies in the stack itself, and stays as it is for as long as the stack is ours.
        unsafe { stack.describe(description) };
        let raw = RawGenerator::with_stack(stack, move |here: &RawYielder<Y, I>, first| {
            // SAFETY: this runs on the stack at the high end of which it lies, so it is not given back.
            let yielder = unsafe { yielder.as_ref() };
            yielder.enter(here);
            // SAFETY: the first resume brings an input; nothing is injected into a pending body.
            let first = unsafe { first.assume_init() };
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                __rust_begin_short_backtrace(|| body(yielder, first))
            }));
            yielder.base.end();
            outcome
        });
        Engine {
            raw: ManuallyDrop::new(raw),
            yielder,
            stack: view,
        }
    }

    #[inline(always)]
    pub(super) fn yielder(&self) -> &Yielder<Y, I> {
        // SAFETY: at the high end of a stack that was not given back: that consumes the engine.
        unsafe { self.yielder.as_ref() }
    }

    /// The body waits in a yield.
    pub(super) fn is_suspended(&self) -> bool {
        matches!(
            self.yielder().base.state.get(),
            GeneratorState::Suspended | GeneratorState::SuspendedWithScopes
        )
    }

    /// Runs the body with `input` until it yields or ends.
    #[inline(always)]
    pub(super) fn resume(&mut self, input: I) -> ResumeResult<Y, R> {
        self.raw.resume(MaybeUninit::new(input))
    }

    /// Runs the body until it yields or ends. Its pending yield raises what is injected.
    pub(super) fn resume_injected(&mut self, injected: Injected) -> ResumeResult<Y, R> {
        assert!(self.is_suspended());
        self.yielder().inject(injected);
        self.resume_noting_panic(MaybeUninit::uninit())
    }

    /// As `resume`, where a panic may be unwinding the caller. The body must not take that for its own.
    pub(super) fn resume_in_panic(&mut self, input: I) -> ResumeResult<Y, R> {
        self.resume_noting_panic(MaybeUninit::new(input))
    }

    fn resume_noting_panic(&mut self, input: MaybeUninit<I>) -> ResumeResult<Y, R> {
        let in_panic = thread::panicking();
        self.yielder().base.resumed_in_panic.set(in_panic);
        let result = self.raw.resume(input);
        self.yielder().base.resumed_in_panic.set(false);
        result
    }

    /// Gives the stack of an ended coroutine back to the pool.
    #[inline(always)]
    pub(super) fn retire(mut self) {
        assert_eq!(self.yielder().base.state.get(), GeneratorState::Ended);
        // SAFETY: `self` ends here, so that it is dropped once. Of a coroutine that has ended this drops the stack only, which
        // goes back to its pool; and an ended one does not run, so this is another stack.
        unsafe { ManuallyDrop::drop(&mut self.raw) };
    }

    /// Drops a body that never ran, and gives its stack back.
    ///
    /// # Errors
    /// The panic of the body's destructors.
    pub(super) fn discard(mut self) -> thread::Result<()> {
        assert_eq!(self.yielder().base.state.get(), GeneratorState::Pending);
        let dropped = catch_unwind(AssertUnwindSafe(|| self.raw.force_unwind()));
        if dropped.is_err() {
            // SAFETY: the body's drop has run as far as it can: nothing on that stack is left to drop.
            unsafe { self.raw.force_reset() };
        }
        self.yielder().base.state.set(GeneratorState::Ended);
        self.retire();
        dropped
    }

    /// Leaks the stack with all that is on it.
    pub(super) fn leak(self) {
        // SAFETY: the stack is in `raw`, which is never dropped, because `self` ends here.
        unsafe { self.stack.leak() };
    }
}
