//! `select!`: exactly one arm, fair among those that are ready, and no trace of the others.

use std::cell::Cell;
use std::rc::Rc;

use greenhub::hub::{now, pause_clock};
use greenhub::sync::channel::{self, RecvError, SendError};
use greenhub::sync::{Event, Semaphore};
use greenhub::{Task, joinall, select, sleep, spawn, with_timeout, yield_now};

use crate::support::{Log, caught, millis, panic_text, seconds};

#[test]
fn the_first_that_becomes_ready_is_chosen() {
    pause_clock();
    let (sender, receiver) = channel::unbounded();
    let (_other_sender, other) = channel::unbounded::<&str>();
    spawn(move || {
        sleep(millis(3));
        sender.send(7).unwrap();
    })
    .detach();
    let got = select! {
        recv(other) -> text => text.unwrap().len(),
        recv(receiver) -> n => n.unwrap(),
    };
    assert_eq!(got, 7);
}

#[test]
fn of_several_that_are_ready_each_has_its_turn() {
    let (ones, on_one) = channel::unbounded();
    let (twos, on_two) = channel::unbounded();
    let (threes, _on_three) = channel::unbounded();
    for _ in 0..900 {
        ones.send(()).unwrap();
        twos.send(()).unwrap();
    }
    let mut chosen = [0; 3];
    for _ in 0..900 {
        select! {
            recv(on_one) -> _ => chosen[0] += 1,
            recv(on_two) -> _ => chosen[1] += 1,
            send(threes, ()) -> _ => chosen[2] += 1,
        }
    }
    assert!(
        chosen.iter().all(|count| (200..400).contains(count)),
        "{chosen:?}"
    );
    assert_eq!(on_one.len(), 900 - chosen[0]);
    assert_eq!(threes.len(), chosen[2]);
}

#[test]
fn nobody_starves_who_stands_in_another_line_meanwhile() {
    let (ones, on_one) = channel::bounded(1);
    let (twos, on_two) = channel::bounded(1);
    let tasks =
        [ones, twos].map(|sender| spawn(move || (0..50).for_each(|n| sender.send(n).unwrap())));
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        select! {
            recv(on_one) -> n => left.extend(n),
            recv(on_two) -> n => right.extend(n),
        }
        if left.len() + right.len() == 100 {
            break;
        }
        if left.len() == 25 {
            assert!(right.len() > 5, "{}", right.len());
        }
    }
    assert_eq!(left, (0..50).collect::<Vec<_>>());
    assert_eq!(right, left);
    joinall(&tasks);
}

#[test]
fn default_comes_when_nothing_is_ready() {
    pause_clock();
    let (sender, receiver) = channel::bounded(1);
    let begun = now();
    let poll = || {
        select! {
            recv(receiver) -> n => Some(n),
            default => None,
        }
    };
    assert_eq!(poll(), None);
    sender.send(1).unwrap();
    assert_eq!(poll(), Some(Ok(1)));
    let wait = |limit| {
        select! {
            recv(receiver) -> n => Some(n),
            default(limit) => None,
        }
    };
    assert_eq!(wait(millis(5)), None);
    assert_eq!(now() - begun, millis(5));
    drop(sender);
    assert_eq!(wait(millis(5)), Some(Err(RecvError)), "closed is ready");
    assert_eq!(now() - begun, millis(5));
    let only_default = select! { default => 3 };
    assert_eq!(only_default, 3);
    let only_time = select! { default(millis(5)) => 4 };
    assert_eq!((only_time, now() - begun), (4, millis(10)));
}

#[test]
fn a_sender_is_an_arm() {
    let (sender, receiver) = channel::bounded(1);
    let (_idle, quiet) = channel::unbounded::<()>();
    let put = |n| {
        select! {
            send(sender, n) -> sent => Some(sent),
            recv(quiet) -> _ => unreachable!(),
            default => None,
        }
    };
    assert_eq!(put(1), Some(Ok(())));
    assert_eq!(put(2), None);
    let taking = spawn(move || (receiver.recv(), receiver));
    let waited = select! {
        send(sender, 3) -> sent => sent,
        recv(quiet) -> _ => unreachable!(),
    };
    assert_eq!(waited, Ok(()));
    let (first, receiver) = taking.join().unwrap();
    assert_eq!((first, receiver.recv()), (Ok(1), Ok(3)));
    drop(receiver);
    assert_eq!(put(4), Some(Err(SendError(4))));
}

#[test]
fn events_semaphores_and_tasks_are_arms() {
    pause_clock();
    let event = Rc::new(Event::new());
    let permits = Semaphore::new(0);
    let which = |task: &Task<()>| {
        select! {
            wait(event) -> _ => "event",
            wait(permits) -> _ => "permit",
            wait(task) -> _ => "task",
            default(millis(1)) => "nothing",
        }
    };
    let task = spawn(|| ());
    let forever = spawn(|| sleep(seconds(1000)));
    assert_eq!(which(&forever), "nothing");
    assert_eq!(which(&task), "task");
    permits.add_permits(1);
    assert_eq!(which(&forever), "permit");
    assert!(permits.try_acquire().is_some(), "only looked at");
    let _held = permits.try_acquire();
    event.set();
    assert_eq!(which(&forever), "event");
    forever.kill();
}

#[test]
fn a_task_is_joined_when_it_has_ended() {
    let (sender, receiver) = channel::bounded(1);
    let task = spawn(move || {
        (0..3).for_each(|n| sender.send(n).unwrap());
        sleep(millis(1));
        "done"
    });
    let mut got = Vec::new();
    let outcome = loop {
        select! {
            recv(receiver) -> n => match n {
                Ok(n) => got.push(n),
                Err(_) => yield_now(),
            },
            join(task) -> outcome => break outcome,
        }
    };
    assert_eq!((got.as_slice(), outcome.unwrap()), (&[0, 1, 2][..], "done"));
    let fails = spawn(|| panic!("on purpose"));
    let error = select! { join(fails) -> outcome => outcome.map(|()| 1) };
    assert_eq!(error.unwrap_err().panic_message(), Some("on purpose"));
}

#[test]
fn bodies_are_part_of_the_function_around_them() {
    fn sum(of: &channel::Receiver<u32>, stop: &channel::Receiver<()>) -> Result<u32, RecvError> {
        let mut sum = 0;
        'outer: loop {
            for _ in 0..2 {
                select! {
                    recv(of) -> n => {
                        let n = n?;
                        if n == 0 {
                            continue 'outer;
                        }
                        sum += n;
                    }
                    recv(stop) -> _ => break 'outer,
                    default => return Ok(sum + 1000),
                }
            }
        }
        Ok(sum)
    }
    let (sender, receiver) = channel::unbounded();
    let (stop, stopped) = channel::unbounded();
    for n in [3, 0, 4, 5] {
        sender.send(n).unwrap();
    }
    assert_eq!(sum(&receiver, &stopped), Ok(1012));
    stop.send(()).unwrap();
    assert_eq!(sum(&receiver, &stopped), Ok(0));
    drop(sender);
    assert_eq!(sum(&receiver, &stopped), Err(RecvError));
}

#[test]
fn commas_stand_where_crossbeam_has_them() {
    let (sender, receiver) = channel::unbounded();
    for n in 0..4 {
        sender.send(n).unwrap();
    }
    let a = select! { recv(receiver) -> n => n };
    let b = select! { recv(receiver,) -> n => { n }, };
    let c = select! {
        recv(&receiver) -> n => { n }
        default() => { Err(RecvError) }
    };
    let d = select! {
        recv(*[&receiver, &receiver].last().unwrap()) -> n => n.unwrap(),
        default => 0
    };
    assert_eq!((a, b, c, d), (Ok(0), Ok(1), Ok(2), 3));
}

#[test]
fn operands_are_evaluated_once_and_an_item_only_when_it_is_sent() {
    let log = Log::new();
    let (sender, receiver) = channel::bounded(1);
    let (_idle, quiet) = channel::unbounded::<u32>();
    let said = |word: &str| log.say(word);
    let put = || {
        select! {
            recv({ said("quiet"); &quiet }) -> _ => unreachable!(),
            send({ said("sender"); &sender }, { said("item"); 5 }) -> sent => { sent.unwrap(); said("sent") }
            default({ said("limit"); millis(1) }) => said("default"),
        }
    };
    put();
    log.check(["quiet", "sender", "limit", "item", "sent"]);
    put();
    log.check(["quiet", "sender", "limit", "default"]);
    assert_eq!(receiver.recv(), Ok(5));
}

#[test]
fn an_item_holds_its_place_until_its_making_fails() {
    let (sender, receiver) = channel::bounded(1);
    let making = spawn({
        let sender = sender.clone();
        move || select! { send(sender, { yield_now(); 1 }) -> sent => sent, default => unreachable!() }
    });
    yield_now();
    assert!(
        sender.try_send(2).is_err(),
        "there is room, and it was promised"
    );
    making.join().unwrap().unwrap();
    assert_eq!(receiver.recv(), Ok(1));
    let failing = sender.clone();
    fn no_item() -> u32 {
        panic!("no item")
    }
    caught(move || select! { send(failing, no_item()) -> _ => {} });
    for n in 0..3 {
        select! {
            send(sender, match n { 0 => continue, 1 => break, _ => 7 }) -> _ => unreachable!(),
        }
    }
    assert_eq!(sender.try_send(3), Ok(()));
}

#[test]
fn arms_that_were_not_chosen_are_as_they_were() {
    pause_clock();
    let log = Log::new();
    let (ones, on_one) = channel::unbounded();
    let (twos, on_two) = channel::unbounded();
    let selecting = spawn({
        let (log, on_one, on_two) = (log.clone(), on_one.clone(), on_two.clone());
        move || {
            select! {
                recv(on_one) -> n => log.say(format!("selected {n:?}")),
                recv(on_two) -> n => log.say(format!("selected {n:?}")),
            }
        }
    });
    yield_now();
    let behind = spawn({
        let (log, on_two) = (log.clone(), on_two.clone());
        move || log.say(format!("behind {:?}", on_two.recv()))
    });
    yield_now();
    // Both in one turn: the first calls the select, the second must not be lost on it.
    ones.send(1).unwrap();
    twos.send(2).unwrap();
    joinall([&selecting, &behind]);
    log.check(["selected Ok(1)", "behind Ok(2)"]);
    assert!(on_one.is_empty() && on_two.is_empty());
}

#[test]
fn a_select_that_is_killed_or_out_of_time_takes_nothing() {
    pause_clock();
    let (ones, on_one) = channel::unbounded();
    let (twos, on_two) = channel::bounded(1);
    let selecting = || {
        let (on_one, twos) = (on_one.clone(), twos.clone());
        spawn(move || {
            select! {
                recv(on_one) -> n => n.unwrap(),
                send(twos, 9) -> _ => 9,
            }
        })
    };
    twos.send(2).unwrap();
    let killed = selecting();
    yield_now();
    killed.kill_nowait();
    ones.send(1).unwrap();
    assert_eq!(on_two.recv(), Ok(2));
    assert!(killed.join().unwrap_err().is_killed());
    assert_eq!((on_one.len(), on_two.len()), (1, 0));
    assert_eq!(on_one.recv(), Ok(1));
    let late = with_timeout(millis(1), || {
        select! { recv(on_one) -> n => n, recv(on_one) -> n => n }
    });
    assert!(late.is_err());
    ones.send(3).unwrap();
    assert_eq!(on_one.try_recv(), Ok(3));
}

#[test]
fn channels_may_be_dropped_in_the_body_that_has_used_them() {
    let (sender, receiver) = channel::unbounded();
    sender.send(1).unwrap();
    select! {
        recv(receiver) -> n => { drop(receiver); assert_eq!(n, Ok(1)); }
        default => drop(receiver),
    }
    assert!(sender.send(2).is_err());
}

#[test]
fn a_value_may_be_set_by_any_arm() {
    let value = Cell::new(0);
    let set: &dyn Fn(i32) = &|n| value.set(n);
    let (sender, receiver) = channel::unbounded();
    sender.send(1).unwrap();
    select! {
        recv(receiver) -> n => set(n.unwrap()),
        default => set(0),
    }
    assert_eq!(value.get(), 1);
}

#[test]
fn a_report_says_that_somebody_selects() {
    let (_sender, receiver) = channel::unbounded::<()>();
    let (_other_sender, other) = channel::unbounded::<()>();
    let text = panic_text(|| select! { recv(receiver) -> _ => {}, recv(other) -> _ => {} });
    assert!(
        text.contains("any of 2 things") && text.contains("select.rs"),
        "{text}"
    );
    let text = panic_text(|| select! { recv(receiver) -> _ => {} });
    assert!(text.contains("receive from a channel"), "{text}");
    let text = panic_text(|| select! {});
    assert!(text.starts_with("deadlock"), "{text}");
}
