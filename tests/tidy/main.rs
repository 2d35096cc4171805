//! The rules of the house, as tests: each failure says where, what is wrong and what to do.
//!
//! The lists are the constants below; the checks are in the files beside this one, and each is tested there on a small
//! tree with planted faults.

mod drawing;
mod files;
mod floors;
mod manifest;
mod notes;
mod order;
mod paths;
mod source;
mod tree;
mod unsafe_code;

use order::Order;
use std::path::Path;
use tree::{Tree, expect_none};

const CRATE: &str = "greenhub";

/// A module imports only from floors below its own and from modules before it on its own. `lib.rs` is exempt.
/// The drawing in arch-notes/01-map.md says the same.
const FLOORS: &Order = &[
    (
        "0 ground",
        &[
            "error",
            "dropping",
            "defer",
            "sys",
            "stderr",
            "slots",
            "list",
            "owned",
            "waiting",
            "interrupts",
        ],
    ),
    (
        "1 switch",
        &["stack", "switch", "greenlet", "generator", "local"],
    ),
    ("2 hub", &["hub"]),
    (
        "3 tasks",
        &[
            "waitable",
            "task",
            "timeout",
            "idle_timeout",
            "timer",
            "interval",
            "sync",
            "select",
            "group",
        ],
    ),
    ("4 outside", &["io", "net", "threadpool", "guide"]),
];

/// The order inside each folder with several files. An entry is a file or folder of it, or a file further down
/// (`"wait/park"`, where the folders inside are no order by themselves), or several that import each other in a circle
/// (`"channel", "iter"`). `mod.rs` comes last, unless `"mod"` has a place here: then the files after it may name what it
/// defines, and it may only re-export from them. The drawing in arch-notes/01-map.md says the same.
const ROOMS: &Order = &[
    (
        "error",
        &["broadcast", "channel", "spawn", "switch", "task"],
    ),
    (
        "stack",
        &[
            "class",
            "guard",
            "pointer",
            "overflow registry slab",
            "cache pool pooled stats trim",
        ],
    ),
    (
        "switch",
        &[
            "blocks",
            "engine",
            "locals",
            "nest",
            "refcount",
            "state",
            "record",
            "counted",
            "thread",
            "exit",
            "interrupt",
            "generator_stack",
            "current_locals",
            "no_switch",
            "trace",
            "chain",
            "handover",
            "parent",
            "raise",
            "release",
            "start",
            "switch_guard",
            "kill",
        ],
    ),
    (
        "greenlet",
        &["handle", "builder", "switch", "throw", "trace", "weak"],
    ),
    (
        "generator",
        &[
            "yielder",
            "engine",
            "handle",
            "builder",
            "mod",
            "yield_from",
        ],
    ),
    ("local", &["key", "cells"]),
    (
        "hub",
        &[
            "reactor/clock",
            "reactor/timers",
            "remote/park_state",
            "sched/housekeeping",
            "sched/run_queue",
            "sched/run_budget",
            "wait/waker",
            "wait/alarm",
            "reactor/poller",
            "remote/inbox",
            "remote/remote_waits",
            "sched/task_list",
            "mod",
            "reactor/expiry",
            "sched/deadlock",
            "sched/settings",
            "sched/tick",
            "wait/park",
            "wait/queue",
            "wait/multi",
            "wait/list",
            "wait/request",
            "reactor/advance",
            "remote/wait",
            "sched/shutdown",
        ],
    ),
    ("waitable", &["mod", "completion"]),
    (
        "task",
        &[
            "shield",
            "unobserved",
            "record",
            "any",
            "mod",
            "join_all",
            "spawn",
            "builder",
            "hub_handle",
            "sleep",
        ],
    ),
    (
        "group",
        &[
            "slots",
            "members",
            "children",
            "scoped",
            "scope",
            "try_scope",
            "pool",
            "map",
            "imap",
            "scoped_pool",
        ],
    ),
    (
        "sync",
        &[
            "async_result",
            "barrier",
            "broadcast",
            "channel_api",
            "channel",
            "event",
            "mod",
            "notify",
            "queue",
            "raw_lock",
            "mutex",
            "condvar",
            "once",
            "once_lock",
            "lazy_lock",
            "reentrant_lock",
            "rwlock",
            "semaphore",
            "owned",
            "shared",
            "wait_group",
            "watch",
        ],
    ),
    ("sync/broadcast", &["ring", "mod", "receiver", "sender"]),
    (
        "sync/channel",
        &[
            "ends mod pairing shared timed unsettled",
            "receiver",
            "sender",
            "arms",
            "weak",
        ],
    ),
    ("sync/queue", &["order", "core"]),
    (
        "sync/shared",
        &[
            "parker",
            "queue",
            "monitor",
            "blocker",
            "channel_state",
            "flag",
            "event",
            "async_result",
            "channel",
        ],
    ),
    ("sync/watch", &["mod", "receiver", "sender"]),
    ("select", &["macros", "mod", "operations"]),
    ("io", &["mod", "pollable", "pipe"]),
    (
        "net",
        &[
            "socket",
            "mod",
            "tcp_stream",
            "tcp_listener",
            "unix_stream",
            "unix_listener",
            "unix_datagram",
            "udp_socket",
        ],
    ),
    ("threadpool", &["task", "builder mod workers"]),
    (
        "sys",
        &[
            "apple",
            "freebsd",
            "linux",
            "mod",
            "fault",
            "memory",
            "altstack",
            "output",
            "sanitizer",
            "descriptor",
            "socket",
            "valgrind",
        ],
    ),
    ("waiting", &["reason"]),
];

/// Items that may be named at the crate's root, `crate::name`: macros mostly.
const ROOT_ITEMS: &[&str] = &[
    "greenlet_local",
    "select",
    "select_biased",
    "__select",
    "__select_arms",
];

/// Leave `#[cfg(test)]` modules and `tests.rs` files in `src` out of the order.
const SKIP_TEST_MODULES: bool = true;

/// Which files may name which crate.
const CRATE_PLACES: &[(&str, &[&str])] = &[
    ("libc", &["src/sys/"]),
    (
        "corosensei",
        &["src/switch/engine.rs", "src/generator/", "src/stack/"],
    ),
    (
        "mio",
        &[
            "src/hub/reactor/poller.rs",
            "src/hub/remote/inbox.rs",
            "src/net/",
        ],
    ),
];

/// Names that may open a file's first sentence in lower case.
const LOWER_CASE_NAMES: &[&str] = &["gevent", "greenlet", "corosensei", "mio", "libc"];

/// How many lines a file may have; the first row that matches counts. `*` is any text, `#` a digit.
const SIZES: &[(&str, usize)] = &[
    ("src/*.rs", 500),
    ("arch-notes/01-map.md", 150),
    ("arch-notes/*.md", 200),
    ("README.md", 150),
    ("examples/#*", 60),
    ("examples/*.rs", 250),
];

/// Names of files and folders that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helpers", "types", "misc"];

/// Words that must not stay in the places below (cut in two, because this file is one of those places).
const FORBIDDEN_WORDS: &[&str] = &[
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("..", "/shared"),
    concat!("/wo", "rk/"),
];
const FORBIDDEN_IN: &[&str] = &[
    "src",
    "tests",
    "examples",
    "benches",
    "arch-notes",
    "README.md",
];

const DEPENDENCIES: &[&str] = &["corosensei", "libc", "mio"];
const OPTIONAL_DEPENDENCIES: &[&str] = &[];
const DEV_DEPENDENCIES: &[&str] = &[
    "proptest",
    "ctrlc",
    "httparse",
    "serde",
    "serde_json",
    "indicatif",
    "lexopt",
    "percent-encoding",
    "rlimit",
];

const TOP_LEVEL: &[&str] = &[
    ".ci",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "arch-notes",
    "benches",
    "examples",
    "src",
    "tests",
];
const TOP_LEVEL_OPTIONAL: &[&str] = &[".git", "target"];

/// Code spans in the notes that look like names of ours and are not.
const NOT_OURS: &[&str] = &[];

/// Projects whose files the notes may name, as `corosensei/src/unwind.rs`.
const OTHER_PROJECTS: &[&str] = &[
    "corosensei",
    "gevent",
    "mio",
    "may",
    "parking_lot",
    "rayon",
    "smol",
    "tokio",
];

/// Modules of ours whose name std has too, so that `io::copy` in a note may be either's.
const STD_NAMESAKES: &[&str] = &["error", "fs", "io", "net", "process", "sync", "task"];

fn here() -> Tree {
    Tree::read(Path::new(env!("CARGO_MANIFEST_DIR")))
}

const RULES: floors::Rules<'static> = floors::Rules {
    crate_name: CRATE,
    floors: FLOORS,
    rooms: ROOMS,
    root_items: ROOT_ITEMS,
    skip_test_modules: SKIP_TEST_MODULES,
};

#[test]
fn modules_import_downwards() {
    expect_none(&floors::imports(&here(), &RULES));
}

#[test]
fn floors_and_rooms_exist_and_cover_src() {
    expect_none(&order::lists(&here(), &RULES, "tests/tidy/main.rs"));
}

#[test]
fn the_map_draws_the_floors_and_rooms() {
    expect_none(&drawing::agrees(&here(), &RULES, "arch-notes/01-map.md"));
}

#[test]
fn the_map_names_files_of_src_and_every_folder() {
    expect_none(&notes::map(&here(), "arch-notes/01-map.md"));
}

#[test]
fn crates_are_named_only_in_their_places() {
    expect_none(&floors::crates(&here(), CRATE_PLACES));
}

#[test]
fn unsafe_files_are_those_of_the_table() {
    expect_none(&unsafe_code::listed(&here(), "arch-notes/10-safety.md"));
}

#[test]
fn unsafe_is_explained() {
    expect_none(&unsafe_code::explained(&here()));
}

#[test]
fn files_open_with_a_sentence() {
    expect_none(&files::openings(&here(), LOWER_CASE_NAMES));
}

#[test]
fn files_are_not_too_long() {
    expect_none(&files::sizes(&here(), SIZES));
}

#[test]
fn names_say_something() {
    expect_none(&files::names(&here(), EMPTY_NAMES));
}

#[test]
fn nothing_is_left_unfinished() {
    expect_none(&files::words(&here(), FORBIDDEN_IN, FORBIDDEN_WORDS));
}

#[test]
fn dependencies_are_the_listed_ones() {
    let rules = manifest::Dependencies {
        needed: DEPENDENCIES,
        optional: OPTIONAL_DEPENDENCIES,
        for_tests: DEV_DEPENDENCIES,
        decisions: "arch-notes/13-decisions.md",
    };
    expect_none(&manifest::dependencies(&here(), &rules));
}

#[test]
fn the_top_of_the_repository_is_exact() {
    expect_none(&files::top_level(&here(), TOP_LEVEL, TOP_LEVEL_OPTIONAL));
}

#[test]
fn names_in_the_notes_exist() {
    let names = notes::Names {
        crate_name: CRATE,
        allowed: NOT_OURS,
        foreign: OTHER_PROJECTS,
        namesakes: STD_NAMESAKES,
    };
    expect_none(&notes::names(&here(), &names));
}

#[test]
fn indexes_list_everything() {
    expect_none(&notes::indexes(&here()));
}

#[test]
fn lanes_stand_in_the_note_on_checks() {
    expect_none(&notes::lanes(&here(), ".ci/run", "arch-notes/14-checks.md"));
}

#[test]
fn numbered_examples_show_their_output() {
    expect_none(&files::outputs(&here()));
}
