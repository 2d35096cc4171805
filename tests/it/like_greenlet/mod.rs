//! greenlet's own tests (version 3.5.6), each by its name, with the tests that stand for it here or why it has no meaning.
//!
//! `table.rs` is the table. The other files of this folder hold the cases that no other test here has: a case is
//! carried over, with the types and the rules of this library; the code is ours.

mod generators;
mod leaks;
mod leaving;
mod locals;
mod parents;
mod switching;
mod table;
mod throw;
mod tracing;
mod weak;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The tests of one of greenlet's files.
struct File {
    name: &'static str,
    count: usize,
    rows: &'static [Row],
}

/// One of greenlet's tests.
struct Row {
    theirs: &'static str,
    /// Tests of this binary, by their full names.
    ours: &'static [&'static str],
    /// What is different, or why there is none of ours.
    why: &'static str,
}

/// Tests that a compiler makes: examples that must not compile, in the documentation of these files.
const DO_NOT_COMPILE: &str = "does not compile: see the documentation in ";

fn rows() -> impl Iterator<Item = (&'static str, &'static Row)> {
    let files = table::FILES.iter();
    files.flat_map(|file| file.rows.iter().map(|row| (file.name, row)))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The file of a module of this binary: `threads` or `like_greenlet::throw`.
fn file_of(module: &str) -> PathBuf {
    let path = root().join("tests/it").join(module.replace("::", "/"));
    match path.join("mod.rs") {
        file if file.exists() => file,
        _ => path.with_extension("rs"),
    }
}

/// The names of all functions in this text that have the attribute `#[test]`.
fn tests_in(text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("fn ") {
            let name = rest.split_once('(').map(|(name, _)| name);
            names.extend(name.filter(|_| is_test));
        }
        // Other attributes may stand between, on lines of their own.
        let is_attribute = line.starts_with(['#', ' ', ')']);
        is_test = line == "#[test]" || (is_test && is_attribute);
    }
    names
}

fn is_a_test(full_name: &str) -> bool {
    let Some((module, name)) = full_name.rsplit_once("::") else {
        return false;
    };
    let text = fs::read_to_string(file_of(module)).unwrap_or_default();
    tests_in(&text).contains(name)
}

#[test]
fn every_test_that_the_table_names_is_there() {
    let missing: Vec<String> = rows()
        .flat_map(|(file, row)| row.ours.iter().map(move |ours| (file, row.theirs, ours)))
        .filter(|(_, _, ours)| !is_a_test(ours))
        .map(|(file, theirs, ours)| format!("{file} {theirs}: there is no test {ours}"))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_test_of_greenlet_has_one_row_with_a_test_or_a_reason() {
    for file in table::FILES {
        let names: BTreeSet<&str> = file.rows.iter().map(|row| row.theirs).collect();
        assert_eq!(names.len(), file.rows.len(), "{}: twice", file.name);
        assert_eq!(names.len(), file.count, "{}", file.name);
    }
    for (file, row) in rows() {
        let says_something = !row.ours.is_empty() || !row.why.is_empty();
        assert!(says_something, "{file} {}: neither", row.theirs);
    }
}

#[test]
fn every_example_that_must_not_compile_is_there() {
    let places: BTreeSet<&str> = rows()
        .filter_map(|(_, row)| row.why.strip_prefix(DO_NOT_COMPILE))
        .collect();
    assert!(!places.is_empty());
    for place in places {
        let text = fs::read_to_string(root().join(place)).expect(place);
        assert!(text.contains("/// ```compile_fail,E0277"), "{place}");
    }
}

#[test]
fn every_test_in_this_folder_stands_in_the_table() {
    let named: BTreeSet<&str> = rows().flat_map(|(_, row)| row.ours).copied().collect();
    let folder = root().join("tests/it/like_greenlet");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("this folder") {
        let path = entry.expect("a file").path();
        let module = path.file_stem().expect("a name").to_string_lossy();
        if module == "mod" || module == "table" {
            continue;
        }
        for test in tests_in(&fs::read_to_string(&path).expect("a text")) {
            let name = format!("like_greenlet::{module}::{test}");
            assert!(named.contains(&*name), "{name} stands for nothing");
            count += 1;
        }
    }
    assert!(count > 40, "{count} tests found");
}
