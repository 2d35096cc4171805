//! Channels whose items the clock sends: `after`, `tick` and `never`.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use greenhub::hub::{now, pause_clock};
use greenhub::sync::channel::{Receiver, RecvTimeoutError, TryRecvError, after, never, tick};
use greenhub::{Select, Task, joinall, select, sleep, spawn, yield_now};

use crate::support::millis;

/// The moments that are received without waiting, in milliseconds from `begun` on.
fn all(receiver: &Receiver<Instant>, begun: Instant) -> Vec<u128> {
    let since = |moment: Instant| (moment - begun).as_millis();
    receiver.try_iter().map(since).collect()
}

#[test]
fn after_brings_its_moment_once_and_late_receivers_too() {
    pause_clock();
    for looks in [false, true] {
        let begun = now();
        let receiver = after(millis(50));
        if looks {
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        }
        sleep(millis(100));
        assert_eq!(all(&receiver, begun), [50]);
        sleep(millis(200));
        assert_eq!(all(&receiver, begun), [0; 0]);
        select! {
            recv(receiver) -> _ => unreachable!(),
            default => {}
        }
        select! {
            recv(receiver) -> _ => unreachable!(),
            recv(after(millis(200))) -> moment => assert_eq!(moment, Ok(now())),
        }
    }
}

#[test]
fn the_clocks_channels_have_room_for_one_and_never_has_none() {
    pause_clock();
    for clock in [after, tick] {
        let receiver = clock(millis(50));
        assert_eq!(receiver.capacity(), Some(1));
        let told = || (receiver.len(), receiver.is_empty(), receiver.is_full());
        assert_eq!(told(), (0, true, false));
        sleep(millis(75));
        assert_eq!(told(), (1, false, true), "though no receiver has looked");
        receiver.try_recv().unwrap();
        assert_eq!(told(), (0, true, false));
    }
    let receiver = never::<i32>();
    assert_eq!(receiver.capacity(), Some(0));
    let told = (receiver.len(), receiver.is_empty(), receiver.is_full());
    assert_eq!(told, (0, true, true));
}

#[test]
fn receivers_wait_for_the_moment_and_not_longer() {
    pause_clock();
    let begun = now();
    let receiver = after(millis(200));
    let limited = || receiver.recv_timeout(millis(150));
    assert_eq!(limited(), Err(RecvTimeoutError::Timeout));
    assert_eq!(now() - begun, millis(150));
    assert_eq!(limited(), Ok(begun + millis(200)));
    assert_eq!(now() - begun, millis(200));
    assert_eq!(limited(), Err(RecvTimeoutError::Timeout));
    assert_eq!(now() - begun, millis(350));
    assert_eq!(after(millis(50)).recv(), Ok(begun + millis(400)));
}

#[test]
fn ticks_come_in_their_period_and_missed_ones_are_skipped() {
    pause_clock();
    for looks in [false, true] {
        let begun = now();
        let receiver = tick(millis(50));
        assert_eq!(receiver.recv(), Ok(begun + millis(50)));
        if looks {
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        }
        sleep(millis(300));
        assert_eq!(all(&receiver, begun), [100], "{looks}");
        assert_eq!(receiver.recv(), Ok(begun + millis(400)));
        sleep(millis(75));
        assert_eq!(all(&receiver, begun), [450], "{looks}");
        sleep(millis(25));
        assert_eq!(all(&receiver, begun), [500], "it was not missed");
        select! {
            recv(receiver) -> moment => assert_eq!(moment, Ok(begun + millis(550))),
            recv(tick(millis(200))) -> _ => unreachable!(),
        }
    }
}

#[test]
fn a_tick_is_waited_for_again_and_again() {
    pause_clock();
    let begun = now();
    let receiver = tick(millis(200));
    let limited = |limit| receiver.recv_timeout(millis(limit)).map(|at| at - begun);
    assert_eq!(limited(100), Err(RecvTimeoutError::Timeout));
    assert_eq!(limited(200), Ok(millis(200)));
    assert_eq!(limited(100), Err(RecvTimeoutError::Timeout));
    assert_eq!(limited(200), Ok(millis(400)));
    assert_eq!(now() - begun, millis(400));
    sleep(millis(100));
    assert_eq!(all(&receiver, begun), [0; 0]);
    sleep(millis(150));
    assert_eq!(all(&receiver, begun), [600]);
}

#[test]
fn each_of_several_receivers_gets_one_moment_of_its_own() {
    pause_clock();
    let begun = now();
    let receiver = tick(millis(10));
    let tasks: Vec<Task<_>> = (0..5)
        .map(|_| {
            let receiver = receiver.clone();
            spawn(move || receiver.recv().map(|at| (at - begun).as_millis()))
        })
        .collect();
    let moments: Vec<_> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
    assert_eq!(moments, [Ok(10), Ok(20), Ok(30), Ok(40), Ok(50)]);
    let looking: Vec<_> = (0..3)
        .map(|_| {
            let receiver = receiver.clone();
            spawn(move || {
                let mut set = Select::new();
                set.recv(&receiver);
                while set.ready() != 0 || receiver.try_recv().is_err() {}
                now() - begun
            })
        })
        .collect();
    let ends: Vec<_> = looking
        .into_iter()
        .map(|task| task.join().unwrap())
        .collect();
    assert_eq!(ends, [millis(60), millis(70), millis(80)]);
}

#[test]
fn two_that_select_share_what_two_clocks_bring() {
    pause_clock();
    let begun = now();
    for (clock, rounds) in [(after as fn(Duration) -> _, 1), (tick, 10)] {
        let (one, two) = (clock(millis(50)), clock(millis(50)));
        let tasks = [0, 1].map(|_| {
            let (one, two) = (one.clone(), two.clone());
            spawn(move || {
                for _ in 0..rounds {
                    select! {
                        recv(one) -> _ => {}
                        recv(two) -> _ => {}
                    }
                }
            })
        });
        joinall(&tasks);
    }
    assert_eq!(now() - begun, millis(50 + 500));
}

#[test]
fn of_two_clocks_the_earlier_one_is_selected() {
    pause_clock();
    for clock in [after, tick] {
        select! {
            recv(clock(millis(50))) -> _ => {}
            recv(clock(millis(100))) -> _ => unreachable!(),
        }
        select! {
            recv(clock(millis(100))) -> _ => unreachable!(),
            recv(clock(millis(50))) -> _ => {}
        }
    }
}

#[test]
fn a_moment_that_is_due_comes_before_a_default() {
    pause_clock();
    for _ in 0..10 {
        select! {
            recv(after(millis(0))) -> _ => {}
            default => unreachable!(),
        }
        select! {
            recv(after(millis(100))) -> _ => unreachable!(),
            recv(tick(millis(100))) -> _ => unreachable!(),
            default => {}
        }
    }
}

#[test]
fn each_of_many_moments_is_received_by_one_task() {
    pause_clock();
    for by_ready in [false, true] {
        let moments: Rc<Vec<_>> = Rc::new((0..200).map(|n| after(millis(n / 20))).collect());
        let hits = Rc::new(Cell::new(0));
        let tasks = [0; 4].map(|_| {
            let (moments, hits) = (moments.clone(), hits.clone());
            spawn(move || {
                loop {
                    let end = after(millis(100));
                    let mut set = Select::new();
                    for moment in moments.iter() {
                        set.recv(moment);
                    }
                    let last = set.recv(&end);
                    let (index, received) = if by_ready {
                        let index = set.ready();
                        let one = moments.get(index).unwrap_or(&end);
                        (index, one.try_recv().is_ok())
                    } else {
                        let operation = set.select();
                        let index = operation.index();
                        let one = moments.get(index).unwrap_or(&end);
                        (index, operation.recv(one).is_ok())
                    };
                    if index == last {
                        return assert!(received);
                    }
                    hits.set(hits.get() + usize::from(received));
                }
            })
        });
        joinall(&tasks);
        assert_eq!(hits.get(), 200, "{by_ready}");
    }
}

#[test]
fn each_tick_is_received_by_one_task() {
    pause_clock();
    for by_ready in [false, true] {
        let begun = now();
        let (two, three) = (tick(millis(200)), tick(millis(300)));
        let hits = Rc::new(Cell::new(0));
        let tasks = [0; 4].map(|_| {
            let (two, three, hits) = (two.clone(), three.clone(), hits.clone());
            spawn(move || {
                let end = after(millis(1100));
                let all = [&two, &three, &end];
                let mut set = Select::new();
                for one in all.iter() {
                    set.recv(one);
                }
                loop {
                    let (index, received) = if by_ready {
                        let index = set.ready();
                        (index, all[index].try_recv().is_ok())
                    } else {
                        let operation = set.select();
                        let index = operation.index();
                        (index, operation.recv(all[index]).is_ok())
                    };
                    match (index, received) {
                        (2, _) => return assert!(received),
                        (_, true) => hits.set(hits.get() + 1),
                        (_, false) => {}
                    }
                }
            })
        });
        joinall(&tasks);
        assert_eq!(hits.get(), 8, "5 of the one and 3 of the other");
        assert_eq!(now() - begun, millis(1100));
    }
}

#[test]
fn clones_of_a_clocks_channel_come_and_go() {
    pause_clock();
    for n in 0..20 {
        let receiver = after(millis(n));
        let tasks = [0; 10].map(|_| {
            let receiver = receiver.clone();
            spawn(move || {
                let first = receiver.try_recv().is_ok();
                for _ in 0..20 {
                    drop(receiver.clone());
                    yield_now();
                }
                first
            })
        });
        let firsts = tasks.into_iter().map(|task| task.join().unwrap());
        assert_eq!(firsts.filter(|first| *first).count(), usize::from(n == 0));
    }
}

#[test]
fn never_brings_nothing_at_any_time() {
    pause_clock();
    let begun = now();
    let receiver = never::<i32>();
    for _ in 0..2 {
        select! {
            recv(receiver) -> _ => unreachable!(),
            default => {}
        }
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(
            receiver.recv_timeout(millis(100)),
            Err(RecvTimeoutError::Timeout)
        );
    }
    assert_eq!(now() - begun, millis(200));
}

#[test]
fn a_clock_is_turned_off_by_never() {
    pause_clock();
    let begun = now();
    let (mut ticks, mut count) = (tick(millis(100)), 0);
    loop {
        select! {
            recv(ticks) -> _ => count += 1,
            default(millis(500)) => break,
        }
        if count == 10 {
            ticks = never();
        }
    }
    assert_eq!((count, now() - begun), (10, millis(1500)));
}
