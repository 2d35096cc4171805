//! Random trees of scopes in tasks, greenlets and generators, with kills, timeouts and panics in between: whatever
//! happens, no frame goes while a task borrows from it.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use greenhub::generator::Generator;
use greenhub::greenlet::no_switch;
use greenhub::group::Scope;
use greenhub::hub::pause_clock;
use greenhub::task::{self, AnyTask, shield};
use greenhub::{Greenlet, hub, parent, scope, sleep, spawn, with_timeout, yield_now};
use proptest::prelude::*;

use crate::support::{millis, seconds, within};

#[derive(Clone, Debug)]
enum Step {
    Yield,
    Sleep(u64),
    Panic,
    /// Kills one of the tasks that were spawned by this one, without waiting for it.
    Kill(usize),
    /// Kills its own scope's owner, which is often in the middle of something.
    KillOwner,
    /// A task in the scope that this one is in.
    Spawn(Vec<Step>),
    Join(Vec<Step>),
    /// A scope of its own, whose body does this.
    Scope(Vec<Step>),
    Timeout(u64, Vec<Step>),
    Shield(Vec<Step>),
    /// Goes on after whatever ends this.
    Catch(Vec<Step>),
    NoSwitch(Vec<Step>),
    /// Drops a greenlet that waits in the middle of a scope.
    Greenlet(Vec<Step>),
    /// Drops a generator that waits in the middle of a scope; or takes it to its end.
    Generator(Vec<Step>, bool),
}

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let leaf = prop_oneof![
        4 => Just(Step::Yield),
        4 => (0..5u64).prop_map(Step::Sleep),
        1 => Just(Step::Panic),
        2 => (0..4usize).prop_map(Step::Kill),
        1 => Just(Step::KillOwner),
    ];
    let step = leaf.prop_recursive(5, 60, 5, |step| {
        let steps = || prop::collection::vec(step.clone(), 0..5);
        prop_oneof![
            5 => steps().prop_map(Step::Spawn),
            1 => steps().prop_map(Step::Join),
            4 => steps().prop_map(Step::Scope),
            2 => (0..5u64, steps()).prop_map(|(time, steps)| Step::Timeout(time, steps)),
            1 => steps().prop_map(Step::Shield),
            2 => steps().prop_map(Step::Catch),
            1 => steps().prop_map(Step::NoSwitch),
            2 => steps().prop_map(Step::Greenlet),
            2 => (steps(), any::<bool>()).prop_map(|(steps, ends)| Step::Generator(steps, ends)),
        ]
    });
    prop::collection::vec(step, 1..7)
}

/// What all frames of one run tell of themselves.
#[derive(Default)]
struct World {
    frames: Cell<usize>,
    tasks: Cell<usize>,
    faults: RefCell<Vec<&'static str>>,
}

/// Lies in the frame that opens a scope, and knows who borrows it.
struct Ground {
    world: Rc<World>,
    solid: Cell<u64>,
    borrowers: Cell<usize>,
    owner: Option<AnyTask>,
}

const SOLID: u64 = 0x5011_d901_1dd0_5011;

impl Ground {
    fn new(world: &Rc<World>) -> Ground {
        world.frames.set(world.frames.get() + 1);
        Ground {
            world: world.clone(),
            solid: Cell::new(SOLID),
            borrowers: Cell::new(0),
            owner: task::current(),
        }
    }

    fn borrow(&self) -> Borrower<'_> {
        self.borrowers.set(self.borrowers.get() + 1);
        self.world.tasks.set(self.world.tasks.get() + 1);
        Borrower(self, self.world.clone())
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if self.borrowers.get() > 0 {
            self.world
                .faults
                .borrow_mut()
                .push("a frame went that was borrowed");
        }
        self.solid.set(0);
        self.world.frames.set(self.world.frames.get() - 1);
    }
}

/// In each task: it looks at the frame that it borrows, the last time when the task ends.
struct Borrower<'a>(&'a Ground, Rc<World>);

impl Borrower<'_> {
    fn look(&self) {
        if self.0.solid.get() != SOLID {
            self.1
                .faults
                .borrow_mut()
                .push("a task ran when its frame had gone");
        }
    }
}

impl Drop for Borrower<'_> {
    fn drop(&mut self) {
        self.look();
        self.0.borrowers.set(self.0.borrowers.get() - 1);
        self.1.tasks.set(self.1.tasks.get() - 1);
    }
}

/// Opens a scope whose body does `steps`, and then `more`.
fn in_a_scope(world: &Rc<World>, steps: &[Step], more: impl FnOnce()) {
    let ground = Ground::new(world);
    scope(|s| {
        perform(s, &ground, steps);
        more();
    });
}

fn perform<'scope>(s: &'scope Scope<'scope, '_>, ground: &'scope Ground, steps: &'scope [Step]) {
    let mut spawned = Vec::new();
    let world = &ground.world;
    for step in steps {
        let task = |steps: &'scope [Step]| {
            let borrower = ground.borrow();
            move || {
                borrower.look();
                perform(s, ground, steps);
                borrower.look();
            }
        };
        match step {
            Step::Yield => yield_now(),
            Step::Sleep(time) => sleep(millis(*time)),
            Step::Panic => resume_unwind(Box::new("on purpose")),
            Step::Kill(number) => {
                if let Some(task) = spawned.get(*number) {
                    let _: Result<_, _> = AnyTask::try_kill(task);
                }
            }
            Step::KillOwner => {
                if let Some(owner) = &ground.owner {
                    let _ = owner.try_kill();
                }
            }
            Step::Spawn(steps) => spawned.push(s.spawn(task(steps)).any()),
            Step::Join(steps) => drop(s.spawn(task(steps)).join()),
            Step::Scope(steps) => in_a_scope(world, steps, || ()),
            Step::Timeout(time, steps) => {
                let _ = with_timeout(millis(*time), || perform(s, ground, steps));
            }
            Step::Shield(steps) => shield(|| perform(s, ground, steps)),
            Step::Catch(steps) => {
                drop(catch_unwind(AssertUnwindSafe(|| perform(s, ground, steps))));
            }
            Step::NoSwitch(steps) => no_switch(|| perform(s, ground, steps)),
            Step::Greenlet(steps) => {
                let (world, steps) = (world.clone(), steps.clone());
                // Its task may have ended by the time when it gets there.
                let wait = || drop(parent::<(), ()>().try_switch(()));
                let greenlet: Greenlet<(), ()> =
                    Greenlet::new(move |()| in_a_scope(&world, &steps, wait));
                greenlet.switch(());
            }
            Step::Generator(steps, ends) => {
                let (world, steps) = (world.clone(), steps.clone());
                let mut generator =
                    Generator::new(move |y| in_a_scope(&world, &steps, || y.yield_(1)));
                generator.next();
                yield_now();
                if *ends {
                    generator.next();
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn no_frame_goes_while_a_task_borrows_from_it(
        steps in any_steps(),
        ends in prop::collection::vec((0..8u64, any::<bool>()), 0..3),
    ) {
        let _watch = within(seconds(60));
        pause_clock();
        let before = task::set_unobserved_hook(Some(Rc::new(|_| ())));
        let world = Rc::new(World::default());
        let root = spawn({
            let world = world.clone();
            move || in_a_scope(&world, &steps, || ())
        });
        for (time, waits) in ends {
            sleep(millis(time));
            root.kill_nowait();
            if waits {
                root.wait();
            }
        }
        drop(root.join());
        // Greenlets that were left in the middle of a sleep, by a timeout say, end after that.
        hub::join();
        sleep(seconds(1));
        hub::join();
        prop_assert_eq!(world.faults.take(), Vec::<&str>::new());
        prop_assert_eq!((world.tasks.get(), world.frames.get()), (0, 0));
        prop_assert_eq!(task::all().len(), 0);
        task::set_unobserved_hook(before);
    }
}
