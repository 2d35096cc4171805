//! Go's test of plain calls and selects of eight arms on up to twelve channels, which crossbeam runs against its channels.

use std::cell::RefCell;
use std::rc::Rc;

use greenhub::sync::channel::{self, RecvError};
use greenhub::{select, spawn, yield_now};

/// How the tasks of one round get at their channels.
#[derive(Clone, Copy)]
enum Part {
    Sends(usize),
    Receives(usize),
    Selects([usize; 4], [usize; 4]),
}

const NO: [usize; 4] = [usize::MAX; 4];

/// Runs one task for each part: through each channel go `ITEMS` numbers, which must come in their order.
fn run(capacity: usize, count: usize, parts: &[Part]) {
    const ITEMS: i32 = 76;
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..count).map(|_| channel::bounded(capacity)).unzip();
    let received = Rc::new(RefCell::new(vec![Vec::new(); count]));
    let tasks = parts.iter().map(|part| {
        let (part, mut noise) = (*part, 7);
        let mut pause = move || {
            noise = (noise * 31 + 11) % 101;
            (0..noise % 5).for_each(|_| yield_now());
        };
        let (senders, receivers, received) = (senders.clone(), receivers.clone(), received.clone());
        spawn(move || match part {
            Part::Sends(n) => (0..ITEMS).for_each(|item| {
                pause();
                senders[n].send(item).unwrap();
            }),
            Part::Receives(n) => (0..ITEMS).for_each(|_| {
                pause();
                let item = receivers[n].recv().unwrap();
                received.borrow_mut()[n].push(item);
            }),
            Part::Selects(from, to) => {
                let (hole, never) = (channel::bounded(0), channel::never());
                let (mut next, mut seen) = ([0; 4], [0; 4]);
                loop {
                    pause();
                    let is_open = |done: i32, n: usize| done < ITEMS && n != usize::MAX;
                    let r: [_; 4] = std::array::from_fn(|k| match is_open(seen[k], from[k]) {
                        true => &receivers[from[k]],
                        false => &never,
                    });
                    let s: [_; 4] = std::array::from_fn(|k| match is_open(next[k], to[k]) {
                        true => &senders[to[k]],
                        false => &hole.0,
                    });
                    let mut got = |k: usize, item: Result<i32, RecvError>| {
                        received.borrow_mut()[from[k]].push(item.unwrap());
                        seen[k] += 1;
                    };
                    select! {
                        recv(r[0]) -> item => got(0, item),
                        recv(r[1]) -> item => got(1, item),
                        recv(r[2]) -> item => got(2, item),
                        recv(r[3]) -> item => got(3, item),
                        send(s[0], next[0]) -> _ => next[0] += 1,
                        send(s[1], next[1]) -> _ => next[1] += 1,
                        send(s[2], next[2]) -> _ => next[2] += 1,
                        send(s[3], next[3]) -> _ => next[3] += 1,
                    }
                    let is_over =
                        (0..4).all(|k| !is_open(seen[k], from[k]) && !is_open(next[k], to[k]));
                    if is_over {
                        return;
                    }
                }
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    tasks.into_iter().for_each(|task| task.join().unwrap());
    let received = received.borrow();
    assert!(
        received
            .iter()
            .all(|items| items.iter().copied().eq(0..ITEMS))
    );
}

#[test]
fn eight_arms_send_in_order_through_twelve_channels() {
    use Part::{Receives, Selects, Sends};
    for capacity in [0, 1, 10, 100] {
        let plain: Vec<_> = (0..4).flat_map(|n| [Sends(n), Receives(n)]).collect();
        run(capacity, 4, &plain);
        let sends = [0, 1, 2, 3].map(Sends);
        run(
            capacity,
            4,
            &[&sends[..], &[Selects([0, 1, 2, 3], NO)]].concat(),
        );
        let receives = [0, 1, 2, 3].map(Receives);
        run(
            capacity,
            4,
            &[&receives[..], &[Selects(NO, [0, 1, 2, 3])]].concat(),
        );
        run(
            capacity,
            4,
            &[Selects(NO, [0, 1, 2, 3]), Selects([0, 1, 2, 3], NO)],
        );
        let ring = [
            Selects([4, 5, 6, 7], [0, 1, 2, 3]),
            Selects([0, 1, 2, 3], [4, 5, 6, 7]),
        ];
        run(capacity, 8, &ring);
        let mut all: Vec<_> = (4..8).map(Sends).chain((8..12).map(Receives)).collect();
        all.extend([
            Selects([4, 5, 6, 7], [0, 1, 2, 3]),
            Selects([0, 1, 2, 3], [8, 9, 10, 11]),
        ]);
        run(capacity, 12, &all);
    }
}
