//! The order in which things run on one hub, and who must not be kept waiting by whom.

use std::cell::Cell;
use std::io::{Read, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use greenhub::greenlet::{Tracer, set_tracer};
use greenhub::net::TcpStream;
use greenhub::{HubHandle, Task, joinall, sleep, spawn, yield_now};

use crate::support::{
    Log, any_local_address, millis, pair, pair_with_std, seconds, slowness, within,
};

fn busy(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// A task that sleeps for this time, and whether it has.
fn sleeper(time: Duration) -> (Task<()>, Rc<Cell<bool>>) {
    let done = Rc::new(Cell::new(false));
    let set = done.clone();
    let task = spawn(move || {
        sleep(time);
        set.set(true);
    });
    (task, done)
}

#[test]
fn a_task_does_not_run_before_its_spawner_waits() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let task = spawn(log.given_to(|log| log.say("task")));
    for _ in 0..1000 {
        drop(greenhub::current());
    }
    log.say("main");
    task.join().unwrap();
    log.check_line("main task");
}

#[test]
fn tasks_run_in_the_order_in_which_they_were_spawned() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let tasks: Vec<_> = (0..1000)
        .map(|n| {
            let log = log.clone();
            spawn(move || log.say(n.to_string()))
        })
        .collect();
    joinall(&tasks);
    let expected: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    assert_eq!(log.words(), expected);
}

#[test]
fn tasks_that_yield_take_turns() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let tasks = ["A", "B", "C"].map(|name| {
        let log = log.clone();
        spawn(move || {
            for round in 1..=3 {
                log.say(format!("{round}{name}"));
                sleep(Duration::ZERO);
            }
        })
    });
    joinall(&tasks);
    log.check_line("1A 1B 1C 2A 2B 2C 3A 3B 3C");
}

#[test]
fn turns_stay_in_order_over_thousands_of_rounds() {
    let _watch = within(seconds(20));
    let next = Rc::new(Cell::new(0));
    let tasks: Vec<_> = (0..70)
        .map(|me| {
            let next = next.clone();
            spawn(move || {
                for _ in 0..2000 {
                    assert_eq!(next.replace((me + 1) % 70), me);
                    yield_now();
                }
            })
        })
        .collect();
    for task in tasks {
        task.join().unwrap();
    }
}

#[test]
fn a_task_spawned_by_a_task_runs_after_the_ready_tasks() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let tasks = ["a", "b"].map(|name| {
        let log = log.clone();
        spawn(move || {
            log.say(name);
            let inner = spawn(log.given_to(move |log| log.say(format!("{name}'s"))));
            log.say(format!("{name} waits"));
            inner.join().unwrap();
            log.say(format!("{name} ends"));
        })
    });
    joinall(&tasks);
    log.check_line("a a waits b b waits a's b's a ends b ends");
}

#[test]
fn the_spawner_goes_on_after_those_it_yields_to() {
    let _watch = within(seconds(10));
    let log = Log::new();
    for name in ["1", "2", "3"] {
        let log = log.clone();
        spawn(move || log.say(name)).detach();
    }
    yield_now();
    log.say("main");
    log.check_line("1 2 3 main");
}

#[test]
fn joiners_go_on_in_the_order_in_which_they_came() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let slow = Rc::new(spawn(yield_now));
    let joiners: Vec<_> = (0..5)
        .map(|n| {
            let (log, slow) = (log.clone(), slow.clone());
            spawn(move || {
                slow.wait();
                log.say(n.to_string());
            })
        })
        .collect();
    joinall(&joiners);
    log.check_line("0 1 2 3 4");
}

#[test]
fn sleepers_resume_by_deadline_after_a_blocked_thread() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let sleepers: Vec<_> = [(3, "c"), (1, "a"), (2, "b")]
        .map(|(time, name)| {
            let log = log.clone();
            spawn(move || {
                sleep(millis(time) * slowness());
                log.say(name);
            })
        })
        .into();
    yield_now();
    thread::sleep(millis(20) * slowness());
    joinall(&sleepers);
    log.check_line("a b c");
}

#[test]
fn all_due_tasks_continue_after_a_blocked_thread() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let (mut ours, mut theirs) = pair_with_std();
    let hub = HubHandle::current().unwrap();
    let reader = spawn(log.given_to(move |log| {
        ours.read_exact(&mut [0]).unwrap();
        log.say("read");
    }));
    let sleeper = spawn(log.given_to(|log| {
        sleep(millis(1));
        log.say("slept");
    }));
    let blocker = spawn(log.given_to(move |log| {
        log.say("blocks");
        theirs.write_all(b"x").unwrap();
        thread::spawn(move || hub.spawn(|| ()).unwrap())
            .join()
            .unwrap();
        thread::sleep(millis(10));
    }));
    joinall([&blocker, &reader, &sleeper]);
    // Within one look outside: mail first, then timers, then sockets.
    log.check_line("blocks slept read");
}

#[test]
fn yields_do_not_keep_a_timer_waiting() {
    let _watch = within(seconds(10));
    let stop = Rc::new(Cell::new(false));
    let spinners = [(); 2].map(|()| {
        let stop = stop.clone();
        spawn(move || {
            while !stop.get() {
                yield_now();
            }
        })
    });
    let begun = Instant::now();
    sleep(millis(20));
    let late = begun.elapsed() - millis(20);
    stop.set(true);
    joinall(&spinners);
    println!("a timer among yields was late by {late:?}");
    assert!(late < millis(200), "{late:?}");
}

#[test]
fn one_that_yields_alone_does_not_keep_a_timer_waiting() {
    let _watch = within(seconds(10));
    let (sleeper, done) = sleeper(millis(5));
    while !done.get() {
        yield_now();
    }
    sleeper.join().unwrap();
}

#[test]
fn yields_do_not_keep_a_socket_waiting() {
    let _watch = within(seconds(10));
    let (mut ours, mut theirs) = pair();
    let done = Rc::new(Cell::new(false));
    let echo = spawn(move || {
        let mut byte = [0];
        for _ in 0..100 {
            theirs.read_exact(&mut byte).unwrap();
            theirs.write_all(&byte).unwrap();
        }
    });
    let client = spawn({
        let done = done.clone();
        move || {
            for n in 0..100 {
                ours.write_all(&[n]).unwrap();
                let mut byte = [0];
                ours.read_exact(&mut byte).unwrap();
                assert_eq!(byte[0], n);
            }
            done.set(true);
        }
    });
    while !done.get() {
        yield_now();
    }
    joinall([&echo, &client]);
}

#[test]
fn yields_do_not_keep_mail_from_other_threads_waiting() {
    let _watch = within(seconds(10));
    let hub = HubHandle::current().unwrap();
    let (say, heard) = std::sync::mpsc::channel();
    let sender = thread::spawn(move || hub.spawn(move || say.send(()).unwrap()).unwrap());
    let spinner = spawn(|| {
        for _ in 0..200_000 {
            yield_now();
        }
    });
    while heard.try_recv().is_err() {
        yield_now();
    }
    sender.join().unwrap();
    spinner.join().unwrap();
}

#[test]
fn a_timer_waits_for_few_computing_tasks_not_for_sixty_four() {
    let _watch = within(seconds(20));
    let (stop, rounds) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let workers = [(); 2].map(|()| {
        let (stop, rounds) = (stop.clone(), rounds.clone());
        spawn(move || {
            while !stop.get() {
                busy(millis(4));
                rounds.set(rounds.get() + 1);
                yield_now();
            }
        })
    });
    // Counted in rounds and not in time, of which other processes take some.
    let waits = [(); 5].map(|()| {
        let before = rounds.get();
        sleep(millis(1));
        rounds.get() - before
    });
    stop.set(true);
    joinall(&workers);
    // At first the hub does not know yet how long they compute.
    assert!(waits[0] < 16, "{waits:?}");
    assert!(waits[1..].iter().all(|&rounds| rounds <= 4), "{waits:?}");
}

#[test]
fn a_socket_that_is_always_readable_does_not_delay_a_timer() {
    let _watch = within(seconds(10));
    let (ours, theirs) = pair();
    let writer = spawn(move || {
        // Until the reader hangs up.
        while (&theirs).write_all(&[7; 16 * 1024]).is_ok() {}
    });
    let (sleeper, done) = sleeper(millis(10));
    let mut read = 0;
    while !done.get() {
        read += (&ours).read(&mut [0; 8]).unwrap();
    }
    drop(ours);
    joinall([&writer, &sleeper]);
    println!("{read} bytes were read meanwhile, 8 at a time");
}

#[test]
fn repeated_peeks_do_not_delay_a_timer_under_a_tracer() {
    let _watch = within(seconds(10));
    let (ours, mut theirs) = pair();
    theirs.write_all(b"x").unwrap();
    let tracer: Tracer = Rc::new(|_, _, _| ());
    for tracer in [None, Some(tracer)] {
        let before = set_tracer(tracer);
        let (sleeper, done) = sleeper(millis(5));
        while !done.get() {
            assert_eq!(ours.peek(&mut [0; 8]).unwrap(), 1);
        }
        sleeper.join().unwrap();
        set_tracer(before);
    }
}

#[test]
fn repeated_connects_do_not_delay_a_timer() {
    let _watch = within(seconds(10));
    let listener = std::net::TcpListener::bind(any_local_address()).unwrap();
    let address = listener.local_addr().unwrap();
    let last = Arc::new(AtomicBool::new(false));
    let accepter = thread::spawn({
        let last = last.clone();
        move || {
            while !last.load(Ordering::Relaxed) {
                drop(listener.accept().unwrap());
            }
        }
    });
    let done = Rc::new(Cell::new(false));
    let begun = Instant::now();
    let sleeper = spawn({
        let done = done.clone();
        move || {
            sleep(millis(5));
            done.set(true);
            begun.elapsed()
        }
    });
    while !done.get() {
        drop(TcpStream::connect(address).unwrap());
    }
    let slept = sleeper.join().unwrap();
    assert!(slept < seconds(1), "{slept:?}");
    last.store(true, Ordering::Relaxed);
    // Refused, if the accepter has seen it in time.
    drop(TcpStream::connect(address));
    accepter.join().unwrap();
}
