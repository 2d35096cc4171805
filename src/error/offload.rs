//! The error of a job that found no thread to run on.
#![forbid(unsafe_code)]

use std::error::Error;
use std::{fmt, io};

/// A pool has no thread, and the system gave none: the job was not done, and was dropped.
#[derive(Debug)]
pub struct OffloadError {
    source: io::Error,
}

impl OffloadError {
    pub(crate) fn new(source: io::Error) -> OffloadError {
        OffloadError { source }
    }
}

impl fmt::Display for OffloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no thread could be had for the job: {}", self.source)
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
