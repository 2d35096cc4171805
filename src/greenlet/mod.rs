//! Greenlets: coroutines with a stack of their own and explicit [`switch`](Greenlet::switch).
//!
//! A greenlet is made with a body, and runs nothing until somebody switches to it. A switch hands a
//! value over, lets the other one run, and returns when somebody switches back, with the value that
//! they brought. It is greenlet's model, with types.
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
//! - The greenlet that makes another is its *parent*. When a body returns, its value goes to the
//!   nearest ancestor that has not ended; when it panics, the panic goes on there.
//! - A greenlet never leaves its thread: no handle is `Send`.
//! - A suspended greenlet whose last handle is dropped unwinds from its switch, at once. A handle that
//!   [`parent`] gave does not count: children do not keep their parents alive.

mod any;
mod builder;
mod handle;
mod switch;
mod throw;
mod weak;

pub use self::any::AnyGreenlet;
pub use self::builder::Builder;
pub use self::handle::Greenlet;
pub use self::weak::Weak;
pub use crate::switch::exit::GreenletExit;
pub use crate::switch::no_switch::no_switch;
use crate::switch::thread;
pub use crate::switch::trace::{TraceEvent, Tracer, set_tracer};

/// The running greenlet: the main one of its thread where nothing else was started.
#[must_use]
pub fn current() -> AnyGreenlet {
    // A clone, for that counts with care: handles can be forgotten in any number.
    let me = thread::current().to_ref();
    AnyGreenlet::from_ref(me.clone())
}

/// The parent of the running greenlet, as a handle that takes an `I` and waits for an `O`.
///
/// The handle does not keep the parent alive: a parent that nobody else has a handle to is unwound, and what its
/// children end with goes to the next ancestor.
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
        Some(parent) => Greenlet::from_link(parent),
        None => panic!("the main greenlet has no parent"),
    }
}
