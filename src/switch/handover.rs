//! Values through typed slots: what a switch carries in, and what comes back.
//!
//! ```text
//!   waiting frame            its record            the greenlet that switches to it
//!   +-------------+          +----------+
//!   | answer: ??? | <--------| slot     |  <---- writes the value here,
//!   +-------------+          | expects  |  <---- if its type is the one shown here
//!                            +----------+
//! ```
//! The value is moved from frame to frame, without a box. A greenlet that was not started has its slot in its record.

use std::any::Any;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::thread::Result as Caught;

#[cfg(feature = "hub")]
use crate::dropping::drop_quietly;
use crate::switch::chain;
#[cfg(feature = "hub")]
use crate::switch::interrupt;
use crate::switch::record::{Core, CorePtr, Resumption};
use crate::switch::state::{Never, TypeTag};
use crate::switch::thread::{self, Current};
use crate::switch::trace::{self, TraceEvent};

/// `target`, which is not the running greenlet, waits for an `I`.
#[inline(always)]
pub(crate) fn waits_for<I: 'static>(target: &Core) -> bool {
    target.expects.get().is::<I>()
}

/// Hands `value` to `target`, lets it run, and waits for an `O`.
///
/// # Errors
/// The resumption that has arrived in place of an `O`.
///
/// # Safety
/// `me` runs, `target` is not `me` and [`waits_for`] an `I`, and `me` may be left.
#[inline(always)]
pub(crate) unsafe fn exchange<I: 'static, O: 'static>(
    me: Current,
    target: CorePtr,
    value: I,
) -> Result<O, Box<Resumption>> {
    // SAFETY: the caller's handle keeps the target.
    let slot = unsafe { target.as_ref() }.slot.get();
    // SAFETY: the target waits for an `I`, so its slot is room for one, and empty.
    unsafe { slot.cast::<I>().write(value) };
    // SAFETY: the contract above; the target's value is in its slot.
    unsafe { wait_for_answer(me, target) }
}

/// Lets `target` run with `resumption` in place of a value, and waits for an `O`.
///
/// # Errors
/// The resumption that has arrived in place of an `O`.
///
/// # Safety
/// `me` runs, `target` is not `me`, was started and has not ended, and `me` may be left.
#[inline(never)]
pub(crate) unsafe fn throw_into<O: 'static>(
    me: Current,
    target: CorePtr,
    resumption: Resumption,
) -> Result<O, Box<Resumption>> {
    // SAFETY: the caller's handle keeps the target.
    let core = unsafe { target.as_ref() };
    core.put_resumption(resumption);
    trace::leave_event(TraceEvent::Throw, me, core);
    // SAFETY: the contract above; the target's resumption is set.
    unsafe { wait_for_answer(me, target) }
}

/// # Safety
/// As for [`chain::transfer`], but for `set_current`.
#[inline(always)]
unsafe fn wait_for_answer<O: 'static>(me: Current, target: CorePtr) -> Result<O, Box<Resumption>> {
    let mut answer = MaybeUninit::<O>::uninit();
    me.slot.set(answer.as_mut_ptr().cast());
    me.expects.set(TypeTag::of::<O>());
    thread::set_current(target);
    // SAFETY: the contract above.
    unsafe { chain::transfer(me, target) };
    if me.has_resumption.get() {
        // SAFETY: our slot was `answer`.
        return unsafe { take_answer(me, answer) };
    }
    // SAFETY: without a resumption, the greenlet that switched here has filled the slot.
    Ok(unsafe { answer.assume_init() })
}

/// A resumption has arrived in place of a value, or the tracer is to be called before the value is read.
///
/// # Safety
/// `me` has got control, and its slot was `answer`.
#[cold]
#[inline(never)]
unsafe fn take_answer<O>(me: Current, answer: MaybeUninit<O>) -> Result<O, Box<Resumption>> {
    let resumption = me.take_resumption();
    // SAFETY: without a resumption, the greenlet that switched here has filled the slot.
    let answer = resumption
        .is_none()
        .then(|| unsafe { answer.assume_init() });
    #[cfg(feature = "hub")]
    me.wait().end();
    match after_hook(me, resumption) {
        Some(resumption) => Err(resumption),
        None => Ok(answer.expect("without a resumption there is a value")),
    }
}

/// Calls the trace hook, and evaluates to the resumption of `me`. A panic of the tracer replaces all but an unwinding.
fn after_hook(me: Current, resumption: Option<Box<Resumption>>) -> Option<Box<Resumption>> {
    #[cfg(feature = "hub")]
    interrupt::defer(me, resumption.as_deref());
    match trace::call_hook(me) {
        Ok(()) => resumption,
        Err(_) if matches!(resumption.as_deref(), Some(Resumption::Unwind)) => resumption,
        Err(panic) => Some(Box::new(Resumption::Thrown(panic))),
    }
}

/// Calls the trace hook in a greenlet that is about to run its body, or that continues without a switch.
///
/// # Errors
/// The panic of the tracer: then the body must not run.
#[inline(always)]
pub(crate) fn begin(me: Current) -> Caught<()> {
    if me.has_resumption.get() {
        return begin_traced(me);
    }
    Ok(())
}

#[cold]
#[inline(never)]
fn begin_traced(me: Current) -> Caught<()> {
    drop(me.take_resumption());
    trace::call_hook(me)
}

/// Gives up control to `target` without a value, and waits until it comes back without one.
///
/// # Errors
/// The resumption that has arrived.
///
/// # Safety
/// `me` runs, and `target` is another greenlet that may run now without a value.
#[cfg(feature = "hub")]
#[inline(always)]
pub(crate) unsafe fn yield_to(me: Current, target: CorePtr) -> Result<(), Box<Resumption>> {
    me.expects.set(TypeTag::of::<Never>());
    thread::set_current(target);
    // SAFETY: the contract above.
    unsafe { chain::suspend_to(me, target) };
    if me.has_resumption.get() {
        return take_resumption(me);
    }
    Ok(())
}

/// As [`take_answer`], without a value. The wait keeps its state: the caller reads why it has ended.
#[cfg(feature = "hub")]
#[cold]
#[inline(never)]
fn take_resumption(me: Current) -> Result<(), Box<Resumption>> {
    after_hook(me, me.take_resumption()).map_or(Ok(()), Err)
}

/// Leaves an event for the trace hook. To be called before [`yield_to`], where a slow path was requested.
///
/// # Safety
/// `target` is about to run.
#[cfg(feature = "hub")]
#[cold]
#[inline(never)]
pub(crate) unsafe fn trace_yield(me: Current, target: CorePtr) {
    // SAFETY: it is about to run, so it is there.
    trace::leave_event_slow(TraceEvent::Switch, me, unsafe { target.as_ref() });
}

/// Lets `target` run without a value from the hub. Values and panics that end there are dropped.
///
/// # Safety
/// `me` is the hub and runs, and `target` is another greenlet that may run now without a value.
#[cfg(feature = "hub")]
#[inline(always)]
pub(crate) unsafe fn run(me: Current, target: CorePtr) {
    me.expects.set(TypeTag::of::<Never>());
    // SAFETY: it may run, so it is there.
    trace::leave_event(TraceEvent::Switch, me, unsafe { target.as_ref() });
    thread::set_current(target);
    // SAFETY: the contract above.
    unsafe { chain::transfer(me, target) };
    if me.has_resumption.get() {
        trace_hub(me);
    }
}

/// Calls the trace hook on the hub, at which no resumption arrives.
#[cfg(feature = "hub")]
#[cold]
#[inline(never)]
pub(crate) fn trace_hub(me: Current) {
    drop_quietly(me.take_resumption());
    trace::call_hook_or_report(me);
}

/// Moves a value to the same type under another name.
pub(crate) fn same_type<A: 'static, B: 'static>(value: A) -> Result<B, A> {
    let mut value = ManuallyDrop::new(value);
    let any: &mut dyn Any = &mut *value;
    match any.downcast_mut::<B>() {
        // SAFETY: it is a `B`, and the `ManuallyDrop` that it lies in is not used after this.
        Some(same) => Ok(unsafe { std::ptr::read(same) }),
        // SAFETY: not moved out of.
        None => Err(unsafe { ManuallyDrop::take(&mut value) }),
    }
}

/// The name of the type that `core` waits for in a switch, if it waits in one.
pub(crate) fn expected_type(core: &Core) -> Option<&'static str> {
    let expected = core.expects.get();
    (!expected.is::<Never>()).then(|| expected.name())
}
