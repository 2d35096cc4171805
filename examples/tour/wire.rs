//! One end of a connection, with the bytes that were read from it and not yet consumed.
use greenhub::net::TcpStream;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

/// The longest head of a request or response that either side accepts.
pub(crate) const LONGEST_HEAD: usize = 16 * 1024;

/// How long a closing side listens to a peer that still talks.
const LINGER: Duration = Duration::from_secs(1);

/// ```text
/// buffer  [ consumed | unread | free ]
///         0          start    end    LONGEST_HEAD
/// ```
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        // Each side writes a whole message and then listens: there is nothing to gather.
        stream.set_nodelay(true)?;
        let buffer = vec![0; LONGEST_HEAD].into_boxed_slice();
        Ok(Self {
            stream,
            buffer,
            start: 0,
            end: 0,
        })
    }

    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.start += count;
        assert!(self.start <= self.end, "consumed what was not read");
    }

    /// No more can be read before some is consumed.
    pub(crate) fn is_full(&self) -> bool {
        self.end - self.start == LONGEST_HEAD
    }

    /// Reads what is there, waiting for some; 0 is the end of the stream.
    pub(crate) fn read_more(&mut self) -> io::Result<usize> {
        assert!(!self.is_full(), "no room to read into");
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let count = self.stream.read(&mut self.buffer[self.end..])?;
        self.end += count;
        Ok(count)
    }

    /// Replaces what is in `body` by the next `length` bytes.
    pub(crate) fn read_body(&mut self, length: usize, body: &mut Vec<u8>) -> io::Result<()> {
        body.clear();
        body.reserve(length);
        let ready = length.min(self.unread().len());
        body.extend_from_slice(&self.unread()[..ready]);
        self.consume(ready);
        let missing = (length - ready) as u64;
        (&mut self.stream).take(missing).read_to_end(body)?;
        if body.len() < length {
            Err(io::ErrorKind::UnexpectedEof.into())
        } else {
            Ok(())
        }
    }

    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Says that nothing more comes, then listens until the peer has finished.
    ///
    /// Closing at once over bytes the peer sent and nobody read would reset the connection, and the reset may
    /// overtake the answer.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        self.stream.set_read_timeout(Some(LINGER))?;
        let begun = Instant::now();
        while begun.elapsed() < LINGER && self.stream.read(&mut self.buffer)? > 0 {}
        Ok(())
    }
}
