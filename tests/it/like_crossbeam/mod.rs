//! All tests of crossbeam-channel (398, at commit 7de845a of August 2026), each by its file and name, with the tests that stand
//! for it here or why it has no meaning.
//!
//! `table.rs` is the table. The other files of this folder hold the cases that no other test here has: a case is carried over
//! to tasks, to channels of one thread and to the paused clock, and the order is checked where one is promised. The code is ours.

mod clocks;
mod fairness;
mod flavors;
mod golang;
mod matching;
mod mpsc;
mod operations;
mod rings;
mod selects;
mod streams;
mod syntax;
mod table;
mod times;
mod ways;

use std::collections::BTreeSet;
use std::fs;

use crate::support::ancestors::{check_ours, check_theirs, root, rows, tests_in};

#[test]
fn every_test_that_the_table_names_is_there() {
    check_ours(table::FILES);
}

#[test]
fn every_test_of_crossbeam_has_one_row_with_a_test_or_a_reason() {
    check_theirs(table::FILES);
    assert_eq!(rows(table::FILES).count(), 398);
}

#[test]
fn every_test_in_this_folder_stands_in_the_table() {
    let named: BTreeSet<&str> = rows(table::FILES)
        .flat_map(|(_, row)| row.ours)
        .copied()
        .collect();
    let folder = root().join("tests/it/like_crossbeam");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("this folder") {
        let path = entry.expect("a file").path();
        let module = path.file_stem().expect("a name").to_string_lossy();
        if module == "mod" || module == "table" {
            continue;
        }
        for test in tests_in(&fs::read_to_string(&path).expect("a text")) {
            let name = format!("like_crossbeam::{module}::{test}");
            assert!(named.contains(&*name), "{name} stands for nothing");
            count += 1;
        }
    }
    assert!(count > 90, "{count} tests found");
}
