//! What the tests share: an order log, counters of drops, caught panics, and tests that run in a child process.

pub(crate) mod ancestors;
mod drops;
#[cfg(feature = "hub")]
mod gauge;
mod lending;
#[cfg(feature = "hub")]
mod sockets;
#[cfg(feature = "hub")]
mod watch;

use std::any::Any;
use std::cell::RefCell;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use greenhub::generator::Generator;
use greenhub::{AnyGreenlet, Greenlet, GreenletExit, current, parent, stack};
#[cfg(feature = "hub")]
use greenhub::{Task, spawn, yield_now};

pub(crate) use self::drops::*;
#[cfg(feature = "hub")]
pub(crate) use self::gauge::*;
pub(crate) use self::lending::*;
#[cfg(feature = "hub")]
pub(crate) use self::sockets::*;
#[cfg(feature = "hub")]
pub(crate) use self::watch::*;

/// Short words in the order in which they were said. Clones say theirs to the same log.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn new() -> Log {
        Log::default()
    }

    pub(crate) fn say(&self, word: impl Into<String>) {
        self.0.borrow_mut().push(word.into());
    }

    /// Compares all that was said since the last check with `expected`.
    #[track_caller]
    pub(crate) fn check<const N: usize>(&self, expected: [&str; N]) {
        let said = self.0.take();
        assert_eq!(said, expected, "the order of events");
    }

    /// Compares the whole log with one line of words.
    #[cfg(feature = "hub")]
    #[track_caller]
    pub(crate) fn check_line(&self, expected: &str) {
        assert_eq!(self.words().join(" "), expected);
    }

    #[cfg(feature = "hub")]
    pub(crate) fn words(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    pub(crate) fn take(&self) -> Vec<String> {
        self.0.take()
    }

    /// A body for a greenlet or a task, which gets this log to say its words to.
    pub(crate) fn given_to<F, R>(&self, body: F) -> impl FnOnce() -> R + use<F, R>
    where
        F: FnOnce(Log) -> R,
    {
        let log = self.clone();
        move || body(log)
    }

    /// Something that says `word` when it is dropped.
    pub(crate) fn at_drop(&self, word: &'static str) -> AtDrop {
        AtDrop(self.clone(), word)
    }
}

pub(crate) struct AtDrop(pub(crate) Log, pub(crate) &'static str);

impl Drop for AtDrop {
    fn drop(&mut self) {
        self.0.say(self.1);
    }
}

/// Runs `f`, which must panic, and gives the payload.
#[track_caller]
pub(crate) fn caught<R>(f: impl FnOnce() -> R) -> Box<dyn Any + Send> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => payload,
    }
}

/// Runs `f`, which must panic with a text, and gives the text.
#[track_caller]
pub(crate) fn panic_text<R>(f: impl FnOnce() -> R) -> String {
    let payload = caught(f);
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast_ref::<&str>().expect("a panic with text")).into(),
    }
}

/// Goes to the parent and waits there, with nothing to say.
pub(crate) fn wait() {
    parent::<(), ()>().switch(());
}

/// Waits, and swallows the kill that ends the wait.
#[track_caller]
pub(crate) fn wait_and_swallow_the_kill() -> Box<dyn Any + Send> {
    let kill = caught(wait);
    assert!(GreenletExit::is_in(&*kill));
    kill
}

/// A greenlet that has run `body` up to its first wait.
pub(crate) fn started(body: impl FnOnce() + 'static) -> Greenlet<(), ()> {
    let greenlet = Greenlet::new(|()| body());
    greenlet.switch(());
    greenlet
}

/// Runs `body` in a greenlet whose only handle is the one that `body` gets. Whoever switches to a greenlet
/// holds a handle of it; so a child is sent the handle, and ends with it as its value.
pub(crate) fn owning_itself(body: impl FnOnce(AnyGreenlet) + 'static) {
    let greenlet: Greenlet<(), AnyGreenlet> = Greenlet::new(|()| {
        let child: Greenlet<AnyGreenlet, AnyGreenlet> = Greenlet::new(|own| own);
        let own = parent::<AnyGreenlet, AnyGreenlet>().switch(AnyGreenlet::from(&child));
        drop(child);
        body(own);
        current() // nobody waits for it: see below
    });
    let child = greenlet.switch(()).typed::<AnyGreenlet, ()>();
    let only = AnyGreenlet::from(&greenlet);
    drop(greenlet);
    drop(child.try_switch(only));
}

/// A task that has run up to its first wait, with its greenlet.
#[cfg(feature = "hub")]
#[track_caller]
pub(crate) fn begun<T: 'static>(body: impl FnOnce() -> T + 'static) -> (Task<T>, AnyGreenlet) {
    let seen = Rc::new(RefCell::new(None));
    let task = spawn({
        let seen = seen.clone();
        move || {
            seen.replace(Some(current()));
            body()
        }
    });
    yield_now();
    let greenlet = seen.take().expect("it has begun");
    (task, greenlet)
}

/// A generator that yields 1 to 3, and says how each of its frames ends.
pub(crate) fn counting(log: &Log) -> Generator<u32> {
    let log = log.clone();
    Generator::new(move |y| {
        let _outer = log.at_drop("outer");
        for n in 1..=3 {
            let _inner = log.at_drop("inner");
            y.yield_(n);
        }
        log.say("end");
    })
}

/// How many stacks this thread has given up for lost.
pub(crate) fn leaked_stacks() -> usize {
    let classes = stack::stats().classes;
    classes.iter().map(|class| class.leaked).sum()
}

/// As `std::mem::forget`, for what owns something on the heap: it stays where LeakSanitizer finds it.
pub(crate) fn forget<T>(value: T) {
    static FORGOTTEN: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let address = Box::into_raw(Box::new(value)).expose_provenance();
    FORGOTTEN.lock().expect("no panic in here").push(address);
}

/// Kibibytes of memory that this process has in use. Under a checker, which keeps what was freed, that would say nothing:
/// there it is always 0, and who asks does what it does for the checker only.
pub(crate) fn resident() -> usize {
    if slowness() > 1 {
        return 0;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.unwrap().parse().unwrap()
}

/// How a child process has ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn check_success(&self) {
        let Ended { stdout, stderr, .. } = self;
        assert_eq!(self.status.code(), Some(0), "{stdout}\n{stderr}");
    }

    /// It died of an abort, and said all of `texts` on the way.
    #[track_caller]
    pub(crate) fn check_abort(&self, texts: &[&str]) {
        const SIGABRT: i32 = 6;
        let Ended { stdout, stderr, .. } = self;
        assert_eq!(self.status.signal(), Some(SIGABRT), "{stdout}\n{stderr}");
        for text in texts {
            assert!(stderr.contains(text), "no {text:?} in: {stderr}");
        }
    }
}

#[cfg(feature = "hub")]
impl Ended {
    #[track_caller]
    pub(crate) fn must_be_ok(&self) -> &Ended {
        self.check_success();
        self
    }

    #[track_caller]
    pub(crate) fn must_have_aborted(&self) -> &Ended {
        self.check_abort(&[]);
        self
    }
}

/// Runs `body` in a process of its own: `test` is the full name of the test that calls this.
#[cfg(feature = "hub")]
#[track_caller]
pub(crate) fn child(test: &str, body: impl FnOnce()) -> Ended {
    match in_child(test, body) {
        Some(ended) => ended,
        None => std::process::exit(0),
    }
}

const CHILD: &str = "GREENHUB_TEST_CHILD";
const LIMIT: Duration = Duration::from_secs(20);

/// How many times as long as usual a test may take: under a checker everything takes its time. Of valgrind a program
/// knows nothing, so `GREENHUB_TEST_SLOW` says it.
pub(crate) fn slowness() -> u32 {
    match std::env::var("GREENHUB_TEST_SLOW") {
        Ok(times) => times.parse().expect("a number"),
        Err(_) if cfg!(feature = "sanitizer") => 20,
        Err(_) => 1,
    }
}

/// Runs `body` on the main thread of a process of its own, which runs nothing but this test. `name` is the
/// test's full name. Returns nothing in the child.
#[track_caller]
pub(crate) fn in_child(name: &str, body: impl FnOnce()) -> Option<Ended> {
    in_child_with(name, Stdio::piped(), "0", body)
}

/// As [`child`], with the short backtrace of each panic on standard error.
#[cfg(feature = "hub")]
#[track_caller]
pub(crate) fn child_with_backtraces(name: &str, body: impl FnOnce()) -> Ended {
    match in_child_with(name, Stdio::piped(), "1", body) {
        Some(ended) => ended,
        None => std::process::exit(0),
    }
}

/// As [`in_child`], with something else for standard error and for `RUST_BACKTRACE`.
#[track_caller]
pub(crate) fn in_child_with(
    name: &str,
    stderr: Stdio,
    backtrace: &str,
    body: impl FnOnce(),
) -> Option<Ended> {
    if std::env::var_os(CHILD).is_some() {
        body();
        return None;
    }
    let mut child = this_program()
        .args([name, "--exact", "--include-ignored"])
        .args(["--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .env("RUST_BACKTRACE", backtrace)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .expect("a child process");
    let stdout = read_aside(child.stdout.take().expect("piped"));
    let stderr = child.stderr.take().map(read_aside);
    let (begun, limit) = (Instant::now(), LIMIT * slowness());
    let status = loop {
        if let Some(status) = child.try_wait().expect("our child") {
            break status;
        }
        if begun.elapsed() > limit {
            child.kill().expect("our child");
            child.wait().expect("our child");
            panic!("{name} still ran in its child process after {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let stdout = stdout.join().expect("a reader that does not panic");
    let stderr = stderr.map_or_else(String::new, |reader| {
        reader.join().expect("a reader that does not panic")
    });
    assert!(stdout.contains("running 1 test"), "no test called {name}");
    Some(Ended {
        status,
        stdout,
        stderr,
    })
}

/// This very binary, by what `GREENHUB_TEST_RUNNER` names, for a processor that is emulated.
fn this_program() -> Command {
    let program = std::env::current_exe().expect("this very binary");
    let runner = std::env::var("GREENHUB_TEST_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    let Some(emulator) = words.next() else {
        return Command::new(program);
    };
    let mut command = Command::new(emulator);
    command.args(words).arg(program);
    command
}

fn read_aside(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe from our child");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
