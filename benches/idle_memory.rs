//! What idle tasks cost: parks ten thousand, a hundred thousand and a million tasks in `sleep`, as many in the wait for
//! one event, and as many at the end of one channel, each in a process of its own, and prints memory, times and mappings, and how far memory comes back down.
//!
//! Run: `cargo bench --bench idle_memory`, or for some counts only: `cargo bench --bench idle_memory -- 10000`.
//! A million tasks need 5 GiB.

#[allow(dead_code, reason = "this bench prints tables of its own")]
mod measure;

use greenhub::error::SpawnError;
use greenhub::sync::Event;
use greenhub::sync::channel::{self, Receiver};
use greenhub::{Task, hub, joinall, sleep, stack, try_spawn, yield_now};
use measure::in_earnest;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

const COUNTS: [usize; 3] = [10_000, 100_000, 1_000_000];
/// Says how many, in the environment of a child.
const COUNT: &str = "GREENHUB_IDLE_TASKS";
/// Says how they wait, there.
const WAY: &str = "GREENHUB_IDLE_WAY";
/// Tasks sleep for so long, and a little longer each.
const HOUR: Duration = Duration::from_secs(3600);
/// KiB that must be there for each task, and for all: a tenth more than is used.
const NEEDED: (usize, usize) = (6, 100 << 10);

/// How tasks wait.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Sleep,
    Event,
    Channel,
}

const WAYS: [(Way, &str); 3] = [
    (Way::Sleep, "sleep"),
    (Way::Event, "the wait for an event"),
    (Way::Channel, "the wait for an item from a channel"),
];

fn main() {
    if let Some(count) = std::env::var(COUNT)
        .ok()
        .and_then(|count| count.parse().ok())
    {
        let name = std::env::var(WAY).expect("both are said");
        let way = WAYS.into_iter().find(|(_, word)| *word == name);
        return park(count, way.expect("one of them"));
    }
    let asked: Vec<usize> = std::env::args()
        .filter_map(|word| word.parse().ok())
        .collect();
    let counts = match (in_earnest(), asked.is_empty()) {
        (false, _) => vec![200],
        (true, true) => COUNTS.to_vec(),
        (true, false) => asked,
    };
    for (count, (_, way)) in (counts.into_iter()).flat_map(|count| WAYS.map(|way| (count, way))) {
        let program = std::env::current_exe().expect("this program has a name");
        let arguments = std::env::args().skip(1);
        let child = Command::new(program)
            .args(arguments)
            .env(COUNT, count.to_string())
            .env(WAY, way)
            .status();
        let status = child.expect("a second process");
        assert!(status.success(), "stopped by the system: {status}");
    }
}

/// Memory of this process in KiB, as `/proc` has it.
#[derive(Clone, Copy)]
struct Memory {
    rss: usize,
    tables: usize,
}

impl Memory {
    fn now() -> Memory {
        Memory {
            rss: proc_line("/proc/self/status", "VmRSS:"),
            tables: proc_line("/proc/self/status", "VmPTE:"),
        }
    }

    /// KiB per task above `start`: resident, page tables, and both.
    fn each_above(self, start: Memory, count: usize) -> (f64, f64, f64) {
        let each = |now: usize, then: usize| now.saturating_sub(then) as f64 / count as f64;
        let (rss, tables) = (each(self.rss, start.rss), each(self.tables, start.tables));
        (rss, tables, rss + tables)
    }
}

fn park(count: usize, (way, name): (Way, &str)) {
    println!("{count} tasks, each in {name}");
    let needed = count * NEEDED.0 + NEEDED.1;
    let available = proc_line("/proc/meminfo", "MemAvailable:");
    if available < needed {
        println!("  not tried: needs {needed} KiB of memory, and {available} KiB are available");
        return;
    }
    // The hub and its stack are there before the count begins.
    yield_now();
    let start = Memory::now();
    let begun = Instant::now();
    let event = Rc::new(Event::new());
    let (sender, receiver) = channel::bounded(1);
    let tasks = spawn_all(count, way, &event, &receiver);
    report_time("spawned, cold", begun, tasks.len());
    // All deadlines are counted from one moment, so that a thousand jumps of the clock wake everybody.
    hub::pause_clock();
    let begun = Instant::now();
    yield_now();
    report_time("started and parked", begun, tasks.len());
    hub::resume_clock();

    let parked = Memory::now();
    let (rss, tables, both) = parked.each_above(start, tasks.len());
    println!(
        "  {:<32} {rss:.3} KiB resident + {tables:.3} KiB of page tables = {both:.3} KiB   target 4.9",
        "memory per task"
    );
    println!(
        "  {:<32} {} in {} slabs   target below 100",
        "mappings",
        mappings(),
        stack::stats().slabs()
    );

    hub::pause_clock();
    let begun = Instant::now();
    match way {
        Way::Sleep => sleep(2 * HOUR),
        Way::Event => event.set(),
        Way::Channel => drop(sender),
    }
    joinall(&tasks);
    report_time("woken and finished", begun, tasks.len());
    let count = tasks.len();
    drop(tasks);
    hub::resume_clock();
    report_memory("RSS and page tables then", start, count);
    for second in 1..=if in_earnest() { 5 } else { 0 } {
        sleep(Duration::from_secs(1));
        report_memory(&format!("after {second} s of idling"), start, count);
    }
}

/// Spawns so many tasks that wait, or as many as the system lets.
fn spawn_all(count: usize, way: Way, event: &Rc<Event>, receiver: &Receiver<()>) -> Vec<Task<()>> {
    let mut tasks = Vec::with_capacity(count);
    while tasks.len() < count {
        match spawn_one(tasks.len(), way, event, receiver) {
            Ok(task) => tasks.push(task),
            Err(error) => {
                println!("  stopped after {} tasks: {error}", tasks.len());
                break;
            }
        }
    }
    tasks
}

fn spawn_one(
    number: usize,
    way: Way,
    event: &Rc<Event>,
    receiver: &Receiver<()>,
) -> Result<Task<()>, SpawnError> {
    match way {
        Way::Sleep => {
            // In a mixed order, so that the timers are not handed over sorted.
            let later = Duration::from_millis((number * 7919 % 1000) as u64);
            try_spawn(move || sleep(HOUR + later))
        }
        Way::Event => {
            let event = event.clone();
            try_spawn(move || event.wait())
        }
        Way::Channel => {
            let receiver = receiver.clone();
            try_spawn(move || assert!(receiver.recv().is_err()))
        }
    }
}

fn report_time(what: &str, begun: Instant, count: usize) {
    let took = begun.elapsed();
    let each = took.as_nanos() as f64 / count as f64;
    println!(
        "  {what:<32} {each:.0} ns each, {:.3} s",
        took.as_secs_f64()
    );
}

fn report_memory(what: &str, start: Memory, count: usize) {
    let now = Memory::now();
    let (_, _, both) = now.each_above(start, count);
    println!(
        "  {what:<32} {} + {} MiB, {both:.3} KiB each above the start; {} mappings",
        now.rss >> 10,
        now.tables >> 10,
        mappings()
    );
}

fn mappings() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("/proc");
    maps.lines().count()
}

/// The number in a line of a file in `/proc`.
fn proc_line(file: &str, line: &str) -> usize {
    let text = std::fs::read_to_string(file).expect("/proc");
    let found = text.lines().find_map(|found| found.strip_prefix(line));
    let number = found.and_then(|found| found.trim().split(' ').next()?.parse().ok());
    number.expect("a line with a number")
}
