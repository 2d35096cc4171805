//! Random handles of all kinds in thread-locals that are destroyed before, between and after the library's own, and
//! random operations on them in their destructors, against a table of what must come out.
#![allow(
    clippy::result_large_err,
    reason = "a large value overwrites more where it is written to a frame that is gone"
)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use greenhub::error::ParentError;
use greenhub::generator::Generator;
use greenhub::sync::Event;
use greenhub::sync::channel::{Receiver, Sender, bounded};
use greenhub::{
    AnyGreenlet, Greenlet, KillError, SwitchError, Task, current, parent, spawn, yield_now,
};

use crate::support::{child, slowness};

/// Large enough to overwrite something where it is written to a frame that is gone.
type Big = [u64; 128];
const BIG: Big = [0x4141_4141_4141_4141; 128];

struct Stone;

/// Which thread-local a thing lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Destroyed before the library knows that the thread ends.
    Younger,
    /// After the hub has ended, and before the stacks and the main greenlet have.
    Between,
    /// Last of all.
    Older,
}
use Place::{Between, Older, Younger};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Main,
    Echo,
    Pending,
    Declared,
    Ended,
    TaskInSwitch,
    TaskInHub,
}
use Kind::{Declared, Echo, Ended, Main, Pending, TaskInHub, TaskInSwitch};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    TrySwitch,
    Switch,
    TryThrow,
    Throw,
    TryKill,
    Kill,
    SetParent,
    Define,
    Upgrade,
    Ask,
}
use Op::{Ask, Define, Kill, SetParent, Switch, Throw, TryKill, TrySwitch, TryThrow, Upgrade};

const OPS: [Op; 10] = [
    TrySwitch, Switch, TryThrow, Throw, TryKill, Kill, SetParent, Define, Upgrade, Ask,
];

/// What may come out: of an operation on a greenlet of this kind, which is `over`, in a destructor at that place.
fn model(kind: Kind, over: bool, place: Place, op: Op) -> &'static [&'static str] {
    let main_is_dead = place == Older;
    match (op, kind) {
        (Ask, _) => &["ok"],
        // A handle that `parent` gave keeps no greenlet.
        (Upgrade, Main) if main_is_dead => &["ok", "gone"],
        (Upgrade, _) => &["ok"],
        (SetParent, Main) => &["Main"],
        (SetParent, TaskInSwitch | TaskInHub) => &["Task"],
        (SetParent, _) => &["ok"],
        (Define, Declared) if !over && place == Older => &["no stack"],
        (Define, Declared) if !over => &["ok", "refused"],
        (Define, _) => &["refused", "no stack"],
        // It is the one that runs, as long as it lives.
        (TrySwitch | Switch, Main) if !main_is_dead => &["ok"],
        (TryThrow | Throw, Main) if !main_is_dead => &["stone"],
        (TryKill, Main) if !main_is_dead => &["Main"],
        (Kill, Main) if !main_is_dead => &["refused"],
        (TrySwitch | TryThrow, Main) => &["dead"],
        (Switch | Throw, Main) => &["panic: dead"],
        (TryKill | Kill, _) => &["ok"],
        // Sent to one that has ended, it comes to the one that runs; to a hub, that has none.
        (TrySwitch | TryThrow, _) if over => &["dead"],
        (Switch | Throw, TaskInSwitch | TaskInHub) if over => &["panic: dead"],
        (Switch, _) if over => &["ok"],
        (Throw, _) if over => &["stone"],
        (TrySwitch, Declared) | (TryThrow, Declared) => &["undefined", "ok", "stone"],
        (Switch, Declared) | (Throw, Declared) => &["panic: undefined", "ok", "stone"],
        (TrySwitch | Switch, Pending) => &["ok"],
        // It gives the value to main, or dies of that.
        (TrySwitch | Switch, Echo) if main_is_dead => &["panic: dead"],
        (TrySwitch | Switch, Echo) => &["ok"],
        (TryThrow | Throw, Pending | Echo) => &["stone"],
        // It dies of that, and no hub goes on.
        (TrySwitch, TaskInSwitch) if main_is_dead => &["killed"],
        (Switch, TaskInSwitch) if main_is_dead => &["panic: killed"],
        (TrySwitch | Switch, TaskInSwitch) => &["ok"],
        (TrySwitch, TaskInHub) => &["not waiting"],
        (Switch, TaskInHub) => &["panic: not waiting"],
        (TryThrow | Throw, TaskInSwitch | TaskInHub) if place == Younger => &["deadlock"],
        (TryThrow, TaskInSwitch | TaskInHub) => &["killed"],
        (Throw, TaskInSwitch | TaskInHub) => &["panic: killed"],
        (_, Ended) => &["it has ended from the beginning"],
    }
}

static FAILURES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static DONE: AtomicUsize = AtomicUsize::new(0);

fn check(what: impl FnOnce() -> String, outcome: &str, expected: &[&str]) {
    DONE.fetch_add(1, Ordering::Relaxed);
    if !expected.contains(&outcome) {
        let failure = format!("{}: {outcome}, not {expected:?}", what());
        FAILURES.lock().expect("no panic in here").push(failure);
    }
}

thread_local! {
    // Without a destructor.
    static PLACE: Cell<Place> = const { Cell::new(Younger) };
    static OLDER: Things = const { Things(RefCell::new(Vec::new()), Older) };
    static BETWEEN: Things = const { Things(RefCell::new(Vec::new()), Between) };
    static YOUNGER: Things = const { Things(RefCell::new(Vec::new()), Younger) };
}

struct Things(RefCell<Vec<Thing>>, Place);

impl Drop for Things {
    fn drop(&mut self) {
        PLACE.set(self.1);
        for thing in self.0.take() {
            thing.operate();
        }
    }
}

/// A handle, and what shall be done with it.
enum Thing {
    Greenlet(Kind, Greenlet<Big, Big>, Vec<Op>),
    Generator(Generator<u64>, Vec<u32>),
    Task(Task<u64>, bool, Vec<u32>),
    Channel(Sender<u64>, Receiver<u64>, Vec<u32>),
}

/// Lies in frames and captures: main has ended for the destructors of these, too.
struct Guard(Greenlet<Big, Big>);

impl Drop for Guard {
    fn drop(&mut self) {
        let expected = match PLACE.get() {
            _ if AnyGreenlet::from(&self.0) == current() => "ok",
            _ if thread::panicking() => "panicking",
            Older => "dead",
            Between | Younger => "not waiting",
        };
        let outcome = outcome(|| self.0.try_switch(BIG));
        check(|| "in a frame".to_string(), outcome, &[expected]);
    }
}

fn outcome(switch: impl FnOnce() -> Result<Big, SwitchError<Big>>) -> &'static str {
    match catch_unwind(AssertUnwindSafe(switch)) {
        Ok(Ok(value)) if value == BIG => "ok",
        Ok(Ok(_)) => "another value",
        Ok(Err(error)) => error_name(&error),
        Err(payload) => panic_name(&*payload),
    }
}

fn error_name<I>(error: &SwitchError<I>) -> &'static str {
    match error {
        SwitchError::Dead(_) => "dead",
        SwitchError::Undefined(_) => "undefined",
        SwitchError::WrongType { .. } => "wrong type",
        SwitchError::NotWaiting(_) => "not waiting",
        SwitchError::Panicking(_) => "panicking",
        SwitchError::Killed => "killed",
        _ => "another error",
    }
}

fn panic_name(payload: &(dyn std::any::Any + Send)) -> &'static str {
    if payload.is::<Stone>() {
        return "stone";
    }
    let text = payload.downcast_ref::<String>().expect("a text");
    let names = [
        ("deadlock", "deadlock"),
        ("failed: it has ended", "panic: dead"),
        ("failed: it was killed", "panic: killed"),
        ("failed: it was declared", "panic: undefined"),
        ("failed: it waits for something other", "panic: not waiting"),
        ("gets no stack", "no stack"),
        ("has its body already", "refused"),
        ("has ended", "refused"),
        ("does not start with a", "refused"),
        ("cannot be killed", "refused"),
    ];
    let found = names.iter().find(|(part, _)| text.contains(part));
    found.map_or_else(|| panic!("{text}"), |(_, name)| *name)
}

impl Thing {
    fn operate(self) {
        match self {
            Thing::Greenlet(kind, greenlet, ops) => {
                for op in ops {
                    let over = greenlet.is_dead();
                    let expected = model(kind, over, PLACE.get(), op);
                    let outcome = operate(&greenlet, op);
                    let what = || format!("{op:?} {kind:?} over {over} {:?}", PLACE.get());
                    check(what, outcome, expected);
                    assert!(greenlet.is_dead() || !over, "dead and alive again");
                }
            }
            Thing::Generator(mut generator, ops) => {
                for op in ops {
                    let over = generator.is_finished();
                    let (outcome, expected) = match op % 3 {
                        0 if over => (generator.next().is_none(), "none"),
                        0 => (generator.next().is_some(), "an item"),
                        1 => {
                            let thrown = AssertUnwindSafe(|| generator.throw(Box::new(Stone)));
                            let thrown = catch_unwind(thrown).map(drop).expect_err("it goes on");
                            (thrown.is::<Stone>() && generator.is_finished(), "thrown")
                        }
                        _ => (
                            generator.close().is_none() && generator.is_finished(),
                            "closed",
                        ),
                    };
                    let outcome = if outcome { expected } else { "something else" };
                    check(|| format!("generator, {op}"), outcome, &[expected]);
                }
            }
            Thing::Task(task, is_done, ops) => operate_task(task, is_done, &ops),
            Thing::Channel(sender, receiver, ops) => {
                let mut inside = VecDeque::new();
                for op in ops {
                    let (outcome, expected) = if op % 2 == 0 {
                        let sent = sender.try_send(op.into()).is_ok();
                        let room = inside.len() < 2;
                        inside.extend(room.then_some(u64::from(op)));
                        (sent, room)
                    } else {
                        (receiver.try_recv().ok() == inside.pop_front(), true)
                    };
                    let outcome = if outcome == expected { "ok" } else { "not ok" };
                    check(|| format!("channel, {op}"), outcome, &["ok"]);
                }
            }
        }
    }
}

fn operate(greenlet: &Greenlet<Big, Big>, op: Op) -> &'static str {
    match op {
        TrySwitch => outcome(|| greenlet.try_switch(BIG)),
        Switch => outcome(|| Ok(greenlet.switch(BIG))),
        TryThrow => {
            let thrown = AssertUnwindSafe(|| greenlet.try_throw(Box::new(Stone)));
            match catch_unwind(thrown) {
                Ok(Ok(_)) => "ok",
                Ok(Err(error)) => error_name(&error),
                Err(payload) => panic_name(&*payload),
            }
        }
        Throw => {
            let thrown = AssertUnwindSafe(|| greenlet.throw(Box::new(Stone)));
            catch_unwind(thrown).map_or_else(|payload| panic_name(&*payload), |_| "ok")
        }
        TryKill => match greenlet.try_kill() {
            Ok(()) if greenlet.is_dead() => "ok",
            Ok(()) => "alive",
            Err(KillError::Main) => "Main",
            Err(_) => "another error",
        },
        Kill => {
            let killed = AssertUnwindSafe(|| greenlet.kill());
            catch_unwind(killed).map_or_else(|payload| panic_name(&*payload), |()| "ok")
        }
        SetParent => match greenlet.set_parent(current()) {
            Ok(()) => "ok",
            Err(ParentError::Main) => "Main",
            Err(ParentError::Task) => "Task",
            Err(_) => "another error",
        },
        Define => {
            let defined = AssertUnwindSafe(|| greenlet.define(|value| value));
            catch_unwind(defined).map_or_else(|payload| panic_name(&*payload), |()| "ok")
        }
        Upgrade => {
            let again = greenlet.downgrade().upgrade();
            if again.as_ref() == Some(greenlet) {
                "ok"
            } else {
                "gone"
            }
        }
        Ask => {
            let _ = (greenlet.stack_used(), greenlet.is_started());
            let _ = (greenlet.parent().map(|p| p.is_dead()), greenlet.name());
            let text = format!("{greenlet:?}");
            if text.contains("dead") == greenlet.is_dead() {
                "ok"
            } else {
                "shown as another"
            }
        }
    }
}

fn operate_task(task: Task<u64>, is_done: bool, ops: &[u32]) {
    let mut task = Some(task);
    for op in ops {
        let Some(own) = task.take() else { return };
        let is_done = is_done || own.is_finished();
        let (outcome, expected): (&str, &[&str]) = match op % 4 {
            0 => match own.try_join() {
                Ok(_) => ("ended", if is_done { &["ended"] } else { &[] }),
                Err(open) => {
                    task = Some(open);
                    ("open", if is_done { &[] } else { &["open"] })
                }
            },
            1 => {
                let killed = own.try_kill();
                let started = own.state() == greenhub::task::State::Suspended;
                task = Some(own);
                match killed {
                    Ok(()) if PLACE.get() == Younger || !started => ("ok", &["ok"]),
                    Ok(()) => ("ok", &[]),
                    Err(KillError::HubClosed) if PLACE.get() == Younger => ("gone", &[]),
                    Err(KillError::HubClosed) => ("gone", &["gone"]),
                    Err(_) => ("another error", &[]),
                }
            }
            2 if is_done || PLACE.get() != Younger => {
                match catch_unwind(AssertUnwindSafe(|| own.join())) {
                    Ok(_) => ("ended", if is_done { &["ended"] } else { &[] }),
                    Err(_) => ("no hub", if is_done { &[] } else { &["no hub"] }),
                }
            }
            _ => {
                let _ = (own.is_finished(), own.state(), format!("{own:?}"));
                drop(own);
                ("ok", &["ok"])
            }
        };
        check(|| format!("task, {op}"), outcome, expected);
    }
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn numbers(&mut self) -> Vec<u32> {
        let count = self.below(6);
        (0..count).map(|_| self.below(1000) as u32).collect()
    }

    fn ops(&mut self) -> Vec<Op> {
        let count = 1 + self.below(5);
        (0..count).map(|_| OPS[self.below(OPS.len())]).collect()
    }
}

/// Makes the library's own thread-locals and those of this test, in their order, and puts things into them.
fn fill(seed: u64, count: usize) {
    OLDER.with(|_| ());
    Greenlet::<(), ()>::new(|()| ()).switch(());
    BETWEEN.with(|_| ());
    yield_now();
    let mut random = Random(seed);
    for _ in 0..count {
        let thing = any_thing(&mut random);
        match random.below(3) {
            0 => YOUNGER.with(|things| things.0.borrow_mut().push(thing)),
            1 => BETWEEN.with(|things| things.0.borrow_mut().push(thing)),
            _ => OLDER.with(|things| things.0.borrow_mut().push(thing)),
        }
    }
    // The last thing that main has waited for is a `Big`, in this frame.
    Greenlet::<(), Big>::new(|()| BIG).switch(());
}

fn any_thing(random: &mut Random) -> Thing {
    let main = current().typed::<Big, Big>();
    let guard = Guard(main.clone());
    let ops = random.ops();
    match random.below(15) {
        0 => Thing::Greenlet(Main, main, ops),
        1 => {
            let child = Greenlet::<(), Greenlet<Big, Big>>::new(|()| parent());
            Thing::Greenlet(Main, child.switch(()), ops)
        }
        2 => Thing::Greenlet(Main, main.downgrade().upgrade().expect("it runs"), ops),
        3 | 4 => {
            let echo = Greenlet::new(move |mut got: Big| -> Big {
                let _guard = &guard;
                let starter = parent::<Big, Big>();
                loop {
                    got = starter.switch(got);
                }
            });
            assert_eq!(echo.switch(BIG), BIG);
            Thing::Greenlet(Echo, echo, ops)
        }
        5 => {
            let pending = Greenlet::new(move |got| {
                std::mem::forget(guard);
                got
            });
            Thing::Greenlet(Pending, pending, ops)
        }
        6 => Thing::Greenlet(Declared, Greenlet::declare(), ops),
        7 => {
            let ended = Greenlet::new(|got| got);
            assert_eq!(ended.switch(BIG), BIG);
            Thing::Greenlet(Ended, ended, ops)
        }
        8 => {
            let made = Greenlet::<(), Greenlet<Big, Big>>::new(move |()| {
                let own = current().typed();
                let _guard = &guard;
                let starter = parent::<Big, Big>();
                let mut got = starter.typed::<Greenlet<Big, Big>, Big>().switch(own);
                loop {
                    got = starter.switch(got);
                }
            });
            Thing::Greenlet(Echo, made.switch(()), ops)
        }
        9 => {
            let seen = Rc::new(RefCell::new(None));
            let kept = seen.clone();
            drop(spawn(move || {
                let _guard = &guard;
                kept.replace(Some(current()));
                let helper = Greenlet::<(), Big>::new(|()| {
                    Event::new().wait();
                    BIG
                });
                let mut got = helper.switch(());
                loop {
                    got = main.switch(got);
                }
            }));
            yield_now();
            let task: AnyGreenlet = seen.take().expect("it has begun");
            Thing::Greenlet(TaskInSwitch, task.typed(), ops)
        }
        10 => {
            let seen = Rc::new(RefCell::new(None));
            let kept = seen.clone();
            drop(spawn(move || {
                let _guard = &guard;
                kept.replace(Some(current()));
                Event::new().wait();
            }));
            yield_now();
            let task: AnyGreenlet = seen.take().expect("it has begun");
            Thing::Greenlet(TaskInHub, task.typed(), ops)
        }
        11 => {
            let mut generator = Generator::new(move |y| {
                let _guard = &guard;
                for n in 0.. {
                    y.yield_(n);
                }
            });
            if random.below(2) == 0 {
                generator.next();
            }
            Thing::Generator(generator, random.numbers())
        }
        12 => {
            let task = spawn(|| 7);
            yield_now();
            Thing::Task(task, true, random.numbers())
        }
        13 => {
            let task = spawn(move || {
                let _guard = &guard;
                Event::new().wait();
                7
            });
            if random.below(2) == 0 {
                yield_now();
            }
            Thing::Task(task, false, random.numbers())
        }
        _ => {
            let (sender, receiver) = bounded(2);
            Thing::Channel(sender, receiver, random.numbers())
        }
    }
}

/// Nothing has come out that the table does not have.
fn report() {
    let failures = FAILURES.lock().expect("no panic in here");
    eprintln!("{} operations, {failures:#?}", DONE.load(Ordering::Relaxed));
    if !failures.is_empty() {
        std::process::abort();
    }
}

#[test]
fn handles_in_thread_local_destructors_follow_the_table() {
    let name = "random::hub::thread_ends::handles_in_thread_local_destructors_follow_the_table";
    let ended = child(name, || {
        set_hook(Box::new(|_| {}));
        for seed in 0..u64::from(400 / slowness()) {
            let filled = thread::spawn(move || fill(seed, 12)).join();
            filled.expect("no panic");
        }
        report();
    });
    ended.check_success();
    assert!(ended.stderr.contains("operations, []"), "{}", ended.stderr);
}

#[test]
#[cfg_attr(
    target_env = "musl",
    ignore = "musl drops no thread-locals of the main thread"
)]
fn handles_in_process_local_destructors_follow_the_table() {
    let name = "random::hub::thread_ends::handles_in_process_local_destructors_follow_the_table";
    let ended = child(name, || {
        set_hook(Box::new(|_| {}));
        REPORTS.with(|_| ());
        fill(1, 300);
    });
    ended.check_success();
    assert!(ended.stderr.contains("operations, []"), "{}", ended.stderr);
}

thread_local! {
    /// Destroyed after all things.
    static REPORTS: Reports = const { Reports };
}

struct Reports;

impl Drop for Reports {
    fn drop(&mut self) {
        report();
    }
}
