//! Tables of an ancestor's tests: each by its name, with the tests of ours that stand for it or why it has no meaning here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The tests of one of the ancestor's files.
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) count: usize,
    pub(crate) rows: &'static [Row],
}

/// One of the ancestor's tests.
pub(crate) struct Row {
    pub(crate) theirs: &'static str,
    /// Tests of this binary, by their full names.
    pub(crate) ours: &'static [&'static str],
    /// What is different, or why there is none of ours.
    pub(crate) why: &'static str,
}

/// Files with their tests: `theirs => ours, ours: "what is different";`, or `Class.theirs`.
macro_rules! files {
    ($($file:literal: $count:literal {
        $($theirs:ident $(. $case:ident)? $(=> $($ours:path),+)? $(: $why:literal)?;)*
    })*) => {
        &[$($crate::support::ancestors::File {
            name: $file,
            count: $count,
            rows: &[$($crate::support::ancestors::Row {
                theirs: concat!(stringify!($theirs) $(, ".", stringify!($case))?),
                ours: &[$($(stringify!($ours)),+)?],
                why: concat!($($why)?),
            }),*],
        }),*]
    };
}
pub(crate) use files;

pub(crate) fn rows(files: &'static [File]) -> impl Iterator<Item = (&'static str, &'static Row)> {
    files
        .iter()
        .flat_map(|file| file.rows.iter().map(|row| (file.name, row)))
}

pub(crate) fn root() -> &'static Path {
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
        // One inside of a macro is indented.
        if let Some(rest) = line.trim_start().strip_prefix("fn ") {
            let name = rest.split_once('(').map(|(name, _)| name);
            names.extend(name.filter(|_| is_test));
            is_test = false;
            continue;
        }
        // Other attributes may stand between, on lines of their own.
        let is_attribute = line.starts_with(['#', ' ', ')']);
        is_test = line.trim_start() == "#[test]" || (is_test && is_attribute);
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

/// Every test of ours that a table names must be there.
pub(crate) fn check_ours(files: &'static [File]) {
    let missing: Vec<String> = rows(files)
        .flat_map(|(file, row)| row.ours.iter().map(move |ours| (file, row.theirs, ours)))
        .filter(|(_, _, ours)| !is_a_test(ours))
        .map(|(file, theirs, ours)| format!("{file} {theirs}: there is no test {ours}"))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Each of their tests has one row, with a test or a reason.
pub(crate) fn check_theirs(files: &'static [File]) {
    for file in files {
        let names: BTreeSet<&str> = file.rows.iter().map(|row| row.theirs).collect();
        assert_eq!(names.len(), file.rows.len(), "{}: twice", file.name);
        assert_eq!(names.len(), file.count, "{}", file.name);
    }
    for (file, row) in rows(files) {
        let says_something = !row.ours.is_empty() || !row.why.is_empty();
        assert!(says_something, "{file} {}: neither", row.theirs);
    }
}

/// Every test in this folder of `tests/it` stands in its table, and there are more than so many.
pub(crate) fn check_folder(name: &str, files: &'static [File], more_than: usize) {
    let named: BTreeSet<&str> = rows(files).flat_map(|(_, row)| row.ours).copied().collect();
    let mut count = 0;
    for entry in fs::read_dir(root().join("tests/it").join(name)).expect("a folder") {
        let path = entry.expect("a file").path();
        let module = path.file_stem().expect("a name").to_string_lossy();
        if module == "mod" || module == "table" {
            continue;
        }
        for test in tests_in(&fs::read_to_string(&path).expect("a text")) {
            let name = format!("{name}::{module}::{test}");
            assert!(named.contains(&*name), "{name} stands for nothing");
            count += 1;
        }
    }
    assert!(count > more_than, "{count} tests found");
}
