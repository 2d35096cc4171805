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

use crate::support::ancestors::{check_folder, check_ours, check_theirs, root, rows};

/// Tests that a compiler makes: examples that must not compile, in the documentation of these files.
const DO_NOT_COMPILE: &str = "does not compile: see the documentation in ";

#[test]
fn every_test_that_the_table_names_is_there() {
    check_ours(table::FILES);
}

#[test]
fn every_test_of_greenlet_has_one_row_with_a_test_or_a_reason() {
    check_theirs(table::FILES);
}

#[test]
fn every_example_that_must_not_compile_is_there() {
    let places: BTreeSet<&str> = rows(table::FILES)
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
    check_folder("like_greenlet", table::FILES, 40);
}
