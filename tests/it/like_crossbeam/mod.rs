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

use crate::support::ancestors::{check_folder, check_ours, check_theirs, rows};

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
    check_folder("like_crossbeam", table::FILES, 90);
}
