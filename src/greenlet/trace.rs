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
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::any::AnyGreenlet;
use super::counted::AnyRef;
use super::engine::Next;
use super::parent::forget;
use super::record::Core;
use super::thread::{self, Me};
use crate::stderr;

/// How control went from one greenlet to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// By a switch, with a value, or for want of anything else to run; or at an end, with its last value.
    Switch,
    /// By a throw or a kill, or at an end by a panic.
    Throw,
}

/// Sees each switch of a thread: how, who gave control up, and who has got it and runs this.
pub type Tracer = Rc<dyn Fn(Event, &AnyGreenlet, &AnyGreenlet)>;

thread_local! {
    static TRACER: RefCell<Option<Tracer>> = const { RefCell::new(None) };
    static NOTE: Cell<Option<Note>> = const { Cell::new(None) };
}

/// What the next tracer call shall tell.
pub(super) struct Note {
    event: Event,
    origin: AnyRef,
    /// Only compared.
    target: Next,
}

/// Sets this thread's tracer, or removes it, and gives back the one that was set before.
///
/// It is called in the greenlet that has got control, before that one sees the value or panic that came. What the
/// hub does to run tasks is seen, too; generators are not, for they are no greenlets. A switch that the tracer itself
/// makes is traced as any other: let it make few.
///
/// If it panics it is removed, and the panic goes on in the greenlet that it was called in, in place of the value.
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
        (false, true) => thread::add_attention(),
        (true, false) => thread::remove_attention(),
        _ => {}
    }
    before
}

/// Leaves a note for `target`, if there is a tracer.
#[cold]
#[inline(never)]
pub(super) fn note(event: Event, origin: Me, target: &Core) {
    if !matches!(TRACER.try_with(|kept| kept.borrow().is_some()), Ok(true)) {
        return;
    }
    let note = Note {
        event,
        origin: origin.to_ref(),
        target: target.as_next(),
    };
    if let Ok(old) = NOTE.try_with(|kept| kept.replace(Some(note))) {
        target.has_arrival.set(true);
        // Whoever was to be told has told the tracer by now. If not: nobody's code may run here.
        std::mem::forget(old);
    }
}

/// Tells the tracer of the note that was left for `me`, which has got control.
///
/// # Errors
/// The panic of the tracer, which is removed for it.
pub(super) fn tell(me: Me) -> Result<(), Box<dyn Any + Send>> {
    let Ok(Some(note)) = NOTE.try_with(Cell::take) else {
        return Ok(());
    };
    if note.target != me.as_next() {
        return Ok(());
    }
    let Ok(Some(tracer)) = TRACER.try_with(|kept| kept.borrow().clone()) else {
        return Ok(());
    };
    let (origin, target) = (
        AnyGreenlet::from_ref(note.origin),
        AnyGreenlet::from_ref(me.to_ref()),
    );
    let told = catch_unwind(AssertUnwindSafe(|| {
        tracer(note.event, &origin, &target);
        drop((origin, target));
    }));
    if told.is_err() {
        remove(&tracer);
    }
    forget(tracer);
    told
}

/// Removes that tracer, if it was not replaced meanwhile.
fn remove(tracer: &Tracer) {
    let is_set = TRACER.try_with(|kept| {
        let kept = kept.borrow();
        kept.as_ref().is_some_and(|kept| Rc::ptr_eq(kept, tracer))
    });
    if matches!(is_set, Ok(true)) {
        forget(set_tracer(None));
    }
}

/// As [`tell`], where a panic has nowhere to go on.
pub(super) fn tell_or_say(me: Me) {
    if let Err(panic) = tell(me) {
        forget(panic);
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
