//! Every public call that may switch or wait, where the running greenlet must not be left: inside `no_switch`, and in
//! a destructor while a panic unwinds it. One table says what comes of each.

use std::any::Any;
use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use greenhub::generator::Generator;
use greenhub::greenlet::no_switch;
use greenhub::net::{TcpListener, TcpStream};
use greenhub::{
    AnyGreenlet, Greenlet, GreenletExit, Task, current, joinall, sleep, spawn, yield_now,
};

use crate::support::{any_local_address, in_child, pair, started, wait};

/// What comes of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Comes {
    /// It does what it is for.
    Works,
    /// An error that says why.
    Error,
    /// A panic that says why.
    Panic,
    /// The end of the process, with a message that says why and where.
    Abort,
    /// What it raises itself: a stone that was thrown, or a kill.
    Raised,
}
use Comes::{Abort, Error, Panic, Raised, Works};

type Answer = Result<(), String>;

/// What the calls are made with.
struct Scene {
    waiting: Greenlet<(), ()>,
    /// It has switched to the one that makes the calls.
    below: AnyGreenlet,
    owned: RefCell<Option<Greenlet<(), ()>>>,
    running_task: Task<()>,
    joined_task: RefCell<Option<Task<()>>>,
    ended_task: RefCell<Option<Task<()>>>,
    listener: TcpListener,
    called_listener: TcpListener,
    silent: TcpStream,
    talking: TcpStream,
    full: TcpStream,
    generator: RefCell<Generator<u8>>,
    /// Other sides, and others who must not go.
    _kept: Vec<Box<dyn Any>>,
}

/// The call, what comes of it inside `no_switch`, and in the middle of a panic.
type Row = (&'static str, fn(&Scene) -> Answer, Comes, Comes);

fn stone() -> Box<dyn Any + Send> {
    Box::new("stone")
}

/// What cannot fail.
fn done<T>(call: impl FnOnce() -> T) -> Answer {
    call();
    Ok(())
}

fn ok<T, E: ToString>(result: Result<T, E>) -> Answer {
    result.map(drop).map_err(|error| error.to_string())
}

/// Writes until that would have to wait.
fn fill(mut stream: &TcpStream) -> io::Result<()> {
    loop {
        stream.write_all(&[0; 65536])?;
    }
}

const TABLE: &[Row] = &[
    ("switch", |s| done(|| s.waiting.switch(())), Panic, Abort),
    ("try_switch", |s| ok(s.waiting.try_switch(())), Error, Error),
    (
        "switch to oneself",
        |_| done(|| current().typed::<u8, u8>().switch(1)),
        Works,
        Works,
    ),
    ("throw", |s| done(|| s.waiting.throw(stone())), Panic, Abort),
    (
        "try_throw",
        |s| ok(s.waiting.try_throw(stone())),
        Error,
        Error,
    ),
    (
        "try_throw at oneself",
        |_| ok(current().try_throw(stone())),
        Raised,
        Error,
    ),
    (
        "AnyGreenlet::throw",
        |s| done(|| s.below.throw(stone())),
        Panic,
        Abort,
    ),
    (
        "kill one that waits",
        |s| done(|| s.waiting.kill()),
        Works,
        Works,
    ),
    (
        "kill one that has switched here",
        |s| done(|| s.below.kill()),
        Panic,
        Abort,
    ),
    (
        "try_kill one that has switched here",
        |s| ok(s.below.try_kill()),
        Error,
        Error,
    ),
    (
        "try_kill oneself",
        |_| ok(current().try_kill()),
        Raised,
        Error,
    ),
    (
        "drop the last handle",
        |s| done(|| drop(s.owned.take())),
        Works,
        Works,
    ),
    (
        "resume a generator",
        |s| done(|| s.generator.borrow_mut().next()),
        Works,
        Works,
    ),
    (
        "sleep",
        |_| done(|| sleep(Duration::from_millis(1))),
        Panic,
        Abort,
    ),
    (
        "sleep for no time",
        |_| done(|| sleep(Duration::ZERO)),
        Panic,
        Abort,
    ),
    ("yield_now", |_| done(|| yield_now()), Panic, Abort),
    ("spawn", |_| done(|| drop(spawn(|| ()))), Works, Works),
    ("wait", |s| done(|| s.running_task.wait()), Panic, Abort),
    (
        "join",
        |s| ok(s.joined_task.take().unwrap().join()),
        Panic,
        Abort,
    ),
    (
        "join one that has ended",
        |s| ok(s.ended_task.take().unwrap().join()),
        Works,
        Works,
    ),
    (
        "joinall",
        |s| done(|| joinall([&s.running_task])),
        Panic,
        Abort,
    ),
    ("accept", |s| ok(s.listener.accept()), Error, Error),
    (
        "incoming",
        |s| ok(s.listener.incoming().next().unwrap()),
        Error,
        Error,
    ),
    (
        "accept where somebody calls",
        |s| ok(s.called_listener.accept()),
        Works,
        Works,
    ),
    ("read", |s| ok((&s.silent).read(&mut [0])), Error, Error),
    ("peek", |s| ok(s.silent.peek(&mut [0])), Error, Error),
    (
        "read what has come",
        |s| ok((&s.talking).read(&mut [0])),
        Works,
        Works,
    ),
    (
        "write until it is full",
        |s| ok(fill(&s.full)),
        Error,
        Error,
    ),
    (
        "write where there is room",
        |s| ok((&s.silent).write(&[0])),
        Works,
        Works,
    ),
];

impl Scene {
    fn new(below: AnyGreenlet) -> Scene {
        let [silent, talking, full] = [(); 3].map(|()| pair());
        (&talking.1).write_all(b"words").unwrap();
        let called_listener = TcpListener::bind(any_local_address()).unwrap();
        let caller = TcpStream::connect(called_listener.local_addr().unwrap()).unwrap();
        let [running_task, joined_task] =
            [(); 2].map(|()| spawn(|| sleep(Duration::from_secs(1000))));
        let ended_task = spawn(|| ());
        sleep(Duration::from_millis(1));
        assert!(ended_task.is_finished());
        Scene {
            waiting: started(wait),
            below,
            owned: RefCell::new(Some(started(wait))),
            running_task,
            joined_task: RefCell::new(Some(joined_task)),
            ended_task: RefCell::new(Some(ended_task)),
            listener: TcpListener::bind(any_local_address()).unwrap(),
            called_listener,
            silent: silent.0,
            talking: talking.0,
            full: full.0,
            generator: RefCell::new(Generator::new(|y| y.yield_(1))),
            _kept: vec![Box::new((silent.1, talking.1, full.1, caller))],
        }
    }
}

/// Runs `body` in a greenlet that another one waits for, who waits for main.
fn on_a_chain(body: impl FnOnce(Scene) + 'static) {
    let below: Greenlet<(), ()> = Greenlet::new(|()| {
        let below = current();
        let above: Greenlet<(), ()> = Greenlet::new(move |()| body(Scene::new(below)));
        above.switch(());
    });
    below.switch(());
}

/// What has come of a call, and the text of it.
fn outcome(call: impl FnOnce() -> Answer) -> (Comes, String) {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => (Works, String::new()),
        Ok(Err(text)) => (Error, text),
        Err(payload) if GreenletExit::is_in(&*payload) => (Raised, String::new()),
        Err(payload) => match payload.downcast::<String>() {
            Ok(text) => (Panic, *text),
            Err(stone) => {
                assert_eq!(*stone.downcast::<&str>().unwrap(), "stone");
                (Raised, String::new())
            }
        },
    }
}

#[test]
fn inside_no_switch() {
    for &(name, call, expected, _) in TABLE {
        on_a_chain(move |scene| {
            let place: &Location<'_> = Location::caller();
            let line = line!() + 1;
            let (comes, text) = outcome(|| no_switch(|| call(&scene)));
            assert_eq!(comes, expected, "{name}: {text}");
            if let Error | Panic = comes {
                let why = format!(
                    "this runs inside no_switch, which was called at {}:{line}:",
                    place.file()
                );
                assert!(text.contains(&why), "{name}: {text}");
            }
        });
    }
}

/// Makes a call in its destructor.
struct CallAtDrop<'a>(
    fn(&Scene) -> Answer,
    &'a Scene,
    Rc<RefCell<Option<(Comes, String)>>>,
);

impl Drop for CallAtDrop<'_> {
    fn drop(&mut self) {
        assert!(std::thread::panicking());
        *self.2.borrow_mut() = Some(outcome(|| (self.0)(self.1)));
    }
}

/// Makes a call while a panic unwinds the running greenlet.
fn in_a_panic(call: fn(&Scene) -> Answer, scene: &Scene) -> (Comes, String) {
    let came = Rc::new(RefCell::new(None));
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _calls = CallAtDrop(call, scene, came.clone());
        std::panic::resume_unwind(stone());
    }));
    assert!(unwound.is_err());
    came.take().expect("called at drop")
}

#[test]
fn in_the_middle_of_a_panic() {
    for &(name, call, _, expected) in TABLE {
        if expected == Abort {
            continue; // in a process of its own, below
        }
        on_a_chain(move |scene| {
            let (comes, text) = in_a_panic(call, &scene);
            assert_eq!(comes, expected, "{name}: {text}");
            if comes == Error {
                let why =
                    "a panic unwinds the running greenlet, which cannot switch or wait meanwhile";
                assert!(text.contains(why), "{name}: {text}");
            }
        });
    }
}

/// The calls of the table that end the process in the middle of a panic, each with what it says that it cannot do.
const ABORTS: &[(&str, &str)] = &[
    ("switch", "cannot switch to"),
    ("throw", "cannot throw into"),
    ("AnyGreenlet::throw", "cannot throw into"),
    ("kill one that has switched here", "cannot kill"),
    ("sleep", "sleep at"),
    ("sleep for no time", "yield at"),
    ("yield_now", "yield at"),
    ("wait", "join at"),
    ("join", "join at"),
    ("joinall", "join at"),
];

#[test]
fn the_table_says_which_calls_end_the_process() {
    let aborts: Vec<_> = TABLE
        .iter()
        .filter(|row| row.3 == Abort)
        .map(|row| row.0)
        .collect();
    assert_eq!(aborts, ABORTS.iter().map(|row| row.0).collect::<Vec<_>>());
}

fn ends_the_process(test: &str, at: usize) {
    let (name, says) = ABORTS[at];
    let ended = in_child(&format!("waits::refusals::{test}"), || {
        let row = TABLE
            .iter()
            .find(|row| row.0 == name)
            .expect("in the table");
        let call = row.1;
        on_a_chain(move |scene| {
            in_a_panic(call, &scene);
        });
    });
    if let Some(ended) = ended {
        ended.check_abort(&[says, "tests/it/waits/refusals.rs:", "while a panic unwinds"]);
    }
}

macro_rules! each_ends_the_process {
    ($($test:ident: $at:literal),* $(,)?) => {
        $(#[test] fn $test() { ends_the_process(stringify!($test), $at); })*
    };
}

each_ends_the_process! {
    switch_in_a_panic_ends_the_process: 0,
    throw_in_a_panic_ends_the_process: 1,
    untyped_throw_in_a_panic_ends_the_process: 2,
    kill_below_in_a_panic_ends_the_process: 3,
    sleep_in_a_panic_ends_the_process: 4,
    sleep_for_no_time_in_a_panic_ends_the_process: 5,
    yield_now_in_a_panic_ends_the_process: 6,
    wait_in_a_panic_ends_the_process: 7,
    join_in_a_panic_ends_the_process: 8,
    joinall_in_a_panic_ends_the_process: 9,
}

#[test]
fn an_error_of_io_says_why_in_a_type() {
    use greenhub::error::CannotWait;
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let line = line!() + 1;
    let error: io::Error = no_switch(|| listener.accept()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Other);
    let inner = error.into_inner().expect("an error in it");
    match inner.downcast_ref::<CannotWait>() {
        Some(CannotWait::Forbidden { place }) => {
            assert_eq!((place.file(), place.line()), (file!(), line))
        }
        other => panic!("{other:?}"),
    }
}
