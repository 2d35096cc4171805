//! gevent's own tests (version 26.9.0) of greenlets, links, joins, kills, timeouts, the hub, groups and pools, each by its
//! name, with the tests that stand for it here or why it has no meaning.
//!
//! A case that subclasses repeat with other settings stands once, under the class that has it.

mod table;

use crate::support::ancestors::{check_ours, check_theirs};

#[test]
fn every_test_that_the_table_names_is_there() {
    check_ours(table::FILES);
}

#[test]
fn every_test_of_gevent_has_one_row_with_a_test_or_a_reason() {
    check_theirs(table::FILES);
}
