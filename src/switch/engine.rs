//! The raw switch of a greenlet: start, resume, suspend and retire one corosensei coroutine.
//!
//! # Invariant
//! A [`Context`] is *empty* or *installed*. `install` installs it; `retire`, `discard` and `abandon` empty it. While it is
//! resumed, its greenlet is on the chain of resumers and corosensei's `&mut self` is live in the resumer's frame, so no other
//! code touches the coroutine: the callers in `chain.rs` check the greenlet's `GreenletState` for that.

use std::cell::{Cell, UnsafeCell};
use std::mem::{self, MaybeUninit};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::stack::{PooledStack, StackView};
use crate::stderr;

/// A coroutine that hands its resumer an `N`, the greenlet to run next, when it suspends and when it ends.
type Raw<N> = Coroutine<(), N, N, PooledStack>;

/// Bodies up to this size are stored on the new stack itself; corosensei refuses more than 1024.
const LARGEST_INLINE_BODY: usize = 512;

/// Why a resumed greenlet gave control back, and which greenlet runs next.
pub(crate) enum Resumed<N> {
    /// The greenlet was suspended.
    Suspended(N),
    /// The body has ended.
    Ended(N),
}

/// The machine context of one greenlet: its stack and its registers.
pub(crate) struct Context<N> {
    coroutine: UnsafeCell<MaybeUninit<Raw<N>>>,
    /// With what this greenlet suspends: valid from its first instruction to its last.
    yielder: Cell<*const Yielder<(), N>>,
    /// A view of the stack, valid while the context is installed.
    stack: Cell<Option<StackView>>,
}

/// A guard in the lowest frame of a stack. corosensei would hand a panic that leaves that frame to the resumer, which is in
/// the middle of a transfer.
struct AbortIfUnwound;

impl Drop for AbortIfUnwound {
    #[cold]
    fn drop(&mut self) {
        stderr::abort(format_args!(
            "a panic has left the root of a greenlet, where nothing can catch it"
        ));
    }
}

impl<N> Context<N> {
    pub(crate) const fn empty() -> Context<N> {
        Context {
            coroutine: UnsafeCell::new(MaybeUninit::uninit()),
            yielder: Cell::new(ptr::null()),
            stack: Cell::new(None),
        }
    }

    /// No coroutine has been entered: a main greenlet, or one that was not started.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.yielder.get().is_null()
    }

    /// The low end of the stack, if `address` lies in it.
    #[inline]
    pub(super) fn stack_low(&self, address: usize) -> Option<usize> {
        self.stack.get()?.low(address)
    }

    /// Puts `entry` on `stack`. The first `resume` runs it, and what it returns runs next.
    ///
    /// # Safety
    /// The context is empty and stays at this address until it is emptied again, and what `entry` borrows lives until then.
    /// `entry` does not unwind.
    #[inline(always)]
    pub(crate) unsafe fn install<F>(&self, stack: PooledStack, entry: F)
    where
        F: FnOnce() -> N,
    {
        if size_of::<F>() > LARGEST_INLINE_BODY {
            let entry = Box::new(entry);
            // SAFETY: the contract above, for a smaller body.
            unsafe { self.install_small(stack, entry) };
        } else {
            // SAFETY: the contract above.
            unsafe { self.install_small(stack, entry) };
        }
    }

    /// # Safety
    /// As for `install`; and `entry` is no larger than [`LARGEST_INLINE_BODY`].
    #[inline(always)]
    unsafe fn install_small<F>(&self, stack: PooledStack, entry: F)
    where
        F: FnOnce() -> N,
    {
        self.stack.set(Some(stack.view()));
        let yielder = &raw const self.yielder;
        let root = move |here: &Yielder<(), N>, ()| {
            // SAFETY: the context outlives its coroutine.
            unsafe { (*yielder).set(here) };
            let root = AbortIfUnwound;
            let next = entry();
            mem::forget(root);
            next
        };
        // SAFETY: what `entry` borrows outlives the coroutine, by the contract above.
        let raw = unsafe { Raw::<N>::with_stack_unchecked(stack, root) };
        // SAFETY: the context is empty, so no reference into it exists.
        unsafe { (*self.coroutine.get()).write(raw) };
    }

    /// Runs the coroutine until it suspends or ends.
    ///
    /// # Safety
    /// The context is installed and stays at this address meanwhile. Its coroutine has not ended and is not on the chain.
    #[inline(always)]
    pub(crate) unsafe fn resume(&self) -> Resumed<N> {
        // SAFETY: installed, and not on the chain: no other reference to the coroutine is live.
        let raw = unsafe { &mut *self.coroutine.get().cast::<Raw<N>>() };
        match raw.resume(()) {
            CoroutineResult::Yield(next) => Resumed::Suspended(next),
            CoroutineResult::Return(next) => Resumed::Ended(next),
        }
    }

    /// Suspends this coroutine: its resumer gets `next`. Returns when it is resumed.
    ///
    /// # Safety
    /// This runs in the body of this context, on its own stack.
    #[inline(always)]
    pub(crate) unsafe fn suspend(&self, next: N) {
        // SAFETY: the yielder lies at the base of the stack that this runs on.
        let yielder = unsafe { &*self.yielder.get() };
        yielder.suspend(next);
    }

    /// The bytes of the stack that were touched so far.
    ///
    /// # Safety
    /// The context is installed or empty, not retired or discarded.
    pub(crate) unsafe fn stack_used(&self) -> Option<usize> {
        // SAFETY: the stack is in the coroutine, which was not dropped.
        Some(unsafe { self.stack.get()?.used() })
    }

    /// Gives the stack back without unwinding what is on it.
    ///
    /// # Safety
    /// The context is installed and suspended, the frames on its stack own nothing, nothing points into them, and this runs on
    /// another stack.
    #[cfg(feature = "hub")]
    pub(crate) unsafe fn abandon(&self) {
        // SAFETY: installed; reading it out empties the context.
        let mut raw = unsafe { self.coroutine.get().cast::<Raw<N>>().read() };
        // SAFETY: nothing on that stack is left to drop.
        unsafe { raw.force_reset() };
    }

    /// Leaks the stack with all that is on it.
    ///
    /// # Safety
    /// The context is installed, and is neither resumed nor emptied after this.
    pub(crate) unsafe fn leak(&self) {
        if let Some(stack) = self.stack.get() {
            // SAFETY: the stack is in the coroutine, which is never dropped.
            unsafe { stack.leak() };
        }
    }

    /// Gives the stack of an ended coroutine back to the pool.
    ///
    /// # Safety
    /// The context is installed, its coroutine has ended, and this runs on another stack.
    #[inline(always)]
    pub(crate) unsafe fn retire(&self) {
        // SAFETY: installed, and no reference into it exists; dropping it in place empties the context. Of a coroutine that has
        // ended this drops the stack only, which goes back to its pool.
        unsafe { self.coroutine.get().cast::<Raw<N>>().drop_in_place() };
    }

    /// Drops a body that never ran, gives its stack back, and then raises the panic of the body's destructors, if there was
    /// one.
    ///
    /// # Safety
    /// The context is installed and its coroutine was never resumed.
    pub(crate) unsafe fn discard(&self) {
        // SAFETY: installed; reading it out empties the context.
        let mut raw = unsafe { self.coroutine.get().cast::<Raw<N>>().read() };
        let dropped = catch_unwind(AssertUnwindSafe(|| raw.force_unwind()));
        if let Err(panic) = dropped {
            // SAFETY: the body's drop has run as far as it can: nothing on that stack is left to drop.
            unsafe { raw.force_reset() };
            resume_unwind(panic);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;

    use super::*;
    use crate::stack::{self, DEFAULT_STACK_SIZE};

    #[test]
    fn a_panic_that_leaves_a_root_ends_the_process() {
        const CHILD: &str = "GREENHUB_TEST_ROOT";
        if env::var_os(CHILD).is_some() {
            let context: Context<()> = Context::empty();
            let stack = stack::take(DEFAULT_STACK_SIZE).unwrap();
            // SAFETY: empty, and it stays here. The test is about an entry that unwinds.
            unsafe { context.install(stack, || panic!("not caught")) };
            // SAFETY: just installed.
            unsafe { context.resume() };
            unreachable!("a panic has left the root");
        }
        let name = "switch::engine::tests::a_panic_that_leaves_a_root_ends_the_process";
        let mut child = Command::new(env::current_exe().unwrap());
        child.args([name, "--exact", "--nocapture"]).env(CHILD, "1");
        let output = child.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code().is_none(), "{stderr}");
        assert!(
            stderr.contains("a panic has left the root of a greenlet, where nothing can catch it"),
            "{stderr}"
        );
    }
}
