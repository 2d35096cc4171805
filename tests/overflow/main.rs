//! Tests that need a process of their own: what ends by a signal, meets a limit of the kernel, or ends a thread.
//!
//! The program runs itself once per case and kind of guard, and compares how the child ended and what it said.
//! `cargo test --test overflow -- mlockall` runs the cases whose name holds the word.

mod faults;
mod limits;
mod overflows;
mod system;
mod threads;

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, Output};
use std::time::Instant;

/// Names the case, in a child's environment.
const CASE: &str = "GREENHUB_OVERFLOW_CASE";
/// Chooses the kind of guard, for the library.
const GUARD: &str = "GREENHUB_STACK_GUARD";
/// What `GUARD` is set to, in turn: what the kernel does best, and what every kernel does.
const GUARDS: [&str; 2] = ["best", "mprotect"];
/// The exit status of a case that this machine does not allow.
const NOT_HERE: i32 = 77;

/// How a child must end.
enum End {
    /// With this exit status.
    Exit(i32),
    /// By this signal, without a word on standard error.
    Silent(i32),
    /// By SIGABRT, with the very words on standard error that it had announced on standard output, which begin so.
    Announced(&'static str),
    /// By SIGABRT, with the words that std has for an overflow of the thread of this name.
    Std(&'static str),
}

struct Case {
    name: String,
    body: Box<dyn Fn()>,
    end: End,
}

fn case(name: impl Into<String>, body: impl Fn() + 'static, end: End) -> Case {
    Case {
        name: name.into(),
        body: Box::new(body),
        end,
    }
}

fn main() -> ExitCode {
    let cases: Vec<Case> = [
        overflows::cases(),
        faults::cases(),
        limits::cases(),
        threads::cases(),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Ok(wanted) = std::env::var(CASE) {
        let case = cases.iter().find(|case| case.name == wanted);
        system::prepare_child();
        (case.expect("a known case").body)();
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        let names = cases.iter().map(|case| &case.name);
        names.for_each(|name| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let word = arguments.iter().find(|word| !word.starts_with('-'));
    run_all(&cases, word.map_or("", |word| word))
}

fn run_all(cases: &[Case], word: &str) -> ExitCode {
    let begun = Instant::now();
    let wanted: Vec<&Case> = cases
        .iter()
        .filter(|case| case.name.contains(word))
        .collect();
    let filtered = (cases.len() - wanted.len()) * GUARDS.len();
    println!("\nrunning {} tests", wanted.len() * GUARDS.len());
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    for case in wanted {
        for guard in GUARDS {
            let verdict = if cfg!(feature = "sanitizer") {
                ignored += 1;
                "ignored, AddressSanitizer has signal handlers of its own".to_owned()
            } else {
                match run(case, guard) {
                    Ok(true) => {
                        passed += 1;
                        "ok".to_owned()
                    }
                    Ok(false) => {
                        ignored += 1;
                        "ignored, not allowed on this machine".to_owned()
                    }
                    Err(complaint) => {
                        failed += 1;
                        format!("FAILED: {complaint}")
                    }
                }
            };
            println!("test {} ({guard}) ... {verdict}", case.name);
        }
    }
    println!(
        "\ntest result: {}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; {filtered} filtered out; \
         finished in {:.2}s\n",
        if failed == 0 { "ok" } else { "FAILED" },
        begun.elapsed().as_secs_f64()
    );
    ExitCode::from(if failed == 0 { 0 } else { 101 })
}

/// Whether the case ran, if it did what it shall.
fn run(case: &Case, guard: &str) -> Result<bool, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .env(CASE, &case.name)
        .env(GUARD, guard)
        .env_remove("RUST_BACKTRACE")
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.code() == Some(NOT_HERE) {
        return Ok(false);
    }
    if is_as_it_shall(&case.end, &output) {
        return Ok(true);
    }
    let Output {
        status,
        stdout,
        stderr,
    } = output;
    Err(format!(
        "{status}, having announced {:?} and said {:?}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    ))
}

fn is_as_it_shall(end: &End, output: &Output) -> bool {
    let signal = output.status.signal();
    let announced = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    match end {
        End::Exit(status) => output.status.code() == Some(*status),
        End::Silent(wanted) => signal == Some(*wanted) && said.is_empty(),
        End::Announced(start) => {
            signal == Some(libc::SIGABRT) && said == announced && said.starts_with(start)
        }
        End::Std(thread) => {
            let wanted = format!(
                "\nthread '{thread}' has overflowed its stack\nfatal runtime error: stack overflow, aborting\n"
            );
            signal == Some(libc::SIGABRT) && without_number(&said) == wanted
        }
    }
}

/// The text without the thread's number, which stands in brackets.
fn without_number(text: &str) -> String {
    match (text.find(" ("), text.find(") ")) {
        (Some(open), Some(close)) if open < close => [&text[..open], &text[close + 1..]].concat(),
        _ => text.to_owned(),
    }
}
