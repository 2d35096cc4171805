//! The hub's poller: which descriptors are watched, and which waits end when one is ready.
//!
//! A descriptor is registered once, for both directions, edge-triggered. Its [`Source`] keeps what the edges have said; `io`
//! reads it there and clears it when a call finds nothing.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};

use crate::hub::reactor::clock::Nanos;
use crate::hub::sched::run_queue::RunQueue;
use crate::hub::wait::waker::WaitList;
use crate::slots::{Key, Slots};
use crate::stderr;
#[cfg(target_os = "linux")]
use crate::sys::socket;

/// Events taken from the system at a time.
const BATCH: usize = 1024;
#[cfg(target_os = "linux")]
const MILLISECOND: Nanos = 1_000_000;
const WAKE: Token = Token(usize::MAX);
/// Whether an event says that urgent data has come in: `epoll` does, `kqueue` does not.
const ANNOUNCES_URGENT_DATA: bool = cfg!(target_os = "linux");
#[cfg(target_os = "linux")]
const INTEREST: Interest = Interest::READABLE
    .add(Interest::WRITABLE)
    .add(Interest::PRIORITY);
#[cfg(not(target_os = "linux"))]
const INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE);
// A token is a source's key, index and generation: with fewer bits the generation would be cut off, and an event that
// comes late would find the source that has taken the place of a closed one.
const _: () = assert!(usize::BITS >= 64, "a poller's token holds a key of 64 bits");

/// How long a poll may wait.
#[derive(Clone, Copy)]
pub(in crate::hub) enum PollTimeout {
    None,
    Nanos(Nanos),
    Endless,
}

/// Which way the bytes go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// The poller of one hub.
pub(crate) struct Poller {
    /// None when the thread has ended.
    system: RefCell<Option<System>>,
    sources: RefCell<Slots<Rc<Source>>>,
    /// Greenlets that wait for a descriptor now.
    waiting: Cell<usize>,
}

struct System {
    poll: Poll,
    events: Events,
}

/// One registered descriptor: its readiness, and its waiters.
pub(crate) struct Source {
    readable: Readiness,
    writable: Readiness,
    /// TCP's urgent data has come in: a read stops before it, so a short one does not mean that there is
    /// no more.
    urgent: Cell<bool>,
    key: Cell<Option<Key>>,
}

/// One direction of a descriptor.
struct Readiness {
    /// An edge has come since a call last found nothing: the next call is worth a try.
    may_be_ready: Cell<bool>,
    /// This direction has ended or failed: every call returns at once, so no call ever waits again.
    ended: Cell<bool>,
    waiters: WaitList,
}

impl Readiness {
    fn new() -> Readiness {
        Readiness {
            // No call has tried yet.
            may_be_ready: Cell::new(true),
            ended: Cell::new(false),
            waiters: WaitList::new(),
        }
    }
}

impl Source {
    fn side(&self, direction: Direction) -> &Readiness {
        match direction {
            Direction::Read => &self.readable,
            Direction::Write => &self.writable,
        }
    }

    /// Whether a call in this direction may succeed.
    #[inline]
    pub(crate) fn may_be_ready(&self, direction: Direction) -> bool {
        let side = self.side(direction);
        side.may_be_ready.get() || side.ended.get()
    }

    /// A call has moved less than it asked for: the next edge will say when there is more. Unless this
    /// direction has ended: no further edge says so.
    #[inline]
    pub(crate) fn clear_partial(&self, direction: Direction) {
        if direction == Direction::Read && (self.urgent.get() || !ANNOUNCES_URGENT_DATA) {
            return;
        }
        self.side(direction).may_be_ready.set(false);
    }

    /// A call has found nothing: only the next edge says that another is worth a try.
    #[inline]
    pub(crate) fn clear_readiness(&self, direction: Direction) {
        let side = self.side(direction);
        side.may_be_ready.set(false);
        side.ended.set(false);
    }

    pub(crate) fn waiters(&self, direction: Direction) -> &WaitList {
        &self.side(direction).waiters
    }

    fn mark(&self, direction: Direction, is_ready: bool, ended: bool, ready: &RunQueue) {
        let side = self.side(direction);
        if ended {
            side.ended.set(true);
        }
        if is_ready || ended {
            side.may_be_ready.set(true);
            side.waiters.wake_all_into(ready);
        }
    }
}

impl Poller {
    pub(in crate::hub) fn new() -> io::Result<Poller> {
        let system = System {
            poll: Poll::new()?,
            events: Events::with_capacity(BATCH),
        };
        Ok(Poller {
            system: RefCell::new(Some(system)),
            sources: RefCell::new(Slots::new()),
            waiting: Cell::new(0),
        })
    }

    /// Counts a wait for a descriptor: while there is one the hub is in no deadlock.
    pub(crate) fn count_wait(&self) -> CountedWait<'_> {
        CountedWait::new(&self.waiting)
    }

    /// A greenlet waits for a descriptor.
    pub(in crate::hub) fn is_watched(&self) -> bool {
        self.waiting.get() > 0
    }

    pub(in crate::hub) fn waker(&self) -> io::Result<Waker> {
        let system = self.system.borrow();
        let system = system.as_ref().ok_or_else(hub_gone)?;
        let registry = system.poll.registry();
        // mio counts a waker that could not be made, too, and lets a poller have one. So: is there a descriptor?
        drop(registry.try_clone()?);
        Waker::new(registry, WAKE)
    }

    /// Watches a descriptor in both directions, until [`Poller::deregister`].
    ///
    /// # Errors
    /// What the system says: `EPERM` for what cannot be polled, such as a regular file.
    pub(crate) fn register(&self, fd: BorrowedFd<'_>) -> io::Result<Rc<Source>> {
        let system = self.system.borrow();
        let system = system.as_ref().ok_or_else(hub_gone)?;
        let source = Rc::new(Source {
            readable: Readiness::new(),
            writable: Readiness::new(),
            urgent: Cell::new(false),
            key: Cell::new(None),
        });
        let key = self.sources.borrow_mut().insert(source.clone());
        source.key.set(Some(key));
        let registered = system.poll.registry().register(
            &mut SourceFd(&fd.as_raw_fd()),
            Token(key.to_bits() as usize),
            INTEREST,
        );
        if let Err(error) = registered {
            self.sources.borrow_mut().remove(key);
            return Err(error);
        }
        Ok(source)
    }

    /// Stops watching. To be called before the descriptor is closed.
    pub(crate) fn deregister(&self, fd: RawFd, source: &Source) {
        if let Some(key) = source.key.take() {
            let removed = self.sources.borrow_mut().remove(key);
            if let Some(system) = self.system.borrow().as_ref() {
                // It fails only for a descriptor that is not registered, and then there is nothing to do.
                let _ = system.poll.registry().deregister(&mut SourceFd(&fd));
            }
            drop(removed);
        }
    }

    /// Collects what has happened to the watched descriptors, waiting as long as `timeout` allows. Waits for them end with that.
    pub(in crate::hub) fn poll(&self, timeout: PollTimeout, ready: &RunQueue) {
        let mut system = self.system.borrow_mut();
        let Some(system) = system.as_mut() else {
            return;
        };
        match system.poll_once(timeout) {
            Ok(()) => {}
            // A signal: the hub goes round again.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            // This is the hub's own stack, which must not unwind.
            Err(error) => stderr::abort(format_args!("the poller of a hub has failed: {error}")),
        }
        for event in &system.events {
            if event.token() == WAKE {
                continue;
            }
            let key = Key::from_bits(event.token().0 as u64);
            // The descriptor of an event may have been deregistered meanwhile.
            let source = self.sources.borrow().get(key).cloned();
            if let Some(source) = source {
                let failed = event.is_error();
                if event.is_priority() {
                    source.urgent.set(true);
                }
                source.mark(
                    Direction::Read,
                    event.is_readable(),
                    event.is_read_closed() || failed,
                    ready,
                );
                source.mark(
                    Direction::Write,
                    event.is_writable(),
                    event.is_write_closed() || failed,
                    ready,
                );
            }
        }
    }

    /// Closes the system's side for good.
    pub(in crate::hub) fn close(&self) {
        drop(self.system.borrow_mut().take());
    }
}

impl System {
    /// One call to the system that waits, at most. It may return earlier than it was told.
    fn poll_once(&mut self, timeout: PollTimeout) -> io::Result<()> {
        let timeout = match timeout {
            PollTimeout::None => Some(Duration::ZERO),
            PollTimeout::Endless => None,
            PollTimeout::Nanos(nanos) => Some(self.wait_precisely(nanos)?),
        };
        self.poll.poll(&mut self.events, timeout)
    }

    /// Waits for what mio cannot, and evaluates to what is left for it.
    ///
    /// On `epoll` mio waits in whole milliseconds and rounds up. So the [whole ones](whole_milliseconds) are waited there, and
    /// the rest in `ppoll`, which has nanoseconds: no timer is late by a millisecond.
    #[cfg(target_os = "linux")]
    fn wait_precisely(&self, nanos: Nanos) -> io::Result<Duration> {
        match whole_milliseconds(nanos) {
            0 => {
                socket::wait_readable(self.poll.as_raw_fd(), Duration::from_nanos(nanos))?;
                Ok(Duration::ZERO)
            }
            whole => Ok(Duration::from_millis(whole)),
        }
    }

    /// `kqueue` waits in nanoseconds.
    #[cfg(not(target_os = "linux"))]
    fn wait_precisely(&self, nanos: Nanos) -> io::Result<Duration> {
        Ok(Duration::from_nanos(nanos))
    }
}

/// Of a wait for so long, what to wait in whole milliseconds: less than that, or nothing.
///
/// The kernel may end a wait late by a thousandth of its length, and by a two-hundredth in a process of low priority. So a
/// 128th is left for a second wait, whose thousandth is small.
#[cfg(target_os = "linux")]
fn whole_milliseconds(nanos: Nanos) -> u64 {
    (nanos - nanos / 128) / MILLISECOND
}

fn hub_gone() -> io::Error {
    io::Error::other("this thread's hub is gone: the thread is ending")
}

/// A wait for a descriptor, counted until it is over.
pub(crate) struct CountedWait<'a>(&'a Cell<usize>);

impl<'a> CountedWait<'a> {
    fn new(count: &'a Cell<usize>) -> CountedWait<'a> {
        count.set(count.get() + 1);
        CountedWait(count)
    }
}

impl Drop for CountedWait<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn whole_milliseconds_are_over_before_the_deadline_however_late_and_a_few_waits_get_there() {
        for exponent in 0..=60 {
            for more in [-1, 0, 1, 999_999] {
                let mut left = (1_u64 << exponent).saturating_add_signed(more);
                let mut waits = 0;
                loop {
                    let wait = whole_milliseconds(left) * MILLISECOND;
                    let latest = wait + (wait / 200).min(100 * MILLISECOND);
                    assert!(latest <= left, "{wait} of {left}");
                    if wait == 0 {
                        break;
                    }
                    left -= wait;
                    waits += 1;
                }
                assert!(left < 1_010_000 && waits <= 6, "{left} after {waits} waits");
            }
        }
    }
}
