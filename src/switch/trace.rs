//! The tracer: a closure that sees every switch of its thread.
//!
//! ```text
//!   origin                        target
//!   a note is left, and the       goes on, sees that something has arrived,
//!   target's flag is raised  -->  takes the note and calls the tracer; then it looks at its value
//! ```
//! Where no tracer is set nobody leaves notes: it costs the branch that each switch has anyway.
#![forbid(unsafe_code)]

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::error::CannotWait;
use crate::greenlet::AnyGreenlet;
use crate::stderr;
use crate::switch::counted::WeakRef;
use crate::switch::engine::CorePtr;
use crate::switch::no_switch;
use crate::switch::parent::drop_quietly;
use crate::switch::record::Core;
use crate::switch::thread::{self, Current};

/// How control went from one greenlet to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TraceEvent {
    /// By a switch, with a value, or for want of anything else to run; or at an end, with its last value.
    Switch,
    /// By a throw or a kill, or at an end by a panic.
    Throw,
}

/// Sees each switch of a thread: how, who gave control up, and who has got it and runs this.
pub type Tracer = Rc<dyn Fn(TraceEvent, &AnyGreenlet, &AnyGreenlet)>;

thread_local! {
    static TRACER: RefCell<Option<Tracer>> = const { RefCell::new(None) };
    static NOTE: Cell<Option<Note>> = const { Cell::new(None) };
    static FRAMES: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// While this lives a tracer runs above it, maybe, and whoever has called it goes on with the greenlet that it has
/// found. So no generator whose stack this lies on may be left by a yield: another greenlet could resume it.
pub(super) struct Frame {
    address: usize,
}

impl Frame {
    /// A frame on the running stack, if there is a tracer.
    #[inline(always)]
    pub(super) fn enter() -> Option<Frame> {
        (thread::slow_path_requests() != 0).then(Frame::enter_slow)
    }

    #[inline(never)]
    fn enter_slow() -> Frame {
        let here = 0_u8;
        let address = (&raw const here).addr();
        thread::request_slow_path();
        let _ = FRAMES.try_with(|frames| frames.borrow_mut().push(address));
        Frame { address }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let _ = FRAMES.try_with(|frames| {
            let mut frames = frames.borrow_mut();
            // Others may have come later and stay longer: a tracer may switch.
            if let Some(at) = frames.iter().rposition(|&frame| frame == self.address) {
                frames.remove(at);
            }
        });
        thread::withdraw_slow_path();
    }
}

/// A tracer runs on the stack with these addresses, or something else whose caller must not change.
pub(crate) fn is_on_stack(stack: &RangeInclusive<usize>) -> bool {
    let found = FRAMES.try_with(|frames| frames.borrow().iter().any(|frame| stack.contains(frame)));
    matches!(found, Ok(true))
}

/// What the next tracer call shall tell.
pub(super) struct Note {
    event: TraceEvent,
    /// Does not keep it: who leaves the chain without owners is unwound as if nobody traced.
    origin: WeakRef,
    /// Only compared.
    target: CorePtr,
}

/// Sets this thread's tracer, or removes it, and gives back the one that was set before.
///
/// It is called in the greenlet that has got control, before that one sees the value or panic that came. What the
/// hub does to run tasks is seen, too; generators are not, for they are no greenlets. A switch that the tracer itself
/// makes is traced as any other: let it make few. Where it is called on the hub's own stack, or in a greenlet that
/// unwinds another, it must not switch or wait at all: see [`WaitRefused::Tracing`](crate::error::WaitRefused::Tracing).
///
/// If it panics it is removed, and the panic goes on in the greenlet that it was called in, in place of the value; in
/// those two places a line on stderr says so instead.
///
/// # Examples
/// ```
/// use greenhub::greenlet::{Event, set_tracer};
/// use greenhub::Greenlet;
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// let seen = Rc::new(RefCell::new(Vec::new()));
/// let before = set_tracer(Some(Rc::new({
///     let seen = seen.clone();
///     move |event, origin, target| {
///         seen.borrow_mut().push((event, origin.id(), target.id()));
///     }
/// })));
/// let other: Greenlet<(), ()> = Greenlet::new(|()| ());
/// other.switch(());
/// set_tracer(before);
///
/// let (main, other) = (greenhub::current().id(), other.id());
/// assert_eq!(*seen.borrow(), [(Event::Switch, main, other), (Event::Switch, other, main)]);
/// ```
pub fn set_tracer(tracer: Option<Tracer>) -> Option<Tracer> {
    let is_set = tracer.is_some();
    // In a destructor of a thread-local it may be gone: then nobody is called any more.
    let before = TRACER.try_with(|kept| kept.replace(tracer)).ok().flatten();
    match (before.is_some(), is_set) {
        (false, true) => thread::request_slow_path(),
        (true, false) => thread::withdraw_slow_path(),
        _ => {}
    }
    before
}

/// Leaves a note for `target`, if there is a tracer.
#[cold]
#[inline(never)]
pub(super) fn note(event: TraceEvent, origin: Current, target: &Core) {
    if !matches!(TRACER.try_with(|kept| kept.borrow().is_some()), Ok(true)) {
        return;
    }
    let note = Note {
        event,
        origin: origin.to_weak(),
        target: target.as_ptr(),
    };
    if let Ok(old) = NOTE.try_with(|kept| kept.replace(Some(note))) {
        target.has_resumption.set(true);
        // Whoever was to be told has told the tracer by now. Where not, nobody's code runs here: it is a weak.
        drop(old);
    }
}

/// Tells the tracer of the note that was left for `me`, which has got control.
///
/// # Errors
/// The panic of the tracer, which is removed for it.
pub(super) fn tell(me: Current) -> Result<(), Box<dyn Any + Send>> {
    match put_aside() {
        Some(note) => call(me, note),
        None => Ok(()),
    }
}

/// Calls the tracer, if there is one still and the note is for `me`.
fn call(me: Current, note: Note) -> Result<(), Box<dyn Any + Send>> {
    if note.target != me.as_ptr() {
        return Ok(());
    }
    let Ok(Some(tracer)) = TRACER.try_with(|kept| kept.borrow().clone()) else {
        return Ok(());
    };
    let origin = match note.origin.upgrade() {
        Some(origin) => AnyGreenlet::from_ref(origin),
        None => AnyGreenlet::from_link(note.origin),
    };
    let target = AnyGreenlet::from_ref(me.to_ref());
    // It may be told at the end of a wait, and wait itself.
    #[cfg(feature = "hub")]
    let wait = me.wait().save();
    let told = catch_unwind(AssertUnwindSafe(|| {
        tracer(note.event, &origin, &target);
        drop((origin, target));
    }));
    #[cfg(feature = "hub")]
    me.wait().restore(wait);
    if told.is_err() {
        remove(&tracer);
    }
    drop_quietly(tracer);
    told
}

/// Removes that tracer, if it was not replaced meanwhile.
fn remove(tracer: &Tracer) {
    let is_set = TRACER.try_with(|kept| {
        let kept = kept.borrow();
        kept.as_ref().is_some_and(|kept| Rc::ptr_eq(kept, tracer))
    });
    if matches!(is_set, Ok(true)) {
        drop_quietly(set_tracer(None));
    }
}

/// As [`tell`], where nothing may wait and a panic has nowhere to go on.
pub(super) fn tell_or_say(me: Current) {
    let Some(note) = put_aside() else {
        return;
    };
    if let Err(panic) = no_switch::hold(CannotWait::Tracing, || call(me, note)) {
        drop_quietly(panic);
        stderr::say(format_args!("the tracer panicked and was removed"));
    }
}

/// Takes a note away while others run in between, and puts it back.
pub(super) fn put_aside() -> Option<Note> {
    NOTE.try_with(Cell::take).ok().flatten()
}

pub(super) fn put_back(note: Option<Note>) {
    let _ = NOTE.try_with(|kept| kept.set(note));
}
