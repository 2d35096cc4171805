//! Random programs over channels, selects, polls, looks, kills and timeouts, against a model on paper.
//!
//! Each operation is a task of its own. What it comes to is compared with the model whenever the clock has moved. An item is
//! the number of the operation that sends it. The model (`model.rs`) has the rule of matching, a queue of greenlets that run, and
//! no coroutines; it draws as the library does, so a select's choice is known beforehand.

mod model;
mod real;

use std::thread;

use proptest::prelude::*;

use crate::support::slowness;

/// How many channels a program has.
const CHANNELS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Begin(Plan),
    /// Begins a task that kills the operation with this number, counted round.
    Kill(usize),
    /// Lets all run that can, and then so many milliseconds pass.
    Advance(u64),
}

/// One operation.
#[derive(Clone, Debug)]
struct Plan {
    kind: Kind,
    arms: Vec<Arm>,
    limit: Limit,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// `send` or `recv`, of the first arm.
    Plain,
    /// `try_send` or `try_recv`, of the first arm.
    Try,
    /// A select that waits.
    Select,
    /// A select with a default.
    Poll,
    /// `wait_any` for something to receive and then `try_recv`, until that receives.
    Look,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Arm {
    Recv(usize),
    Send(usize, Make),
}

/// How a select makes its item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Make {
    AtOnce,
    After(u64),
    Panics,
    PanicsAfter(u64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Limit {
    None,
    /// That of the call, in milliseconds.
    Own(u64),
    /// A `with_timeout` around it.
    Around(u64),
}

/// What an operation has come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Sent(usize),
    Got(usize, usize),
    Nothing,
    TimedOut,
    Killed,
    Panicked,
}

fn any_make() -> impl Strategy<Value = Make> {
    prop_oneof![
        4 => Just(Make::AtOnce),
        2 => (1..6_u64).prop_map(Make::After),
        1 => Just(Make::Panics),
        1 => (1..6_u64).prop_map(Make::PanicsAfter),
    ]
}

fn any_arm() -> impl Strategy<Value = Arm> {
    prop_oneof![
        (0..CHANNELS).prop_map(Arm::Recv),
        (0..CHANNELS, any_make()).prop_map(|(channel, make)| Arm::Send(channel, make)),
    ]
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let kind = prop_oneof![
        4 => Just(Kind::Plain),
        2 => Just(Kind::Try),
        4 => Just(Kind::Select),
        2 => Just(Kind::Poll),
        2 => Just(Kind::Look),
    ];
    let limit = prop_oneof![
        4 => Just(Limit::None),
        1 => (1..8_u64).prop_map(Limit::Own),
        1 => (1..8_u64).prop_map(Limit::Around),
    ];
    (kind, prop::collection::vec(any_arm(), 1..4), limit).prop_map(|(kind, mut arms, limit)| {
        match kind {
            // Only a select makes its item when it was chosen.
            Kind::Plain | Kind::Try => {
                arms.truncate(1);
                if let Arm::Send(channel, _) = arms[0] {
                    arms[0] = Arm::Send(channel, Make::AtOnce);
                }
            }
            Kind::Look => {
                for arm in &mut arms {
                    let (Arm::Recv(channel) | Arm::Send(channel, _)) = *arm;
                    *arm = Arm::Recv(channel);
                }
            }
            Kind::Select | Kind::Poll => {}
        }
        let limit = match (kind, limit) {
            (Kind::Look, Limit::Own(_)) | (Kind::Try | Kind::Poll, _) => Limit::None,
            _ => limit,
        };
        Plan { kind, arms, limit }
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any_plan().prop_map(Step::Begin),
        1 => any::<usize>().prop_map(Step::Kill),
        3 => (1..4_u64).prop_map(Step::Advance),
    ]
}

fn any_capacity() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0_usize), 2 => Just(1), 1 => Just(2), 1 => Just(usize::MAX)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400 / slowness().min(8)))]

    /// Each program has a thread, and so a hub and a draw, of its own.
    #[test]
    fn channels_match_as_on_paper(
        capacities in prop::array::uniform3(any_capacity()),
        steps in prop::collection::vec(any_step(), 1..60),
    ) {
        let ran = thread::spawn(move || real::run(capacities, &steps)).join();
        prop_assert!(ran.is_ok());
    }
}
