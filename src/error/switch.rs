//! Errors of switches, throws, kills and generators, and of greenlet-locals.
#![forbid(unsafe_code)]

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::Location;

/// Why a switch did not happen, or how it ended without an answer.
///
/// Where nothing was handed over yet, the value comes back.
#[non_exhaustive]
pub enum SwitchError<I> {
    /// The target has ended.
    Dead(I),
    /// The target was declared, and has no body yet.
    Undefined(I),
    /// The target waits for a value of another type.
    WrongType {
        /// The value that was not handed over.
        value: I,
        /// The name of the type that the target waits for.
        waits_for: &'static str,
    },
    /// The target does not wait in a switch: it waits for its hub, or unwinds another greenlet. Or this runs on the hub's
    /// own stack, where no answer can arrive.
    NotWaiting(I),
    /// The target is the hub, which is the parent of every task and takes no values.
    Hub(I),
    /// This runs in a [tracer](crate::greenlet::set_tracer), which observes switches and makes none.
    Tracing(I),
    /// A panic unwinds the running greenlet, which must not switch meanwhile.
    Panicking(I),
    /// This runs inside [`no_switch`](crate::greenlet::no_switch).
    Forbidden {
        /// The value that was not handed over.
        value: I,
        /// Where `no_switch` was called.
        place: &'static Location<'static>,
    },
    /// The target took the value and was killed later. Or the thread's destructors run, and the target, a task, has ended
    /// after its hub.
    Killed,
    /// The target took the value; later a child ended here with a value of a type that was not waited for.
    WrongAnswer {
        /// Which greenlet ended.
        from: String,
        /// The name of its value's type.
        type_name: &'static str,
        /// Its value.
        value: Box<dyn Any>,
    },
}

impl<I> SwitchError<I> {
    /// The value that was not handed over, if it was not.
    #[must_use]
    pub fn into_value(self) -> Option<I> {
        match self {
            SwitchError::Dead(value)
            | SwitchError::Undefined(value)
            | SwitchError::WrongType { value, .. }
            | SwitchError::Forbidden { value, .. }
            | SwitchError::NotWaiting(value)
            | SwitchError::Hub(value)
            | SwitchError::Tracing(value)
            | SwitchError::Panicking(value) => Some(value),
            SwitchError::Killed | SwitchError::WrongAnswer { .. } => None,
        }
    }
}

impl<I> fmt::Display for SwitchError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SwitchError::Dead(_) => f.write_str("it has ended"),
            SwitchError::Undefined(_) => f.write_str(
                "it was declared and has no body: call `define` before the first switch",
            ),
            SwitchError::WrongType { waits_for, .. } => write!(
                f,
                "it waits for a value of type {waits_for}, not of type {}",
                std::any::type_name::<I>()
            ),
            SwitchError::NotWaiting(_) => {
                f.write_str("it waits for something other than a switch, such as its hub")
            }
            SwitchError::Hub(_) => f.write_str(
                "it is the hub, which is the parent of every task and takes no values: \
                 a task hands values to others through a channel, and lets others run by `yield_now`",
            ),
            SwitchError::Tracing(_) => CannotWait::Tracing.fmt(f),
            SwitchError::Panicking(_) => CannotWait::Panicking.fmt(f),
            SwitchError::Forbidden { place, .. } => CannotWait::Forbidden { place }.fmt(f),
            SwitchError::Killed => f.write_str("it was killed"),
            SwitchError::WrongAnswer {
                from, type_name, ..
            } => write!(
                f,
                "{from} ended with a value of type {type_name}, which is not waited for here"
            ),
        }
    }
}

impl<I> fmt::Debug for SwitchError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            SwitchError::Dead(_) => "Dead",
            SwitchError::Undefined(_) => "Undefined",
            SwitchError::WrongType { .. } => "WrongType",
            SwitchError::NotWaiting(_) => "NotWaiting",
            SwitchError::Hub(_) => "Hub",
            SwitchError::Tracing(_) => "Tracing",
            SwitchError::Panicking(_) => "Panicking",
            SwitchError::Forbidden { .. } => "Forbidden",
            SwitchError::Killed => "Killed",
            SwitchError::WrongAnswer { .. } => "WrongAnswer",
        };
        write!(f, "SwitchError::{name}({self})")
    }
}

impl<I> Error for SwitchError<I> {}

/// Why the running greenlet may not be left now. Inside an [`std::io::Error`] where a call of `net` would have had to
/// wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CannotWait {
    /// A panic unwinds it.
    Panicking,
    /// This runs inside [`no_switch`](crate::greenlet::no_switch).
    Forbidden {
        /// Where `no_switch` was called.
        place: &'static Location<'static>,
    },
    /// This runs on the hub's own stack.
    Hub,
    /// This runs in a [tracer](crate::greenlet::set_tracer), which observes switches and makes none.
    Tracing,
}

impl fmt::Display for CannotWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CannotWait::Panicking => f.write_str(
                "a panic unwinds the running greenlet, which cannot switch or wait meanwhile",
            ),
            CannotWait::Forbidden { place } => {
                write!(f, "this runs inside no_switch, which was called at {place}")
            }
            CannotWait::Hub => {
                f.write_str("this runs on the hub's own stack, where nothing may wait")
            }
            CannotWait::Tracing => {
                f.write_str("this runs in a tracer, which must not switch or wait")
            }
        }
    }
}

impl Error for CannotWait {}

/// Why a greenlet was not killed. It is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KillError {
    /// The greenlet is the main greenlet of its thread.
    Main,
    /// The greenlet is the hub of its thread.
    Hub,
    /// The greenlet waits for the end of a greenlet that it kills itself.
    Killing,
    /// The greenlet has switched to the running one, which would have to be left for it, and must not be left now.
    Refused(CannotWait),
    /// The greenlet was started, and this program is built with `panic=abort`: nothing can be unwound.
    Unsupported,
    /// The greenlet is a task that was started, and its hub has ended: the thread's destructors run, where nothing is unwound.
    HubClosed,
}

impl fmt::Display for KillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KillError::Main => f.write_str("a main greenlet ends with its thread only"),
            KillError::Hub => f.write_str("a hub ends with its thread only"),
            KillError::Killing => {
                f.write_str("it waits for the end of another greenlet, which it kills")
            }
            KillError::Refused(why) => why.fmt(f),
            KillError::Unsupported => f.write_str(
                "it was started, and nothing can be unwound in a program built with panic=abort",
            ),
            KillError::HubClosed => {
                f.write_str("its hub has ended, and the destructors of the thread run")
            }
        }
    }
}

impl Error for KillError {}

/// Why a greenlet did not get that parent. It keeps the one it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParentError {
    /// The new parent is the greenlet itself, or descends from it.
    Cycle,
    /// The greenlet is the main one of its thread, which has no parent.
    Main,
    /// The greenlet is the hub of its thread.
    Hub,
    /// The greenlet is a task: its outcome is kept for its join.
    Task,
}

impl fmt::Display for ParentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ParentError::Cycle => "a greenlet cannot be an ancestor of itself",
            ParentError::Main => "a main greenlet has no parent",
            ParentError::Hub => "a hub keeps its parent",
            ParentError::Task => "a task's parent is its hub, and its outcome is kept for its join",
        })
    }
}

impl Error for ParentError {}

/// The generator has ended and takes no input any more: this one comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct GeneratorEnded<I>(I);

impl<I> GeneratorEnded<I> {
    pub(crate) fn new(input: I) -> GeneratorEnded<I> {
        GeneratorEnded(input)
    }

    /// The input that was not handed over.
    #[must_use]
    pub fn into_value(self) -> I {
        self.0
    }
}

impl<I> fmt::Display for GeneratorEnded<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the generator has ended")
    }
}

impl<I> fmt::Debug for GeneratorEnded<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GeneratorEnded")
    }
}

impl<I> Error for GeneratorEnded<I> {}

/// A greenlet-local has no value, and gets none now: see [`LocalKey::try_with`](crate::local::LocalKey::try_with).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError {
    name: &'static str,
    in_initialiser: bool,
}

impl AccessError {
    pub(crate) fn gone(name: &'static str) -> AccessError {
        AccessError {
            name,
            in_initialiser: false,
        }
    }

    pub(crate) fn in_initialiser(name: &'static str) -> AccessError {
        AccessError {
            name,
            in_initialiser: true,
        }
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        if self.in_initialiser {
            write!(
                f,
                "the greenlet-local {name} has no value yet: its initialiser runs in this greenlet"
            )
        } else {
            write!(
                f,
                "the greenlet-local {name} has no value any more: this greenlet ends and has dropped it \
                 (use try_with in destructors)"
            )
        }
    }
}

impl Error for AccessError {}
