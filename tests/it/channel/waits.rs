//! Each wait of channels, queues and `select!`, ended in each way, alone and in one turn with what it waits for: as
//! `sync_waits.rs` does it with locks.

use std::rc::Rc;

use greenhub::sync::Queue;
use greenhub::sync::channel;
use greenhub::{select, spawn, wait_any, wait_any_timeout};

use crate::support::millis;
use crate::waits::locks::{Row, Stage, walk};

const ROWS: &[(&str, Row)] = &[
    ("receive", receive),
    ("send", send),
    ("receive, rendezvous", receive_without_room),
    ("send, rendezvous", send_without_room),
    ("select to receive", select_to_receive),
    ("select to send", select_to_send),
    ("select to send, rendezvous", select_to_send_without_room),
    ("look at a channel", look),
    ("pop", pop),
    ("push", push),
    ("peek", peek),
    ("join of a queue", join),
];

#[test]
fn ending_a_wait_leaves_the_others_their_turns() {
    walk(ROWS);
}

fn receive(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = channel::unbounded();
    play(Stage {
        wait: Rc::new({
            let (sender, receiver) = (sender.clone(), receiver.clone());
            move |limit| {
                let item = match limit {
                    Some(limit) => receiver.recv_timeout(limit).ok(),
                    None => receiver.recv().ok(),
                };
                item.is_some_and(|()| sender.try_send(()).is_ok())
            }
        }),
        free: &|| sender.try_send(()).unwrap(),
        is_prompt: true,
        check: &|| assert_eq!(receiver.try_iter().count(), 1),
    });
}

fn send(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = channel::bounded(1);
    sender.send(()).unwrap();
    play(Stage {
        wait: Rc::new({
            let (sender, receiver) = (sender.clone(), receiver.clone());
            move |limit| {
                let sent = match limit {
                    Some(limit) => sender.send_timeout((), limit).is_ok(),
                    None => sender.send(()).is_ok(),
                };
                sent && receiver.try_recv().is_ok()
            }
        }),
        free: &|| receiver.try_recv().unwrap(),
        is_prompt: true,
        check: &|| assert!(sender.is_empty() && sender.try_send(()).is_ok()),
    });
}

fn receive_without_room(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = channel::rendezvous();
    play(Stage {
        wait: Rc::new({
            let (sender, receiver) = (sender.clone(), receiver.clone());
            move |limit| {
                let item = match limit {
                    Some(limit) => receiver.recv_timeout(limit).ok(),
                    None => receiver.recv().ok(),
                };
                // Somebody waits, but for the last.
                item.inspect(|()| sender.try_send(()).unwrap_or(()))
                    .is_some()
            }
        }),
        free: &|| sender.try_send(()).unwrap(),
        is_prompt: true,
        check: &|| assert!(receiver.try_iter().count() <= 1),
    });
}

fn send_without_room(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = channel::rendezvous();
    play(Stage {
        wait: Rc::new(move |limit| match limit {
            Some(limit) => sender.send_timeout((), limit).is_ok(),
            None => sender.send(()).is_ok(),
        }),
        free: &|| {
            let receiver = receiver.clone();
            drop(spawn(
                move || {
                    while receiver.recv_timeout(millis(50)).is_ok() {}
                },
            ));
        },
        is_prompt: false,
        check: &|| assert!(receiver.try_recv().is_err()),
    });
}

fn select_to_receive(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = channel::unbounded();
    let (_idle, quiet) = channel::unbounded::<()>();
    play(Stage {
        wait: Rc::new({
            let (sender, receiver) = (sender.clone(), receiver.clone());
            move |limit| {
                let item = match limit {
                    Some(limit) => select! {
                        recv(quiet) -> _ => None,
                        recv(receiver) -> item => item.ok(),
                        default(limit) => None,
                    },
                    None => select! {
                        recv(quiet) -> _ => None,
                        recv(receiver) -> item => item.ok(),
                    },
                };
                item.is_some_and(|()| sender.try_send(()).is_ok())
            }
        }),
        free: &|| sender.try_send(()).unwrap(),
        is_prompt: true,
        check: &|| assert_eq!(receiver.try_iter().count(), 1),
    });
}

fn select_to_send(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = channel::bounded(1);
    let (_idle, quiet) = channel::unbounded::<()>();
    sender.send(()).unwrap();
    play(Stage {
        wait: Rc::new({
            let (sender, receiver) = (sender.clone(), receiver.clone());
            move |limit| {
                let sent = match limit {
                    Some(limit) => select! {
                        send(sender, ()) -> sent => sent.is_ok(),
                        recv(quiet) -> _ => false,
                        default(limit) => false,
                    },
                    None => select! {
                        send(sender, ()) -> sent => sent.is_ok(),
                        recv(quiet) -> _ => false,
                    },
                };
                sent && receiver.try_recv().is_ok()
            }
        }),
        free: &|| receiver.try_recv().unwrap(),
        is_prompt: true,
        check: &|| assert!(sender.is_empty() && sender.try_send(()).is_ok()),
    });
}

fn select_to_send_without_room(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = channel::rendezvous();
    let (_idle, quiet) = channel::unbounded::<()>();
    play(Stage {
        wait: Rc::new(move |limit| match limit {
            Some(limit) => select! {
                send(sender, ()) -> sent => sent.is_ok(),
                recv(quiet) -> _ => false,
                default(limit) => false,
            },
            None => select! {
                send(sender, ()) -> sent => sent.is_ok(),
                recv(quiet) -> _ => false,
            },
        }),
        free: &|| {
            let receiver = receiver.clone();
            drop(spawn(
                move || {
                    while receiver.recv_timeout(millis(50)).is_ok() {}
                },
            ));
        },
        is_prompt: false,
        check: &|| assert!(receiver.try_recv().is_err()),
    });
}

fn look(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = channel::unbounded();
    play(Stage {
        wait: Rc::new({
            let receiver = receiver.clone();
            move |limit| match limit {
                Some(limit) => wait_any_timeout(&[&receiver], limit).is_some(),
                None => wait_any(&[&receiver]) == 0,
            }
        }),
        free: &|| sender.try_send(()).unwrap(),
        is_prompt: true,
        check: &|| assert_eq!(receiver.try_iter().count(), 1),
    });
}

fn pop(play: &dyn Fn(Stage<'_>)) {
    let queue = Rc::new(Queue::new());
    play(Stage {
        wait: Rc::new({
            let queue = queue.clone();
            move |limit| {
                let item = match limit {
                    Some(limit) => queue.pop_timeout(limit).ok(),
                    None => queue.pop().ok(),
                };
                item.is_some_and(|()| queue.try_push(()).is_ok())
            }
        }),
        free: &|| queue.try_push(()).unwrap(),
        is_prompt: true,
        check: &|| assert_eq!((queue.try_pop(), queue.len()), (Ok(()), 0)),
    });
}

fn push(play: &dyn Fn(Stage<'_>)) {
    let queue = Rc::new(Queue::bounded(1));
    queue.push(()).unwrap();
    play(Stage {
        wait: Rc::new({
            let queue = queue.clone();
            move |limit| {
                let pushed = match limit {
                    Some(limit) => queue.push_timeout((), limit).is_ok(),
                    None => queue.push(()).is_ok(),
                };
                pushed && queue.try_pop().is_ok()
            }
        }),
        free: &|| queue.try_pop().unwrap(),
        is_prompt: true,
        check: &|| assert!(queue.is_empty() && queue.try_push(()).is_ok()),
    });
}

fn peek(play: &dyn Fn(Stage<'_>)) {
    let queue = Rc::new(Queue::new());
    play(Stage {
        wait: Rc::new({
            let queue = queue.clone();
            move |limit| match limit {
                Some(limit) => queue.peek_timeout(limit).is_ok(),
                None => queue.peek().is_ok(),
            }
        }),
        free: &|| queue.try_push(()).unwrap(),
        is_prompt: true,
        check: &|| assert_eq!((queue.try_pop(), queue.len()), (Ok(()), 0)),
    });
}

fn join(play: &dyn Fn(Stage<'_>)) {
    let queue = Rc::new(Queue::new());
    queue.push(()).unwrap();
    play(Stage {
        wait: Rc::new({
            let queue = queue.clone();
            move |limit| match limit {
                Some(limit) => queue.join_timeout(limit),
                None => {
                    queue.join();
                    true
                }
            }
        }),
        free: &|| queue.task_done(),
        is_prompt: true,
        check: &|| assert_eq!(queue.unfinished_tasks(), 0),
    });
}
