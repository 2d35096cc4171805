//! The panic payload of a kill.
#![forbid(unsafe_code)]

use std::any::Any;
use std::fmt;
use std::panic::resume_unwind;
#[cfg(feature = "hub")]
use std::sync::Arc;

#[cfg(feature = "hub")]
use crate::switch::thread;

/// The panic payload that a killed greenlet unwinds with: greenlet's `GreenletExit`.
///
/// No panic hook sees this payload. Code that catches panics should continue the unwinding with
/// [`std::panic::resume_unwind`]. A greenlet that catches the payload is unwound again at its next switch or wait; after a
/// hundred times its stack is leaked.
///
/// A [`Generator`](crate::generator::Generator) that is closed or dropped unwinds with this payload, too: Python's
/// `GeneratorExit`. So does the body of a `try_scope`, a task of which has failed.
///
/// # Examples
/// ```
/// use greenhub::{Greenlet, GreenletExit, parent};
/// use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
///
/// let greenlet: Greenlet<(), ()> = Greenlet::new(|()| {
///     let waited = catch_unwind(AssertUnwindSafe(|| parent::<(), ()>().switch(())));
///     if let Err(payload) = waited {
///         assert!(GreenletExit::is_in(&*payload));
///         resume_unwind(payload);
///     }
/// });
/// greenlet.switch(());
/// drop(greenlet); // the last handle: the greenlet unwinds from its switch
/// ```
pub struct GreenletExit {
    ends_at: EndsAt,
    /// Tells the greenlet that this payload still exists.
    #[cfg(feature = "hub")]
    _payload: Option<Arc<()>>,
}

/// How far a kill unwinds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndsAt {
    Greenlet,
    /// The closed generator with this token.
    Generator(usize),
    /// The scope with this id, a task of which has failed.
    #[cfg(feature = "hub")]
    Scope(u64),
}

impl GreenletExit {
    /// A value for reports of how a greenlet has ended: nothing unwinds with it.
    #[cfg(feature = "hub")]
    pub(crate) fn in_place_of_a_payload() -> GreenletExit {
        GreenletExit {
            ends_at: EndsAt::Greenlet,
            _payload: None,
        }
    }

    /// Unwinds the running greenlet.
    pub(crate) fn raise() -> ! {
        GreenletExit::raise_in(EndsAt::Greenlet)
    }

    /// Unwinds the running body up to there, and nothing beyond it.
    pub(crate) fn raise_in(ends_at: EndsAt) -> ! {
        resume_unwind(Box::new(GreenletExit {
            ends_at,
            #[cfg(feature = "hub")]
            _payload: Some(thread::current().interrupts().begin_unwinding()),
        }))
    }

    /// The payload ends there.
    pub(crate) fn ends_at(payload: &(dyn Any + Send), place: EndsAt) -> bool {
        let exit = payload.downcast_ref::<GreenletExit>();
        exit.is_some_and(|exit| exit.ends_at == place)
    }

    /// Returns whether a caught panic payload is a `GreenletExit`.
    #[must_use]
    pub fn is_in(payload: &(dyn Any + Send)) -> bool {
        payload.is::<GreenletExit>()
    }
}

impl fmt::Debug for GreenletExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GreenletExit")
    }
}

impl fmt::Display for GreenletExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.ends_at {
            EndsAt::Greenlet => "the greenlet was killed",
            EndsAt::Generator(_) => "the generator was closed",
            #[cfg(feature = "hub")]
            EndsAt::Scope(_) => "a task of the scope has failed",
        })
    }
}
