//! The start of a greenlet: how its body gets onto its stack, and the first code that runs there.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::dropping::drop_quietly;
use crate::stack::PooledStack;
use crate::switch::counted::{AnyRef, RecordRef};
use crate::switch::record::{Core, CorePtr, StartSlot, describe};
use crate::switch::state::{GreenletState, TypeTag};
use crate::switch::thread::{self, Current};
use crate::switch::{handover, parent};

/// Puts the body of a declared greenlet on a stack.
///
/// # Panics
/// If the greenlet has a body already, or has ended.
pub(crate) fn define<I, O, F>(record: &RecordRef<StartSlot<I>>, stack: PooledStack, body: F)
where
    I: 'static,
    O: 'static,
    F: FnOnce(I) -> O + 'static,
{
    let core: CorePtr = record.any().as_ptr();
    let root = move || {
        // SAFETY: this is the root of that greenlet.
        let me = unsafe { enter(core) };
        // Unwindings and panics reach started greenlets only: see `parent.rs`.
        // SAFETY: the first switch has put an `I` into the record's own slot.
        let first = unsafe { me.slot.get().cast::<I>().read() };
        let outcome = match handover::begin(me) {
            Ok(()) => catch_unwind(AssertUnwindSafe(|| {
                __rust_begin_short_backtrace(|| body(first))
            })),
            Err(panic) => {
                drop_quietly(first);
                drop_quietly(body);
                Err(panic)
            }
        };
        parent::end(me, outcome)
    };
    // SAFETY: the body is 'static, the record outlives its greenlet, and `parent::end` does not unwind.
    unsafe { install(record.any(), stack, root) };
    record.any().expects.set(TypeTag::of::<I>());
}

/// Runs a body. Std's short backtraces end above a function of this name, so a panic shows the body's frames, and not those
/// of the hub and of what runs it.
#[inline(never)]
pub(crate) fn __rust_begin_short_backtrace<R>(body: impl FnOnce() -> R) -> R {
    let value = body();
    // Keeps this frame: the call above is not the last thing.
    std::hint::black_box(());
    value
}

/// Puts the root of a declared greenlet on a stack: a body that takes no value and returns the greenlet that runs next.
///
/// # Panics
/// If the greenlet has a body already, or has ended.
///
/// # Safety
/// `root` does not unwind, ends with [`parent::close`] of its greenlet and with `set_current` of what it returns, and lives
/// until the greenlet has ended.
#[inline(always)]
pub(crate) unsafe fn install<F>(record: &AnyRef, stack: PooledStack, root: F)
where
    F: FnOnce() -> CorePtr,
{
    if record.state() != GreenletState::Declared {
        refuse_body(record);
    }
    // SAFETY: the record outlives the greenlet that has this stack.
    unsafe { stack.describe(record.description()) };
    // SAFETY: declared, so its context is empty, and it stays where it is: in its record.
    unsafe { record.context.install(stack, root) };
    record.set_state(GreenletState::Unstarted);
}

#[cold]
fn refuse_body(core: &Core) -> ! {
    let why = if core.state().is_over() {
        "has ended"
    } else {
        "has its body already"
    };
    panic!("{} {why}", describe(core))
}

/// Makes the greenlet own itself. The first call on a new stack.
///
/// # Safety
/// Called by the root of the greenlet of `core`.
#[inline(always)]
pub(crate) unsafe fn enter(core: CorePtr) -> Current {
    // SAFETY: the greenlet that has started this one has a pointer to it.
    let record = unsafe { core.as_ref() };
    if !record.was_started() {
        record.enter();
    }
    thread::current()
}
