//! Generators whose bodies wait in the hub: the task that iterates waits, and others run.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::rc::Rc;
use std::time::Duration;

use greenhub::generator::Generator;
use greenhub::hub::pause_clock;
use greenhub::net::{TcpListener, TcpStream};
use greenhub::{joinall, sleep, spawn, yield_now};

use crate::support::Log;

#[test]
fn a_body_sleeps_and_others_run() {
    pause_clock();
    let log = Log::new();
    let task = |name: &'static str, millis: u64| {
        let log = log.clone();
        spawn(move || {
            let ticks = Generator::new(move |y| {
                for n in 1..=3 {
                    sleep(Duration::from_millis(millis));
                    y.yield_(n);
                }
            });
            ticks.for_each(|n| log.say(format!("{name}{n}")));
        })
    };
    joinall(&[task("a", 20), task("b", 50)]);
    log.check(["a1", "a2", "b1", "a3", "b2", "b3"]);
}

#[test]
fn main_iterates_a_body_that_sleeps_while_tasks_run() {
    pause_clock();
    let log = Log::new();
    let task = spawn({
        let log = log.clone();
        move || {
            for _ in 0..3 {
                log.say("task");
                yield_now();
            }
        }
    });
    let slow = Generator::new(|y| {
        sleep(Duration::from_millis(10));
        y.yield_("item");
    });
    slow.for_each(|item| log.say(item));
    log.check(["task", "task", "task", "item"]);
    task.join().unwrap();
}

#[test]
fn a_body_reads_lines_from_a_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for line in ["one\n", "tw", "o\n", "three\n"] {
            stream.write_all(line.as_bytes()).unwrap();
            sleep(Duration::from_millis(2));
        }
    });
    let client = spawn(move || {
        let stream = TcpStream::connect(address).unwrap();
        let lines = Generator::new(move |y| {
            for line in BufReader::new(stream).lines() {
                y.yield_(line.unwrap());
            }
        });
        lines.collect::<Vec<_>>()
    });
    assert_eq!(client.join().unwrap(), ["one", "two", "three"]);
    server.join().unwrap();
}

#[test]
fn tasks_take_from_one_generator_in_turn() {
    let source = Rc::new(RefCell::new(Generator::new(|y| {
        (0..6).for_each(|n| y.yield_(n))
    })));
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let source = source.clone();
            spawn(move || {
                let mut taken = Vec::new();
                loop {
                    let next = source.borrow_mut().next();
                    let Some(n) = next else { return taken };
                    taken.push(n);
                    yield_now();
                }
            })
        })
        .collect();
    let taken: Vec<Vec<i32>> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
    assert_eq!(taken, [[0, 2, 4], [1, 3, 5]]);
}

#[test]
fn a_panic_in_a_body_is_its_tasks_panic() {
    let task = spawn(|| {
        let mut generator = Generator::new(|y| {
            yield_now();
            y.yield_(1);
            yield_now();
            panic!("in the body");
        });
        assert_eq!(generator.next(), Some(1));
        generator.next()
    });
    let error = task.join().unwrap_err();
    assert_eq!(error.panic_message(), Some("in the body"));
}

#[test]
fn a_thread_may_end_while_a_task_waits_in_a_body() {
    let thread = std::thread::spawn(|| {
        let _task = spawn(|| {
            let mut generator = Generator::new(|y| {
                sleep(Duration::from_secs(3600));
                y.yield_(1);
            });
            generator.next();
        });
        yield_now();
    });
    thread.join().unwrap();
}
