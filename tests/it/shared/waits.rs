//! Each wait for other threads, one by one, on one hub: killed, out of time, freed, and two of these in one turn. The
//! table and its play are those of `sync_waits.rs`. A send to a rendezvous has no row: what one who is killed offers may be taken
//! until it has unwound, and then that was somebody's turn.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use greenhub::sync::shared::{AsyncResult, Event, bounded, unbounded};

use crate::support::{seconds, within};
use crate::waits::locks::{Row, Stage, walk};

const ROWS: &[(&str, Row)] = &[
    ("receive", receive),
    ("send", send),
    ("event across", event),
    ("result across", result),
];

#[test]
fn ending_a_wait_for_other_threads_leaves_the_others_their_turns() {
    let _watch = within(seconds(60));
    walk(ROWS);
}

fn or_ever(limit: Option<Duration>) -> Duration {
    limit.unwrap_or(Duration::MAX)
}

fn receive(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = unbounded();
    play(Stage {
        wait: Rc::new({
            let (sender, receiver) = (sender.clone(), receiver.clone());
            move |limit| {
                let got = receiver.recv_timeout(or_ever(limit));
                // (A `send` may let others run first, and then its kill would come, with the item in hand.)
                got.is_ok_and(|item: i32| sender.try_send(item).is_ok())
            }
        }),
        free: &|| sender.send(7).unwrap(),
        is_prompt: true,
        check: &|| assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [7]),
    });
}

fn send(play: &dyn Fn(Stage<'_>)) {
    let (sender, receiver) = bounded(1);
    sender.send(0).unwrap();
    play(Stage {
        wait: Rc::new({
            let (sender, receiver) = (sender.clone(), receiver.clone());
            move |limit| {
                let sent = sender.send_timeout(1, or_ever(limit));
                sent.is_ok_and(|()| receiver.try_recv() == Ok(1))
            }
        }),
        free: &|| assert_eq!(receiver.recv(), Ok(0)),
        is_prompt: true,
        check: &|| {
            assert!(receiver.is_empty());
            assert!(sender.try_send(2).is_ok(), "there is room");
        },
    });
}

fn event(play: &dyn Fn(Stage<'_>)) {
    let event = Event::new();
    play(Stage {
        wait: Rc::new({
            let event = event.clone();
            move |limit| event.wait_timeout(or_ever(limit))
        }),
        free: &|| event.set(),
        is_prompt: true,
        check: &|| event.clear(),
    });
}

fn result(play: &dyn Fn(Stage<'_>)) {
    let result: Arc<AsyncResult<i32>> = Arc::new(AsyncResult::new());
    play(Stage {
        wait: Rc::new({
            let result = result.clone();
            move |limit| result.get_timeout(or_ever(limit)).is_some()
        }),
        free: &|| result.set(1).unwrap(),
        is_prompt: true,
        check: &|| assert!(result.set(2).is_err()),
    });
}
