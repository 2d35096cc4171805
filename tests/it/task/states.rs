//! What a task tells of itself: where it stands, who it is, who has spawned it, and which others there are.

use std::cell::RefCell;
use std::panic::{catch_unwind, resume_unwind};
use std::rc::Rc;
use std::time::Duration;

use greenhub::hub::pause_clock;
use greenhub::task::{self, AnyTask, Builder, State};
use greenhub::{Greenlet, Task, current, scope, sleep, spawn, spawn_later, yield_now};

use crate::support::{Log, seconds};

#[test]
fn a_task_goes_through_its_states_in_order() {
    pause_clock();
    let log = Log::new();
    let seen: Rc<RefCell<Option<AnyTask>>> = Rc::default();
    let task = spawn(log.given_to({
        let seen = seen.clone();
        move |log| {
            let me = seen.borrow().clone().unwrap();
            log.say(format!("{:?}", me.state()));
            sleep(seconds(1));
            log.say(format!("{:?}", me.state()));
        }
    }));
    seen.replace(Some(task.any()));
    let told = |log: &Log, task: &Task<()>| {
        log.say(format!("{:?} {}", task.state(), task.is_finished()));
    };
    told(&log, &task);
    yield_now();
    told(&log, &task);
    sleep(seconds(2));
    told(&log, &task);
    log.check([
        "Pending false",
        "Running",
        "Suspended false",
        "Running",
        "Done true",
    ]);
}

#[test]
fn each_way_to_end_has_its_state() {
    pause_clock();
    let returned = spawn(|| ());
    let panicked = spawn(|| resume_unwind(Box::new("stone")));
    let [killed, unstarted] = [(); 2].map(|()| spawn(|| sleep(Duration::MAX)));
    unstarted.kill();
    yield_now();
    killed.kill();
    let later = spawn_later(seconds(1), || ());
    let states = [&returned, &panicked, &killed, &unstarted, &later].map(|task| task.state());
    use State::{Cancelled, Done, Pending};
    assert_eq!(states, [Done, Done, Cancelled, Cancelled, Pending]);
    assert!(panicked.join().unwrap_err().is_panic());
}

#[test]
fn one_that_runs_a_child_waits_for_it() {
    let task = spawn(|| {
        let me = task::current().unwrap();
        let child = Greenlet::new(move |()| {
            assert!(task::current().is_none(), "a greenlet that was not spawned");
            me.state()
        });
        let state: State = child.switch(());
        (state, task::current().unwrap().state())
    });
    assert_eq!(task.join().unwrap(), (State::Suspended, State::Running));
    assert!(task::current().is_none(), "main");
}

#[test]
fn a_queued_task_is_suspended_and_a_delayed_task_pending() {
    pause_clock();
    let yields = spawn(yield_now);
    let later = spawn_later(seconds(1), || sleep(seconds(1)));
    yield_now();
    assert_eq!(yields.state(), State::Suspended);
    assert_eq!(later.state(), State::Pending);
    sleep(seconds(1));
    assert_eq!(later.state(), State::Suspended);
    assert_eq!(yields.state(), State::Done);
}

#[test]
fn all_lists_live_tasks_in_spawn_order() {
    pause_clock();
    assert_eq!(task::all(), []);
    let tasks = [3, 1, 2].map(|secs| spawn(move || sleep(seconds(secs))));
    let detached = spawn(|| sleep(seconds(4))).any();
    let later = spawn_later(seconds(5), || ());
    let mut expected: Vec<AnyTask> = tasks.iter().map(Task::any).collect();
    expected.extend([detached.clone(), later.any()]);
    for gone in [1, 2, 0] {
        assert_eq!(task::all(), expected);
        sleep(seconds(1));
        yield_now();
        let id = tasks[gone].id();
        expected.retain(|task| task.id() != id);
    }
    assert_eq!(task::all(), [detached, later.any()]);
    // A raw greenlet that waits in the hub is none.
    Greenlet::new(|()| sleep(seconds(1))).switch(());
    assert_eq!(task::all().len(), 1);
    let elsewhere = std::thread::spawn(|| task::all().len());
    assert_eq!(elsewhere.join().unwrap(), 0);
}

#[test]
fn a_task_finds_itself_in_the_list_and_its_spawner_by_its_id() {
    let main = current().id();
    let parent = spawn(move || {
        let me = task::current().unwrap();
        assert_eq!(me.parent_id(), main);
        assert_eq!(task::all(), std::slice::from_ref(&me));
        let child = spawn(|| task::current().unwrap().parent_id());
        assert_eq!(child.parent_id(), me.id());
        assert_eq!(child.join().unwrap(), me.id());
        // A greenlet in between is who has spawned it.
        let raw = Greenlet::new(|()| (current().id(), spawn(|| ())));
        let (id, child) = raw.switch(());
        assert_eq!(child.parent_id(), id);
        assert_eq!(current().id(), me.id());
        me.id()
    });
    let id = parent.id();
    assert_eq!(parent.parent_id(), main);
    assert_eq!(parent.join().unwrap(), id);
}

#[test]
fn handles_tell_name_id_and_place() {
    let line = line!() + 1;
    let plain = spawn(|| ());
    let named = Builder::new().name("worker").spawn(|| ()).unwrap();
    let later = spawn_later(Duration::ZERO, || ());
    for (task, name, line) in [
        (&plain, None, line),
        (&named, Some("worker"), line + 1),
        (&later, None, line + 2),
    ] {
        let any = task.any();
        assert_eq!((task.name(), any.name()), (name, name));
        assert_eq!(
            (task.spawned_at().file(), task.spawned_at().line()),
            (file!(), line)
        );
        assert_eq!(task.spawned_at(), any.spawned_at());
        assert_eq!(task.id(), any.id());
        assert_eq!(AnyTask::from(task), AnyTask::from(&any));
    }
    assert_ne!(plain.any(), named.any());
    let (id, other) = (plain.id(), named.id());
    let texts = [format!("{:?}", plain.any()), format!("{:?}", named.any())];
    assert_eq!(texts[0], format!("AnyTask {{ id: {id}, state: Pending }}"));
    assert_eq!(
        texts[1],
        format!("AnyTask {{ id: {other}, name: \"worker\", state: Pending }}")
    );
    assert_eq!(
        format!("{plain:?}"),
        format!("Task {{ id: {id}, state: Pending }}")
    );
}

/// What each task waits for, with the line in place of the file's name and the column.
fn waits(tasks: &[AnyTask]) -> Vec<String> {
    let told = |task: &AnyTask| match task.waits_for() {
        None => "-".into(),
        Some(wait) => {
            let reason = wait.reason().to_string();
            let place = wait.place().inspect(|place| {
                assert_eq!(place.file(), file!());
                assert_eq!(wait.to_string(), format!("{reason} at {place}"));
            });
            place.map_or(reason.clone(), |place| format!("{reason} {}", place.line()))
        }
    };
    tasks.iter().map(told).collect()
}

#[test]
fn a_task_tells_what_it_waits_for_and_since_which_line() {
    pause_clock();
    let line = line!();
    let sleeper = spawn(|| sleep(seconds(1)));
    let other = sleeper.any();
    let joiner = spawn(move || other.wait());
    let later = spawn_later(seconds(2), || ());
    let switches = spawn(|| Greenlet::<(), ()>::new(|()| sleep(seconds(1))).switch(()));
    let swallows = spawn(|| {
        let _ = catch_unwind(|| sleep(Duration::MAX));
        sleep(Duration::MAX);
    });
    let tells = spawn(|| task::current().unwrap().waits_for().is_none());
    let tasks = task::all();
    let begins = format!("its time to begin {}", line + 4);
    assert_eq!(waits(&tasks), ["-", "-", &begins, "-", "-", "-"]);
    yield_now();
    let sleeps = |behind| format!("sleep {}", line + behind);
    let joins = format!("join of task {} {}", sleeper.id(), line + 3);
    let in_switch = "a switch to it";
    let first = [&sleeps(1), &joins, &begins, in_switch, &sleeps(7), "-"];
    assert_eq!(waits(&tasks), first);
    assert!(tells.join().unwrap());

    swallows.kill_nowait();
    assert_eq!(waits(&tasks)[4], "-", "it is ready");
    yield_now();
    assert!(swallows.is_finished(), "it was killed again");
    sleep(seconds(1));
    yield_now();
    assert_eq!(waits(&tasks), ["-", "-", &begins, "-", "-", "-"]);
    assert!(sleeper.is_finished() && joiner.is_finished() && !later.is_finished());
    assert!(switches.is_finished());
}

#[test]
fn the_debug_text_of_each_handle_names_the_wait() {
    pause_clock();
    let line = line!() + 1;
    let plain = spawn(|| sleep(seconds(1)));
    yield_now();
    let wait = plain.waits_for().unwrap();
    assert_eq!(wait.place().unwrap().line(), line);
    let text = format!("id: {}, state: Suspended, waits_for: {wait} }}", plain.id());
    assert_eq!(format!("{plain:?}"), format!("Task {{ {text}"));
    assert_eq!(format!("{:?}", plain.any()), format!("AnyTask {{ {text}"));
    assert_eq!(format!("{wait:?}"), format!("WaitInfo({wait})"));
    scope(|s| {
        let borrows = s.spawn(|| sleep(seconds(1)));
        yield_now();
        let wait = borrows.waits_for().unwrap();
        let text = format!("{borrows:?}");
        assert!(text.starts_with("ScopedTask {") && text.contains(&wait.to_string()));
    });
}

#[test]
fn a_handle_without_a_type_outlives_the_task_and_its_outcome() {
    let any = {
        let task = spawn(|| 7);
        let any = task.any();
        assert_eq!(task.join().unwrap(), 7);
        any
    };
    assert!(any.is_finished() && any.state() == State::Done);
    any.wait();
    assert!(any.wait_timeout(Duration::ZERO));
    any.kill();
    assert_eq!(any.state(), State::Done);
    let detached = spawn(|| resume_unwind(Box::new("stone")));
    let any: AnyTask = (&detached).into();
    let _: Task<()> = detached;
    task::set_unobserved_hook(Some(Rc::new(|_| ())));
    any.wait();
    assert_eq!(any.state(), State::Done);
}

#[test]
fn try_join_gives_the_handle_back_until_there_is_an_outcome() {
    let task = spawn(|| 7);
    let task = task.try_join().unwrap_err();
    assert_eq!(task.state(), State::Pending);
    yield_now();
    assert_eq!(task.try_join().unwrap().unwrap(), 7);
    let killed = spawn(|| 7);
    killed.kill();
    assert!(killed.try_join().unwrap().unwrap_err().is_killed());
}

#[test]
fn wait_timeout_tells_whether_it_has_ended_as_often_as_one_asks() {
    pause_clock();
    let task = spawn(|| sleep(seconds(3)));
    assert!(!task.wait_timeout(Duration::ZERO));
    assert!(!task.wait_timeout(seconds(1)));
    assert!(task.wait_timeout(Duration::MAX));
    assert!(task.wait_timeout(Duration::ZERO));
    task.join().unwrap();
}

#[test]
fn a_delayed_task_begins_at_its_moment_and_in_order() {
    pause_clock();
    let log = Log::new();
    let _tasks = [2, 0, 1, 2].map(|secs| {
        spawn_later(
            seconds(secs),
            log.given_to(move |log| log.say(secs.to_string())),
        )
    });
    let never = spawn_later(Duration::MAX, log.given_to(|log| log.say("never")));
    yield_now();
    sleep(seconds(1));
    yield_now();
    log.check(["0", "1"]);
    sleep(seconds(1));
    yield_now();
    log.check(["2", "2"]);
    assert!(!never.wait_timeout(seconds(1_000_000)));
    never.kill();
}
