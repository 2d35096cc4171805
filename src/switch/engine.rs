//! The raw switch: start, resume, suspend and retire one coroutine. The only file that names
//! corosensei's coroutine.
//!
//! # Invariant
//! A [`Context`] is *empty* or *installed*. It is installed by `install` and emptied by `retire` or
//! `discard`. While it is resumed (its greenlet is on the chain of resumers) the coroutine's
//! `&mut self` is live in the resumer's frame, so nobody touches the coroutine then: the state that
//! says so is the greenlet's own `State`, checked by the callers in `chain.rs` and `unwind.rs`.

use std::cell::{Cell, UnsafeCell};
use std::mem::{self, MaybeUninit};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};

use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::stack::{PooledStack, StackView};
use crate::stderr;
use crate::switch::record::Core;

/// What travels with a raw switch: who runs next.
pub(crate) type CorePtr = NonNull<Core>;

/// A raw coroutine hands its resumer the greenlet that shall run next, when it steps aside and when it ends.
type Raw = Coroutine<(), CorePtr, CorePtr, PooledStack>;

/// Bodies up to this size are stored on the new stack itself; corosensei refuses more than 1024.
const LARGEST_INLINE_BODY: usize = 512;

/// Why a resumed greenlet gave control back.
pub(crate) enum Resumed {
    /// It stepped aside for `Next`, which is on the chain below it.
    Suspended(CorePtr),
    /// Its body has ended; `Next` comes after it.
    Ended(CorePtr),
}

/// The machine context of one greenlet: its stack and its registers.
pub(crate) struct Context {
    coroutine: UnsafeCell<MaybeUninit<Raw>>,
    /// Where this greenlet suspends: valid from its first instruction to its last.
    yielder: Cell<*const Yielder<(), CorePtr>>,
    /// The stack, to be looked at while it is installed.
    stack: Cell<Option<StackView>>,
}

/// The lowest frame of a stack. corosensei hands a panic that leaves it to the resumer, which is in the middle of a transfer
/// and knows nothing of it.
struct AbortIfUnwound;

impl Drop for AbortIfUnwound {
    #[cold]
    fn drop(&mut self) {
        stderr::abort(format_args!(
            "a panic has left the root of a greenlet, where nothing can catch it"
        ));
    }
}

impl Context {
    pub(crate) const fn empty() -> Context {
        Context {
            coroutine: UnsafeCell::new(MaybeUninit::uninit()),
            yielder: Cell::new(ptr::null()),
            stack: Cell::new(None),
        }
    }

    /// No coroutine of ours runs here, but the thread itself: or nothing was started yet.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.yielder.get().is_null()
    }

    /// The low end of the stack of this context, if `address` lies in that.
    #[inline]
    pub(super) fn stack_low(&self, address: usize) -> Option<usize> {
        self.stack.get()?.low(address)
    }

    /// Puts `entry` on `stack`, to be run by the first `resume`. What it returns runs after it.
    ///
    /// # Safety
    /// The context is empty and stays at this address until it is retired or discarded, and what
    /// `entry` borrows lives until then, too. `entry` does not unwind.
    #[inline(always)]
    pub(crate) unsafe fn install<F>(&self, stack: PooledStack, entry: F)
    where
        F: FnOnce() -> CorePtr,
    {
        if size_of::<F>() > LARGEST_INLINE_BODY {
            let entry = Box::new(entry);
            // SAFETY: the caller's promise is passed on, for a smaller body.
            unsafe { self.install_small(stack, entry) };
        } else {
            // SAFETY: the caller's promise is passed on.
            unsafe { self.install_small(stack, entry) };
        }
    }

    /// # Safety
    /// As for `install`; and `entry` is no larger than [`LARGEST_INLINE_BODY`].
    #[inline(always)]
    unsafe fn install_small<F>(&self, stack: PooledStack, entry: F)
    where
        F: FnOnce() -> CorePtr,
    {
        self.stack.set(Some(stack.view()));
        let yielder = &raw const self.yielder;
        let root = move |here: &Yielder<(), CorePtr>, ()| {
            // SAFETY: the context outlives the coroutine that it holds.
            unsafe { (*yielder).set(here) };
            let root = AbortIfUnwound;
            let next = entry();
            mem::forget(root);
            next
        };
        // SAFETY: the caller promises that what `entry` borrows outlives the coroutine.
        let raw = unsafe { Raw::with_stack_unchecked(stack, root) };
        // SAFETY: the context is empty, so nobody holds a reference into it.
        unsafe { (*self.coroutine.get()).write(raw) };
    }

    /// Runs the coroutine until it suspends or ends.
    ///
    /// # Safety
    /// The context is installed, its coroutine has not ended and is not on the chain, and it stays
    /// at this address meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn resume(&self) -> Resumed {
        // SAFETY: installed, and not on the chain: no other reference to the coroutine is live.
        let raw = unsafe { &mut *self.coroutine.get().cast::<Raw>() };
        match raw.resume(()) {
            CoroutineResult::Yield(next) => Resumed::Suspended(next),
            CoroutineResult::Return(next) => Resumed::Ended(next),
        }
    }

    /// Leaves this coroutine for its resumer, who is told who runs `next`. Returns when it is resumed.
    ///
    /// # Safety
    /// Called on this context's own stack, from within its body.
    #[inline(always)]
    pub(crate) unsafe fn suspend(&self, next: CorePtr) {
        // SAFETY: we run on this coroutine's stack, at whose base the yielder lies.
        let yielder = unsafe { &*self.yielder.get() };
        yielder.suspend(next);
    }

    /// Bytes of the stack that were touched at the deepest.
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
    /// The context is installed and suspended, the frames on its stack own nothing, nothing points into
    /// them, and this runs on another stack.
    #[cfg(feature = "hub")]
    pub(crate) unsafe fn abandon(&self) {
        // SAFETY: installed; reading it out empties the context.
        let mut raw = unsafe { self.coroutine.get().cast::<Raw>().read() };
        // SAFETY: nothing on that stack is left to drop.
        unsafe { raw.force_reset() };
    }

    /// Gives the stack up for lost: nothing is dropped, and it stays as it is for ever.
    ///
    /// # Safety
    /// The context is installed, and is never resumed, retired or discarded after this.
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
        // SAFETY: installed, and nobody else has a reference into it; dropping it in place empties the
        // context. Of a coroutine that has ended this drops the stack only, which goes back to its pool.
        unsafe { self.coroutine.get().cast::<Raw>().drop_in_place() };
    }

    /// Drops a body that never ran, and gives its stack back. A panic of the body's destructors goes on
    /// to the caller after that.
    ///
    /// # Safety
    /// The context is installed and its coroutine was never resumed.
    pub(crate) unsafe fn discard(&self) {
        // SAFETY: installed; reading it out empties the context.
        let mut raw = unsafe { self.coroutine.get().cast::<Raw>().read() };
        let dropped = catch_unwind(AssertUnwindSafe(|| raw.force_unwind()));
        if let Err(panic) = dropped {
            // SAFETY: the body's drop has run, as far as it can: nothing on that stack is left to drop.
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
            let context = Context::empty();
            let stack = stack::take(DEFAULT_STACK_SIZE).unwrap();
            // SAFETY: empty, and it stays here. That the entry unwinds is what this is about.
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
