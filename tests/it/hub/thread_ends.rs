//! The very end of a thread: its main greenlet has ended, then its hub, and thread-locals that are older still have handles.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use greenhub::generator::Generator;
use greenhub::sync::Event;
use greenhub::{
    AnyGreenlet, Greenlet, KillError, SwitchError, Task, current, parent, scope, spawn, task,
    yield_now,
};

use crate::support::{begun, child, panic_text, wait};

type Big = [u64; 256];
const BIG: Big = [0x4141_4141_4141_4141; 256];

type Last = Box<dyn FnOnce()>;

thread_local! {
    static LAST: AtTheEnd = const { AtTheEnd(RefCell::new(Vec::new())) };
}

/// Runs closures when it is destroyed, after all that the library keeps for the thread.
struct AtTheEnd(RefCell<Vec<Last>>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        for last in self.0.take() {
            last();
        }
    }
}

fn at_the_end(last: impl FnOnce() + 'static) {
    LAST.with(|at_the_end| at_the_end.0.borrow_mut().push(Box::new(last)));
}

/// Runs `body` on a thread whose `LAST` is older than all of the library's, and gives what was said.
fn on_a_thread(body: impl FnOnce(Sender<String>) + Send + 'static) -> Vec<String> {
    let (say, said) = mpsc::channel();
    thread::spawn(move || {
        LAST.with(|_| ());
        body(say);
    })
    .join()
    .expect("no panic");
    said.iter().collect()
}

/// The last thing that main waits for is a `Big`, which comes: its slot was in the frame of this.
fn main_waits_for_a_big() {
    Greenlet::<(), Big>::new(|()| BIG).switch(());
}

/// What a switch with a `Big` says, which must give it back.
fn refused(greenlet: &Greenlet<Big, ()>) -> String {
    match greenlet.try_switch(BIG) {
        Err(SwitchError::Dead(value)) if value == BIG => "dead".to_string(),
        other => format!("{other:?}"),
    }
}

fn say_all_of_main(say: &Sender<String>, name: &str, main: &Greenlet<Big, ()>) {
    let tell = |what: String| say.send(format!("{name}: {what}")).expect("it is heard");
    tell(refused(main));
    tell(panic_text(|| main.switch(BIG)));
    tell(format!(
        "{:?}",
        main.try_throw(Box::new(7))
            .map_err(|error| error.to_string())
    ));
    tell(panic_text(|| main.throw(Box::new(7))));
    tell(format!(
        "{:?}",
        (main.try_kill(), main.is_dead(), main.is_active())
    ));
    main.kill();
}

fn all_of_main(name: &str) -> Vec<String> {
    [
        "dead",
        "switch to greenlet \"main\" failed: it has ended",
        "Err(\"it has ended\")",
        "throw into greenlet \"main\" failed: it has ended",
        "(Ok(()), true, false)",
    ]
    .map(|what| format!("{name}: {what}"))
    .into()
}

#[test]
fn a_main_greenlet_that_has_ended_is_dead_through_every_handle() {
    let said = on_a_thread(|say| {
        let own = current().typed::<Big, ()>();
        let link = Greenlet::<(), Greenlet<Big, ()>>::new(|()| parent()).switch(());
        let weak = own.downgrade();
        let child: Greenlet<(), ()> = Greenlet::new(|()| wait());
        child.switch(());
        at_the_end(move || {
            say_all_of_main(&say, "its own", &own);
            say_all_of_main(&say, "a link", &link);
            say_all_of_main(&say, "a weak one", &weak.upgrade().expect("own is there"));
            let of_child = child.parent().expect("main").typed();
            say_all_of_main(&say, "its child's", &of_child);
        });
        main_waits_for_a_big();
    });
    let names = ["its own", "a link", "a weak one", "its child's"];
    assert_eq!(said, names.map(all_of_main).concat());
}

#[test]
#[cfg_attr(
    target_env = "musl",
    ignore = "musl drops no thread-locals of the main thread"
)]
fn a_processes_main_greenlet_that_has_ended_is_dead() {
    let name = "hub::thread_ends::a_processes_main_greenlet_that_has_ended_is_dead";
    let ended = child(name, || {
        LAST.with(|_| ());
        main_waits_for_a_big();
        let (say, said) = mpsc::channel();
        let own = current().typed::<Big, ()>();
        at_the_end(move || {
            say_all_of_main(&say, "its own", &own);
            drop(say);
            let said: Vec<String> = said.iter().collect();
            assert_eq!(said, all_of_main("its own"));
            eprintln!("all was said");
        });
    });
    ended.check_success();
    assert!(ended.stderr.contains("all was said"), "{}", ended.stderr);
}

/// Tells how it is with main where it is dropped.
struct Asks(Greenlet<Big, ()>, Sender<String>);

impl Drop for Asks {
    fn drop(&mut self) {
        let said = match self.0.try_switch(BIG) {
            Err(SwitchError::Dead(_)) => "dead",
            Err(SwitchError::Panicking(_)) => "in a panic",
            _ => "something else",
        };
        self.1.send(said.to_string()).expect("it is heard");
    }
}

#[test]
fn destructors_in_other_stacks_find_main_dead() {
    let said = on_a_thread(|say| {
        let main = current().typed::<Big, ()>();
        let asks = || Asks(main.clone(), say.clone());
        let (returns, unwinds, pending) = (asks(), asks(), asks());
        let returns: Greenlet<(), ()> = Greenlet::new(|()| {
            wait();
            drop(returns);
        });
        let unwinds: Greenlet<(), ()> = Greenlet::new(|()| {
            let _unwinds = unwinds;
            wait();
        });
        let pending: Greenlet<(), ()> = Greenlet::new(|()| drop(pending));
        let in_generator = asks();
        let mut generator = Generator::new(|y| {
            y.yield_(1);
            drop(in_generator);
        });
        returns.switch(());
        unwinds.switch(());
        generator.next();
        at_the_end(move || {
            returns.switch(());
            let thrown = catch_unwind(AssertUnwindSafe(|| unwinds.throw(Box::new(7))));
            assert_eq!(thrown.unwrap_err().downcast_ref(), Some(&7));
            drop(pending);
            assert_eq!(generator.next(), None);
        });
        main_waits_for_a_big();
    });
    assert_eq!(said, ["dead", "in a panic", "dead", "dead"]);
}

#[test]
fn a_child_of_a_dead_main_ends_into_who_runs_the_destructors() {
    let said = on_a_thread(|say| {
        let child: Greenlet<(), Big> = Greenlet::new(|()| {
            wait();
            BIG
        });
        AnyGreenlet::from(&child).typed::<(), ()>().switch(());
        at_the_end(move || {
            let value = child.switch(());
            say.send(format!("{}", value == BIG)).expect("heard");
            // And what is sent to the dead child comes to the greenlet that runs.
            let again = child.typed::<u8, u8>().switch(7);
            say.send(format!("{again}")).expect("heard");
        });
    });
    assert_eq!(said, ["true", "7"]);
}

#[test]
fn tasks_that_wait_are_left_as_they_are() {
    let said = on_a_thread(|say| {
        let (waits, greenlet) = begun(|| Event::new().wait());
        let unstarted = spawn(|| ());
        at_the_end(move || {
            let tell = |what: String| say.send(what).expect("it is heard");
            tell(format!(
                "{:?}",
                waits.try_kill() == Err(KillError::HubClosed)
            ));
            tell(panic_text(|| waits.kill_nowait()));
            tell(format!("{:?}", unstarted.try_kill()));
            tell(format!("{:?}", unstarted.state()));
            tell(format!("{:?}", greenlet.typed::<u8, u8>().try_switch(1)));
            let joined = panic_text(|| waits.join());
            tell(format!("{}", joined.contains("the thread is ending")));
        });
    });
    let not_waiting = SwitchError::NotWaiting(1_u8);
    let expected = [
        "true".to_string(),
        said[1].clone(),
        "Ok(())".to_string(),
        "Cancelled".to_string(),
        format!("{:?}", Err::<u8, _>(not_waiting)),
        "true".to_string(),
    ];
    assert!(
        said[1].contains("its hub has ended, and the destructors"),
        "{said:?}"
    );
    assert_eq!(said, expected);
}

/// A task that has switched to a greenlet which waits for ever.
fn switched_away<T: 'static>(end: impl FnOnce() -> T + 'static) -> (Task<T>, AnyGreenlet) {
    begun(move || {
        let other: Greenlet<(), u8> = Greenlet::new(|()| {
            Event::new().wait();
            0
        });
        other.switch(());
        end()
    })
}

#[test]
fn a_task_that_ends_after_its_hub_gives_control_back() {
    let said = on_a_thread(|say| {
        let (returns, by_value) = switched_away(|| 7);
        let (panics, by_panic) = switched_away(|| panic!("no"));
        let (waits, by_wait) = switched_away(|| Event::new().wait());
        let (thrown, by_throw) = begun(|| Event::new().wait());
        let others = [(); 3].map(|()| spawn(|| unreachable!("it never runs")));
        at_the_end(move || {
            let tell = |what: String| say.send(what).expect("it is heard");
            for greenlet in [by_value, by_panic, by_wait] {
                tell(format!("{:?}", greenlet.typed::<u8, u8>().try_switch(1)));
            }
            tell(panic_text(|| by_throw.throw(Box::new(7))));
            tell(format!("{:?}", returns.join().unwrap()));
            let panicked = |task: Task<()>| task.join().unwrap_err().is_panic();
            let all = [panics.join().is_err(), panicked(waits), panicked(thrown)];
            tell(format!("{all:?}"));
            // Never started, they go with their handles or stay.
            drop(others);
        });
    });
    let killed = format!("{:?}", Err::<u8, _>(SwitchError::<u8>::Killed));
    assert_eq!(said[..3], [killed.clone(), killed.clone(), killed]);
    assert!(said[3].ends_with("failed: it was killed"), "{said:?}");
    assert_eq!(said[4..], ["7", "[true, true, true]"]);
}

#[test]
fn a_spawn_that_was_delayed_is_killed_after_its_hub() {
    let said = on_a_thread(|say| {
        let task = task::spawn_later(crate::support::seconds(600), || ());
        at_the_end(move || {
            say.send(format!("{:?} {:?}", task.try_kill(), task.state()))
                .expect("it is heard");
        });
    });
    assert_eq!(said, ["Ok(()) Cancelled"]);
}

/// What a task in a scope has begun when its thread ends; the other one waits in the scope's end.
fn throw_into_a_scope(inner: fn()) {
    LAST.with(|_| ());
    let owner = Rc::new(Cell::new(None));
    let task = spawn({
        let owner = owner.clone();
        move || {
            let text = String::from("borrowed");
            owner.set(Some(current()));
            scope(|s| {
                s.spawn(|| {
                    inner();
                    text.len()
                });
                yield_now();
            });
        }
    });
    yield_now();
    yield_now();
    let owner = owner.take().expect("it has begun");
    at_the_end(move || {
        let thrown = owner.try_throw(Box::new(7));
        assert!(matches!(thrown, Err(SwitchError::Killed)), "{thrown:?}");
        assert!(task.is_finished());
        eprintln!("thrown");
    });
}

#[test]
#[cfg_attr(
    target_env = "musl",
    ignore = "musl drops no thread-locals of the main thread"
)]
fn a_scope_that_cannot_end_its_tasks_after_the_hub_says_why() {
    let name = "hub::thread_ends::a_scope_that_cannot_end_its_tasks_after_the_hub_says_why";
    let ended = child(name, || throw_into_a_scope(|| Event::new().wait()));
    ended.check_abort(&[
        "the scope at ",
        "may use what it borrows: the hub has ended with its thread",
    ]);
    assert!(
        !ended.stderr.contains("before its time"),
        "{}",
        ended.stderr
    );
}

#[test]
#[cfg_attr(
    target_env = "musl",
    ignore = "musl drops no thread-locals of the main thread"
)]
fn a_scope_whose_tasks_have_ended_is_left_after_the_hub() {
    let name = "hub::thread_ends::a_scope_whose_tasks_have_ended_is_left_after_the_hub";
    let ended = child(name, || {
        LAST.with(|_| ());
        let (task, greenlet) = begun(|| {
            let number = 7;
            scope(|s| {
                s.spawn(|| assert_eq!(number, 7)).join().unwrap();
                Event::new().wait();
            });
        });
        yield_now();
        yield_now();
        at_the_end(move || {
            let thrown = greenlet.try_throw(Box::new(7));
            assert!(matches!(thrown, Err(SwitchError::Killed)), "{thrown:?}");
            assert!(task.is_finished());
            eprintln!("thrown");
        });
    });
    ended.check_success();
    assert!(ended.stderr.contains("thrown"), "{}", ended.stderr);
}

#[test]
#[cfg_attr(
    target_env = "musl",
    ignore = "musl drops no thread-locals of the main thread"
)]
fn a_process_that_exits_in_a_task_runs_its_destructors_there() {
    let name = "hub::thread_ends::a_process_that_exits_in_a_task_runs_its_destructors_there";
    let ended = child(name, || {
        LAST.with(|_| ());
        let (_returns, returns) = switched_away(|| 7);
        spawn(move || {
            let me = current();
            at_the_end(move || {
                let switched = returns.typed::<u8, u8>().try_switch(1);
                assert!(matches!(switched, Err(SwitchError::Killed)), "{switched:?}");
                assert_eq!(current(), me);
                eprintln!("back again");
            });
            std::process::exit(0);
        })
        .detach();
        yield_now();
        unreachable!("the process has ended");
    });
    ended.check_success();
    assert!(ended.stderr.contains("back again"), "{}", ended.stderr);
}
