//! The tracer of a thread: a closure that sees each switch.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread::Result as Caught;

use super::handle::AnyGreenlet;
use crate::dropping::drop_quietly;
use crate::switch::counted::{AnyRef, HandleRef};
use crate::switch::trace;
pub use crate::switch::trace::TraceEvent;

/// A closure that sees each switch of its thread: the event, the greenlet that gave control up, and the one that has got it
/// and runs this.
pub type Tracer = Rc<dyn Fn(TraceEvent, &AnyGreenlet, &AnyGreenlet)>;

thread_local! {
    static TRACER: RefCell<Option<Tracer>> = const { RefCell::new(None) };
}

/// Sets the tracer of this thread, or removes it, and returns the previous one.
///
/// The tracer runs in the greenlet that has just got control, before that greenlet sees the value or panic that has arrived.
/// The switches with which the hub runs tasks are traced, too. Generators are no greenlets and are not traced.
///
/// A tracer observes switches and makes none. Inside it a switch or a throw returns
/// [`SwitchError::Tracing`](crate::SwitchError::Tracing); a wait, and the kill of a greenlet that waits for the running one,
/// are refused with [`CannotWait::Tracing`](crate::error::CannotWait::Tracing). Calls that leave no greenlet are allowed:
/// spawning and waking tasks, dropping or killing a suspended greenlet, resuming a generator.
/// The switches of these calls are traced in turn, inside the tracer. While a panic unwinds the greenlet, a wait in the tracer ends the
/// process, as one in a destructor does.
///
/// A tracer that panics is removed, and its panic takes the place of the value in the greenlet that it runs in. On the
/// hub's own stack, and in a greenlet that unwinds another, a line on stderr reports the panic instead.
///
/// # Examples
/// ```
/// use greenhub::greenlet::{TraceEvent, set_tracer};
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
/// assert_eq!(*seen.borrow(), [(TraceEvent::Switch, main, other), (TraceEvent::Switch, other, main)]);
/// ```
pub fn set_tracer(tracer: Option<Tracer>) -> Option<Tracer> {
    let hook: Option<trace::Hook> = tracer.is_some().then_some(call);
    // In a destructor of a thread-local it may be gone: then there is no tracer any more.
    let before = TRACER.try_with(|kept| kept.replace(tracer)).ok()?;
    trace::set_hook(hook);
    before
}

/// Calls the tracer, and removes it if it panics.
fn call(event: TraceEvent, origin: HandleRef, target: AnyRef) -> Caught<()> {
    let Ok(Some(tracer)) = TRACER.try_with(|kept| kept.borrow().clone()) else {
        return Ok(());
    };
    let (origin, target) = (
        AnyGreenlet::from_handle(origin),
        AnyGreenlet::from_ref(target),
    );
    let called = catch_unwind(AssertUnwindSafe(|| {
        tracer(event, &origin, &target);
        drop((origin, target));
    }));
    if called.is_err() {
        remove(&tracer);
    }
    drop_quietly(tracer);
    called
}

/// Removes this tracer, unless it was replaced meanwhile.
fn remove(tracer: &Tracer) {
    let is_set = TRACER.try_with(|kept| {
        let kept = kept.borrow();
        kept.as_ref().is_some_and(|kept| Rc::ptr_eq(kept, tracer))
    });
    if matches!(is_set, Ok(true)) {
        drop_quietly(set_tracer(None));
    }
}
