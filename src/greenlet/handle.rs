//! The handles to a greenlet: one that knows its types, and one that does not.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::error::ParentError;
use crate::switch::counted::{AnyRef, HandleRef, WeakRef};
use crate::switch::{GreenletState, parent, thread};

/// A handle to a greenlet that takes an `I` with each switch and gives an `O` back.
///
/// Handles are cheap to clone, and are equal when they name the same greenlet. The methods that need no types are those of
/// [`AnyGreenlet`].
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
    pub(super) any: AnyGreenlet,
    types: PhantomData<fn(I) -> O>,
}

/// A handle to a greenlet of unknown types, as [`current`](crate::current) gives one.
///
/// To switch to the greenlet, name the types with [`typed`](AnyGreenlet::typed): they are checked at each switch.
///
/// # Examples
/// ```
/// let me = greenhub::current();
/// assert!(me.is_active());
/// assert_eq!(me.name(), Some("main"));
/// assert!(me.parent().is_none());
/// ```
#[derive(Clone)]
pub struct AnyGreenlet {
    pub(super) core: HandleRef,
}

impl AnyGreenlet {
    pub(crate) fn from_ref(core: AnyRef) -> AnyGreenlet {
        AnyGreenlet::from_handle(HandleRef::Strong(core))
    }

    pub(super) fn from_weak(core: WeakRef) -> AnyGreenlet {
        AnyGreenlet::from_handle(HandleRef::Weak(core))
    }

    pub(super) fn from_handle(core: HandleRef) -> AnyGreenlet {
        AnyGreenlet { core }
    }

    pub(super) fn into_typed<I: 'static, O: 'static>(self) -> Greenlet<I, O> {
        Greenlet {
            any: self,
            types: PhantomData,
        }
    }

    /// A handle to the same greenlet that takes an `I` with each switch and waits for an `O`. A switch with types that do not
    /// fit returns a [`SwitchError`](crate::SwitchError).
    #[must_use]
    pub fn typed<I: 'static, O: 'static>(&self) -> Greenlet<I, O> {
        self.clone().into_typed()
    }

    /// A number that no other greenlet of this process has or will have.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.core.id()
    }

    /// The name that the greenlet was given, if any.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.core.name()
    }

    /// The greenlet that the last value goes to; `None` for a main greenlet.
    #[must_use]
    pub fn parent(&self) -> Option<AnyGreenlet> {
        self.core.parent().map(AnyGreenlet::from_weak)
    }

    /// Changes the parent: the greenlet ends into that one. As with every child, this does not keep the parent alive.
    ///
    /// # Errors
    /// [`ParentError`] if the greenlet would be its own ancestor, or is a main greenlet, a hub or a task. Nothing is changed
    /// then.
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
        let parent = parent.into().core;
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
        if parent::descends_from(&parent, self.core.as_ptr()) {
            return Err(ParentError::Cycle);
        }
        self.core.set_parent(parent.to_weak());
        Ok(())
    }

    /// Returns whether the body was entered. It may have ended since.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.core.was_started()
    }

    /// Returns whether the body was entered and has not ended: greenlet's `bool(g)`.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.core.state().is_alive()
    }

    /// Returns whether the greenlet has ended: its body has returned, panicked or was killed, or never will run.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.core.state().is_over()
    }

    /// The bytes of the stack that were touched so far, in whole pages: for choosing a stack size. `None` for a main greenlet
    /// and for one without a stack.
    ///
    /// Stacks are reused. The pages that an earlier greenlet has touched count, too, until the hub has returned them to the
    /// system.
    #[must_use]
    pub fn stack_used(&self) -> Option<usize> {
        match self.core.state() {
            GreenletState::Declared | GreenletState::Dead | GreenletState::Leaked => None,
            // SAFETY: it has not ended, so it was not retired or discarded.
            GreenletState::Unstarted | GreenletState::Suspended | GreenletState::Active => unsafe {
                self.core.context.stack_used()
            },
        }
    }

    fn debug(&self, type_name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = &self.core;
        let state = match core.state() {
            GreenletState::Declared | GreenletState::Unstarted => "pending",
            GreenletState::Suspended => "suspended",
            GreenletState::Active if core.as_ptr() == thread::current().as_ptr() => "current",
            GreenletState::Active => "active",
            GreenletState::Dead | GreenletState::Leaked => "dead",
        };
        let mut out = f.debug_struct(type_name);
        out.field("id", &core.id());
        if let Some(name) = core.name() {
            out.field("name", &name);
        }
        out.field("state", &format_args!("{state}")).finish()
    }
}

impl<I: 'static, O: 'static> Deref for Greenlet<I, O> {
    type Target = AnyGreenlet;

    #[inline(always)]
    fn deref(&self) -> &AnyGreenlet {
        &self.any
    }
}

impl<I: 'static, O: 'static> Clone for Greenlet<I, O> {
    fn clone(&self) -> Greenlet<I, O> {
        self.any.typed()
    }
}

// A greenlet that has panicked is dead, and its handle says so: no broken state can be observed through it.
impl<I: 'static, O: 'static> UnwindSafe for Greenlet<I, O> {}
impl<I: 'static, O: 'static> RefUnwindSafe for Greenlet<I, O> {}
impl UnwindSafe for AnyGreenlet {}
impl RefUnwindSafe for AnyGreenlet {}

impl PartialEq for AnyGreenlet {
    fn eq(&self, other: &AnyGreenlet) -> bool {
        self.core.as_ptr() == other.core.as_ptr()
    }
}

impl<I: 'static, O: 'static> PartialEq for Greenlet<I, O> {
    fn eq(&self, other: &Greenlet<I, O>) -> bool {
        self.any == other.any
    }
}

impl Eq for AnyGreenlet {}

impl<I: 'static, O: 'static> Eq for Greenlet<I, O> {}

impl Hash for AnyGreenlet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.core.id().hash(state);
    }
}

impl<I: 'static, O: 'static> Hash for Greenlet<I, O> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.any.hash(state);
    }
}

impl From<&AnyGreenlet> for AnyGreenlet {
    fn from(greenlet: &AnyGreenlet) -> AnyGreenlet {
        greenlet.clone()
    }
}

impl<I: 'static, O: 'static> From<&Greenlet<I, O>> for AnyGreenlet {
    fn from(greenlet: &Greenlet<I, O>) -> AnyGreenlet {
        greenlet.any.clone()
    }
}

impl fmt::Debug for AnyGreenlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("AnyGreenlet", f)
    }
}

impl<I: 'static, O: 'static> fmt::Debug for Greenlet<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("Greenlet", f)
    }
}
