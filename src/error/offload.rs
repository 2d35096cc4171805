//! The error of a job that could not be offloaded.
#![forbid(unsafe_code)]

use std::error::Error;
use std::{fmt, io};

/// A job could not be offloaded: the pool has no thread, and the system gave none; or the system has no descriptor that other
/// threads could wake this thread's hub with. The job was not done, and was dropped.
#[derive(Debug)]
pub struct OffloadError {
    lack: Lack,
    source: io::Error,
}

#[derive(Debug, Clone, Copy)]
enum Lack {
    Thread,
    Waker,
}

impl OffloadError {
    pub(crate) fn no_thread(source: io::Error) -> OffloadError {
        OffloadError {
            lack: Lack::Thread,
            source,
        }
    }

    pub(crate) fn no_waker(source: io::Error) -> OffloadError {
        OffloadError {
            lack: Lack::Waker,
            source,
        }
    }
}

impl fmt::Display for OffloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.lack {
            Lack::Thread => "no thread could be had for the job",
            Lack::Waker => "no descriptor could be had to wake this thread's hub with",
        })?;
        write!(f, ": {}", self.source)
    }
}

impl Error for OffloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

impl From<OffloadError> for io::Error {
    fn from(error: OffloadError) -> io::Error {
        io::Error::new(error.source.kind(), error)
    }
}
