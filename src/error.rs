//! Errors of switching and of making greenlets and generators: what happened, and what could not be handed over.
#![forbid(unsafe_code)]

use std::any::Any;
use std::error::Error;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};
use std::{fmt, io};

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
    /// The target does not wait in a switch: it waits for its hub, or unwinds another greenlet. Or this runs on
    /// the hub's own stack, where nothing may wait for an answer.
    NotWaiting(I),
    /// A panic unwinds the running greenlet, which must not be left meanwhile.
    Panicking(I),
    /// The target took the value and was killed later.
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
            | SwitchError::NotWaiting(value)
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
                f.write_str("it waits for something else than a switch, such as its hub")
            }
            SwitchError::Panicking(_) => {
                f.write_str("a panic unwinds the running greenlet, which cannot switch meanwhile")
            }
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
            SwitchError::Panicking(_) => "Panicking",
            SwitchError::Killed => "Killed",
            SwitchError::WrongAnswer { .. } => "WrongAnswer",
        };
        write!(f, "SwitchError::{name}({self})")
    }
}

impl<I> Error for SwitchError<I> {}

/// Why no greenlet could be made. Whatever runs already is not touched by it.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpawnError {
    /// No stack could be had.
    NoStack(StackError),
    /// This thread's hub has as many tasks as [`set_max_greenlets`](crate::hub::set_max_greenlets) allows.
    #[cfg(feature = "hub")]
    TooMany {
        /// How many it allows.
        limit: usize,
    },
    /// The system gave no poller for the hub of this thread.
    NoPoller {
        /// What the system said.
        source: io::Error,
    },
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpawnError::NoStack(error) => error.fmt(f),
            #[cfg(feature = "hub")]
            SpawnError::TooMany { limit } => write!(
                f,
                "this thread's hub has {limit} tasks, which is as many as hub::set_max_greenlets allows"
            ),
            SpawnError::NoPoller { source } => {
                write!(f, "no poller could be had for this thread's hub: {source}")
            }
        }
    }
}

impl Error for SpawnError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            SpawnError::NoStack(error) => Some(error),
            #[cfg(feature = "hub")]
            SpawnError::TooMany { .. } => None,
            SpawnError::NoPoller { source } => Some(source),
        }
    }
}

impl From<StackError> for SpawnError {
    fn from(error: StackError) -> SpawnError {
        SpawnError::NoStack(error)
    }
}

impl From<SpawnError> for io::Error {
    fn from(error: SpawnError) -> io::Error {
        let kind = match &error {
            SpawnError::NoStack(StackError::TooLarge { .. }) => io::ErrorKind::InvalidInput,
            SpawnError::NoStack(_) => io::ErrorKind::OutOfMemory,
            #[cfg(feature = "hub")]
            SpawnError::TooMany { .. } => io::ErrorKind::QuotaExceeded,
            SpawnError::NoPoller { source } => source.kind(),
        };
        io::Error::new(kind, error)
    }
}

/// Why a stack cannot be had; whatever runs already is not touched by it.
#[derive(Debug)]
#[non_exhaustive]
pub enum StackError {
    /// More usable bytes were asked for than the largest size class has.
    TooLarge {
        /// Bytes asked for.
        requested: usize,
        /// Bytes of the largest class.
        maximum: usize,
    },
    /// The kernel has no memory, or no addresses, for a further slab or page table.
    NoMemory {
        /// Bytes of the smallest piece that was tried.
        size: usize,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The kernel needs a mapping for each guard, and has no more mappings to give.
    MapLimit {
        /// `vm.max_map_count`, where `/proc` tells.
        limit: Option<usize>,
        /// Stacks of this process that have such a guard.
        reached: usize,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The handler that reports overflows could not be installed on this thread.
    NoHandler {
        /// The kernel's answer.
        source: io::Error,
    },
    /// The thread is ending and has put its stacks away.
    ThreadEnding,
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StackError::TooLarge { requested, maximum } => {
                write!(
                    f,
                    "a stack of {requested} bytes was asked for, the largest has {maximum}"
                )
            }
            StackError::NoMemory { size, .. } => {
                write!(
                    f,
                    "the kernel has no memory for {} KiB of stacks",
                    size / 1024
                )
            }
            StackError::MapLimit { limit, reached, .. } => {
                write!(
                    f,
                    "no guard for a further stack: after {reached} stacks the process is close to vm.max_map_count"
                )?;
                if let Some(limit) = limit {
                    write!(f, " = {limit}")?;
                }
                f.write_str(", since this kernel needs two mappings for each guarded stack")
            }
            StackError::NoHandler { .. } => {
                f.write_str("the stack overflow handler could not be installed")
            }
            StackError::ThreadEnding => {
                f.write_str("the thread is ending and has put its stacks away")
            }
        }
    }
}

impl Error for StackError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StackError::NoMemory { source, .. }
            | StackError::MapLimit { source, .. }
            | StackError::NoHandler { source } => Some(source),
            StackError::TooLarge { .. } | StackError::ThreadEnding => None,
        }
    }
}

/// A task did not return a value: its body panicked, or was killed.
pub struct JoinError {
    who: String,
    made_at: &'static Location<'static>,
    killed: bool,
    message: Option<String>,
    /// Nobody ever locks it: it lets other threads have a look at the rest.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl JoinError {
    #[cfg(feature = "hub")]
    pub(crate) fn new(
        who: String,
        made_at: &'static Location<'static>,
        killed: bool,
        payload: Box<dyn Any + Send>,
    ) -> JoinError {
        let text = payload.downcast_ref::<&'static str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        JoinError {
            who,
            made_at,
            killed,
            message: text.map(Into::into),
            payload: Mutex::new(payload),
        }
    }

    /// The task was killed.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.killed
    }

    /// The task's body panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        !self.killed
    }

    /// What the body unwound with, to go on with it by [`std::panic::resume_unwind`].
    #[must_use]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.payload
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The message of the panic, where it has one: a `panic!` with text.
    #[must_use]
    pub fn panic_message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let JoinError { who, made_at, .. } = self;
        match self.panic_message() {
            _ if self.killed => write!(f, "{who} (spawned at {made_at}) was killed"),
            Some(message) => write!(f, "{who} (spawned at {made_at}) panicked: {message}"),
            None => write!(f, "{who} (spawned at {made_at}) panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl Error for JoinError {}

/// The thread of that hub has ended: nothing runs there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubGone(());

impl HubGone {
    #[cfg(feature = "hub")]
    pub(crate) fn new() -> HubGone {
        HubGone(())
    }
}

impl fmt::Display for HubGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the thread of that hub has ended")
    }
}

impl Error for HubGone {}

/// The generator has ended and takes no input any more: this one comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ended<I>(I);

impl<I> Ended<I> {
    pub(crate) fn new(input: I) -> Ended<I> {
        Ended(input)
    }

    /// The input that was not handed over.
    #[must_use]
    pub fn into_value(self) -> I {
        self.0
    }
}

impl<I> fmt::Display for Ended<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the generator has ended")
    }
}

impl<I> fmt::Debug for Ended<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ended")
    }
}

impl<I> Error for Ended<I> {}
