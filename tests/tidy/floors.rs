//! The order of the modules: who may import from whom, and which files may name which crate.

use crate::paths::{Mention, Place, mentions};
use crate::source::Kind;
use crate::tree::{File, Finding, Tree};
use std::collections::BTreeSet;

/// Floors or rooms, lowest first, each with its modules in order.
pub(crate) type Order = [(&'static str, &'static [&'static str])];

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

/// Each crate is named only in files that begin with one of its places; `src/net/` covers `src/net.rs` too.
pub(crate) fn crates(tree: &Tree, places: &[(&str, &[&str])]) -> Vec<Finding> {
    let mut findings = Vec::new();
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

fn read(file: &File, rules: &Rules<'_>, modules: &BTreeSet<String>) -> Vec<Mention> {
    let source = file.source();
    let tokens = if rules.skip_test_modules {
        source.without_test_modules()
    } else {
        source.tokens
    };
    let place = Place {
        crate_name: rules.crate_name,
        module: file.module(),
        modules,
    };
    mentions(&tokens, place)
}

/// The complaint that a module has no place in the lists yet.
fn unplaced(file: &File, rules: &Rules<'_>) -> Option<Finding> {
    let module = file.module();
    let (top, inner) = (module.first()?, module.get(1));
    if rank(rules.floors, top).is_none() {
        let what = format!(
            "module `{top}` stands on no floor; give it a place in FLOORS (and in the map)"
        );
        return Some(file.finding(1, what));
    }
    let room = room(rules, top)?;
    let is_folder = |name: &String| room.iter().any(|r| r.starts_with(&format!("{name}/")));
    let is_inner_door = module.len() == 2 && is_folder(inner?);
    if inner.is_none() || is_inner_door || place(room, &module).is_some() {
        return None;
    }
    let inner = module[1..].join("/");
    let what = format!(
        "`{inner}` has no place in the room `{top}`; give it one in ROOMS (and in the map)"
    );
    Some(file.finding(1, what))
}

/// Where a path such as `hub::wait::park::Wait` stands in the room of its first module: as `wait/park`, or as `wait`.
fn place(room: &[&str], path: &[String]) -> Option<usize> {
    let inner = path.get(1)?;
    let nested = path.get(2).map(|name| format!("{inner}/{name}"));
    let find = |wanted: &str| room.iter().position(|name| *name == wanted);
    nested
        .and_then(|nested| find(&nested))
        .or_else(|| find(inner))
}

/// Listed modules that do not exist.
pub(crate) fn gone(tree: &Tree, rules: &Rules<'_>) -> Vec<Finding> {
    let modules = tree.modules();
    let missing = &|module: String, list: &str| {
        let what = format!("{list} lists `{module}`, which does not exist; take it out");
        (!modules.contains(&module)).then(|| Finding::new("tests/tidy/main.rs", 1, &what))
    };
    let floors = rules.floors.iter().flat_map(|(_, modules)| modules.iter());
    let on_floors = floors.filter_map(|module| missing((*module).to_owned(), "FLOORS"));
    let in_rooms = rules.rooms.iter().flat_map(|(room, names)| {
        let inner = names.iter().filter(|name| **name != "mod");
        inner.filter_map(move |name| {
            missing(format!("{room}::{}", name.replace('/', "::")), "ROOMS")
        })
    });
    on_floors.chain(in_rooms).collect()
}

fn rank(order: &Order, module: &str) -> Option<usize> {
    let mut all = order.iter().flat_map(|(_, modules)| modules.iter());
    all.position(|name| *name == module)
}

fn room<'a>(rules: &'a Rules<'_>, module: &str) -> Option<&'a [&'static str]> {
    let room = rules.rooms.iter().find(|(name, _)| *name == module)?;
    Some(room.1)
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
            return self.objection_in_room(&me, mention);
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

    /// The same inside one top-level module whose files have an order.
    fn objection_in_room(&self, me: &[String], mention: &Mention) -> Option<String> {
        let room = room(self, &me[0])?;
        let door = room.iter().position(|name| *name == "mod");
        let (mine, theirs) = (place(room, me), place(room, &mention.path));
        if me.len() == 2 && mine.is_none() {
            return None; // the `mod.rs` of a folder in the room, which lists its files
        }
        let path = mention.path.join("::");
        match (me.get(1).is_some(), theirs) {
            (true, None) if me.get(1) == mention.path.get(1) => None,
            (true, None) if door.is_none() || mine < door => Some(format!(
                "names `crate::{path}` through the room's door (`mod.rs`); name the file it lives in, \
                 or give \"mod\" a place in ROOMS"
            )),
            (true, Some(theirs)) if mine? < theirs => Some(format!(
                "`{}` imports `{path}`, which stands after it in ROOMS; turn the order or the import round",
                me.join("::")
            )),
            (false, Some(theirs)) if !mention.is_reexport && door.is_some_and(|d| d < theirs) => {
                Some(format!(
                    "the room's door (`mod.rs`) imports `{path}`, which stands after \"mod\" in ROOMS; only re-export it"
                ))
            }
            _ => None,
        }
    }
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
    fn files_of_a_folder_in_a_room_have_places_of_their_own() {
        let rules = Rules {
            rooms: &[("hub", &["wait/waker", "clock", "mod", "wait/park"])],
            ..RULES
        };
        let files = [
            ("src/hub/mod.rs", "mod wait;\npub use wait::park::P;"),
            (
                "src/hub/wait/mod.rs",
                "pub mod park;\npub mod waker;\npub mod extra;",
            ),
            (
                "src/hub/wait/waker.rs",
                "use super::park::P;\nuse crate::hub::clock::C;\nuse crate::hub::Hub;",
            ),
            (
                "src/hub/wait/park.rs",
                "use super::waker::W;\nuse crate::hub::Hub;",
            ),
            ("src/hub/wait/extra.rs", ""),
            ("src/hub/clock.rs", "use super::wait::waker::W;"),
        ];
        expect_these(
            &imports(&Tree::of(&files), &rules),
            &[
                "src/hub/wait/extra.rs:1: `wait/extra` has no place in the room `hub`",
                "src/hub/wait/waker.rs:1: `hub::wait::waker` imports `hub::wait::park::P`, which stands after it",
                "src/hub/wait/waker.rs:2: `hub::wait::waker` imports `hub::clock::C`, which stands after it",
                "src/hub/wait/waker.rs:3: names `crate::hub::Hub` through the room's door",
            ],
        );
    }

    #[test]
    fn a_listed_module_that_is_gone_is_found() {
        let files = [
            ("src/error.rs", ""),
            ("src/sys.rs", ""),
            ("src/task.rs", ""),
            ("src/sync.rs", ""),
            ("src/hub/mod.rs", ""),
            ("src/hub/clock.rs", ""),
            ("src/hub/turn.rs", ""),
        ];
        expect_these(
            &gone(&Tree::of(&files), &RULES),
            &["tests/tidy/main.rs:1: ROOMS lists `hub::park`, which does not exist"],
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
        let places: &[(&str, &[&str])] = &[("libc", &["src/sys/"])];
        expect_these(
            &crates(&Tree::of(&files), places),
            &["src/hub/park.rs:3: names `libc`, which only src/sys/ may"],
        );
    }
}
