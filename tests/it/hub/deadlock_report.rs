//! The report of a deadlock, word for word: who waits for what, since which line, for each kind of wait.

use std::rc::Rc;
use std::time::Duration;

use greenhub::hub;
use greenhub::task::{Builder, joinall_timeout, shield};
use greenhub::{
    Greenlet, Task, iwait, joinall, sleep, spawn, spawn_later, wait_any, with_timeout, yield_now,
};

use crate::support::{panic_text, seconds, within};

const MAX: Duration = Duration::MAX;

#[track_caller]
fn named<R>(name: &str, body: impl FnOnce() -> R + 'static) -> Rc<Task<()>> {
    let task = Builder::new().name(name).spawn(|| {
        body();
    });
    Rc::new(task.unwrap())
}

/// The text with `@line` in place of each place in this file.
fn in_short(text: &str) -> String {
    let mut short = String::new();
    let mut places = text.split(concat!(file!(), ":"));
    short.push_str(places.next().unwrap_or_default());
    for rest in places {
        let (line, rest) = rest.split_once(':').expect("line and column");
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        short.push_str(&format!("@{line}{}", &rest[end..]));
    }
    short
}

/// Compares the report that `waits` ends with in main.
#[track_caller]
fn check<R>(waits: impl FnOnce() -> R, expected: &[String]) {
    let text = in_short(&panic_text(waits));
    let (head, rest) = text.split_once('\n').expect("more than one line");
    assert_eq!(
        head,
        "deadlock: all greenlets wait, and nothing can end a wait:"
    );
    let lines: Vec<&str> = rest.lines().collect();
    let expected: Vec<String> = expected.iter().map(|line| format!("  {line}")).collect();
    assert_eq!(lines, expected);
}

#[test]
fn each_kind_of_wait_is_named_with_its_line() {
    let _watch = within(seconds(10));
    let base = line!();
    let sleeper = named("sleeper", || sleep(MAX));
    let later = Rc::new(spawn_later(MAX, || ()));
    let careful = named("careful", || shield(|| sleep(MAX)));
    let [a, b, c, d, e] = [(); 5].map(|()| (sleeper.clone(), later.clone()));
    let victim = careful.clone();
    let _joiner = named("joiner", move || a.0.wait());
    let _timed = named("timed", move || b.0.wait_timeout(MAX));
    let _all = named("all", move || joinall([&*c.1, &*c.0]));
    let _any = named("any", move || wait_any(&[&*d.0, &*d.1]));
    let _some = named("some", move || iwait([&*e.0, &*e.1, &*e.0]).count());
    let _killer = named("killer", move || victim.kill());
    let _drains = named("drains", || hub::join());
    let _bounded = named("bounded", || with_timeout(MAX, || sleep(MAX)));
    let raw = Greenlet::new(|()| sleep(MAX));
    let _below = named("below", move || raw.switch(()));
    let [sleeper, later, careful] = [&sleeper, &later, &careful].map(|task| task.id());
    let at = |line: u32| base + line;
    let who = |name: &str, line: u32| format!("greenlet \"{name}\" (made at @{})", at(line));
    let raw = |text: &str| {
        let from = text.find(" (made").expect("made somewhere");
        format!("greenlet{}", &text[from..])
    };
    let line = line!() + 1;
    let text = panic_text(|| sleep(MAX));
    let text = in_short(&text);
    let lines: Vec<&str> = text.lines().skip(1).map(str::trim).collect();
    let on = |line: u32, name: &str, what: &str| {
        let (who, at) = (who(name, line), at(line));
        format!("{who} waits for {what} at @{at}")
    };
    assert_eq!(
        lines[0],
        format!("greenlet \"main\" waits for sleep at @{line}")
    );
    assert_eq!(lines[1], on(1, "sleeper", "sleep"));
    let (begins, since) = (format!("greenlet {later}"), at(2));
    let text = format!("{begins} (made at @{since}) waits for its time to begin at @{since}");
    assert_eq!(lines[2], text);
    assert_eq!(lines[3], on(3, "careful", "sleep"));
    let join = |task: u64| format!("join of task {task}");
    assert_eq!(lines[4], on(6, "joiner", &join(sleeper)));
    assert_eq!(lines[5], on(7, "timed", &join(sleeper)));
    assert_eq!(lines[6], on(8, "all", &join(later)));
    assert_eq!(lines[7], on(9, "any", "any of 2 things"));
    assert_eq!(lines[8], on(10, "some", "any of 3 things"));
    let kill = format!("the end of task {careful}, which was killed");
    assert_eq!(lines[9], on(11, "killer", &kill));
    assert_eq!(lines[10], on(12, "drains", "all tasks to end"));
    assert_eq!(lines[11], on(13, "bounded", "sleep"));
    assert_eq!(
        lines[12],
        format!("{} waits for a switch to it", who("below", 15))
    );
    let text = format!("greenlet (made at @{0}) waits for sleep at @{0}", at(14));
    assert_eq!(raw(lines[13]), text);
    assert_eq!(lines.len(), 14);
}

#[test]
fn a_report_names_those_who_are_left_and_comes_again() {
    let _watch = within(seconds(10));
    let base = line!();
    let first = named("first", || sleep(MAX));
    let second = named("second", || sleep(MAX));
    let of = |name: &str, line: u32| {
        let at = base + line;
        format!("greenlet \"{name}\" (made at @{at}) waits for sleep at @{at}")
    };
    let main = |what: &str, line: u32| format!("greenlet \"main\" waits for {what} at @{line}");
    for _ in 0..2 {
        let join = format!("join of task {}", first.id());
        let expected = [main(&join, line!() + 1), of("first", 1), of("second", 2)];
        check(|| joinall([&*first, &*second]), &expected);
    }
    first.kill();
    let join = format!("join of task {}", second.id());
    let expected = [main(&join, line!() + 1), of("second", 2)];
    check(|| joinall_timeout([&*first, &*second], MAX), &expected);
    second.kill();
    let line = line!() + 1;
    let _third = named("third", || sleep(MAX));
    let third = format!("greenlet \"third\" (made at @{line}) waits for sleep at @{line}");
    let expected = [main("all tasks to end", line!() + 1), third];
    check(|| hub::join(), &expected);
}

#[test]
fn main_alone_is_a_deadlock_too() {
    let _watch = within(seconds(10));
    let waits = |what: &str, line: u32| [format!("greenlet \"main\" waits for {what} at @{line}")];
    check(|| sleep(MAX), &waits("sleep", line!()));
    check(|| wait_any(&[]), &waits("any of 0 things", line!()));
}

#[test]
fn a_pending_timeout_prevents_a_deadlock() {
    let _watch = within(seconds(10));
    hub::pause_clock();
    let stuck = spawn(|| sleep(MAX));
    assert!(with_timeout(seconds(1000), || stuck.wait()).is_err());
    let bounded = spawn(|| with_timeout(seconds(1000), || sleep(MAX)).is_err());
    yield_now();
    // Somebody else's timeout keeps main waiting, until it has come.
    let text = panic_text(|| stuck.wait());
    assert!(text.starts_with("deadlock"), "{text}");
    assert!(bounded.join().unwrap());
    stuck.kill();
}
