//! Who resumes whom: rings, stars, ladders and random targets, which all look the same from outside.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use greenhub::{Greenlet, current, parent};

use crate::support::{Log, caught, slowness, wait};

type Peer = Greenlet<u64, u64>;

/// Declared greenlets that know each other, to be defined one by one.
fn peers(count: usize) -> Rc<[Peer]> {
    (0..count).map(|_| Peer::declare()).collect()
}

#[test]
fn a_ring_passes_a_token_round_and_round() {
    const ROUNDS: u64 = 5;
    for size in [1, 2, 3, 10, 200] {
        let ring = peers(size);
        for (n, greenlet) in ring.iter().enumerate() {
            let all = ring.clone();
            let main = current().typed::<u64, u64>();
            greenlet.define(move |mut token| {
                for _ in 0..ROUNDS {
                    let next = if n + 1 == all.len() {
                        &main
                    } else {
                        &all[n + 1]
                    };
                    token = next.switch(token + 1);
                }
                token
            });
        }
        let mut token = 0;
        for round in 1..=ROUNDS {
            token = ring[0].switch(token);
            assert_eq!(token, round * size as u64, "a ring of {size}");
        }
        for greenlet in ring.iter() {
            assert_eq!(greenlet.switch(7), 7, "it ends, and its value goes to main");
            assert!(greenlet.is_dead());
        }
    }
}

#[test]
fn a_ring_that_main_is_no_part_of_stops_when_one_ends() {
    let ring = peers(3);
    for (n, greenlet) in ring.iter().enumerate() {
        let all = ring.clone();
        greenlet.define(move |mut left| {
            while left > 0 {
                left = all[(n + 1) % 3].switch(left - 1);
            }
            n as u64
        });
    }
    assert_eq!(ring[0].switch(1000), 1, "1000 steps from the first");
    let alive: Vec<bool> = ring.iter().map(|greenlet| greenlet.is_active()).collect();
    assert_eq!(alive, [true, false, true]);
    assert_eq!(ring[2].switch(0), 2);
    assert_eq!(ring[0].switch(0), 0);
}

#[test]
fn a_star_serves_each_ray_in_turn() {
    let log = Log::new();
    let hub: Greenlet<(), ()> = Greenlet::new({
        let log = log.clone();
        move |()| {
            let rays: Vec<Greenlet<u32, u32>> = (1..=3)
                .map(|n| {
                    Greenlet::new(move |mut value| {
                        loop {
                            value = parent::<u32, u32>().switch(value * n);
                        }
                    })
                })
                .collect();
            for value in [1, 10] {
                for ray in &rays {
                    log.say(ray.switch(value).to_string());
                }
                wait();
            }
        }
    });
    hub.switch(());
    log.check(["1", "2", "3"]);
    hub.switch(());
    log.check(["10", "20", "30"]);
}

/// Each rung starts the next one with one less, and the lowest goes to main, past all the others.
fn ladder(height: usize, log: &Log) -> Rc<[Peer]> {
    let rungs = peers(height);
    for (n, rung) in rungs.iter().enumerate() {
        let (all, log) = (rungs.clone(), log.clone());
        let main = current().typed::<u64, u64>();
        rung.define(move |value| {
            let below = if n + 1 == all.len() {
                &main
            } else {
                &all[n + 1]
            };
            let got = below.switch(value + 1);
            log.say(format!("{n} got {got}"));
            n as u64
        });
    }
    rungs
}

#[test]
fn the_lowest_of_a_ladder_reaches_main_and_any_rung_resumes() {
    let log = Log::new();
    let rungs = ladder(4, &log);
    assert_eq!(rungs[0].switch(0), 4);
    // Nobody gets an answer from the rung that it started: each ends into main, its parent.
    for n in [2, 0, 3, 1] {
        assert_eq!(rungs[n].switch(n as u64 * 10), n as u64);
        assert!(rungs[n].is_dead());
    }
    log.check(["2 got 20", "0 got 0", "3 got 30", "1 got 10"]);
}

#[test]
fn a_rung_that_panics_leaves_the_others_suspended() {
    let rungs = peers(3);
    let main = current().typed::<u64, u64>();
    for (n, rung) in rungs.iter().enumerate() {
        let (all, main) = (rungs.clone(), main.clone());
        rung.define(move |value| match all.get(n + 1) {
            Some(below) => below.switch(value),
            None => {
                let value = main.switch(value);
                std::panic::panic_any(value)
            }
        });
    }
    assert_eq!(rungs[0].switch(1), 1);
    let payload = caught(|| rungs[2].switch(99));
    assert_eq!(payload.downcast_ref::<u64>(), Some(&99));
    assert!(rungs[0].is_active() && rungs[1].is_active() && rungs[2].is_dead());
    assert_eq!(rungs[1].switch(5), 5);
    assert_eq!(rungs[0].switch(6), 6);
}

#[test]
fn a_long_ladder_of_resumers_is_climbed_in_one_switch() {
    let log = Log::new();
    let rungs = ladder(1_000, &log);
    assert_eq!(rungs[0].switch(0), 1_000);
    assert_eq!(rungs[500].switch(1), 500);
    log.check(["500 got 1"]);
}

#[test]
fn random_targets_all_get_what_was_sent_to_them() {
    const PEERS: usize = 20;
    let steps = 200_000 / u64::from(slowness());
    struct World {
        all: RefCell<Vec<Peer>>,
        random: Cell<u64>,
        left: Cell<u64>,
        /// Who was switched to last, and with what.
        sent: Cell<(usize, u64)>,
        visits: Cell<[u64; PEERS]>,
    }
    impl World {
        fn go_on(&self, me: usize, mut got: u64) -> u64 {
            loop {
                assert_eq!((me, got), self.sent.get(), "a value went astray");
                let mut visits = self.visits.get();
                visits[me] += 1;
                self.visits.set(visits);
                if self.left.get() == 0 {
                    self.sent.set((0, got));
                    return got;
                }
                self.left.set(self.left.get() - 1);
                let random = self.random.get().wrapping_mul(6_364_136_223_846_793_005) + 1;
                self.random.set(random);
                let target = (random >> 33) as usize % PEERS;
                let peer = self.all.borrow()[target].clone();
                self.sent.set((target, random));
                got = peer.switch(random);
            }
        }
    }
    let world = Rc::new(World {
        all: RefCell::default(),
        random: Cell::new(1),
        left: Cell::new(steps),
        sent: Cell::new((0, 0)),
        visits: Cell::new([0; PEERS]),
    });
    let main = current().typed::<u64, u64>();
    world.all.borrow_mut().push(main);
    for me in 1..PEERS {
        let weak = Rc::downgrade(&world);
        let body = move |first| {
            let world = weak.upgrade().expect("main keeps it");
            world.go_on(me, first)
        };
        world.all.borrow_mut().push(Greenlet::new(body));
    }
    world.go_on(0, 0);
    let visits = world.visits.get();
    assert!(
        visits.iter().all(|&visits| visits > steps / 40),
        "{visits:?}"
    );
    world.all.take();
}
