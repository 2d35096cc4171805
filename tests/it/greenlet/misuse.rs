//! Misuse: each way in which a switch is refused, with the value given back and everything else unharmed.

use std::cell::RefCell;
use std::io;
use std::panic::resume_unwind;
use std::rc::Rc;

use greenhub::greenlet::Builder;
use greenhub::{AnyGreenlet, Greenlet, SpawnError, SwitchError, current, parent};

use crate::support::{Census, Counted, Log, in_child, panic_text, started, wait};
use crate::support::{caught, wait_and_swallow_the_kill};

/// What a refused switch says, once it has given back the very value that it was given.
#[track_caller]
fn refusal<O: 'static>(target: &Greenlet<Rc<u8>, O>) -> String {
    let value = Rc::new(1);
    let Err(error) = target.try_switch(value.clone()) else {
        panic!("it was not refused");
    };
    let text = format!("{error:?}");
    let back = error.into_value().expect("the value comes back");
    assert!(Rc::ptr_eq(&back, &value));
    assert_eq!(Rc::strong_count(&value), 2, "nothing kept, nothing lost");
    text
}

#[test]
fn a_dead_one_gives_the_value_back() {
    let dead: Greenlet<Rc<u8>, ()> = Greenlet::new(drop);
    dead.switch(Rc::new(0));
    assert_eq!(refusal(&dead), "SwitchError::Dead(it has ended)");
}

#[test]
fn a_target_without_a_body_returns_the_value() {
    let greenlet: Greenlet<Rc<u8>, u8> = Greenlet::declare();
    assert_eq!(
        refusal(&greenlet),
        "SwitchError::Undefined(it was declared and has no body: call `define` before the first switch)"
    );
    assert!(!greenlet.is_started() && !greenlet.is_dead());
    let text = panic_text(|| greenlet.switch(Rc::new(0)));
    assert!(text.contains("it was declared and has no body"), "{text}");
    greenlet.define(|value| *value + 1);
    assert_eq!(greenlet.switch(Rc::new(1)), 2);
}

#[test]
fn a_target_of_another_type_returns_the_value_unchanged() {
    let greenlet: Greenlet<String, String> = Greenlet::new(|first| {
        let second = parent::<String, u32>().switch(first);
        second.to_string()
    });
    let wrong = AnyGreenlet::from(&greenlet).typed::<Rc<u8>, ()>();
    let said = refusal(&wrong);
    assert!(said.contains("WrongType(it waits for a value of type alloc::string::String, not"));
    assert!(!greenlet.is_started());
    assert_eq!(greenlet.switch("first".into()), "first");
    match greenlet.try_switch("second".into()) {
        Err(SwitchError::WrongType { value, waits_for }) => {
            assert_eq!((value.as_str(), waits_for), ("second", "u32"));
        }
        other => panic!("{other:?}"),
    }
    let right = AnyGreenlet::from(&greenlet).typed::<u32, String>();
    assert_eq!(right.switch(5), "5");
}

#[test]
fn oneself_with_another_type_gives_the_value_back() {
    let me = current().typed::<Rc<u8>, u32>();
    let said = refusal(&me);
    assert!(said.contains("it waits for a value of type u32"), "{said}");
}

#[cfg(feature = "hub")]
#[test]
fn a_target_that_waits_for_its_hub_returns_the_value() {
    let seen = Rc::new(RefCell::new(None));
    let task = greenhub::spawn({
        let seen = seen.clone();
        move || {
            seen.replace(Some(current()));
            greenhub::sleep(std::time::Duration::from_millis(1));
            "slept"
        }
    });
    greenhub::yield_now();
    let sleeper = seen.take().expect("it has begun");
    let said =
        "SwitchError::NotWaiting(it waits for something other than a switch, such as its hub)";
    assert_eq!(refusal(&sleeper.typed::<_, ()>()), said);
    assert_eq!(task.join().expect("no panic"), "slept");
}

#[cfg(feature = "hub")]
#[test]
fn a_switch_to_the_hub_says_what_to_do_instead() {
    let said = greenhub::spawn(|| {
        let hub = current().parent().expect("its hub");
        refusal(&hub.typed::<_, ()>())
    });
    let said = said.join().expect("no panic");
    assert!(
        said.starts_with("SwitchError::Hub(it is the hub, which is the parent of every task"),
        "{said}"
    );
    assert!(said.contains("through a channel"), "{said}");
}

/// Tries to switch in its destructor, and keeps what came of it.
struct TriesAtDrop(Greenlet<Counted, ()>, Census, Log);

impl Drop for TriesAtDrop {
    fn drop(&mut self) {
        let error = self.0.try_switch(self.1.one()).expect_err("refused");
        assert!(matches!(error, SwitchError::Panicking(_)));
        self.2.say(error.to_string());
        drop(error.into_value().expect("the value comes back"));
    }
}

#[test]
fn a_switch_in_an_unwinding_destructor_returns_the_value() {
    let (census, log) = (Census::new(), Log::new());
    let target: Greenlet<Counted, ()> = Greenlet::new(drop);
    let tries = || TriesAtDrop(target.clone(), census.clone(), log.clone());
    let text = "a panic unwinds the running greenlet, which cannot switch or wait meanwhile";
    // In main, in a greenlet that panics, and in one that is killed.
    let in_main = tries();
    caught(move || {
        let _in_main = in_main;
        panic!("main")
    });
    log.check([text]);
    let inside = tries();
    let panics: Greenlet<(), ()> = Greenlet::new(move |()| {
        let _inside = inside;
        panic!("inside")
    });
    caught(|| panics.switch(()));
    log.check([text]);
    let inside = tries();
    drop(started(move || {
        let _inside = inside;
        wait();
    }));
    log.check([text]);
    census.check_all_dropped();
    assert!(!target.is_started());
    target.switch(census.one());
    census.check_all_dropped();
}

#[test]
fn a_switch_in_an_unwinding_destructor_aborts_with_a_message() {
    let name = "greenlet::misuse::a_switch_in_an_unwinding_destructor_aborts_with_a_message";
    struct SwitchesAtDrop(Greenlet<(), ()>);
    impl Drop for SwitchesAtDrop {
        fn drop(&mut self) {
            self.0.switch(());
        }
    }
    let ended = in_child(name, || {
        let target = Builder::new().name("target").build(|()| ());
        let _switches = SwitchesAtDrop(target.expect("a stack"));
        panic!("the first panic");
    });
    if let Some(ended) = ended {
        ended.check_abort(&[
            "the first panic",
            "greenhub: greenlet \"main\"",
            "cannot switch to greenlet \"target\"",
            "at tests/it/greenlet/misuse.rs:",
            "while a panic unwinds it",
            "se try_switch in destructors",
        ]);
    }
}

#[test]
fn a_child_that_ends_with_another_type_is_told_with_its_value() {
    let census = Census::new();
    let child = Builder::new().name("child").build({
        let census = census.clone();
        move |()| census.one()
    });
    let child: Greenlet<(), Counted> = child.expect("a stack");
    let wrong = AnyGreenlet::from(&child).typed::<(), u8>();
    let Err(error) = wrong.try_switch(()) else {
        panic!("a Counted is no u8")
    };
    let text = error.to_string();
    assert!(text.starts_with("greenlet \"child\" (made at tests/it/greenlet/misuse.rs:"));
    assert!(
        text.contains(
            "ended with a value of type it::support::drops::Counted, which is not waited"
        )
    );
    match error {
        SwitchError::WrongAnswer { value, .. } => assert!(value.is::<Counted>()),
        other => panic!("{other:?}"),
    }
    assert!(child.is_dead());
    census.check_all_dropped();
    let child: Greenlet<(), &str> = Greenlet::new(|()| "text");
    let wrong = AnyGreenlet::from(&child).typed::<(), u8>();
    let text = panic_text(|| wrong.switch(()));
    assert!(text.contains("ended with a value of type &str"), "{text}");
}

#[test]
fn a_child_that_a_kill_ends_by_another_way_is_told_as_killed() {
    // The kill of one greenlet, which another one lets go on.
    let kept = Rc::new(RefCell::new(None));
    drop(started({
        let kept = kept.clone();
        move || drop(kept.replace(Some(wait_and_swallow_the_kill())))
    }));
    let kill = kept.take().expect("swallowed");
    let child: Greenlet<Rc<u8>, ()> = Greenlet::new(|_| resume_unwind(kill));
    let value = Rc::new(3);
    let error = child.try_switch(value.clone()).expect_err("killed");
    assert_eq!(error.to_string(), "it was killed");
    assert!(error.into_value().is_none());
    assert_eq!(Rc::strong_count(&value), 1, "it had taken the value");
}

#[test]
fn a_dead_target_names_the_ancestor_of_another_type() {
    let dead: Greenlet<u8, ()> = Greenlet::new(|_| ());
    dead.switch(1);
    let text = panic_text(|| dead.switch(2));
    assert!(text.starts_with("switch to greenlet "), "{text}");
    assert!(
        text.contains("(made at tests/it/greenlet/misuse.rs:"),
        "{text}"
    );
    assert!(text.ends_with("failed: it has ended"), "{text}");
}

#[test]
fn a_switch_past_a_dead_one_tells_how_the_ancestor_ended() {
    type Child = Greenlet<(), u8>;
    let elder: Greenlet<(), Child> = Greenlet::new(|()| {
        let child: Child = Greenlet::new(|()| 1);
        child.switch(());
        parent::<Child, ()>().switch(child.clone());
        child
    });
    let dead = elder.switch(());
    assert!(dead.is_dead());
    // It goes to the elder, who ends with a `Greenlet` where a `u8` is waited for.
    let text = panic_text(|| dead.switch(()));
    assert!(
        text.contains("ended with a value of type greenhub"),
        "{text}"
    );
}

#[test]
fn a_body_is_given_once_and_of_the_declared_type() {
    let greenlet: Greenlet<u8, u8> = Greenlet::declare();
    let other = AnyGreenlet::from(&greenlet).typed::<String, u8>();
    let text = panic_text(|| other.define(|_| 0));
    assert!(
        text.contains("does not start with a alloc::string::String"),
        "{text}"
    );
    greenlet.define(|value| value + 1);
    let census = Census::new();
    let captured = census.one();
    let text = panic_text(|| {
        greenlet.define(move |_| {
            drop(captured);
            0
        });
    });
    assert!(text.contains("has its body already"), "{text}");
    census.check_all_dropped();
    assert_eq!(greenlet.switch(1), 2);
    let text = panic_text(|| greenlet.define(|value| value));
    assert!(text.contains("has ended"), "{text}");
    let text = panic_text(|| current().typed::<(), ()>().define(|()| ()));
    assert!(text.contains("does not start with a ()"), "{text}");
}

#[test]
fn main_has_no_parent() {
    let text = panic_text(parent::<(), ()>);
    assert_eq!(text, "the main greenlet has no parent");
    assert!(current().parent().is_none());
}

#[test]
fn a_stack_that_cannot_be_had_is_an_error_only_once() {
    for size in [usize::MAX, usize::MAX - 8191, usize::MAX / 2, 1 << 60] {
        let census = Census::new();
        let captured = census.one();
        let builder = Builder::new().stack_size(size);
        let built: Result<Greenlet<(), ()>, SpawnError> = builder.build(move |()| drop(captured));
        let kind = io::Error::from(built.expect_err("too large")).kind();
        let kinds = [io::ErrorKind::OutOfMemory, io::ErrorKind::InvalidInput];
        assert!(kinds.contains(&kind), "{kind}");
        census.check_all_dropped();
    }
    assert_eq!(Greenlet::new(|value: u8| value + 1).switch(1), 2);
}

/// Starts waiting greenlets until no stack can be had any more.
fn exhaust(all: &mut Vec<Greenlet<(), ()>>) -> SpawnError {
    loop {
        match Builder::new().build(|()| wait()) {
            Ok(greenlet) => all.push(greenlet),
            Err(error) => return error,
        }
        assert!(all.len() < 100_000, "the limit holds for nothing");
    }
}

#[test]
#[cfg_attr(
    feature = "sanitizer",
    ignore = "AddressSanitizer itself needs the addresses that this test takes away"
)]
fn out_of_memory_leaves_a_declared_one_to_be_defined_later() {
    let name = "greenlet::misuse::out_of_memory_leaves_a_declared_one_to_be_defined_later";
    let ended = in_child(name, || {
        let mut all = vec![started(wait)]; // whatever is mapped ahead is mapped now
        let pages = std::fs::read_to_string("/proc/self/statm").expect("on Linux");
        let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
        let limit = pages * 4096 + (16 << 20);
        let (_, hard) = rlimit::Resource::AS.get().expect("on Linux");
        rlimit::Resource::AS.set(limit, hard).expect("lower");
        let late: Greenlet<u8, u8> = Greenlet::declare();
        let error = exhaust(&mut all);
        let text = panic_text(|| late.define(|value| value + 1));
        assert!(!late.is_started() && !late.is_dead());
        let new = panic_text(|| Greenlet::<(), ()>::new(|()| ()));
        rlimit::Resource::AS.set(hard, hard).expect("as before");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::OutOfMemory);
        assert!(text.contains("gets no stack: "), "{text}");
        assert!(new.contains("no greenlet could be made: "), "{new}");
        all.iter().for_each(|greenlet| greenlet.switch(()));
        late.define(|value| value + 1);
        assert_eq!(late.switch(1), 2);
    });
    if let Some(ended) = ended {
        ended.check_success();
    }
}
