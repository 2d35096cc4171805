//! Random programs of tasks and greenlets that wait in the hub, and kill, throw into and switch to one another: none
//! crashes or hangs, and the hub goes on after all of them.
//!
//! One script drives all: whoever runs takes the next step from it, destructors too.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use greenhub::hub::{now, pause_clock};
use greenhub::net::TcpStream;
use greenhub::{AnyGreenlet, Greenlet, GreenletExit, Task, current, sleep, spawn, yield_now};
use proptest::prelude::*;

use crate::support::{pair, seconds, slowness, within};

/// One step of whoever runs. A number picks one of those that there are by then.
#[derive(Clone, Copy, Debug)]
enum Step {
    Sleep(u64),
    SleepForEver,
    Yield,
    Spawn,
    /// Makes a greenlet, with a handle that others see or without, and switches to it or not.
    New(bool, bool),
    Switch(usize),
    Kill(usize),
    Throw(usize),
    SetParent(usize, usize),
    /// Drops the handle that others see.
    Forget(usize),
    Wait(usize),
    Write(usize),
    /// Reads for so long at most.
    Read(usize, u64),
    Return,
    Panic,
}

fn any_step() -> impl Strategy<Value = Step> {
    let pick = any::<usize>();
    let time = 1..50_u64;
    prop_oneof![
        4 => time.clone().prop_map(Step::Sleep),
        1 => Just(Step::SleepForEver),
        4 => Just(Step::Yield),
        5 => Just(Step::Spawn),
        5 => any::<(bool, bool)>().prop_map(|(seen, started)| Step::New(seen, started)),
        3 => pick.prop_map(Step::Switch),
        3 => pick.prop_map(Step::Kill),
        2 => pick.prop_map(Step::Throw),
        1 => (pick, pick).prop_map(|(child, parent)| Step::SetParent(child, parent)),
        3 => pick.prop_map(Step::Forget),
        2 => pick.prop_map(Step::Wait),
        2 => pick.prop_map(Step::Write),
        2 => (pick, time).prop_map(|(end, time)| Step::Read(end, time)),
        1 => Just(Step::Return),
        1 => Just(Step::Panic),
    ]
}

/// What all greenlets of one run share.
struct World {
    script: RefCell<VecDeque<Step>>,
    peers: RefCell<Vec<AnyGreenlet>>,
    tasks: RefCell<Vec<Rc<Task<()>>>>,
    ends: [TcpStream; 2],
    /// Destructors that take their step now: one may run inside another.
    in_drops: Cell<u32>,
}

/// What a step panics with, and what is thrown.
struct Stone;

fn picked<T: Clone>(of: &RefCell<Vec<T>>, number: usize) -> Option<T> {
    let all = of.borrow();
    (!all.is_empty()).then(|| all[number % all.len()].clone())
}

impl World {
    fn next(&self) -> Option<Step> {
        self.script.borrow_mut().pop_front()
    }

    /// Takes step after step. Catches every other panic, and every third kill.
    fn live(self: &Rc<World>) {
        let _last_step = StepAtDrop(self.clone());
        for count in 1.. {
            let Some(step) = self.next() else { return };
            if matches!(step, Step::Return) {
                return;
            }
            let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.take(step))) else {
                continue;
            };
            let patience = if GreenletExit::is_in(&*payload) { 3 } else { 2 };
            // Nobody may wait in the middle of a panic, also where it unwinds another.
            if thread::panicking() || count % patience > 0 {
                resume_unwind(payload);
            }
        }
    }

    fn take(self: &Rc<World>, step: Step) {
        match step {
            Step::Sleep(nanos) => sleep(Duration::from_nanos(nanos)),
            Step::SleepForEver => sleep(Duration::MAX),
            Step::Yield => yield_now(),
            Step::Wait(number) => {
                if let Some(task) = picked(&self.tasks, number) {
                    task.wait();
                }
            }
            Step::Write(end) => drop((&self.ends[end % 2]).write(&[1])),
            Step::Read(end, nanos) => {
                let mut end = &self.ends[end % 2];
                end.set_read_timeout(Some(Duration::from_nanos(nanos)))
                    .unwrap();
                drop(end.read(&mut [0]));
            }
            Step::Switch(number) => {
                if let Some(peer) = picked(&self.peers, number) {
                    drop(peer.typed::<(), ()>().try_switch(()));
                }
            }
            Step::Throw(number) => {
                if let Some(peer) = picked(&self.peers, number) {
                    drop(peer.try_throw(Box::new(Stone)));
                }
            }
            Step::Return => unreachable!("whoever lives returns"),
            Step::Panic => resume_unwind(Box::new(Stone)),
            other => self.take_at_once(other),
        }
    }

    /// The steps that nobody waits in, so that destructors may take them, too.
    fn take_at_once(self: &Rc<World>, step: Step) {
        let world = self.clone();
        match step {
            Step::Spawn => {
                let task = spawn(move || {
                    world.peers.borrow_mut().push(current());
                    world.live();
                });
                self.tasks.borrow_mut().push(Rc::new(task));
            }
            Step::New(seen, started) => {
                let greenlet: Greenlet<(), ()> = Greenlet::new(move |()| world.live());
                if seen {
                    let peer = AnyGreenlet::from(&greenlet);
                    self.peers.borrow_mut().push(peer);
                }
                if started && !thread::panicking() {
                    drop(greenlet.try_switch(()));
                }
            }
            Step::Kill(number) => match picked(&self.peers, number) {
                Some(peer) if peer.id() != current().id() => drop(peer.try_kill()),
                _ => {}
            },
            Step::SetParent(child, parent) => {
                if let Some(child) = picked(&self.peers, child)
                    && let Some(parent) = picked(&self.peers, parent)
                {
                    let _ = child.set_parent(&parent);
                }
            }
            Step::Forget(number) => {
                let mut peers = self.peers.borrow_mut();
                let count = peers.len();
                let peer = (count > 0).then(|| peers.swap_remove(number % count));
                drop(peers);
                drop(peer);
            }
            _ => {}
        }
    }
}

/// Takes one step of those that nobody waits in when its greenlet ends, however that ends.
struct StepAtDrop(Rc<World>);

impl Drop for StepAtDrop {
    fn drop(&mut self) {
        let drops = &self.0.in_drops;
        if drops.get() < 20
            && let Some(step) = self.0.next()
        {
            drops.set(drops.get() + 1);
            let done = catch_unwind(AssertUnwindSafe(|| self.0.take_at_once(step)));
            drops.set(drops.get() - 1);
            drop(done);
        }
    }
}

/// Main takes steps like anybody, catches what comes, and lets the others come to their end.
fn run(script: &[Step]) {
    let _watch = within(seconds(20));
    pause_clock();
    let (one, other) = pair();
    let world = Rc::new(World {
        script: RefCell::new(script.iter().copied().collect()),
        peers: RefCell::default(),
        tasks: RefCell::default(),
        ends: [one, other],
        in_drops: Cell::new(0),
    });
    let mut last = now();
    let mut main_goes_on = || {
        let slept = catch_unwind(|| sleep(Duration::from_nanos(100)));
        assert!(slept.is_err() || now() - last >= Duration::from_nanos(100));
        assert!(now() >= last);
        last = now();
    };
    while !world.script.borrow().is_empty() {
        drop(catch_unwind(AssertUnwindSafe(|| world.live())));
        main_goes_on();
    }
    let task = spawn(|| 5);
    for _ in 0..=script.len() {
        if !task.is_finished() {
            main_goes_on();
        }
    }
    assert!(task.is_finished(), "the hub goes on");
    assert_eq!(task.join().unwrap(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32 / slowness().min(16)))]

    /// Each program has a thread, and so a hub, of its own.
    #[test]
    fn nothing_that_greenlets_do_to_each_other_stops_the_hub(
        script in prop::collection::vec(any_step(), 1..400),
    ) {
        let ran = thread::spawn(move || run(&script)).join();
        prop_assert!(ran.is_ok());
    }
}
