//! The cap on the tasks of a hub: who is refused, what is said, and what goes on.

use greenhub::{Greenlet, HubHandle, SpawnError, Task, hub, joinall, sleep, spawn, try_spawn};
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

fn sleepers(count: usize) -> Vec<Task<()>> {
    (0..count)
        .map(|_| spawn(|| sleep(Duration::from_millis(1))))
        .collect()
}

#[test]
fn the_spawn_beyond_the_limit_fails_and_the_others_end() {
    hub::set_max_tasks(3);
    let tasks = sleepers(3);
    let body_dropped = Rc::new(Cell::new(false));
    struct Tell(Rc<Cell<bool>>);
    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let tell = Tell(body_dropped.clone());
    let error = try_spawn(move || drop(tell)).expect_err("there are three");
    assert!(matches!(error, SpawnError::TooMany { limit: 3 }));
    assert!(body_dropped.get());
    assert_eq!(
        error.to_string(),
        "this thread's hub has 3 tasks, which is as many as hub::set_max_tasks allows"
    );
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::QuotaExceeded);
    joinall(&tasks);
    joinall(sleepers(3));
}

#[test]
fn a_task_that_has_ended_makes_room_however_it_ended() {
    hub::set_max_tasks(1);
    for _ in 0..10 {
        spawn(|| ()).join().expect("fine");
        let panicked = spawn(|| std::panic::resume_unwind(Box::new("no message")));
        let panicked: Task<()> = panicked;
        assert!(panicked.join().is_err());
        drop(spawn(|| ()));
        sleep(Duration::ZERO);
    }
}

#[test]
fn tasks_of_tasks_count_and_greenlets_do_not() {
    hub::set_max_tasks(2);
    let _greenlets: Vec<Greenlet<(), ()>> = (0..10).map(|_| Greenlet::new(|()| ())).collect();
    let outer = spawn(|| {
        let inner = spawn(|| try_spawn(|| ()).is_err());
        inner.join().expect("no panic")
    });
    assert!(outer.join().expect("no panic"), "three tasks at a time");
}

#[test]
fn a_lower_limit_leaves_those_who_are_there() {
    let tasks = sleepers(5);
    hub::set_max_tasks(2);
    assert!(try_spawn(|| ()).is_err());
    joinall(&tasks);
    let two = sleepers(2);
    assert!(try_spawn(|| ()).is_err());
    hub::set_max_tasks(usize::MAX);
    joinall(sleepers(100));
    joinall(&two);
}

#[test]
fn each_thread_has_its_own_limit() {
    hub::set_max_tasks(0);
    assert!(try_spawn(|| ()).is_err());
    let elsewhere = std::thread::spawn(|| spawn(|| 1).join().expect("no limit here"));
    assert_eq!(elsewhere.join().expect("no panic"), 1);
}

#[test]
fn what_comes_from_another_thread_is_dropped() {
    struct Tell(std::sync::mpsc::Sender<&'static str>);
    impl Drop for Tell {
        fn drop(&mut self) {
            let _ = self.0.send("dropped");
        }
    }
    hub::set_max_tasks(0);
    let (sender, receiver) = std::sync::mpsc::channel();
    let handle = HubHandle::current().expect("a descriptor");
    let tell = Tell(sender);
    let sent = std::thread::spawn(move || handle.spawn(move || drop(tell)));
    sent.join().expect("no panic").expect("the hub is there");
    sleep(Duration::from_millis(5));
    assert_eq!(receiver.try_recv(), Ok("dropped"));
}
