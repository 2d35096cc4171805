//! Trimming, by a clock of the test's own.
#![forbid(unsafe_code)]

use super::super::class::PAGE;
use super::super::guard::Guard;
use super::super::pool::StackPool;
use super::super::slab::{SlotRef, SlotState};
use super::{KIB, class, ends, pool, read, write};
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// Calls trim until it has no more to do at `now`; says when it wants to be called again.
fn trim(pool: &mut StackPool, now: Instant) -> Option<Instant> {
    loop {
        match pool.trim(now) {
            Some(next) if next <= now => {}
            later => return later,
        }
    }
}

fn take(pool: &mut StackPool, count: usize) -> Vec<SlotRef> {
    (0..count)
        .map(|_| pool.take(class(192 * KIB)).expect("there is memory"))
        .collect()
}

fn touch(slot: SlotRef, depth: usize) {
    write((slot.base.get() - depth).next_multiple_of(8), 1);
    write(ends(slot)[1], 1);
}

#[test]
fn a_deep_stack_that_lies_idle_keeps_its_top_only() {
    for guard in [Guard::Advised, Guard::Protected] {
        let mut pool = pool(guard, 1 << 20);
        let slot = take(&mut pool, 1)[0];
        touch(slot, 100 * KIB);
        assert!(
            (100 * KIB..105 * KIB).contains(&slot.used()),
            "{}",
            slot.used()
        );
        pool.put(slot);
        let start = Instant::now();
        assert_eq!(trim(&mut pool, start), Some(start + SECOND));
        assert_eq!(slot.state.get(), SlotState::Warm);
        assert!(trim(&mut pool, start + SECOND).is_some());
        assert_eq!(slot.state.get(), SlotState::Trimmed);
        assert!(slot.used() <= PAGE.max(16 * KIB), "{}", slot.used());
        assert!(slot.used() > 0);
        // One idle stack is below the number that stay warm, so that is all, and the clock may stop.
        assert_eq!(trim(&mut pool, start + 2 * SECOND), None);
        assert_eq!(pool.stats()[0].deepest / (4 * KIB), 25);
    }
}

#[test]
fn a_stack_in_steady_use_is_left_alone() {
    let mut pool = pool(Guard::Advised, 1 << 20);
    let start = Instant::now();
    for round in 0..10 {
        let slot = take(&mut pool, 1)[0];
        touch(slot, 100 * KIB);
        pool.put(slot);
        trim(&mut pool, start + round * SECOND);
        assert_eq!(slot.state.get(), SlotState::Warm);
    }
}

#[test]
fn after_a_burst_all_but_the_warm_ones_go_back_and_slabs_are_unmapped() {
    for guard in [Guard::Advised, Guard::Protected] {
        let mut pool = pool(guard, 4 << 20);
        let slots = take(&mut pool, 2000);
        let mapped = pool.stats()[0].slabs;
        for slot in &slots {
            touch(*slot, 20 * KIB);
        }
        for slot in slots {
            pool.put(slot);
        }
        let start = Instant::now();
        let mut now = start;
        while let Some(next) = trim(&mut pool, now) {
            now = next;
            assert!(now <= start + 5 * SECOND, "trim does not settle");
        }
        let stats = &pool.stats()[0];
        assert!(stats.slabs < mapped, "{} of {mapped} slabs", stats.slabs);
        assert!(
            stats.idle >= 256 && stats.idle < 2000,
            "{} idle",
            stats.idle
        );
        let resident: Vec<_> = pool
            .carved_slots(class(192 * KIB))
            .filter(|slot| slot.used() > 0)
            .collect();
        assert_eq!(resident.len(), 256);
        assert!(
            resident
                .iter()
                .all(|slot| slot.used() <= PAGE.max(16 * KIB))
        );
        // And everything can be used again.
        let slots = take(&mut pool, 2000);
        for slot in &slots {
            assert_eq!(slot.state.get(), SlotState::Taken);
            touch(*slot, 190 * KIB);
        }
        for slot in slots {
            pool.put(slot);
        }
    }
}

#[test]
fn a_stack_in_use_loses_nothing_in_any_round() {
    let mut pool = pool(Guard::Advised, 4 << 20);
    let slots = take(&mut pool, 1000);
    for (number, slot) in slots.iter().enumerate() {
        for end in ends(*slot) {
            write(end, number);
        }
    }
    let (kept, given): (Vec<_>, Vec<_>) = slots
        .into_iter()
        .enumerate()
        .partition(|(number, _)| number % 7 == 0);
    for (_, slot) in given {
        pool.put(slot);
    }
    let mut now = Instant::now();
    while let Some(next) = trim(&mut pool, now) {
        now = next;
    }
    for (number, slot) in kept {
        assert_eq!(ends(slot).map(read), [number; 2]);
        pool.put(slot);
    }
}

#[test]
fn a_slab_with_one_stack_taken_again_stays() {
    let mut pool = pool(Guard::Advised, 4 << 20);
    pool.budget.keep_warm = 0;
    let slots = take(&mut pool, 10);
    let (last, others) = slots.split_last().expect("ten");
    for slot in others {
        pool.put(*slot);
    }
    let start = Instant::now();
    for second in 0..2 {
        trim(&mut pool, start + second * SECOND);
    }
    assert!(
        others
            .iter()
            .all(|slot| slot.state.get() == SlotState::Released)
    );
    let again = take(&mut pool, 1)[0];
    for end in ends(again) {
        write(end, 4711);
    }
    pool.put(*last);
    for second in 2..9 {
        trim(&mut pool, start + second * SECOND);
    }
    assert_eq!(pool.stats()[0].slabs, 1);
    assert_eq!(ends(again).map(read), [4711; 2]);
    pool.put(again);
    for second in 9..12 {
        trim(&mut pool, start + second * SECOND);
    }
    assert_eq!(pool.stats()[0].slabs, 0);
    let another = take(&mut pool, 1)[0];
    pool.put(another);
}

#[test]
fn one_call_does_a_bounded_piece_of_work() {
    let mut pool = pool(Guard::Advised, 64 << 20);
    let slots = take(&mut pool, 5000);
    for slot in &slots {
        pool.put(*slot);
    }
    let start = Instant::now();
    pool.trim(start);
    let in_state = |state| {
        slots
            .iter()
            .filter(|slot| slot.state.get() == state)
            .count()
    };
    assert_eq!(pool.trim(start + SECOND), Some(start + SECOND));
    let first = in_state(SlotState::Released);
    // Two system calls for a run of at most 16; runs end where slabs do.
    assert!((900..=1024).contains(&first), "{first}");
    assert_eq!(pool.trim(start + SECOND), Some(start + SECOND));
    assert!(in_state(SlotState::Released) > 2 * first - 100);
    assert_eq!(in_state(SlotState::Trimmed), 0);
}

#[test]
fn neighbours_are_released_in_whatever_order_they_lie() {
    type Order = fn(&mut Vec<SlotRef>);
    let orders: [Order; 3] = [
        |_| (),
        |slots| slots.reverse(),
        |slots| slots.sort_by_key(|slot| slot.low() / 7 % 1009),
    ];
    for order in orders {
        let mut pool = pool(Guard::Advised, 4 << 20);
        let mut slots = take(&mut pool, 600);
        for slot in &slots {
            touch(*slot, 180 * KIB);
        }
        // A stack in use in the middle of them all.
        let used = slots.swap_remove(300);
        order(&mut slots);
        for slot in slots {
            pool.put(slot);
        }
        let start = Instant::now();
        trim(&mut pool, start);
        trim(&mut pool, start + SECOND);
        let resident = pool
            .carved_slots(class(192 * KIB))
            .filter(|slot| slot.used() > 0)
            .count();
        assert_eq!(resident, 257);
        assert!(used.used() > 180 * KIB - 1);
        assert_eq!(pool.stats()[0].deepest / KIB, 183);
        pool.put(used);
    }
}

#[test]
fn repeated_trims_do_not_put_off_the_hubs_next_round() {
    let run = || {
        for _ in 0..50 {
            let held: Vec<_> = (0..400).map(|_| super::super::take(0)).collect();
            drop(held);
            super::super::trim();
        }
        let held: Vec<_> = (0..400).map(|_| super::super::take(0)).collect();
        drop(held);
        let now = Instant::now();
        let next = super::super::pool::trim_step(now).expect("stacks were used since");
        assert!(next <= now + SECOND, "due in {:?}", next - now);
    };
    std::thread::spawn(run).join().expect("the run passes");
}
