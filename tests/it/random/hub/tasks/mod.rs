//! Random programs of tasks that sleep, join, kill, bound and shield each other, and resume, close and forget generators that do
//! the same, under a paused clock: what is said in which order at which moment, and how each task ends, is what a plain
//! model on paper says.
//!
//! `model.rs` has the rules as a table of tasks and a queue; it knows no stacks. `real.rs` runs the same steps.

mod model;
mod real;

use proptest::prelude::*;

use crate::support::{seconds, within};

/// Tasks by their numbers; times in milliseconds.
#[derive(Clone, Debug)]
enum Step {
    Say,
    Yield,
    Sleep(u64),
    /// Spawns the task with this number, now or later, unless it was spawned before.
    Spawn(usize, u64),
    /// Joins it for so long at most. Says whether it has ended.
    JoinFor(usize, u64),
    /// Kills it and does not wait; it may be the one that does so.
    Kill(usize),
    /// Kills it and waits for so long at most. Says whether it has ended.
    KillFor(usize, u64),
    /// A block with a timeout.
    Within(u64, Vec<Step>),
    /// A block in a shield.
    Shield(Vec<Step>),
    /// A block that swallows whatever unwinds it.
    Catch(Vec<Step>),
    /// Resumes the generator with this number, unless it runs or is over.
    Resume(usize),
    /// Yields out of the innermost generator.
    Out,
    /// Closes the generator with this number, unless it runs.
    Close(usize),
    /// Forgets it, unless it runs.
    Forget(usize),
}

/// The steps of each task and each generator. The first tasks are spawned by main.
#[derive(Clone, Debug)]
struct Program {
    tasks: Vec<Vec<Step>>,
    generators: Vec<Vec<Step>>,
    begun_by_main: usize,
}

/// How a task has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Returned,
    Killed,
    NeverSpawned,
}

/// What was said, and how all have ended.
#[derive(PartialEq, Eq, Debug)]
struct Story {
    /// Millisecond, task, words.
    said: Vec<(u64, usize, String)>,
    ends: Vec<End>,
}

const TASKS: usize = 4;
const GENERATORS: usize = 3;

fn any_step() -> impl Strategy<Value = Step> {
    let time = || 1..5u64;
    let task = || 0..TASKS;
    let leaf = prop_oneof![
        2 => Just(Step::Say),
        2 => Just(Step::Yield),
        4 => time().prop_map(Step::Sleep),
        2 => (task(), 0..4u64).prop_map(|(task, later)| Step::Spawn(task, later)),
        3 => (task(), time()).prop_map(|(task, limit)| Step::JoinFor(task, limit)),
        2 => task().prop_map(Step::Kill),
        2 => (task(), time()).prop_map(|(task, limit)| Step::KillFor(task, limit)),
        5 => (0..GENERATORS).prop_map(Step::Resume),
        3 => Just(Step::Out),
        1 => (0..GENERATORS).prop_map(Step::Close),
        1 => (0..GENERATORS).prop_map(Step::Forget),
    ];
    blocks_of(leaf)
}

fn blocks_of(leaf: impl Strategy<Value = Step> + 'static) -> impl Strategy<Value = Step> {
    leaf.prop_recursive(3, 12, 4, |step| {
        let block = || prop::collection::vec(step.clone(), 1..4);
        prop_oneof![
            3 => (0..6u64, block()).prop_map(|(limit, block)| Step::Within(limit, block)),
            2 => block().prop_map(Step::Shield),
            1 => block().prop_map(Step::Catch),
        ]
    })
}

/// Steps of a generator yield often.
fn any_step_of_generator() -> impl Strategy<Value = Step> {
    let out = blocks_of(Just(Step::Out));
    prop_oneof![2 => any_step(), 1 => out, 1 => Just(Step::Out)]
}

fn any_program() -> impl Strategy<Value = Program> {
    let steps = prop::collection::vec(any_step(), 1..6);
    let tasks = prop::collection::vec(steps, TASKS);
    let steps = prop::collection::vec(any_step_of_generator(), 1..6);
    let generators = prop::collection::vec(steps, GENERATORS);
    (tasks, generators, 1..=TASKS).prop_map(|(tasks, generators, begun_by_main)| Program {
        tasks,
        generators,
        begun_by_main,
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500 / crate::support::slowness(),
        ..ProptestConfig::default()
    })]

    #[test]
    fn tasks_do_what_the_rules_say(program in any_program()) {
        let _watch = within(seconds(60));
        let expected = model::run(&program);
        let story = real::run(&program);
        prop_assert_eq!(story, expected);
    }
}
