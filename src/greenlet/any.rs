//! A handle whose types are not known: what `current` and `parent` give.
#![forbid(unsafe_code)]

use std::any::Any;
use std::fmt;

use super::handle::{Greenlet, debug};
use super::weak::Weak;
use crate::error::{KillError, ParentError, SwitchError};
use crate::switch::counted::{AnyRef, WeakRef};
use crate::switch::record::Core;

/// A handle to a greenlet of which one does not know what it takes and gives.
///
/// It tells all that a [`Greenlet`] tells. To switch to it, say the types with
/// [`typed`](AnyGreenlet::typed): they are checked at each switch.
///
/// # Examples
/// ```
/// let me = greenhub::current();
/// assert!(me.is_active());
/// assert_eq!(me.name(), Some("main"));
/// assert!(me.parent().is_none());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AnyGreenlet(Greenlet<(), ()>);

impl AnyGreenlet {
    pub(crate) fn from_ref(core: AnyRef) -> AnyGreenlet {
        AnyGreenlet(Greenlet::from_any(core))
    }

    pub(crate) fn from_link(core: WeakRef) -> AnyGreenlet {
        AnyGreenlet(Greenlet::from_link(core))
    }

    /// A handle that takes an `I` with each switch and waits for an `O`. Nothing is checked yet: a
    /// switch with types that do not fit is a [`SwitchError`](crate::SwitchError).
    #[must_use]
    pub fn typed<I: 'static, O: 'static>(&self) -> Greenlet<I, O> {
        self.0.typed()
    }

    /// See [`Greenlet::id`].
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.id()
    }

    /// See [`Greenlet::name`].
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name()
    }

    /// See [`Greenlet::parent`].
    #[must_use]
    pub fn parent(&self) -> Option<AnyGreenlet> {
        self.0.parent()
    }

    /// See [`Greenlet::is_started`].
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.0.is_started()
    }

    /// See [`Greenlet::is_active`].
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.0.is_active()
    }

    /// See [`Greenlet::is_dead`].
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.0.is_dead()
    }
}

/// As those of a greenlet that is switched to with `()` and answers with `()`.
impl AnyGreenlet {
    /// See [`Greenlet::throw`].
    #[track_caller]
    pub fn throw(&self, payload: Box<dyn Any + Send>) {
        self.0.throw(payload);
    }

    /// See [`Greenlet::try_throw`].
    ///
    /// # Errors
    /// As there.
    pub fn try_throw(
        &self,
        payload: Box<dyn Any + Send>,
    ) -> Result<(), SwitchError<Box<dyn Any + Send>>> {
        self.0.try_throw(payload)
    }

    /// See [`Greenlet::kill`].
    #[track_caller]
    pub fn kill(&self) {
        self.0.kill();
    }

    /// See [`Greenlet::try_kill`].
    ///
    /// # Errors
    /// As there.
    pub fn try_kill(&self) -> Result<(), KillError> {
        self.0.try_kill()
    }

    /// See [`Greenlet::set_parent`].
    ///
    /// # Errors
    /// As there.
    pub fn set_parent(&self, parent: impl Into<AnyGreenlet>) -> Result<(), ParentError> {
        self.0.set_parent(parent)
    }

    /// See [`Greenlet::downgrade`].
    #[must_use]
    pub fn downgrade(&self) -> Weak<(), ()> {
        self.0.downgrade()
    }

    /// See [`Greenlet::stack_used`].
    #[must_use]
    pub fn stack_used(&self) -> Option<usize> {
        self.0.stack_used()
    }

    pub(super) fn core(&self) -> &Core {
        &self.0.core
    }
}

impl From<&AnyGreenlet> for AnyGreenlet {
    fn from(greenlet: &AnyGreenlet) -> AnyGreenlet {
        greenlet.clone()
    }
}

impl<I: 'static, O: 'static> From<&Greenlet<I, O>> for AnyGreenlet {
    fn from(greenlet: &Greenlet<I, O>) -> AnyGreenlet {
        AnyGreenlet(Greenlet::from_handle(greenlet.core.clone()))
    }
}

impl fmt::Debug for AnyGreenlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(&self.0.core, "AnyGreenlet", f)
    }
}
