//! Many greenlets that send, receive and select in all ways over three channels, with limits, and are killed: in the end no greenlet waits
//! that has a counterpart, nothing came twice, and everything was dropped.
//!
//! Unlike the model's, these storms have sends whose items take time, selects of both ends and of one end twice, and rings.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use greenhub::hub::pause_clock;
use greenhub::sync::channel::{self, Receiver, Sender};
use greenhub::{Task, select, sleep, spawn, wait_any_timeout, yield_now};
use proptest::prelude::*;

use crate::support::{Census, Counted, millis, seconds, slowness, within};

const CASES: u32 = 2_000;
/// The one that keeps an item; the others keep none.
const KEEPS_ONE: usize = 1;

/// One operation, on channels with these numbers.
#[derive(Clone, Copy, Debug)]
enum Way {
    Send(usize),
    SendTwice(usize),
    SendSlowly(usize),
    Receive(usize),
    ReceiveAny(usize, usize),
    Look(usize),
    /// Sends to the first or receives from the second.
    Mixed(usize, usize),
}

#[derive(Clone, Debug)]
enum Step {
    Begin(Way, Option<u64>),
    Kill(usize),
    TryReceive(usize),
    TrySend(usize),
    Yield,
    Sleep(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let one = || 0..3_usize;
    let way = prop_oneof![
        2 => one().prop_map(Way::Send),
        1 => one().prop_map(Way::SendTwice),
        1 => one().prop_map(Way::SendSlowly),
        2 => one().prop_map(Way::Receive),
        1 => (one(), one()).prop_map(|(one, other)| Way::ReceiveAny(one, other)),
        1 => one().prop_map(Way::Look),
        3 => (one(), one()).prop_map(|(one, other)| Way::Mixed(one, other)),
    ];
    let limit = prop_oneof![2 => Just(None), 1 => (1..5_u64).prop_map(Some)];
    prop_oneof![
        8 => (way, limit).prop_map(|(way, limit)| Step::Begin(way, limit)),
        2 => any::<usize>().prop_map(Step::Kill),
        1 => one().prop_map(Step::TryReceive),
        1 => one().prop_map(Step::TrySend),
        4 => Just(Step::Yield),
        2 => (0..3_u64).prop_map(Step::Sleep),
    ]
}

type Item = (Counted, usize);

struct Storm {
    channels: [(Sender<Item>, Receiver<Item>); 3],
    census: Census,
    made: Cell<usize>,
    got: RefCell<Vec<usize>>,
}

impl Storm {
    fn item(&self) -> Item {
        self.made.set(self.made.get() + 1);
        (self.census.one(), self.made.get())
    }

    fn take<E>(&self, received: Result<Item, E>) {
        self.got.borrow_mut().extend(received.map(|item| item.1));
    }

    /// `now` says on what it waits: a greenlet that has chosen to send does not select any more.
    fn go(&self, way: Way, limit: Option<u64>, now: &Cell<Way>) {
        let limit = limit.map_or(seconds(100_000), millis);
        let end = |n: usize| &self.channels[n];
        let chosen = |n| {
            now.set(Way::Send(n));
            self.item()
        };
        match way {
            Way::Send(n) => drop(end(n).0.send_timeout(self.item(), limit)),
            Way::Receive(n) => self.take(end(n).1.recv_timeout(limit)),
            Way::Look(n) => drop(wait_any_timeout(&[&end(n).1], limit)),
            Way::SendTwice(n) => select! {
                send(end(n).0, chosen(n)) -> sent => drop(sent),
                send(end(n).0, chosen(n)) -> sent => drop(sent),
                default(limit) => {}
            },
            Way::SendSlowly(n) => select! {
                send(end(n).0, { sleep(millis(1)); chosen(n) }) -> sent => drop(sent),
                default(limit) => {}
            },
            Way::ReceiveAny(one, other) => select! {
                recv(end(one).1) -> item => self.take(item),
                recv(end(other).1) -> item => self.take(item),
                default(limit) => {}
            },
            Way::Mixed(to, from) => select! {
                send(end(to).0, chosen(to)) -> sent => drop(sent),
                recv(end(from).1) -> item => self.take(item),
                default(limit) => {}
            },
        }
    }
}

/// Whether it waits to send to, and to receive from, that channel.
fn sides(way: Way, n: usize) -> (bool, bool) {
    match way {
        Way::Send(to) | Way::SendTwice(to) | Way::SendSlowly(to) => (to == n, false),
        Way::Receive(from) | Way::Look(from) => (false, from == n),
        Way::ReceiveAny(one, other) => (false, one == n || other == n),
        Way::Mixed(to, from) => (to == n, from == n),
    }
}

fn check_waiting(storm: &Storm, waiting: &[Way]) {
    for (n, (_, receiver)) in storm.channels.iter().enumerate() {
        let sides: Vec<_> = waiting.iter().map(|way| sides(*way, n)).collect();
        let sends = sides.iter().filter(|(sends, _)| *sends).count();
        let receives = sides.iter().filter(|(_, receives)| *receives).count();
        let is_one_with_itself = sends == 1 && receives == 1 && sides.contains(&(true, true));
        let can_meet = sends > 0 && receives > 0 && !is_one_with_itself;
        assert!(!can_meet, "channel {n}: {waiting:?}");
        if n == KEEPS_ONE {
            let can_go = if receiver.is_empty() { sends } else { receives };
            assert_eq!(can_go, 0, "channel {n}: {waiting:?}");
        }
    }
}

fn run(steps: Vec<Step>) {
    pause_clock();
    let storm = Rc::new(Storm {
        channels: [0, KEEPS_ONE, 0].map(channel::bounded),
        census: Census::new(),
        made: Cell::new(0),
        got: RefCell::default(),
    });
    let mut begun: Vec<(Task<()>, Rc<Cell<Way>>)> = Vec::new();
    for step in steps {
        match step {
            Step::Begin(way, limit) => {
                let (storm, now) = (storm.clone(), Rc::new(Cell::new(way)));
                let task = spawn({
                    let now = now.clone();
                    move || storm.go(way, limit, &now)
                });
                begun.push((task, now));
            }
            Step::Kill(pick) if !begun.is_empty() => begun[pick % begun.len()].0.kill_nowait(),
            Step::Kill(_) => {}
            Step::TryReceive(n) => storm.take(storm.channels[n].1.try_recv()),
            Step::TrySend(n) => drop(storm.channels[n].0.try_send(storm.item())),
            Step::Yield => yield_now(),
            Step::Sleep(time) => sleep(millis(time)),
        }
    }
    sleep(seconds(1));
    let waiting = begun.iter().filter(|(task, _)| !task.is_finished());
    check_waiting(
        &storm,
        &waiting.map(|(_, now)| now.get()).collect::<Vec<_>>(),
    );
    begun.iter().for_each(|(task, _)| task.kill());
    drop(begun);
    let Storm { census, got, .. } = &*storm;
    let mut got = got.take();
    let count = got.len();
    got.sort_unstable();
    got.dedup();
    assert_eq!(got.len(), count, "something came twice");
    let census = census.clone();
    drop(storm);
    census.check_all_dropped();
}

#[test]
fn after_any_storm_nobody_waits_who_has_somebody_to_meet() {
    let _watch = within(seconds(100));
    let config = ProptestConfig {
        cases: CASES / slowness(),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in prop::collection::vec(any_step(), 0..30))| run(steps));
}
