//! Every call that waits, ended from outside: by an outer timeout, which no call swallows, and by a kill. One table.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use greenhub::generator::Generator;
use greenhub::hub::{self, now, pause_clock};
use greenhub::net::{TcpListener, TcpStream};
use greenhub::sync::channel::{self, Receiver, Sender};
use greenhub::sync::{Event, Queue, Semaphore};
use greenhub::task::{self, AnyTask, gather, killall, shield, try_gather, try_joinall};
use greenhub::{
    Greenlet, Group, Pool, Task, TimedOut, Timeout, Timer, iwait, joinall, scope, select, sleep,
    spawn, spawn_later, wait_any, wait_any_timeout, with_timeout, yield_now,
};

use crate::support::{any_local_address, caught, child, pair, seconds, within};

const MAX: Duration = Duration::MAX;
const LONG: Duration = Duration::from_secs(1000);

/// What the calls are made with: nothing of it is ever ready.
struct Scene {
    /// It sleeps for ever.
    sleeper: Task<u8>,
    /// It sleeps for ever, in a shield.
    shielded: Task<u8>,
    pending: Task<u8>,
    ended: Task<u8>,
    group: Group,
    /// It has no room.
    pool: Pool,
    listener: TcpListener,
    silent: TcpStream,
    full: TcpStream,
    empty: (Sender<Box<u8>>, Receiver<Box<u8>>),
    no_room: (Sender<Box<u8>>, Receiver<Box<u8>>),
    nobody: (Sender<Box<u8>>, Receiver<Box<u8>>),
    _others: Box<dyn Any>,
}

type Row = (&'static str, fn(&Scene));

fn new_sleeper() -> Task<u8> {
    spawn(|| {
        sleep(MAX);
        1
    })
}

/// Writes until that has to wait.
fn fill(mut stream: &TcpStream) {
    while stream.write(&[0; 1 << 16]).is_ok() {}
}

const TABLE: &[Row] = &[
    ("sleep", |_| sleep(LONG)),
    ("sleep for ever", |_| sleep(MAX)),
    ("Task::wait", |s| s.sleeper.wait()),
    ("Task::wait_timeout", |s| {
        s.sleeper.wait_timeout(LONG);
    }),
    ("Task::join", |_| drop(new_sleeper().join())),
    ("AnyTask::wait", |s| s.sleeper.any().wait()),
    ("AnyTask::wait_timeout", |s| {
        s.sleeper.any().wait_timeout(LONG);
    }),
    ("wait for one that is to begin", |s| s.pending.wait()),
    ("joinall", |s| joinall([&s.ended, &s.sleeper])),
    ("joinall_timeout", |s| {
        task::joinall_timeout([&s.sleeper], LONG);
    }),
    ("try_joinall", |s| {
        let _ = try_joinall([&s.ended, &s.sleeper]);
    }),
    ("gather", |_| drop(gather([new_sleeper()]))),
    ("try_gather", |_| drop(try_gather([new_sleeper()]))),
    ("iwait, all", |s| {
        drop(iwait([&s.ended, &s.sleeper]).collect::<Vec<_>>())
    }),
    ("iwait, some", |s| {
        drop(
            iwait([&s.ended, &s.sleeper, &s.pending])
                .take(2)
                .collect::<Vec<_>>(),
        );
    }),
    ("iwait with a timeout", |s| {
        drop(iwait([&s.sleeper]).timeout(LONG).collect::<Vec<_>>())
    }),
    ("iwait", |s| {
        let all: Vec<AnyTask> = iwait([s.ended.any(), s.sleeper.any()]).collect();
        drop(all);
    }),
    ("wait_any", |s| {
        wait_any(&[&s.sleeper, &s.pending]);
    }),
    ("wait_any of nothing", |_| {
        wait_any(&[]);
    }),
    ("wait_any_timeout", |s| {
        wait_any_timeout(&[&s.sleeper, &s.pending.any()], LONG);
    }),
    ("kill", |s| s.shielded.kill()),
    ("kill_timeout", |s| {
        s.shielded.kill_timeout(LONG);
    }),
    ("killall", |s| killall([&s.ended, &s.shielded])),
    ("hub::running::join", |_| hub::join()),
    ("hub::running::join_timeout", |_| {
        hub::join_timeout(LONG);
    }),
    ("hub::running::shutdown", |_| drop(hub::shutdown(LONG))),
    ("hub::running::advance_clock", |_| hub::advance_clock(LONG)),
    ("accept", |s| drop(s.listener.accept())),
    ("incoming", |s| drop(s.listener.incoming().next())),
    ("read", |s| drop((&s.silent).read(&mut [0]))),
    ("read with a limit of its own", |s| {
        s.silent.set_read_timeout(Some(LONG)).unwrap();
        drop((&s.silent).read(&mut [0]));
    }),
    ("peek", |s| drop(s.silent.peek(&mut [0]))),
    ("write", |s| fill(&s.full)),
    ("write with a limit of its own", |s| {
        s.full.set_write_timeout(Some(LONG)).unwrap();
        fill(&s.full);
    }),
    ("switch", |_| {
        Greenlet::new(|()| sleep(MAX)).switch(());
    }),
    ("Event::wait", |_| Event::new().wait()),
    ("Event::wait_timeout", |_| {
        Event::new().wait_timeout(LONG);
    }),
    ("Semaphore::acquire", |_| drop(Semaphore::new(0).acquire())),
    ("Semaphore::acquire_timeout", |_| {
        drop(Semaphore::new(0).acquire_timeout(LONG));
    }),
    ("Receiver::recv", |s| drop(s.empty.1.recv())),
    ("Receiver::recv_timeout", |s| {
        drop(s.empty.1.recv_timeout(LONG));
    }),
    ("Receiver::iter", |s| drop(s.empty.1.iter().next())),
    ("Sender::send", |s| drop(s.no_room.0.send(Box::new(2)))),
    ("Sender::send_timeout", |s| {
        drop(s.no_room.0.send_timeout(Box::new(2), LONG));
    }),
    ("Sender::send, to nobody yet", |s| {
        drop(s.nobody.0.send(Box::new(1)))
    }),
    ("Receiver::recv, from nobody yet", |s| {
        drop(s.nobody.1.recv());
    }),
    ("select!", |s| {
        select! {
            recv(s.empty.1) -> _ => {}
            send(s.no_room.0, Box::new(2)) -> _ => {}
            send(s.nobody.0, Box::new(3)) -> _ => {}
            wait(s.sleeper) -> _ => {}
        }
    }),
    ("select! of one", |s| {
        select! { send(s.nobody.0, Box::new(3)) -> _ => {} }
    }),
    ("select! with a default", |s| {
        select! { recv(s.empty.1) -> _ => {} default(LONG) => {} }
    }),
    ("select! of nothing", |_| select! {}),
    ("Queue::pop", |_| drop(Queue::<Box<u8>>::new().pop())),
    ("Queue::peek_timeout", |_| {
        drop(Queue::<Box<u8>>::new().peek_timeout(LONG));
    }),
    ("Queue::push", |_| {
        let queue = Queue::bounded(1);
        while queue.push(1).is_ok() {}
    }),
    ("Queue::join", |_| {
        let queue = Queue::new();
        queue.push(1).unwrap();
        queue.join();
    }),
    ("Timer::wait", |_| Timer::start(LONG).wait()),
    ("Group::join", |s| s.group.join()),
    ("Group::join_timeout", |s| {
        s.group.join_timeout(LONG);
    }),
    ("Pool::spawn", |s| drop(s.pool.spawn(|| 1))),
    ("Pool::map", |s| drop(s.pool.map([1], |n| n))),
    ("Pool::imap", |s| drop(s.pool.imap([1], |n| n).next())),
    ("Pool::join", |s| s.pool.join()),
    ("the end of a scope", |_| {
        scope(|s| drop(s.spawn(|| sleep(MAX))));
    }),
    ("the body of a scope", |_| scope(|_| sleep(MAX))),
    ("a join in a scope", |_| {
        scope(|s| drop(s.spawn(|| sleep(MAX)).join()));
    }),
    ("a generator that waits", |_| {
        let mut waits = Generator::new(|y| {
            sleep(MAX);
            y.yield_(1);
        });
        waits.next();
    }),
    ("a timeout inside", |_| {
        let _ = with_timeout(LONG, || sleep(MAX));
    }),
    ("a callback that comes late", |s| {
        let _ = s.ended.on_done(|_| sleep(MAX));
    }),
    ("a callback that comes late for a value", |s| {
        let _ = s.ended.on_value(|_| sleep(MAX));
    }),
];

impl Scene {
    fn new() -> Scene {
        let [silent, full] = [(); 2].map(|()| pair());
        let shielded = spawn(|| {
            shield(|| sleep(MAX));
            1
        });
        let ended = spawn(|| 1);
        ended.wait();
        let (group, pool) = (Group::new(), Pool::new(1));
        drop(group.spawn(|| sleep(MAX)));
        drop(pool.spawn(|| sleep(MAX)));
        let no_room = channel::bounded(1);
        no_room.0.send(Box::new(1)).unwrap();
        Scene {
            sleeper: new_sleeper(),
            shielded,
            pending: spawn_later(MAX, || 1),
            ended,
            group,
            pool,
            listener: TcpListener::bind(any_local_address()).unwrap(),
            silent: silent.0,
            full: full.0,
            empty: channel::unbounded(),
            no_room,
            nobody: channel::rendezvous(),
            _others: Box::new((silent.1, full.1)),
        }
    }
}

/// Runs `test` for each call, on a thread of its own: some of them are the end of all other tasks.
fn for_each_call(test: fn(&'static str, fn(&Scene))) {
    for &(name, call) in TABLE {
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || {
            let _watch = within(seconds(20));
            pause_clock();
            test(name, call);
        });
        let ended = thread.expect("a thread").join();
        assert!(ended.is_ok(), "{name}");
    }
}

#[test]
fn an_outer_timeout_is_never_lost() {
    for_each_call(|name, call| {
        let scene = Scene::new();
        let begun = now();
        for _ in 0..2 {
            let before = now();
            let outer: Result<(), TimedOut> = with_timeout(seconds(1), || {
                let _ = with_timeout(seconds(100), || call(&scene));
                panic!("{name} was to be ended by the outer one");
            });
            assert!(outer.is_err(), "{name}");
            assert_eq!(now() - before, seconds(1), "{name}");
        }
        // Nothing comes after it.
        sleep(seconds(200));
        assert_eq!(now() - begun, seconds(202), "{name}");
    });
}

#[test]
fn a_guard_finds_its_own_timeout_in_what_it_catches() {
    for_each_call(|name, call| {
        let scene = Scene::new();
        let (timeout, other) = (Timeout::start(seconds(1)), Timeout::start(seconds(5)));
        let came = caught(|| call(&scene));
        assert!(timeout.is_in(&*came) && !other.is_in(&*came), "{name}");
        assert!(!timeout.is_running() && other.is_running(), "{name}");
    });
}

#[test]
fn a_kill_ends_every_one() {
    for_each_call(|name, call| {
        let begun = Rc::new(Cell::new(false));
        let victim = spawn({
            let begun = begun.clone();
            move || {
                let scene = Scene::new();
                yield_now();
                begun.set(true);
                call(&scene);
            }
        });
        while !begun.get() {
            yield_now();
        }
        let before = now();
        assert!(victim.kill_timeout(seconds(1)), "{name}");
        assert_eq!(now(), before, "{name}");
        assert!(victim.join().unwrap_err().is_killed(), "{name}");
    });
}

#[test]
fn an_expired_one_ends_every_one_at_once() {
    for_each_call(|name, call| {
        let scene = Scene::new();
        let before = now();
        let ended = Cell::new(false);
        let at_once = with_timeout(Duration::ZERO, || {
            call(&scene);
            ended.set(true);
        });
        assert!(at_once.is_err() && !ended.take(), "{name}");
        assert_eq!(now(), before, "{name}");
    });
}

thread_local! {
    /// The file and the message of the first panic of a call.
    static PANIC: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

#[test]
fn a_panic_of_ours_points_at_the_call() {
    let test = "waits::ended_everywhere::a_panic_of_ours_points_at_the_call";
    let ended = child(test, || {
        std::panic::set_hook(Box::new(|panic| {
            let file = panic.location().expect("std gives it").file();
            let message = panic.payload().downcast_ref::<String>();
            let message = message.map_or("", String::as_str);
            PANIC.with_borrow_mut(|first| {
                first.get_or_insert((file.to_owned(), message.to_owned()));
            });
            eprintln!("{panic}");
        }));
        for_each_call(|name, call| {
            let scene = Scene::new();
            // A child of this greenlet ends with a value that no wait is for.
            let end: Greenlet<(), u8> = Greenlet::new(|()| 7);
            let helper: Greenlet<(), ()> = Greenlet::new(move |()| {
                sleep(seconds(1));
                end.switch(());
            });
            let _start = spawn({
                let helper = helper.clone();
                move || helper.switch(())
            });
            yield_now();
            // A callback's panic does not come out of the call.
            let _ = catch_unwind(AssertUnwindSafe(|| call(&scene)));
            let (file, message) = PANIC.take().expect(name);
            assert!(message.contains("of type u8, which"), "{name}: {message}");
            // An adaptor of std's passes on no line of its caller.
            let is_std = file.contains("/library/") && name.starts_with("iwait");
            assert!(file == file!() || is_std, "{name}: {file}");
        });
    });
    ended.check_success();
}
