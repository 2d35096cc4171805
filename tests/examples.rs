//! Runs every example whose header shows its `Output:` and compares, and holds the README's programs to the examples.
//!
//! `cargo test --test examples` alone does not build the examples, so the test does, with the features and the profile
//! it was itself built with. A header's output is what follows `//! Output:` to the end of the header.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
#[cfg(feature = "hub")]
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The features of the crate that examples may need, and whether this test was built with them.
const FEATURES: &[(&str, bool)] = &[("hub", cfg!(feature = "hub"))];

/// An example that runs longer is killed and has failed.
const LIMIT: Duration = Duration::from_secs(30);

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

struct Example {
    name: String,
    /// Without the header and without blank lines.
    code: Vec<String>,
    /// What stands under `Output:`, if that is in the header.
    output: Option<String>,
}

#[test]
fn examples_print_what_their_headers_say() {
    let programs = build();
    let (mut ran, mut skipped, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for example in examples() {
        let Some(expected) = &example.output else {
            continue;
        };
        match programs.iter().find(|(name, _)| *name == example.name) {
            Some((name, program)) => {
                ran.push(name.clone());
                faults.extend(
                    run(program)
                        .and_then(|printed| compare(expected, &printed))
                        .err()
                        .map(|fault| format!("examples/{name}.rs: {fault}")),
                );
            }
            None => skipped.push(example.name),
        }
    }
    println!(
        "ran: {}\nnot built with these features: {}",
        ran.join(" "),
        skipped.join(" ")
    );
    assert!(
        !ran.is_empty(),
        "no example with `//! Output:` in its header was built"
    );
    let has_all_features = FEATURES.iter().all(|(_, is_on)| *is_on);
    assert!(
        !has_all_features || skipped.is_empty(),
        "not built, although all features are on: {skipped:?}"
    );
    assert!(
        faults.is_empty(),
        "{} of {} went wrong\n{}",
        faults.len(),
        ran.len(),
        faults.join("\n")
    );
}

#[test]
fn programs_in_the_readme_are_examples() {
    let text = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let programs = programs_with_output(&text);
    assert!(
        !programs.is_empty(),
        "README.md has no ```rust block that a line with \"Output\" and a ```text block follow"
    );
    let examples = examples();
    let faults: Vec<String> = programs
        .iter()
        .filter_map(|program| readme_fault(program, &examples))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[cfg(feature = "hub")]
#[test]
fn ctrl_c_cancels_every_task_and_each_cleans_up() {
    let programs = build();
    let (_, program) = programs.iter().find(|(name, _)| name == "ctrl_c").unwrap();
    let mut child = Command::new(program)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    printed.read_line(&mut line).unwrap();
    assert_eq!(line, "three workers run; press Ctrl-C\n");
    // The shell's own `kill`, which is everywhere.
    let interrupt = format!("kill -INT {}", child.id());
    let sent = Command::new("sh").args(["-c", &interrupt]).status();
    assert!(sent.unwrap().success());
    wait(&mut child, LIMIT).unwrap();
    let mut rest = String::new();
    printed.read_to_string(&mut rest).unwrap();
    let expected = "worker 1 cleans up\nworker 2 cleans up\nworker 3 cleans up\n\
                    killed: true\nkilled: true\nkilled: true\ngood bye\n";
    assert_eq!(rest, expected);
}

// Building.

/// Builds all examples that the features allow; returns their names and programs.
fn build() -> Vec<(String, PathBuf)> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(ROOT).args([
        "build",
        "--examples",
        "--message-format=json-render-diagnostics",
    ]);
    cargo.args(["--no-default-features", "--features"]);
    let features = FEATURES
        .iter()
        .filter(|(_, is_on)| *is_on)
        .map(|(name, _)| *name);
    cargo.arg(features.collect::<Vec<_>>().join(","));
    cargo.args(same_place());
    let built = cargo.stderr(Stdio::piped()).output().unwrap();
    let messages = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{cargo:?} failed:\n{messages}");
    let lines = String::from_utf8(built.stdout).unwrap();
    lines.lines().filter_map(built_example).collect()
}

/// The arguments that make cargo build with the profile, and to the folder, of the test that runs:
/// `<target>/[<triple>/]<profile>/deps/examples-<hash>`.
fn same_place() -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    let profile = program.parent().and_then(Path::parent).unwrap();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let profile_name = match name(profile).as_str() {
        "debug" => "dev".to_owned(),
        other => other.to_owned(),
    };
    let mut arguments = vec!["--profile".to_owned(), profile_name];
    let mut target = profile.parent().unwrap();
    if !target.join("CACHEDIR.TAG").exists()
        && target.parent().unwrap().join("CACHEDIR.TAG").exists()
    {
        arguments.extend(["--target".to_owned(), name(target)]);
        target = target.parent().unwrap();
    }
    arguments.extend([
        "--target-dir".to_owned(),
        target.to_string_lossy().into_owned(),
    ]);
    arguments
}

/// Reads the one line of cargo's JSON that says where an example's program is.
fn built_example(message: &str) -> Option<(String, PathBuf)> {
    let is_example = message.contains(r#""reason":"compiler-artifact""#)
        && message.contains(r#""kind":["example"]"#);
    let target = &message[message.find(r#""target":{"#)?..];
    let program = json_string(message, "executable")?;
    is_example.then_some((json_string(target, "name")?, program.into()))
}

fn json_string(text: &str, key: &str) -> Option<String> {
    let (_, value) = text.split_once(&format!("\"{key}\":\""))?;
    value.split_once('"').map(|(value, _)| value.to_owned())
}

// Running.

/// What the program prints, or why there is nothing to compare.
fn run(program: &Path) -> Result<String, String> {
    let mut command = Command::new(program);
    command
        .current_dir(ROOT)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))?;
    let printed = read_aside(child.stdout.take());
    let complaints = read_aside(child.stderr.take());
    let status = wait(&mut child, LIMIT);
    let text = |output: &mpsc::Receiver<String>| output.recv_timeout(LIMIT).unwrap_or_default();
    let (printed, complaints) = (text(&printed), text(&complaints));
    match status {
        Ok(()) => Ok(printed),
        Err(fault) => Err(format!(
            "{fault}\n--- stdout\n{printed}--- stderr\n{complaints}"
        )),
    }
}

/// Waits for a good end within the limit; kills the program beyond it.
fn wait(child: &mut Child, limit: Duration) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        match child.try_wait().unwrap() {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("ended with {status}")),
            None if begun.elapsed() > limit => break,
            None => thread::sleep(Duration::from_millis(2)),
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    Err(format!("was killed after {limit:?}"))
}

fn read_aside(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.unwrap().read_to_end(&mut bytes);
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// Lines side by side: `  ` is the same, `- ` was expected, `+ ` was printed.
fn compare(expected: &str, printed: &str) -> Result<(), String> {
    if expected == printed {
        return Ok(());
    }
    let mut text = String::from("prints something else (- as the header says, + as printed)\n");
    let (mut left, mut right) = (expected.lines(), printed.lines());
    loop {
        match (left.next(), right.next()) {
            (None, None) => break,
            (Some(a), Some(b)) if a == b => writeln!(text, "  {a}").unwrap(),
            (a, b) => {
                a.iter().for_each(|a| writeln!(text, "- {a}").unwrap());
                b.iter().for_each(|b| writeln!(text, "+ {b}").unwrap());
            }
        }
    }
    if expected.lines().eq(printed.lines()) {
        text.push_str("(the lines are the same: one side does not end its last line, or ends lines otherwise)\n");
    }
    Err(text)
}

// Reading.

/// All of `examples/*.rs`, in the order of their names.
fn examples() -> Vec<Example> {
    let entries = fs::read_dir(Path::new(ROOT).join("examples")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .collect();
    paths.sort();
    paths.iter().map(|path| read_example(path)).collect()
}

fn read_example(path: &Path) -> Example {
    let text = fs::read_to_string(path).unwrap();
    Example {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        code: code_lines(text.lines()),
        output: output_in_header(&text),
    }
}

fn code_lines<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let code = lines.filter(|line| !line.starts_with("//!") && !line.trim().is_empty());
    code.map(|line| line.trim_end().to_owned()).collect()
}

fn output_in_header(text: &str) -> Option<String> {
    let header = text.lines().map_while(|line| line.strip_prefix("//!"));
    let mut lines = header.map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.find(|line| line.trim() == "Output:")?;
    Some(lines.map(|line| format!("{line}\n")).collect())
}

/// A block of Rust in the README with the block of output under it.
struct Program {
    line: usize,
    code: Vec<String>,
    output: String,
}

struct Block<'a> {
    tag: &'a str,
    line: usize,
    body: Vec<&'a str>,
    /// The last line above it that is not blank.
    above: &'a str,
}

fn programs_with_output(text: &str) -> Vec<Program> {
    let blocks = blocks(text);
    let pairs = blocks.windows(2).filter(|pair| {
        let (code, output) = (&pair[0], &pair[1]);
        code.tag.split(',').any(|tag| tag == "rust")
            && output.tag == "text"
            && output.above.contains("Output")
    });
    let program = |pair: &[Block<'_>]| Program {
        line: pair[0].line,
        code: code_lines(pair[0].body.iter().copied()),
        output: pair[1]
            .body
            .iter()
            .map(|line| format!("{line}\n"))
            .collect(),
    };
    pairs.map(program).collect()
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let (mut blocks, mut open, mut above): (Vec<Block<'_>>, bool, &str) = (Vec::new(), false, "");
    for (i, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(tag), false) => blocks.push(Block {
                tag: tag.trim(),
                line: i + 1,
                body: Vec::new(),
                above,
            }),
            (None, true) => blocks.last_mut().unwrap().body.push(line),
            (None, false) if !line.trim().is_empty() => above = line,
            _ => {}
        }
        open ^= line.starts_with("```");
        if line.starts_with("```") {
            above = "";
        }
    }
    blocks
}

fn readme_fault(program: &Program, examples: &[Example]) -> Option<String> {
    let place = format!("README.md:{}", program.line);
    let Some(example) = examples.iter().find(|example| example.code == program.code) else {
        return Some(format!(
            "{place}: this program is no example's code; {}",
            nearest(program, examples)
        ));
    };
    let name = &example.name;
    let Some(expected) = &example.output else {
        return Some(format!(
            "{place}: examples/{name}.rs has no `Output:` in its header"
        ));
    };
    let fault = compare(expected, &program.output).err()?;
    Some(format!(
        "{place}: the output below it is not that of examples/{name}.rs: it {fault}"
    ))
}

/// Where the example that begins most like the program parts from it.
fn nearest(program: &Program, examples: &[Example]) -> String {
    let same = |example: &Example| {
        program
            .code
            .iter()
            .filter(|line| example.code.contains(line))
            .count()
    };
    let Some(example) = examples.iter().max_by_key(|example| same(example)) else {
        return "there are no examples".to_owned();
    };
    let equal = program
        .code
        .iter()
        .zip(&example.code)
        .take_while(|(a, b)| a == b)
        .count();
    let line = |code: &[String]| {
        code.get(equal)
            .cloned()
            .unwrap_or_else(|| "(ends)".to_owned())
    };
    format!(
        "nearest is examples/{}.rs, which parts from it here:\n- {}\n+ {}",
        example.name,
        line(&program.code),
        line(&example.code)
    )
}

mod tests {
    use super::*;

    #[test]
    fn the_output_is_the_rest_of_the_header() {
        let text = "//! A.\n//!\n//! Output:\n//! 1\n//!\n//!   2\nfn main() {}\n//! no\n";
        assert_eq!(output_in_header(text).unwrap(), "1\n\n  2\n");
        assert_eq!(
            output_in_header("//! A.\nfn main() {}\n//! Output:\n"),
            None
        );
    }

    #[test]
    fn a_difference_is_shown_by_lines() {
        let shown = compare("a\nb\n", "a\nc\nd\n").unwrap_err();
        assert!(shown.ends_with("  a\n- b\n+ c\n+ d\n"), "{shown}");
        assert!(
            compare("a\n", "a")
                .unwrap_err()
                .contains("the lines are the same")
        );
    }

    #[test]
    fn a_program_in_the_readme_has_its_output_below() {
        let text = "```rust\nfn a() {}\n\n```\nOutput:\n\n```text\n1\n```\n```rust\nb\n```\n```sh\nx\n```\nOutput\n```text\n2\n```\n";
        let programs = programs_with_output(text);
        assert_eq!(programs.len(), 1);
        assert_eq!((programs[0].line, programs[0].output.as_str()), (1, "1\n"));
        assert_eq!(programs[0].code, ["fn a() {}"]);
    }

    #[test]
    fn a_program_that_runs_too_long_or_badly_is_reported() {
        let fault = run(Path::new("false")).unwrap_err();
        assert!(fault.starts_with("ended with exit status: 1"), "{fault}");
        let fault = run(Path::new("/nowhere")).unwrap_err();
        assert!(fault.starts_with("cannot be started"), "{fault}");
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let fault = wait(&mut child, Duration::from_millis(20)).unwrap_err();
        assert_eq!(fault, "was killed after 20ms");
    }
}
