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

/// The tag of a type, which a waiting greenlet shows so that it gets a value of that type only.
///
/// It is the address of a function that has one copy for each type in a crate: equal addresses run the same code, so they
/// mean the same type. Where two crates have a copy each, the function is called and the ids decide.
#[derive(Clone, Copy)]
pub(crate) struct TypeTag(fn() -> TypeInfo);

struct TypeInfo {
    id: TypeId,
    name: &'static str,
}

/// Never inlined: a function that may be gets a copy in each unit of code that names it.
#[inline(never)]
fn type_info<T: 'static>() -> TypeInfo {
    TypeInfo {
        id: TypeId::of::<T>(),
        name: type_name::<T>(),
    }
}

impl TypeTag {
    #[inline(always)]
    pub(crate) const fn of<T: 'static>() -> TypeTag {
        TypeTag(type_info::<T>)
    }

    #[inline(always)]
    pub(crate) fn is<T: 'static>(self) -> bool {
        std::ptr::fn_addr_eq(self.0, type_info::<T> as fn() -> TypeInfo) || self.is_copy_of::<T>()
    }

    #[cold]
    fn is_copy_of<T: 'static>(self) -> bool {
        (self.0)().id == TypeId::of::<T>()
    }

    pub(crate) fn name(self) -> &'static str {
        (self.0)().name
    }
}

/// A type without values: the tag of a greenlet that does not wait in a switch.
pub(crate) enum Never {}
