//! The raw switch of a generator: one corosensei coroutine that is resumed by whoever asks for the next item, and
//! suspends to them again. No chain of resumers, no records: a resume here is a call that returns.
//!
//! # Invariant
//! An [`Engine`] is made with a body and a stack, and ends in `retire`, `discard` or `leak`, each of which consumes
//! it: the `ManuallyDrop` in it is emptied or forgotten there and nowhere else. While the coroutine is resumed, the
//! `&mut self` of `resume` is live in the resumer's frame, so nobody else gets at the engine; the state in the
//! yielder says `Active` then, for destructors that run in the middle of `process::exit`.

use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::ptr::NonNull;
use std::thread;

use corosensei::stack::Stack;
use corosensei::{Coroutine, CoroutineResult};

use super::yielder::{GeneratorState, Injected, RawYielder, Yielder};
use crate::stack::{PooledStack, StackView};

/// A body gets an input with each resume, and nothing that may be read where an order has come.
type RawGenerator<Y, I, R> = Coroutine<MaybeUninit<I>, Y, thread::Result<R>, PooledStack>;

/// What a resumed generator gives back: an item, or how its body has ended.
pub(super) type ResumeResult<Y, R> = CoroutineResult<Y, thread::Result<R>>;

/// Bytes at the high end of the stack for the [`Yielder`].
const ROOM: usize = 128;

/// Bodies up to this size are stored on the new stack itself; corosensei refuses more than 1024.
const LARGEST_INLINE_BODY: usize = 512;

/// The coroutine of a generator that has not ended.
pub(super) struct Engine<Y: 'static, I: 'static, R: 'static> {
    raw: ManuallyDrop<RawGenerator<Y, I, R>>,
    yielder: NonNull<Yielder<Y, I>>,
    /// The stack in `raw`, to be counted when it is lost.
    stack: StackView,
}

impl<Y: 'static, I: 'static, R: 'static> Engine<Y, I, R> {
    /// Puts `body` on `stack`, to be run by the first resume.
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
        const { assert!(size_of::<Yielder<Y, I>>() <= ROOM) };
        const { assert!(align_of::<Yielder<Y, I>>() <= 64) };
        let view = stack.view();
        let yielder = stack.set_apart(ROOM).cast::<Yielder<Y, I>>();
        let reach = yielder.addr().get() - stack.limit().get();
        // SAFETY: set apart for this on a stack that is ours, large enough, and aligned to 64 bytes.
        unsafe { yielder.write(Yielder::new(reach, made_at)) };
        // SAFETY: just written, and on that stack until it is given back.
        let about = unsafe { &yielder.as_ref().base.about };
        // SAFETY: it lies in the stack itself, and stays as it is for as long as the stack is ours.
        unsafe { stack.describe(about) };
        let raw = RawGenerator::with_stack(stack, move |here: &RawYielder<Y, I>, first| {
            // SAFETY: we run on the stack at whose high end it lies, so it is not given back.
            let yielder = unsafe { yielder.as_ref() };
            yielder.enter(here);
            // SAFETY: the first resume brings an input; orders come to suspended bodies only.
            let first = unsafe { first.assume_init() };
            let outcome = catch_unwind(AssertUnwindSafe(|| body(yielder, first)));
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

    /// Its body waits in a yield.
    pub(super) fn is_suspended(&self) -> bool {
        matches!(
            self.yielder().base.state.get(),
            GeneratorState::Suspended | GeneratorState::Laden
        )
    }

    /// Runs the body with `input` until it yields or ends. It has not ended before: then there would be no engine.
    #[inline(always)]
    pub(super) fn resume(&mut self, input: I) -> ResumeResult<Y, R> {
        self.raw.resume(MaybeUninit::new(input))
    }

    /// Runs the body until it yields or ends; its pending yield does not return, but obeys.
    pub(super) fn resume_injected(&mut self, order: Injected) -> ResumeResult<Y, R> {
        assert!(self.is_suspended());
        self.yielder().inject(order);
        self.in_panic_or_not(MaybeUninit::uninit())
    }

    /// As `resume`, where a panic may be unwinding our caller, which is nothing to the body.
    pub(super) fn resume_in_panic(&mut self, input: I) -> ResumeResult<Y, R> {
        self.in_panic_or_not(MaybeUninit::new(input))
    }

    fn in_panic_or_not(&mut self, input: MaybeUninit<I>) -> ResumeResult<Y, R> {
        self.yielder()
            .base
            .resumed_in_panic
            .set(thread::panicking());
        let left = self.raw.resume(input);
        self.yielder().base.resumed_in_panic.set(false);
        left
    }

    /// Gives the stack of an ended coroutine back to the pool.
    #[inline(always)]
    pub(super) fn retire(mut self) {
        assert_eq!(self.yielder().base.state.get(), GeneratorState::Ended);
        // SAFETY: `self` ends here, so that it is dropped once. Of a coroutine that has ended this drops the stack
        // only, which goes back to its pool; and what has ended does not run, so we are on another stack.
        unsafe { ManuallyDrop::drop(&mut self.raw) };
    }

    /// Drops a body that never ran, and gives its stack back.
    ///
    /// # Errors
    /// What the body's destructors have panicked with.
    pub(super) fn discard(mut self) -> thread::Result<()> {
        assert_eq!(self.yielder().base.state.get(), GeneratorState::Pending);
        let dropped = catch_unwind(AssertUnwindSafe(|| self.raw.force_unwind()));
        if dropped.is_err() {
            // SAFETY: the body's drop has run, as far as it can: nothing on that stack is left to drop.
            unsafe { self.raw.force_reset() };
        }
        self.yielder().base.state.set(GeneratorState::Ended);
        self.retire();
        dropped
    }

    /// Gives the stack up for lost: nothing is dropped, and it stays as it is for ever.
    pub(super) fn leak(self) {
        // SAFETY: the stack is in `raw`, which is never dropped, for `self` ends here.
        unsafe { self.stack.leak() };
    }
}
