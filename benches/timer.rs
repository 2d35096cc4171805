//! What a timer costs, in ns, with few and with many others pending; what a sleep costs; and how late sleeps are.
//!
//! Run: `cargo bench --bench timer`. The first part measures the hub's table of timers by itself, which is no part of
//! the public interface: its source is compiled into this bench.

mod measure;
#[path = "../src/slots.rs"]
#[allow(unused, reason = "the table uses a part of it")]
mod slots;
#[path = "../src/hub/reactor/timers.rs"]
#[allow(unused, reason = "the hub uses more of it")]
mod timers;

use std::time::{Duration, Instant};

use greenhub::hub::{pause_clock, resume_clock};
use greenhub::{joinall, sleep, spawn};
use measure::{in_earnest, report};
use timers::{TimerKey, Timers};

/// As large as what the hub stores.
type Value = [u64; 2];

const SECOND: u64 = 1_000_000_000;
/// New timers are due within so long, at random.
const SPAN: u64 = 30 * SECOND;

fn main() {
    for pending in [1, 1000, 1_000_000] {
        let mut table = Table::with(pending);
        start_and_cancel(&mut table);
        cancel_any(&mut table);
        fire(&mut table);
    }
    ten_million();
    for tasks in [1, 1000, 100_000] {
        sleeps(tasks);
    }
    for (micros, count) in [(100, 3000), (10_000, 100)] {
        overshoot(Duration::from_micros(micros), count);
    }
}

/// A table of timers, of which there are always as many as at first.
struct Table {
    timers: Timers<Value>,
    keys: Vec<TimerKey>,
    random: Random,
    now: u64,
}

impl Table {
    fn with(pending: u64) -> Table {
        let pending = if in_earnest() {
            pending
        } else {
            pending.min(1000)
        };
        let mut table = Table {
            timers: Timers::new(),
            keys: Vec::new(),
            random: Random(1),
            now: 0,
        };
        for number in 0..pending {
            let key = table.start(number);
            table.keys.push(key);
        }
        table
    }

    fn start(&mut self, number: u64) -> TimerKey {
        // Half a span passes while as many are started as there are.
        self.now += SPAN / 2 / (self.keys.len() as u64).max(1000);
        let deadline = self.now + self.random.below(SPAN);
        self.timers.start(deadline, [number, deadline])
    }

    fn cancel(&mut self, key: TimerKey, number: u64) {
        let value = self.timers.cancel(key).expect("pending");
        assert_eq!(value[0], number);
    }

    /// Cancels one of those that pend, and starts another in its place.
    fn replace_any(&mut self) {
        let number = self.random.below(self.keys.len() as u64);
        self.cancel(self.keys[number as usize], number);
        self.keys[number as usize] = self.start(number);
    }
}

fn start_and_cancel(table: &mut Table) {
    let name = format!("start and cancel, {} pending", table.keys.len());
    report(&name, "", 200_000, |n| {
        for number in 0..n {
            let key = table.start(number);
            table.cancel(key, number);
        }
    });
}

fn cancel_any(table: &mut Table) {
    let name = format!("cancel any, start another, {} pending", table.keys.len());
    report(&name, "", 200_000, |n| {
        for _ in 0..n {
            table.replace_any();
        }
    });
}

fn fire(table: &mut Table) {
    let name = format!("fire, start another, {} pending", table.keys.len());
    report(&name, "", 200_000, |n| {
        for _ in 0..n {
            let now = table.timers.next_deadline().expect("pending");
            let [number, deadline] = table.timers.pop_due(now).expect("due");
            assert_eq!(deadline, now);
            table.now = table.now.max(now);
            table.keys[number as usize] = table.start(number);
        }
    });
}

/// Starts and cancels in earnest, once, and looks whether the table is as it should be.
fn ten_million() {
    let count = if in_earnest() { 10_000_000 } else { 10_000 };
    let mut table = Table::with(1_000_000);
    let pending = table.keys.len();
    let begun = Instant::now();
    for number in 0..count / 2 {
        let key = table.start(number);
        table.cancel(key, number);
        table.replace_any();
    }
    let each = begun.elapsed().as_nanos() / u128::from(count);
    let mut last = 0;
    for _ in 0..pending {
        let [_, deadline] = table.timers.pop_due(u64::MAX).expect("pending");
        assert!(last <= deadline, "{deadline} after {last}");
        last = deadline;
    }
    assert!(table.timers.is_empty());
    println!("{count} started and cancelled, half at once, half any of {pending}: {each} ns each");
}

/// A sleep and all that comes with it: the timer, the switches, the wake, and the clock's jump to the next deadline.
fn sleeps(tasks: u64) {
    pause_clock();
    let tasks = if in_earnest() { tasks } else { tasks.min(100) };
    let name = format!("sleep and be woken, {tasks} at once");
    report(&name, "", 200_000.max(2 * tasks), |n| {
        let rounds = n.div_ceil(tasks);
        let tasks: Vec<_> = (0..tasks)
            .map(|number| {
                spawn(move || {
                    let mut random = Random(number);
                    for _ in 0..rounds {
                        sleep(Duration::from_nanos(1 + random.below(SPAN)));
                    }
                })
            })
            .collect();
        joinall(&tasks);
    });
    resume_clock();
}

/// Something that sleeps, by name.
type Sleeper = (&'static str, fn(Duration));

/// How late a sleep is on an idle thread, in turn with those of the thread itself.
fn overshoot(asked: Duration, count: usize) {
    let count = if in_earnest() { count } else { 5 };
    let sleepers: [Sleeper; 2] = [
        ("greenhub::sleep", sleep),
        ("std::thread::sleep", std::thread::sleep),
    ];
    let mut late = [const { Vec::new() }; 2];
    for _ in 0..count {
        for ((_, sleep), late) in sleepers.iter().zip(&mut late) {
            let begun = Instant::now();
            sleep(asked);
            late.push(begun.elapsed().checked_sub(asked).expect("never early"));
        }
    }
    for ((name, _), late) in sleepers.iter().zip(&mut late) {
        late.sort();
        println!(
            "{name} of {asked:?}: late by {:.1?} in the median, {:.1?} in one of a hundred, {:.1?} at worst",
            late[count / 2],
            late[count * 99 / 100],
            late[count - 1],
        );
    }
}

/// Knuth's MMIX generator.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1);
        ((u128::from(self.0) * u128::from(limit)) >> 64) as u64
    }
}
