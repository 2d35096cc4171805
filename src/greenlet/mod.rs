//! Greenlets: coroutines with a stack of their own and an explicit [`switch`](Greenlet::switch).
//!
//! A greenlet is made with a body, which runs at the first switch to it. A switch hands a value over, lets the other greenlet
//! run, and returns when a switch comes back, with the value that this one brings. The model is greenlet's, with types.
//!
//! ```text
//!     main                      adder
//!     switch(1)  --- 1 --->     |first| first = 1
//!       waits                   parent.switch(1)
//!     gets 1     <--- 1 ---       waits
//!     switch(2)  --- 2 --->     gets 2
//!       waits                   return 3
//!     gets 3     <--- 3 ---     (dead)
//! ```
//!
//! Rules, as greenlet has them:
//! - The greenlet that makes another is its *parent*. When a body returns, its value goes to the nearest ancestor that has not
//!   ended; when it panics, the panic continues there.
//! - A greenlet never leaves its thread: no handle is `Send`.
//! - A suspended greenlet unwinds from its switch as soon as its last handle is dropped. A handle that [`parent`] gave does not
//!   count: children do not keep their parents alive.

mod builder;
mod handle;
mod switch;
mod throw;
mod trace;
mod weak;

pub use self::builder::Builder;
pub use self::handle::{AnyGreenlet, Greenlet};
pub use self::trace::{TraceEvent, Tracer, set_tracer};
pub use self::weak::Weak;
pub use crate::switch::exit::GreenletExit;
pub use crate::switch::no_switch::no_switch;
use crate::switch::thread;

/// The running greenlet: the main one of its thread, unless another was started.
#[must_use]
pub fn current() -> AnyGreenlet {
    // A clone checks that the count does not wrap: handles can be leaked in any number.
    let me = thread::current().to_ref();
    AnyGreenlet::from_ref(me.clone())
}

/// The parent of the running greenlet, as a handle that takes an `I` and waits for an `O`.
///
/// The handle does not keep the parent alive: a parent without other handles is unwound, and its children end into the next
/// ancestor.
///
/// # Panics
/// In a main greenlet, which has no parent.
///
/// # Examples
/// ```
/// use greenhub::{Greenlet, parent};
///
/// let twice: Greenlet<(), u8> = Greenlet::new(|()| {
///     parent::<u8, ()>().switch(1);
///     2
/// });
/// assert_eq!((twice.switch(()), twice.switch(())), (1, 2));
/// ```
#[must_use]
#[track_caller]
pub fn parent<I: 'static, O: 'static>() -> Greenlet<I, O> {
    match thread::current().parent() {
        Some(parent) => AnyGreenlet::from_weak(parent).into_typed(),
        None => panic!("the main greenlet has no parent"),
    }
}
