//! The states of a greenlet, and the tag of the type that it waits for.
//!
//! ```text
//!  Declared --define--> Unstarted --first switch--> Active <--> Suspended
//!      |                    |                         |             |
//!      |                 thrown into,             body ended   kill caught
//!      |              last handle dropped             |        100 times
//!      +--------------------+-------> Dead <----------+             v
//!                                                                Leaked
//! ```
#![forbid(unsafe_code)]

use std::any::{TypeId, type_name};
use std::marker::PhantomData;

/// The state of a greenlet. corosensei keeps one too, but that must not be read while the coroutine is on the chain of
/// resumers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GreenletState {
    /// Made by `declare`, without a body and without a stack. `define` ends this state.
    Declared,
    /// Has a stack and a body. The first switch ends this state.
    Unstarted,
    /// Off the chain of resumers, waiting in a switch of its own. The resumer ends this state.
    Suspended,
    /// On the chain of resumers: running, or waiting for the greenlet that it has resumed. Only its own code ends this state.
    Active,
    /// Ended, without a stack. Final.
    Dead,
    /// Has caught its kill too often. Its stack stays as it is until the process ends. Final.
    Leaked,
}

impl GreenletState {
    /// Started and not ended: what greenlet calls active.
    pub(crate) fn is_alive(self) -> bool {
        matches!(self, GreenletState::Suspended | GreenletState::Active)
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, GreenletState::Dead | GreenletState::Leaked)
    }
}

/// The tag of a type, which a waiting greenlet shows so that it gets a value of that type only. Tags are compared by address
/// first, and by id where two copies of a tag exist.
pub(crate) struct TypeTag {
    id: TypeId,
    name: fn() -> &'static str,
}

struct TypeTagOf<T>(PhantomData<T>);

impl<T: 'static> TypeTagOf<T> {
    const TAG: TypeTag = TypeTag {
        id: TypeId::of::<T>(),
        name: type_name::<T>,
    };
}

impl TypeTag {
    #[inline(always)]
    pub(crate) const fn of<T: 'static>() -> &'static TypeTag {
        &TypeTagOf::<T>::TAG
    }

    #[inline(always)]
    pub(crate) fn is<T: 'static>(&'static self) -> bool {
        std::ptr::eq(self, TypeTag::of::<T>()) || self.id == TypeId::of::<T>()
    }

    pub(crate) fn name(&self) -> &'static str {
        (self.name)()
    }
}

/// A type without values: the tag of a greenlet that does not wait in a switch.
pub(crate) enum Never {}
