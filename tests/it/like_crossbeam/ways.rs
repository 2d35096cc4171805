//! One select in three ways: by the macro, by a set of operations, and by waiting until one is ready and then trying it.

use std::time::Duration;

use greenhub::hub::now;
use greenhub::sync::channel::{
    self, Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError,
};
use greenhub::{Select, select};

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Way {
    Macro,
    Set,
    Ready,
}

pub(super) const WAYS: [Way; 3] = [Way::Macro, Way::Set, Way::Ready];

/// How long a select waits.
#[derive(Clone, Copy)]
pub(super) enum Limit {
    Forever,
    Within(Duration),
    Now,
}

/// An operation to select.
pub(super) enum Op<'a, T> {
    Recv(&'a Receiver<T>),
    Send(&'a Sender<T>, T),
}

/// What was done.
#[derive(PartialEq, Debug)]
pub(super) enum Done<T> {
    Received(Result<T, RecvError>),
    Sent(Result<(), SendError<T>>),
}

use Done::{Received, Sent};
use Limit::{Forever, Now, Within};
use Op::{Recv, Send};

/// The arms of a `select!`, with the `default` of each limit.
macro_rules! limited {
    ($limit:expr; $($arms:tt)*) => {
        match $limit {
            Forever => select! { $($arms)* },
            Within(limit) => select! { $($arms)* default(limit) => None },
            Now => select! { $($arms)* default => None },
        }
    };
}

impl Way {
    /// Does one of these operations, and gives its index; `None` if none was ready in time.
    #[track_caller]
    pub(super) fn select<T: Copy>(
        self,
        operations: &[Op<'_, T>],
        limit: Limit,
    ) -> Option<(usize, Done<T>)> {
        match self {
            Way::Macro => by_macro(operations, limit),
            Way::Set => by_set(operations, limit),
            Way::Ready => by_ready(operations, limit),
        }
    }

    /// As `select`, for as long as it takes.
    #[track_caller]
    pub(super) fn wait<T: Copy>(self, operations: &[Op<'_, T>]) -> (usize, Done<T>) {
        let done = self.select(operations, Forever);
        done.expect("a select without a limit does something")
    }
}

fn by_macro<T: Copy>(operations: &[Op<'_, T>], limit: Limit) -> Option<(usize, Done<T>)> {
    match operations {
        [] => limited!(limit; recv(channel::never::<T>()) -> res => Some((0, Received(res))),),
        [Recv(only)] => limited!(limit; recv(only) -> res => Some((0, Received(res))),),
        [Send(only, item)] => limited!(limit; send(only, *item) -> res => Some((0, Sent(res))),),
        [Recv(a), Recv(b)] => limited!(limit;
            recv(a) -> res => Some((0, Received(res))),
            recv(b) -> res => Some((1, Received(res))),
        ),
        [Send(a, item), Send(b, other)] => limited!(limit;
            send(a, *item) -> res => Some((0, Sent(res))),
            send(b, *other) -> res => Some((1, Sent(res))),
        ),
        [Recv(a), Send(b, item)] => limited!(limit;
            recv(a) -> res => Some((0, Received(res))),
            send(b, *item) -> res => Some((1, Sent(res))),
        ),
        [Send(a, item), Recv(b)] => limited!(limit;
            send(a, *item) -> res => Some((0, Sent(res))),
            recv(b) -> res => Some((1, Received(res))),
        ),
        _ => unreachable!("no test selects among more in this way"),
    }
}

fn set_of<'a, T>(operations: &'a [Op<'a, T>]) -> Select<'a> {
    let mut set = Select::new();
    for (index, operation) in operations.iter().enumerate() {
        let given = match operation {
            Recv(receiver) => set.recv(receiver),
            Send(sender, _) => set.send(sender),
        };
        assert_eq!(given, index);
    }
    set
}

#[track_caller]
fn by_set<T: Copy>(operations: &[Op<'_, T>], limit: Limit) -> Option<(usize, Done<T>)> {
    let mut set = set_of(operations);
    let operation = match limit {
        Forever => set.select(),
        Within(limit) => set.select_timeout(limit).ok()?,
        Now => set.try_select().ok()?,
    };
    let index = operation.index();
    let done = match &operations[index] {
        Recv(receiver) => Received(operation.recv(receiver)),
        Send(sender, item) => Sent(operation.send(sender, *item)),
    };
    Some((index, done))
}

#[track_caller]
fn by_ready<T: Copy>(operations: &[Op<'_, T>], limit: Limit) -> Option<(usize, Done<T>)> {
    let mut set = set_of(operations);
    let deadline = match limit {
        Within(limit) => Some(now() + limit),
        Forever | Now => None,
    };
    loop {
        let index = match (limit, deadline) {
            (Now, _) => set.try_ready().ok()?,
            (_, Some(deadline)) => set.ready_deadline(deadline).ok()?,
            (_, None) => set.ready(),
        };
        // Another task may have been first: then it is time to look again.
        let done = match &operations[index] {
            Recv(receiver) => match receiver.try_recv() {
                Ok(item) => Received(Ok(item)),
                Err(TryRecvError::Disconnected) => Received(Err(RecvError)),
                Err(TryRecvError::Empty) => continue,
            },
            Send(sender, item) => match sender.try_send(*item) {
                Ok(()) => Sent(Ok(())),
                Err(TrySendError::Disconnected(item)) => Sent(Err(SendError(item))),
                Err(TrySendError::Full(_)) => continue,
            },
        };
        return Some((index, done));
    }
}
