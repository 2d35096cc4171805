//! Errors of making greenlets, generators and tasks: which memory or descriptor was not there.
#![forbid(unsafe_code)]

use std::error::Error;
use std::{fmt, io};

/// Why a greenlet was not made. Greenlets that run already are not affected.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpawnError {
    /// A stack could not be made.
    NoStack(StackError),
    /// This thread's hub has as many tasks as [`set_max_tasks`](crate::hub::set_max_tasks) allows.
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
                "this thread's hub has {limit} tasks, which is as many as hub::set_max_tasks allows"
            ),
            SpawnError::NoPoller { source } => {
                write!(f, "could not open a poller for this thread's hub: {source}")
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

/// Why a stack was not made. Stacks in use are not affected.
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
    /// The kernel needs a mapping for each guard, and has no more mappings.
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
    /// The thread is ending and has no stacks any more.
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
            StackError::NoMemory { size, source } => {
                write!(
                    f,
                    "the kernel has no memory for {} KiB of stacks",
                    size / 1024
                )?;
                // EAGAIN, which mmap gives for this reason only.
                if source.kind() == io::ErrorKind::WouldBlock {
                    f.write_str(
                        ": memory is locked (mlockall), and RLIMIT_MEMLOCK allows no more",
                    )?;
                }
                Ok(())
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
                f.write_str("the thread is ending and has no stacks any more")
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
