//! The payload that a kill unwinds a greenlet with.
#![forbid(unsafe_code)]

use std::any::Any;
use std::fmt;
use std::panic::resume_unwind;
#[cfg(feature = "hub")]
use std::sync::Arc;

#[cfg(feature = "hub")]
use crate::switch::thread;

/// What a greenlet unwinds with when it is killed: greenlet's `GreenletExit`.
///
/// It travels as a panic payload that no panic hook sees. Code that catches panics should let it go
/// on, with [`std::panic::resume_unwind`]: a greenlet that keeps catching it is told again at each of
/// its next switches, and after a hundred times its stack is given up and leaked.
///
/// A [`Generator`](crate::generator::Generator) unwinds with it when it is closed or dropped: Python's
/// `GeneratorExit`.
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
/// drop(greenlet); // the last handle: it unwinds from its switch
/// ```
pub struct GreenletExit {
    /// Which generator was closed; zero for a greenlet.
    generator: usize,
    /// How the greenlet that unwinds with it knows that it is there.
    #[cfg(feature = "hub")]
    _payload: Option<Arc<()>>,
}

impl GreenletExit {
    /// For those who ask what has become of a greenlet: nothing unwinds with it.
    #[cfg(feature = "hub")]
    pub(crate) fn in_place_of_a_payload() -> GreenletExit {
        GreenletExit {
            generator: 0,
            _payload: None,
        }
    }

    /// Unwinds the running greenlet.
    pub(crate) fn raise() -> ! {
        GreenletExit::raise_in(0)
    }

    /// Unwinds that generator, whose body runs, and no other and no greenlet.
    pub(crate) fn raise_in(generator: usize) -> ! {
        resume_unwind(Box::new(GreenletExit {
            generator,
            #[cfg(feature = "hub")]
            _payload: Some(thread::current().interrupts().begin_unwinding()),
        }))
    }

    /// Tells whether this payload is that generator's own, and not on its way further up.
    pub(crate) fn is_of_generator(payload: &(dyn Any + Send), generator: usize) -> bool {
        let exit = payload.downcast_ref::<GreenletExit>();
        exit.is_some_and(|exit| exit.generator == generator)
    }

    /// Tells whether a caught panic payload is a kill on its way.
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
        f.write_str(match self.generator {
            0 => "the greenlet was killed",
            _ => "the generator was closed",
        })
    }
}
