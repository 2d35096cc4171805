//! Builds `tests/abort/program.rs` with `panic=abort`, runs it, and reads what it prints.

use std::path::Path;
use std::process::Command;

const EXPECTED: &str = "\
switch: 42
join: 7
kill unstarted: Ok(())
killed: true
kill started: Err(Unsupported)
kill greenlet: Err(Unsupported)
a shutdown leaves 1
leaked: 1 stack, 1 owner besides us
main returns with a task alive
";

const TIMEOUT: &str =
    "a timeout unwinds what waits, and a program built with panic=abort cannot unwind";

#[test]
fn without_unwinding_kills_are_refused_and_leaving_leaks() {
    let output = run(&[]);
    assert_eq!(text(&output.stdout), EXPECTED, "{}", text(&output.stderr));
    assert!(output.status.success(), "{}", output.status);
}

#[test]
fn without_unwinding_a_timeout_says_so_and_ends_the_process() {
    let output = run(&["timeout"]);
    let complaints = text(&output.stderr);
    assert!(complaints.contains(TIMEOUT), "{complaints}");
    // The line of the program: cargo names the file from wherever it has called the compiler.
    assert!(complaints.contains("program.rs:14:"), "{complaints}");
    assert_eq!(text(&output.stdout), "");
}

fn run(arguments: &[&str]) -> std::process::Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(root)
        .args([
            "run",
            "--quiet",
            "--locked",
            "--manifest-path",
            "tests/abort/Cargo.toml",
        ])
        .args(["--target-dir", env!("CARGO_TARGET_TMPDIR")])
        .arg("--")
        .args(arguments);
    cargo.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
