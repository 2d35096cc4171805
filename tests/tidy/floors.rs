//! The order of the modules: who may import from whom, and which files may name which crate.

use crate::order::{Order, inside, missing, place, rank};
use crate::paths::{self, Mention, mentions};
use crate::source::Kind;
use crate::tree::{File, Finding, Tree};
use std::collections::BTreeSet;

pub(crate) struct Rules<'a> {
    pub(crate) crate_name: &'a str,
    pub(crate) floors: &'a Order,
    pub(crate) rooms: &'a Order,
    /// Items, not modules, that may be named as `crate::name`.
    pub(crate) root_items: &'a [&'a str],
    pub(crate) skip_test_modules: bool,
}

/// Every import of every file goes downwards.
pub(crate) fn imports(tree: &Tree, rules: &Rules<'_>) -> Vec<Finding> {
    let modules = tree.modules();
    let mut findings = Vec::new();
    for file in tree.rust_in(&["src"]) {
        let is_skipped = rules.skip_test_modules && file.is_test_module();
        if file.path != "src/lib.rs" && !is_skipped {
            findings.extend(unplaced(file, rules));
            let wrong = |m: Mention| Some(file.finding(m.line, rules.objection(file, &m)?));
            findings.extend(read(file, rules, &modules).into_iter().filter_map(wrong));
        }
    }
    findings
}

/// Each crate is named only in files that begin with one of its places, and in each place at least once; `src/net/`
/// covers `src/net.rs` too.
pub(crate) fn crates(tree: &Tree, places: &[(&str, &[&str])]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, allowed) in places {
        let names_it = |file: &File, place: &str| {
            is_in(&file.path, place) && !lines_naming(file, name).is_empty()
        };
        let is_idle = |place: &&&str| !tree.rust_in(&["src"]).any(|file| names_it(file, place));
        findings.extend(allowed.iter().filter(is_idle).map(|place| {
            let what =
                format!("CRATE_PLACES lets {place} name `{name}`, which it does not; take it out");
            Finding::new("tests/tidy/main.rs", 1, what)
        }));
    }
    for file in tree.rust_in(&["src"]) {
        for (name, allowed) in places {
            if !allowed.iter().any(|place| is_in(&file.path, place)) {
                let lines = lines_naming(file, name);
                let what = format!(
                    "names `{name}`, which only {} may; go through one of them",
                    allowed.join(", ")
                );
                findings.extend(
                    lines
                        .into_iter()
                        .map(|line| file.finding(line, what.as_str())),
                );
            }
        }
    }
    findings
}

fn is_in(path: &str, place: &str) -> bool {
    path.starts_with(place) || path.strip_suffix(".rs") == place.strip_suffix('/')
}

fn lines_naming(file: &File, name: &str) -> BTreeSet<usize> {
    let tokens = file.source().tokens;
    let is_field = |i: usize| i > 0 && tokens[i - 1].is(".");
    let hits = tokens
        .iter()
        .enumerate()
        .filter(|(i, t)| t.kind == Kind::Word && t.is(name) && !is_field(*i));
    hits.map(|(_, token)| token.line).collect()
}

pub(crate) fn read(file: &File, rules: &Rules<'_>, modules: &BTreeSet<String>) -> Vec<Mention> {
    let source = file.source();
    let tokens = if rules.skip_test_modules {
        source.without_test_modules()
    } else {
        source.tokens
    };
    let place = paths::Place {
        crate_name: rules.crate_name,
        module: file.module(),
        modules,
    };
    mentions(&tokens, place)
}

/// The complaints that a module has no place in the lists yet.
fn unplaced(file: &File, rules: &Rules<'_>) -> Vec<Finding> {
    let module = file.module();
    let Some(top) = module.first() else {
        return Vec::new();
    };
    if rank(rules.floors, top).is_none() {
        let what = format!(
            "module `{top}` stands on no floor; give it a place in FLOORS (and in the map)"
        );
        return vec![file.finding(1, what)];
    }
    let what = |(room, name): (&str, String)| {
        let what = format!(
            "`{name}` has no place in the room `{room}`; give it one in ROOMS (and in the map)"
        );
        file.finding(1, what)
    };
    missing(file, rules.rooms).into_iter().map(what).collect()
}

fn floor_of(order: &Order, module: &str) -> &'static str {
    let floor = order.iter().find(|(_, modules)| modules.contains(&module));
    floor.map_or("no floor", |(name, _)| name)
}

impl Rules<'_> {
    /// Why this file may not name that, if it may not.
    fn objection(&self, file: &File, mention: &Mention) -> Option<String> {
        let me = file.module();
        let path = mention.path.join("::");
        let target = mention.path.first().map_or("*", String::as_str);
        if target == "*" {
            return Some(
                "imports the crate's root, which hides the floors; name the module".into(),
            );
        }
        if target == me[0] {
            let mut rooms = self.rooms.iter();
            return rooms.find_map(|(room, entries)| objection_in(room, entries, file, mention));
        }
        let Some(theirs) = rank(self.floors, target) else {
            let is_known = self.root_items.contains(&target);
            return (!is_known).then(|| {
                format!("names `crate::{path}` at the crate's root; name the module it lives in (or add it to ROOT_ITEMS)")
            });
        };
        let mine = rank(self.floors, &me[0])?;
        (mine < theirs).then(|| {
            let (from, to) = (floor_of(self.floors, &me[0]), floor_of(self.floors, target));
            format!(
                "`{}` ({from}) imports `{path}` ({to}), which stands after it in FLOORS; \
                 move the item down, or put a trait or queue below both",
                me.join("::")
            )
        })
    }
}

/// The same inside one room, if both are in it.
fn objection_in(
    room: &str,
    entries: &[&'static str],
    file: &File,
    mention: &Mention,
) -> Option<String> {
    let me = file.module();
    let (mine, theirs) = (inside(&me, room)?, inside(&mention.path, room)?);
    let (mine, theirs) = (place(entries, mine), place(entries, theirs));
    if mine.at >= theirs.at {
        return None;
    }
    let path = mention.path.join("::");
    if file.name() == "mod.rs" && mine.is_door() {
        return (!mention.is_reexport).then(|| {
            format!("the room's door (`mod.rs`) imports `{path}`, which stands after \"mod\" in ROOMS (`{room}`); only re-export it")
        });
    }
    if theirs.is_door() {
        return Some(format!(
            "names `crate::{path}` through the room's door (`mod.rs`); name the file it lives in, \
             or give \"mod\" a place in ROOMS (`{room}`)"
        ));
    }
    let me = me.join("::");
    Some(format!(
        "`{me}` imports `{path}`, which stands after it in ROOMS (`{room}`); turn the order or the import round"
    ))
}

mod tests {
    use super::*;
    use crate::tree::expect_these;

    const FLOORS: &Order = &[
        ("ground", &["error", "sys"]),
        ("hub", &["hub"]),
        ("tasks", &["task", "sync"]),
    ];
    const RULES: Rules<'static> = Rules {
        crate_name: "greenhub",
        floors: FLOORS,
        rooms: &[("hub", &["clock", "park", "turn"])],
        root_items: &["macro_of_ours"],
        skip_test_modules: true,
    };

    fn found(files: &[(&str, &str)]) -> Vec<Finding> {
        imports(&Tree::of(files), &RULES)
    }

    #[test]
    fn an_import_from_above_is_found_in_every_form() {
        let text = "use crate::{error::E, hub::{self, park},\n task::{spawn as s, Task}};\n\
            fn f() { crate::sync::x() }\npub(crate) use super::task as t;\nuse crate::sys::{a, b};\n\
            // use crate::task::No;\n/// crate::task\nconst A: &str = \"crate::task::x\";\n\
            #[cfg(test)]\nmod tests { use crate::task::Fine; }\n";
        expect_these(
            &found(&[
                ("src/hub/clock.rs", "use crate::error;\n"),
                ("src/sys.rs", text),
            ]),
            &[
                "src/sys.rs:1: `sys` (ground) imports `hub` (hub)",
                "src/sys.rs:1: `sys` (ground) imports `hub::park` (hub)",
                "src/sys.rs:2: `sys` (ground) imports `task::spawn` (tasks)",
                "src/sys.rs:2: `sys` (ground) imports `task::Task` (tasks)",
                "src/sys.rs:3: `sys` (ground) imports `sync::x` (tasks)",
                "src/sys.rs:4: `sys` (ground) imports `task` (tasks)",
            ],
        );
    }

    #[test]
    fn on_one_floor_the_order_counts() {
        let files = [
            ("src/task.rs", "use crate::sync::Lock;"),
            ("src/sync/mod.rs", "use crate::task::Task;"),
        ];
        expect_these(
            &found(&files),
            &["src/task.rs:1: `task` (tasks) imports `sync::Lock`"],
        );
    }

    #[test]
    fn a_module_without_a_floor_is_found_and_the_root_is_exempt() {
        let files = [
            ("src/lib.rs", "pub use crate::task::spawn;"),
            ("src/extra.rs", "crate::macro_of_ours!();"),
            ("src/hub/extra.rs", ""),
            ("src/slots/tests.rs", "use crate::task;"),
        ];
        expect_these(
            &found(&files),
            &[
                "src/extra.rs:1: module `extra` stands on no floor",
                "src/hub/extra.rs:1: `extra` has no place in the room `hub`",
            ],
        );
    }

    #[test]
    fn the_root_is_no_way_round() {
        let files = [(
            "src/hub/park.rs",
            "use crate::spawn;\nuse crate as c;\nuse crate::*;",
        )];
        expect_these(
            &found(&files),
            &[
                "src/hub/park.rs:1: names `crate::spawn` at the crate's root",
                "src/hub/park.rs:2: imports the crate's root",
                "src/hub/park.rs:3: imports the crate's root",
            ],
        );
    }

    #[test]
    fn a_room_has_an_order_too() {
        let files = [
            ("src/hub/mod.rs", "mod park;\nuse park::Key;\nuse turn::T;"),
            (
                "src/hub/park.rs",
                "use super::{clock, turn::T};\nuse super::Hub;\nuse self::x;\npub(in crate::hub) fn f() {}",
            ),
        ];
        expect_these(
            &found(&files),
            &[
                "src/hub/park.rs:1: `hub::park` imports `hub::turn::T`, which stands after it",
                "src/hub/park.rs:2: names `crate::hub::Hub` through the room's door",
            ],
        );
    }

    #[test]
    fn a_door_may_have_a_place_in_its_room() {
        let rules = Rules {
            rooms: &[("hub", &["clock", "mod", "turn"])],
            ..RULES
        };
        let files = [
            (
                "src/hub/mod.rs",
                "use clock::C;\npub use turn::T;\nuse turn::U;",
            ),
            ("src/hub/clock.rs", "use super::Hub;"),
            ("src/hub/turn.rs", "use super::Hub;"),
        ];
        expect_these(
            &imports(&Tree::of(&files), &rules),
            &[
                "src/hub/mod.rs:3: the room's door (`mod.rs`) imports `hub::turn::U`",
                "src/hub/clock.rs:1: names `crate::hub::Hub` through the room's door",
            ],
        );
    }

    #[test]
    fn a_room_in_a_room_is_checked_in_both() {
        let rules = Rules {
            rooms: &[
                ("hub", &["reactor", "wait"]),
                ("hub/wait", &["list", "park"]),
            ],
            ..RULES
        };
        let files = [
            ("src/hub/reactor/mod.rs", ""),
            (
                "src/hub/reactor/timers.rs",
                "use crate::hub::wait::list::List;\nuse super::super::wait::W;",
            ),
            (
                "src/hub/wait/mod.rs",
                "pub(super) mod list;\npub(super) use self::park::Wait;",
            ),
            (
                "src/hub/wait/list.rs",
                "use crate::hub::reactor::timers::T;\nuse super::super::reactor::R;\nuse super::park::Wait;\n\
                 use super::Wait;\nuse super::super::Hub;",
            ),
            ("src/hub/wait/park.rs", "use super::{list, super::reactor};"),
            ("src/hub/wait/extra.rs", ""),
        ];
        expect_these(
            &imports(&Tree::of(&files), &rules),
            &[
                "src/hub/reactor/timers.rs:1: `hub::reactor::timers` imports `hub::wait::list::List`, which stands after it in ROOMS (`hub`)",
                "src/hub/reactor/timers.rs:2: `hub::reactor::timers` imports `hub::wait::W`, which stands after it in ROOMS (`hub`)",
                "src/hub/wait/list.rs:3: `hub::wait::list` imports `hub::wait::park::Wait`, which stands after it in ROOMS (`hub/wait`)",
                "src/hub/wait/list.rs:4: names `crate::hub::wait::Wait` through the room's door (`mod.rs`)",
                "src/hub/wait/list.rs:5: names `crate::hub::Hub` through the room's door (`mod.rs`)",
                "src/hub/wait/extra.rs:1: `extra` has no place in the room `hub/wait`",
            ],
        );
    }

    #[test]
    fn a_room_may_list_the_files_of_its_folders_and_circles() {
        let rules = Rules {
            rooms: &[(
                "hub",
                &[
                    "wait/waker",
                    "reactor/poller",
                    "mod",
                    "wait/park wait/list",
                    "sched",
                ],
            )],
            ..RULES
        };
        let files = [
            (
                "src/hub/mod.rs",
                "use wait::waker::Waker;\npub use wait::park::Wait;\nuse wait::list::L;",
            ),
            (
                "src/hub/wait/mod.rs",
                "pub(super) mod park;\npub(super) use self::park::Wait;",
            ),
            (
                "src/hub/wait/waker.rs",
                "use crate::hub::reactor::poller::P;\nuse crate::hub::wait::Wait;",
            ),
            (
                "src/hub/wait/park.rs",
                "use super::list::L;\nuse crate::hub::Hub;\nuse crate::hub::sched::Tick;",
            ),
            (
                "src/hub/wait/list.rs",
                "use super::park::W;\nuse super::waker::Waker;",
            ),
            ("src/hub/wait/new.rs", ""),
            (
                "src/hub/reactor/poller.rs",
                "use crate::hub::wait::waker::Waker;",
            ),
            ("src/hub/sched/tick.rs", "use crate::hub::wait::list::L;"),
        ];
        expect_these(
            &imports(&Tree::of(&files), &rules),
            &[
                "src/hub/mod.rs:3: the room's door (`mod.rs`) imports `hub::wait::list::L`",
                "src/hub/wait/waker.rs:1: `hub::wait::waker` imports `hub::reactor::poller::P`, which stands after it",
                "src/hub/wait/waker.rs:2: names `crate::hub::wait::Wait` through the room's door",
                "src/hub/wait/park.rs:3: `hub::wait::park` imports `hub::sched::Tick`, which stands after it",
                "src/hub/wait/new.rs:1: `wait/new` has no place in the room `hub`",
            ],
        );
    }

    #[test]
    fn a_crate_is_named_only_in_its_places() {
        let files = [
            ("src/sys/mod.rs", "use libc::c_int;"),
            ("src/sys.rs", "use libc::c_int;"),
            (
                "src/hub/park.rs",
                "// libc\nfn f() {\n libc::poll(self.libc, \"libc\") }",
            ),
        ];
        let places: &[(&str, &[&str])] = &[("libc", &["src/sys/", "src/net/"])];
        expect_these(
            &crates(&Tree::of(&files), places),
            &[
                "tests/tidy/main.rs:1: CRATE_PLACES lets src/net/ name `libc`, which it does not",
                "src/hub/park.rs:3: names `libc`, which only src/sys/, src/net/ may",
            ],
        );
    }
}
