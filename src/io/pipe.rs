//! Anonymous pipes whose ends wait.
#![forbid(unsafe_code)]

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use super::Pollable;
use crate::hub::Direction;

/// An anonymous pipe, as [`std::io::pipe`]: what is written to one end is read at the other.
///
/// # Errors
/// What the system says; and what keeps this thread's hub from being made.
///
/// # Examples
/// ```
/// use greenhub::{io, spawn};
/// use std::io::{Read, Write};
///
/// let (mut reader, mut writer) = io::pipe()?;
/// spawn(move || writer.write_all(b"through the pipe")).detach_with(|error| panic!("{error}"));
/// let mut text = String::new();
/// reader.read_to_string(&mut text)?;
/// assert_eq!(text, "through the pipe");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    Ok((PipeReader::from_std(reader)?, PipeWriter::from_std(writer)?))
}

/// The end of a [`pipe`] that is read. It reads 0 bytes when all writers are closed.
#[derive(Debug)]
pub struct PipeReader(Pollable<io::PipeReader>);

/// The end of a [`pipe`] that is written. Without a reader a write is `BrokenPipe`; in a program that has set SIGPIPE to its default, which Rust's
/// programs have not, it is that signal.
#[derive(Debug)]
pub struct PipeWriter(Pollable<io::PipeWriter>);

impl PipeReader {
    /// Takes over a pipe's end of the standard library, and puts it into non-blocking mode.
    ///
    /// # Errors
    /// What the system says; and what keeps this thread's hub from being made.
    pub fn from_std(reader: io::PipeReader) -> io::Result<PipeReader> {
        Pollable::new(reader).map(PipeReader)
    }
}

impl PipeWriter {
    /// Takes over a pipe's end of the standard library, and puts it into non-blocking mode.
    ///
    /// # Errors
    /// What the system says; and what keeps this thread's hub from being made.
    pub fn from_std(writer: io::PipeWriter) -> io::Result<PipeWriter> {
        Pollable::new(writer).map(PipeWriter)
    }
}

impl Read for &PipeReader {
    #[track_caller]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0
            .move_bytes(Direction::Read, |mut pipe| pipe.read(buffer))
    }

    #[track_caller]
    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0
            .move_bytes(Direction::Read, |mut pipe| pipe.read_vectored(buffers))
    }
}

impl Read for PipeReader {
    #[track_caller]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }

    #[track_caller]
    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(buffers)
    }
}

impl Write for &PipeWriter {
    #[track_caller]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .move_bytes(Direction::Write, |mut pipe| pipe.write(bytes))
    }

    #[track_caller]
    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0
            .move_bytes(Direction::Write, |mut pipe| pipe.write_vectored(parts))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for PipeWriter {
    #[track_caller]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    #[track_caller]
    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

macro_rules! pipe_end {
    ($type:ident) => {
        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.as_fd()
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.0.as_raw_fd()
            }
        }
    };
}

pipe_end!(PipeReader);
pipe_end!(PipeWriter);
