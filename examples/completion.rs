//! Waiting for many: each as it ends, the first few, or whatever is ready in time.
//!
//! Output:
//! c ends
//! b ends
//! a ends
//! first two: ["c", "b"]
//! in time: ["c"], and 2 run on
//! the first is number 2
//! first failure: b has no answer
use greenhub::{Task, iwait, sleep, spawn, task, wait_any};
use std::time::Duration;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Three tasks that take 60, 40 and 20 milliseconds.
fn three() -> [Task<()>; 3] {
    [("a", 60), ("b", 40), ("c", 20)].map(|(name, time)| {
        let task = task::Builder::new().name(name);
        task.spawn(move || sleep(millis(time))).unwrap()
    })
}

fn names<'a>(tasks: &[&'a Task<()>]) -> Vec<&'a str> {
    tasks.iter().map(|task| task.name().unwrap()).collect()
}

fn main() {
    for task in iwait(&three()) {
        println!("{} ends", task.name().unwrap());
    }
    let tasks = three();
    println!(
        "first two: {:?}",
        names(&iwait(&tasks).take(2).collect::<Vec<_>>())
    );

    let tasks = three();
    let ready = iwait(&tasks).timeout(millis(30)).collect::<Vec<_>>();
    let left = tasks.iter().filter(|task| !task.is_finished()).count();
    println!("in time: {:?}, and {left} run on", names(&ready));

    let [a, b, c] = three();
    println!("the first is number {}", wait_any(&[&a, &b, &c]));

    std::panic::set_hook(Box::new(|_| {}));
    let tasks = [("a", 60), ("b", 20)].map(|(name, time)| {
        spawn(move || -> u32 {
            sleep(millis(time));
            panic!("{name} has no answer")
        })
    });
    task::set_unobserved_hook(Some(std::rc::Rc::new(|_| {})));
    let error = task::try_gather(tasks).unwrap_err();
    println!("first failure: {}", error.panic_message().unwrap());
}
