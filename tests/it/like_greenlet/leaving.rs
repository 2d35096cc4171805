//! The cases of `test_interpreter_shutdown.py`: threads and processes that end while greenlets wait, and what may be
//! asked of them in the very last destructors.

use std::cell::{Cell, RefCell};
use std::panic::panic_any;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

use greenhub::greenlet::{Builder, Tracer, set_tracer};
use greenhub::{Greenlet, GreenletExit, current};

use crate::support::{caught, in_child, started, wait};

/// Waits at the end of so many generations, each of which has started the next and waits itself.
fn generations(left: u32) -> Greenlet<(), ()> {
    started(move || {
        let _next = (left > 0).then(|| generations(left - 1));
        wait();
    })
}

/// Waits in a handler, with the panic that it handles.
fn in_a_handler() -> Greenlet<(), ()> {
    started(|| {
        let handled = caught(|| panic_any("test error"));
        wait();
        drop(handled);
    })
}

/// One that waits, fifty that would clean up, ten generations, and one in a handler.
fn suspended() -> Vec<Greenlet<(), ()>> {
    let mut all = vec![started(wait), generations(10), in_a_handler()];
    all.extend((0..50).map(|_| {
        started(|| {
            let exit = caught(wait);
            assert!(GreenletExit::is_in(&*exit));
        })
    }));
    all
}

#[test]
fn a_process_ends_well_with_many_suspended_greenlets() {
    let name = "like_greenlet::leaving::a_process_ends_well_with_many_suspended_greenlets";
    let ended = in_child(name, || {
        thread_local!(static KEPT: RefCell<Vec<Greenlet<(), ()>>> = RefCell::default());
        KEPT.set(suspended());
        crate::support::forget(suspended());
        let threads = [(), (), ()].map(|()| thread::spawn(|| KEPT.set(suspended())));
        for thread in threads {
            thread.join().expect("no panic");
        }
        println!("about to end");
    });
    if let Some(ended) = ended {
        ended.check_success();
        assert!(ended.stdout.contains("about to end"), "{}", ended.stdout);
    }
}

#[test]
fn greenlets_held_by_a_thread_clean_up_before_join_returns() {
    let (say, said) = mpsc::channel();
    thread::spawn(move || {
        let _held = started(move || {
            let exit = caught(wait);
            assert!(GreenletExit::is_in(&*exit));
            say.send("exit").expect("it is heard");
            struct Fin(mpsc::Sender<&'static str>);
            impl Drop for Fin {
                fn drop(&mut self) {
                    self.0.send("fin").expect("it is heard");
                }
            }
            let _fin = Fin(say);
            std::panic::resume_unwind(exit);
        });
    })
    .join()
    .expect("no panic");
    assert_eq!(said.try_iter().collect::<Vec<_>>(), ["exit", "fin"]);
}

/// Does something in one of the last destructors of its thread, and prints what came of it.
struct AtTheEnd(Cell<Option<fn() -> String>>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        if let Some(last) = self.0.take() {
            println!("last: {}", last());
        }
    }
}

/// Runs `last` in a destructor of a thread-local that is older than all that greenhub keeps, at the end of a process
/// that has greenlets suspended, and returns what it printed.
#[track_caller]
fn at_the_end_of_a_process(name: &str, last: fn() -> String) -> Option<String> {
    thread_local!(static LAST: AtTheEnd = const { AtTheEnd(Cell::new(None)) });
    let ended = in_child(name, || {
        LAST.with(|at_the_end| at_the_end.0.set(Some(last)));
        crate::support::forget(suspended());
        // libtest would go on after the test: leave as `main` does.
        std::process::exit(0);
    })?;
    ended.check_success();
    let mut said = ended
        .stdout
        .lines()
        .filter_map(|line| line.split_once("last: "));
    Some(
        said.next()
            .map_or_else(String::new, |(_, what)| what.to_owned()),
    )
}

#[test]
#[cfg_attr(
    target_env = "musl",
    ignore = "musl drops no thread-locals of the main thread"
)]
fn the_current_greenlet_can_be_asked_for_at_the_very_end() {
    let name = "like_greenlet::leaving::the_current_greenlet_can_be_asked_for_at_the_very_end";
    let said = at_the_end_of_a_process(name, || {
        let me = current();
        format!(
            "{:?} {} {}",
            me.name(),
            me.is_active(),
            me.parent().is_none()
        )
    });
    if let Some(said) = said {
        assert_eq!(said, "Some(\"main\") true true");
    }
}

#[test]
#[cfg_attr(
    target_env = "musl",
    ignore = "musl drops no thread-locals of the main thread"
)]
fn a_greenlet_made_at_the_very_end_works_or_is_refused() {
    let name = "like_greenlet::leaving::a_greenlet_made_at_the_very_end_works_or_is_refused";
    let said = at_the_end_of_a_process(name, || {
        drop(Greenlet::<u8, u8>::declare());
        match Builder::new().build(|n: u8| n + 1) {
            Ok(greenlet) => format!("works: {}", greenlet.switch(1) == 2),
            Err(error) => format!("refused: {error}"),
        }
    });
    if let Some(said) = said {
        let either = [
            "works: true",
            "refused: the thread is ending and has no stacks any more",
        ];
        assert!(either.contains(&&*said), "{said:?}");
    }
}

#[test]
#[cfg_attr(
    target_env = "musl",
    ignore = "musl drops no thread-locals of the main thread"
)]
fn a_tracer_set_at_the_very_end_does_no_harm() {
    let name = "like_greenlet::leaving::a_tracer_set_at_the_very_end_does_no_harm";
    let said = at_the_end_of_a_process(name, || {
        let tracer: Tracer = Rc::new(|_, _, _| ());
        let before = [Some(tracer), None].map(set_tracer);
        format!("before: {}", before[0].is_some())
    });
    if let Some(said) = said {
        assert_eq!(said, "before: false");
    }
}
