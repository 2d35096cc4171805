//! The handle to a greenlet: making one, asking what it is, and being one.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};

use super::any::AnyGreenlet;
use super::builder::Builder;
use super::weak::Weak;
use crate::error::ParentError;
use crate::stack::{self, DEFAULT_STACK_SIZE};
use crate::switch::GreenletState;
use crate::switch::counted::{AnyRef, HandleRef, RecordRef, WeakRef};
use crate::switch::record::{Core, Metadata, StartSlot};
use crate::switch::{describe, handover, locals, parent, thread};

/// A handle to a greenlet that takes an `I` with each switch and hands out an `O`.
///
/// Handles are cheap to clone and compare equal when they name the same greenlet.
///
/// # Examples
/// ```
/// use greenhub::{Greenlet, parent};
///
/// let counter: Greenlet<u32, u32> = Greenlet::new(|mut step| {
///     let starter = parent::<u32, u32>();
///     let mut total = 0;
///     loop {
///         total += step;
///         step = starter.switch(total);
///     }
/// });
/// assert_eq!(counter.switch(1), 1);
/// assert_eq!(counter.switch(10), 11);
/// ```
///
/// A handle never leaves its thread:
/// ```compile_fail,E0277
/// let greenlet: greenhub::Greenlet<(), ()> = greenhub::Greenlet::new(|()| ());
/// std::thread::spawn(move || greenlet.switch(()));
/// ```
pub struct Greenlet<I: 'static, O: 'static> {
    pub(super) core: HandleRef,
    types: PhantomData<fn(I) -> O>,
}

impl<I: 'static, O: 'static> Greenlet<I, O> {
    /// Makes a greenlet that will run `body`, as a child of the running one.
    ///
    /// The body's argument is the value of the first switch; what it returns goes to the parent.
    ///
    /// # Panics
    /// If there is no memory for its stack; [`Builder::build`] returns that as an error. And with what the `clone` of
    /// an inherited [greenlet-local](crate::local) panics with.
    #[track_caller]
    pub fn new<F>(body: F) -> Greenlet<I, O>
    where
        F: FnOnce(I) -> O + 'static,
    {
        match Builder::new().build(body) {
            Ok(greenlet) => greenlet,
            Err(error) => panic!("no greenlet could be made: {error}"),
        }
    }

    /// Settings for a greenlet with a name or with a stack of another size.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Makes a greenlet whose body comes later, with [`define`](Greenlet::define): for two that name
    /// each other. It has no stack until then.
    ///
    /// # Panics
    /// With what the `clone` of an inherited [greenlet-local](crate::local) panics with.
    #[must_use]
    #[track_caller]
    pub fn declare() -> Greenlet<I, O> {
        let locals = locals::of_child(None);
        let record = StartSlot::<I>::record(Metadata {
            name: None,
            parent: Some(thread::current().to_weak()),
            made_at: Location::caller(),
            id: thread::next_id(),
        });
        record.any().begin_with(locals);
        Greenlet::from_record(record)
    }

    /// Gives a declared greenlet its body.
    ///
    /// # Panics
    /// If it has one already, if it has ended, if it was declared to start with a value of another
    /// type than `I`, or if there is no memory for its stack.
    #[track_caller]
    pub fn define<F>(&self, body: F)
    where
        F: FnOnce(I) -> O + 'static,
    {
        let Some(record) = self.core.to_ref().starting_with::<I>() else {
            panic!(
                "{} does not start with a {}",
                describe(&self.core),
                std::any::type_name::<I>()
            );
        };
        match stack::take(DEFAULT_STACK_SIZE) {
            Ok(stack) => handover::define::<I, O, F>(&record, stack, body),
            Err(error) => panic!("{} gets no stack: {error}", describe(&self.core)),
        }
    }

    /// A number that no other greenlet of this process has or will have.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.core.id()
    }

    /// The name it was given, if any.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.core.name()
    }

    /// The greenlet that its last value goes to; `None` for a main greenlet.
    #[must_use]
    pub fn parent(&self) -> Option<AnyGreenlet> {
        self.core.parent().map(AnyGreenlet::from_link)
    }

    /// Gives it another parent: what it ends with goes there. As every child's, this pointer does not keep the parent
    /// alive.
    ///
    /// # Errors
    /// [`ParentError`] if it would be its own ancestor, or is a main greenlet or a hub. Nothing is changed then.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{Greenlet, parent};
    ///
    /// let collector: Greenlet<u32, ()> = Greenlet::new(|n| assert_eq!(n, 7));
    /// let worker: Greenlet<(), u32> = Greenlet::new(|()| 7);
    /// worker.set_parent(&collector).unwrap();
    /// // The worker ends into the collector, which starts with 7, and ends into us.
    /// worker.typed::<(), ()>().switch(());
    /// assert!(worker.is_dead() && collector.is_dead());
    /// assert!(worker.set_parent(&worker).is_err());
    /// ```
    pub fn set_parent(&self, parent: impl Into<AnyGreenlet>) -> Result<(), ParentError> {
        let parent = parent.into();
        let parent = parent.core();
        if self.core.is_hub() {
            return Err(ParentError::Hub);
        }
        if self.core.parent().is_none() {
            return Err(ParentError::Main);
        }
        #[cfg(feature = "hub")]
        if self.core.is_task() {
            return Err(ParentError::Task);
        }
        if parent::descends_from(parent, self.core.as_ptr()) {
            return Err(ParentError::Cycle);
        }
        // SAFETY: its handle keeps it there.
        self.core
            .set_parent(unsafe { WeakRef::to(parent.as_ptr()) });
        Ok(())
    }

    /// A handle that does not keep the greenlet from being unwound, and can be made one that does.
    #[must_use]
    pub fn downgrade(&self) -> Weak<I, O> {
        // SAFETY: our handle keeps it there.
        Weak::from_link(unsafe { WeakRef::to(self.core.as_ptr()) })
    }

    /// The same greenlet, said to take and give other types. They are checked at each switch.
    #[must_use]
    pub fn typed<J: 'static, P: 'static>(&self) -> Greenlet<J, P> {
        Greenlet::from_handle(self.core.clone())
    }

    /// Its body was entered, and may have ended since.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.core.was_started()
    }

    /// Its body was entered and has not ended: what `bool(g)` is in greenlet.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.core.state().is_alive()
    }

    /// It has ended: its body returned, panicked or was killed, or never will run.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.core.state().is_over()
    }

    /// Bytes of its stack that were touched so far, in whole pages: for choosing a size. `None` for a main
    /// greenlet, and for one that has no stack yet or any more.
    ///
    /// A stack is reused, so what an earlier greenlet touched counts, too, until the hub has given those pages back
    /// to the system.
    #[must_use]
    pub fn stack_used(&self) -> Option<usize> {
        match self.core.state() {
            GreenletState::Declared | GreenletState::Dead | GreenletState::Leaked => None,
            // SAFETY: it was not retired or discarded, since it has not ended.
            GreenletState::Unstarted | GreenletState::Suspended | GreenletState::Active => unsafe {
                self.core.context.stack_used()
            },
        }
    }

    pub(super) fn from_any(core: AnyRef) -> Greenlet<I, O> {
        Greenlet::from_handle(HandleRef::Owner(core))
    }

    pub(super) fn from_link(core: WeakRef) -> Greenlet<I, O> {
        Greenlet::from_handle(HandleRef::Weak(core))
    }

    pub(super) fn from_handle(core: HandleRef) -> Greenlet<I, O> {
        Greenlet {
            core,
            types: PhantomData,
        }
    }

    pub(super) fn from_record(record: RecordRef<StartSlot<I>>) -> Greenlet<I, O> {
        Greenlet::from_any(record.into_any())
    }
}

pub(super) fn debug(core: &Core, what: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let state = match core.state() {
        GreenletState::Declared | GreenletState::Unstarted => "pending",
        GreenletState::Suspended => "suspended",
        GreenletState::Active if core.as_ptr() == thread::current().as_ptr() => "current",
        GreenletState::Active => "active",
        GreenletState::Dead | GreenletState::Leaked => "dead",
    };
    let mut out = f.debug_struct(what);
    out.field("id", &core.id());
    if let Some(name) = core.name() {
        out.field("name", &name);
    }
    out.field("state", &format_args!("{state}")).finish()
}

impl<I: 'static, O: 'static> Clone for Greenlet<I, O> {
    fn clone(&self) -> Greenlet<I, O> {
        Greenlet::from_handle(self.core.clone())
    }
}

// A greenlet that panicked is dead, and its handle says so: nothing half changed can be seen through it.
impl<I: 'static, O: 'static> UnwindSafe for Greenlet<I, O> {}
impl<I: 'static, O: 'static> RefUnwindSafe for Greenlet<I, O> {}

impl<I: 'static, O: 'static> PartialEq for Greenlet<I, O> {
    fn eq(&self, other: &Greenlet<I, O>) -> bool {
        self.core.as_ptr() == other.core.as_ptr()
    }
}

impl<I: 'static, O: 'static> Eq for Greenlet<I, O> {}

impl<I: 'static, O: 'static> Hash for Greenlet<I, O> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.core.id().hash(state);
    }
}

impl<I: 'static, O: 'static> fmt::Debug for Greenlet<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(&self.core, "Greenlet", f)
    }
}
