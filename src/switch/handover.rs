//! Values through typed slots: what a switch carries in, and what comes back.
//!
//! ```text
//!   waiting frame            its record            whoever switches to it
//!   +-------------+          +----------+
//!   | answer: ??? | <--------| slot     |  <---- writes the value here,
//!   +-------------+          | expects  |  <---- if its type is the one shown here
//!                            +----------+
//! ```
//! No box: the value is moved from frame to frame. A greenlet that was never switched to has its slot
//! in its own record instead of in a frame.

use std::any::Any;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::Result as Caught;

use crate::stack::PooledStack;
use crate::switch::counted::{AnyRef, RecordRef};
use crate::switch::engine::CorePtr;
use crate::switch::exit::GreenletExit;
#[cfg(feature = "hub")]
use crate::switch::interrupt;
use crate::switch::parent;
use crate::switch::record::{Core, Resumption, StartSlot};
use crate::switch::state::GreenletState;
use crate::switch::tag::{Never, TypeTag};
use crate::switch::thread::{self, Current};
use crate::switch::trace::{self, TraceEvent};
use crate::switch::{chain, describe};

/// Whether `target`, who is not the running greenlet, waits for an `I`.
#[inline(always)]
pub(crate) fn waits_for<I: 'static>(target: &Core) -> bool {
    target.expects.get().is::<I>()
}

/// Hands `value` to `target`, lets it run, and waits for an `O` or for something else to arrive.
///
/// # Safety
/// `me` runs, `target` is not `me` and [`waits_for`] an `I`, and the switch is permitted.
#[inline(always)]
pub(crate) unsafe fn exchange<I: 'static, O: 'static>(
    me: Current,
    target: CorePtr,
    value: I,
) -> Result<O, Box<Resumption>> {
    let mut answer = MaybeUninit::<O>::uninit();
    // SAFETY: the caller's handle keeps the target there.
    let slot = unsafe { target.as_ref() }.slot.get();
    // SAFETY: the target waits for an `I`, so its slot is room for one, and empty.
    unsafe { slot.cast::<I>().write(value) };
    me.slot.set(answer.as_mut_ptr().cast());
    me.expects.set(TypeTag::of::<O>());
    thread::set_current(target);
    // SAFETY: as above; what the target waits for is in its slot.
    unsafe { chain::transfer(me, target) };
    if me.has_resumption.get() {
        // SAFETY: our slot was `answer`.
        return unsafe { take_answer(me, answer) };
    }
    // SAFETY: whoever switched to us has filled the slot: nothing else has arrived.
    Ok(unsafe { answer.assume_init() })
}

/// Lets `target` run with `resumption` in place of a value, and waits for an `O` or for something else to arrive.
///
/// # Safety
/// `me` runs, `target` is not `me`, was started and has not ended, and the switch is permitted.
#[inline(never)]
pub(crate) unsafe fn throw_into<O: 'static>(
    me: Current,
    target: CorePtr,
    resumption: Resumption,
) -> Result<O, Box<Resumption>> {
    let mut answer = MaybeUninit::<O>::uninit();
    // SAFETY: the caller's handle keeps the target there.
    let core = unsafe { target.as_ref() };
    core.put_resumption(resumption);
    trace(TraceEvent::Throw, me, core);
    me.slot.set(answer.as_mut_ptr().cast());
    me.expects.set(TypeTag::of::<O>());
    thread::set_current(target);
    // SAFETY: as above; what the target waits for has arrived.
    unsafe { chain::transfer(me, target) };
    if me.has_resumption.get() {
        // SAFETY: our slot was `answer`.
        return unsafe { take_answer(me, answer) };
    }
    // SAFETY: whoever switched to us has filled the slot: nothing else has arrived.
    Ok(unsafe { answer.assume_init() })
}

/// Leaves a note for the tracer, if there is one. To be called before [`step_aside`], where it was not seen that nobody
/// wants attention.
///
/// # Safety
/// `target` is about to run.
#[cfg(feature = "hub")]
#[cold]
#[inline(never)]
pub(crate) unsafe fn trace_yield(me: Current, target: CorePtr) {
    // SAFETY: it is about to run, so it is there.
    trace::note(TraceEvent::Switch, me, unsafe { target.as_ref() });
}

/// Leaves a note for the tracer, if there is one.
#[inline(always)]
pub(crate) fn trace(event: TraceEvent, me: Current, target: &Core) {
    if thread::slow_path_requests() != 0 {
        trace::note(event, me, target);
    }
}

/// Something has come besides a value, or in its place, or the tracer wants to know of it.
///
/// # Safety
/// `me` has got control, and its slot was `answer`.
#[cold]
#[inline(never)]
unsafe fn take_answer<O>(me: Current, answer: MaybeUninit<O>) -> Result<O, Box<Resumption>> {
    let _frame = trace::Frame::enter();
    let resumption = me.take_resumption();
    #[cfg(feature = "hub")]
    interrupt::end_turn(me, resumption.as_deref());
    match (resumption, trace::tell(me)) {
        // SAFETY: whoever switched to us has filled the slot: nothing else has arrived.
        (None, Ok(())) => Ok(unsafe { answer.assume_init() }),
        (None, Err(panic)) => {
            // SAFETY: as above.
            drop(unsafe { answer.assume_init() });
            Err(Box::new(Resumption::Thrown(panic)))
        }
        (Some(resumption), Ok(())) => Err(resumption),
        (Some(resumption), Err(panic)) => match *resumption {
            Resumption::Unwind => Err(resumption),
            _ => Err(Box::new(Resumption::Thrown(panic))),
        },
    }
}

/// The first thing before a body: the tracer is told that this greenlet has got control.
///
/// # Errors
/// The panic of the tracer: the body shall not run.
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
    let _frame = trace::Frame::enter();
    drop(me.take_resumption());
    trace::tell(me)
}

/// Gives up control to `target` without a value, and waits until somebody gives it back without one.
///
/// # Safety
/// `me` runs, and `target` is another that may run now without a value.
#[cfg(feature = "hub")]
#[inline(always)]
pub(crate) unsafe fn yield_to(me: Current, target: CorePtr) -> Result<(), Box<Resumption>> {
    me.expects.set(TypeTag::of::<Never>());
    thread::set_current(target);
    // SAFETY: the caller's promise.
    unsafe { chain::suspend_to(me, target) };
    if me.has_resumption.get() {
        return take_resumption_in_hub(me);
    }
    Ok(())
}

/// As [`look_at_arrival`], for who waits in the hub and goes on with that: the tracer may wait in between.
#[cfg(feature = "hub")]
#[cold]
#[inline(never)]
fn take_resumption_in_hub(me: Current) -> Result<(), Box<Resumption>> {
    let stand = me.wait().save();
    // SAFETY: we waited for nothing, and that is there.
    let looked = unsafe { take_answer(me, MaybeUninit::new(())) };
    me.wait().restore(stand);
    looked
}

/// Lets `target` run without a value from the hub, which takes whatever ends in it without a word.
///
/// # Safety
/// `me` is the hub and runs, and `target` is another that may run now without a value.
#[cfg(feature = "hub")]
#[inline(always)]
pub(crate) unsafe fn run(me: Current, target: CorePtr) {
    me.expects.set(TypeTag::of::<Never>());
    if thread::slow_path_requests() != 0 {
        // SAFETY: it may run, so it is there.
        trace::note(TraceEvent::Switch, me, unsafe { target.as_ref() });
    }
    thread::set_current(target);
    // SAFETY: the caller's promise.
    unsafe { chain::transfer(me, target) };
    if me.has_resumption.get() {
        trace_hub(me);
    }
}

/// The hub has got control: nothing arrives there, but the tracer wants to know.
#[cfg(feature = "hub")]
#[cold]
#[inline(never)]
pub(crate) fn trace_hub(me: Current) {
    parent::drop_quietly(me.take_resumption());
    trace::tell_or_say(me);
}

/// Puts a body on a stack: the record's greenlet is unstarted after that.
///
/// # Panics
/// If it has a body already.
pub(crate) fn define<I, O, F>(record: &RecordRef<StartSlot<I>>, stack: PooledStack, body: F)
where
    I: 'static,
    O: 'static,
    F: FnOnce(I) -> O + 'static,
{
    let core: CorePtr = record.any().as_ptr();
    let root = move || {
        // SAFETY: the record is there while its greenlet runs on its stack.
        let me = unsafe { enter(core) };
        // An order to unwind or a panic reaches only greenlets that were started: see `parent.rs`.
        // SAFETY: the first switch has put an `I` into the record's own slot.
        let first = unsafe { me.slot.get().cast::<I>().read() };
        let outcome = match begin(me) {
            Ok(()) => catch_unwind(AssertUnwindSafe(|| body(first))),
            Err(panic) => {
                parent::drop_quietly(first);
                parent::drop_quietly(body);
                Err(panic)
            }
        };
        parent::end(me, outcome)
    };
    // SAFETY: the body is 'static, the record outlives its greenlet, and `parent::end` does not unwind.
    unsafe { install(record.any(), stack, root) };
    record.any().expects.set(TypeTag::of::<I>());
}

/// Puts a body that takes no value and hands none back on a stack.
///
/// # Safety
/// `root` does not unwind, ends with [`parent::close`] of its greenlet and with `set_current` of what
/// it returns, and lives until the greenlet has ended.
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

/// The first thing on a new stack.
///
/// # Safety
/// Called by the root of the greenlet whose record `core` is.
#[inline(always)]
pub(crate) unsafe fn enter(core: CorePtr) -> Current {
    // SAFETY: whoever started it has a pointer to it.
    let record = unsafe { core.as_ref() };
    if !record.was_started() {
        record.enter();
    }
    thread::current()
}

/// Lets go on what arrived, where there is no way to return it: a panic, or the kill.
#[cold]
#[inline(never)]
pub(crate) fn raise(resumption: Resumption) -> ! {
    match resumption {
        Resumption::Thrown(payload) => resume_unwind(payload),
        Resumption::Unwind => GreenletExit::raise(),
        #[cfg(feature = "hub")]
        Resumption::Interrupt => {
            interrupt::raise_delivered(thread::current());
            panic!("an interrupt was taken back after it had ended a switch");
        }
        #[cfg(feature = "hub")]
        Resumption::Report(what) => panic!("{what}"),
        Resumption::ChildKilled => panic!("the greenlet that was switched to was killed"),
        Resumption::MistypedValue(unwanted) => panic!(
            "{} ended with a value of type {}, which nobody waits for here",
            unwanted.from, unwanted.type_name
        ),
    }
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
