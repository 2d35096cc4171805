//! `yield_from` hands a whole inner generator out: its items, what is sent and thrown to it, and what it returns.
//!
//! Output:
//! [main] asked: your name?
//! [main] asked: your age?
//! [main] asked: "old" is no number. your age?
//! [main] was told: Ada is 36
//! [number] nobody answers: hung up
use greenhub::generator::{Generator, Step, Yielder};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Yields questions, takes answers, and returns what it has found out.
type Dialogue<R> = Generator<String, String, R>;

fn number(question: &'static str) -> Dialogue<u32> {
    Generator::with_input(move |y: &Yielder<String, String>, _| {
        let mut text = question.to_owned();
        loop {
            let answer = match catch_unwind(AssertUnwindSafe(|| y.yield_(text))) {
                Ok(answer) => answer,
                Err(thrown) => {
                    if let Some(why) = thrown.downcast_ref::<&str>() {
                        println!("[number] nobody answers: {why}");
                    }
                    resume_unwind(thrown);
                }
            };
            match answer.parse() {
                Ok(number) => return number,
                Err(_) => text = format!("{answer:?} is no number. {question}"),
            }
        }
    })
}

fn form() -> Dialogue<String> {
    Generator::with_input(|y: &Yielder<String, String>, _| {
        let name = y.yield_("your name?".to_owned());
        // The questions go out past this generator, and the answers come in past it.
        let age = y.yield_from_with(number("your age?"), String::new());
        format!("{name} is {age}")
    })
}

fn main() {
    let mut dialogue = form();
    for answer in ["", "Ada", "old", "36"] {
        match dialogue.send(answer.to_owned()) {
            Step::Yielded(question) => println!("[main] asked: {question}"),
            Step::Returned(summary) => println!("[main] was told: {summary}"),
        }
    }
    let mut dialogue = form();
    for answer in ["", "Bob"] {
        dialogue.send(answer.to_owned());
    }
    let thrown = catch_unwind(AssertUnwindSafe(|| dialogue.throw(Box::new("hung up"))));
    assert!(thrown.is_err() && dialogue.is_finished());
}
