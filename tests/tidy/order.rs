//! How the lists of floors and rooms are read, and the check that they fit the tree.

use crate::floors::{Rules, read};
use crate::tree::{File, Finding, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Floors or rooms, each with its entries in order, lowest first.
///
/// An entry of a floor is a top-level module. An entry of a room is a file or folder right in it (`"park"`), a file
/// further down (`"wait/park"`), or several of these that import each other in a circle (`"cache pool"`).
pub(crate) type Order = [(&'static str, &'static [&'static str])];

/// Where a path belongs in a room.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The index of its entry; after all others if a door has none.
    pub(crate) at: usize,
    /// Its name in that entry.
    pub(crate) name: &'static str,
}

impl Place {
    /// Is this the place of a `mod.rs`?
    pub(crate) fn is_door(self) -> bool {
        self.name == "mod" || self.name.ends_with("/mod")
    }
}

/// The longest name that fits counts. What fits none belongs to the nearest door: `Hub` in the room `hub` to `mod`.
pub(crate) fn place(entries: &[&'static str], path: &[String]) -> Place {
    let path = path.join("/");
    let (mut best, mut most) = (
        Place {
            at: usize::MAX,
            name: "mod",
        },
        0,
    );
    for (at, entry) in entries.iter().enumerate() {
        for name in entry.split(' ') {
            let behind = name
                .strip_suffix("mod")
                .map(|folder| folder.trim_end_matches('/'));
            let fits = covers(behind.unwrap_or(name), &path);
            // A door that is listed fits better than the place for those that are not.
            let length = behind.map_or(name.len() + 2, |folder| folder.len() + 1);
            if fits && length > most {
                (best, most) = (Place { at, name }, length);
            }
        }
    }
    best
}

/// `wait` and `wait/park` cover `wait/park`, and nothing covers all.
fn covers(name: &str, path: &str) -> bool {
    let rest = path.strip_prefix(name);
    rest.is_some_and(|rest| name.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

/// What of a path follows a room's name: `["park"]` of `hub::wait::park` in the room `hub/wait`.
pub(crate) fn inside<'a>(path: &'a [String], room: &str) -> Option<&'a [String]> {
    let depth = room.split('/').count();
    let is_inside = path.len() >= depth && room.split('/').eq(path[..depth].iter());
    is_inside.then(|| &path[depth..])
}

pub(crate) fn rank(order: &Order, module: &str) -> Option<usize> {
    let mut all = order.iter().flat_map(|(_, modules)| modules.iter());
    all.position(|name| *name == module)
}

/// The rooms in which a file needs a place and has none, with its name there.
pub(crate) fn missing(file: &File, rooms: &Order) -> Vec<(&'static str, String)> {
    if file.name() == "mod.rs" {
        return Vec::new();
    }
    let module = file.module();
    let name_if_missing = |(room, entries): &(&'static str, &'static [&'static str])| {
        let name = inside(&module, room)?.join("/");
        let is_listed = names(entries).any(|listed| covers(listed, &name));
        (!is_listed && !name.is_empty()).then_some((*room, name))
    };
    rooms.iter().filter_map(name_if_missing).collect()
}

/// The names in the entries, with circles taken apart.
fn names(entries: &[&'static str]) -> impl Iterator<Item = &'static str> {
    entries.iter().flat_map(|entry| entry.split(' '))
}

/// The lists name only what exists, each once; a circle is one; every folder with several files has an order.
/// `list` is the file to correct.
pub(crate) fn lists(tree: &Tree, rules: &Rules<'_>, list: &str) -> Vec<Finding> {
    let modules = tree.modules();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (floor, names) in rules.floors {
        for name in *names {
            if !modules.contains(*name) {
                wrong.push(format!("FLOORS lists `{name}` on the floor `{floor}`, and src has no such module; take it out here and in the map"));
            }
            if !seen.insert(*name) {
                wrong.push(format!("FLOORS lists `{name}` twice; keep one"));
            }
        }
    }
    for (room, entries) in rules.rooms {
        wrong.extend(faults_in_room(tree, rules, room, entries));
    }
    let findings = wrong.into_iter().map(|what| Finding::new(list, 1, what));
    findings.chain(without_order(tree, rules)).collect()
}

fn faults_in_room(
    tree: &Tree,
    rules: &Rules<'_>,
    room: &str,
    entries: &[&'static str],
) -> Vec<String> {
    if !tree.folders.contains(&format!("src/{room}")) {
        return vec![format!(
            "ROOMS has an order for `{room}`, and src has no such folder; take it out here and in the map"
        )];
    }
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for name in names(entries) {
        let path = format!("src/{room}/{name}");
        if tree.file(&format!("{path}.rs")).is_none() && !tree.folders.contains(&path) {
            wrong.push(format!("ROOMS lists `{name}` in the room `{room}`, and it is not there; take it out here and in the map"));
        }
        if !seen.insert(name) {
            wrong.push(format!(
                "ROOMS lists `{name}` twice in the room `{room}`; keep one"
            ));
        }
    }
    wrong.extend(broken_circles(tree, rules, room, entries));
    wrong
}

/// Circles that are none any more: a name that does not reach all others of its entry by imports.
fn broken_circles(
    tree: &Tree,
    rules: &Rules<'_>,
    room: &str,
    entries: &[&'static str],
) -> Vec<String> {
    let circles: Vec<usize> = (0..entries.len())
        .filter(|i| entries[*i].contains(' '))
        .collect();
    if circles.is_empty() {
        return Vec::new();
    }
    let imports = imports_in_room(tree, rules, room, entries);
    let mut wrong = Vec::new();
    for at in circles {
        let members: BTreeSet<&str> = entries[at].split(' ').collect();
        let outside = |name: &&&str| reached(name, &imports, &members) != members;
        wrong.extend(members.iter().filter(outside).map(|name| {
            format!("ROOMS lists `{name}` in the circle `{}` of the room `{room}`, and it is in none with all of these; give it a place of its own", entries[at])
        }));
    }
    wrong
}

/// For each name of the room's order, the names that its files import.
fn imports_in_room(
    tree: &Tree,
    rules: &Rules<'_>,
    room: &str,
    entries: &[&'static str],
) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let modules = tree.modules();
    let mut imports: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for file in tree.rust_in(&["src"]).filter(|f| !f.is_test_module()) {
        let module = file.module();
        let Some(mine) = inside(&module, room) else {
            continue;
        };
        let mine = place(entries, mine).name;
        for mention in read(file, rules, &modules) {
            if let Some(theirs) = inside(&mention.path, room)
                && !mention.is_reexport
            {
                imports
                    .entry(mine)
                    .or_default()
                    .insert(place(entries, theirs).name);
            }
        }
    }
    imports
}

/// What `name` reaches by imports among `members`, itself only if it is in a circle.
fn reached<'a>(
    name: &str,
    imports: &BTreeMap<&'static str, BTreeSet<&'static str>>,
    members: &BTreeSet<&'a str>,
) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut next = vec![name];
    while let Some(name) = next.pop() {
        for import in imports.get(name).into_iter().flatten() {
            if let Some(member) = members.get(import)
                && *import != name
                && found.insert(*member)
            {
                next.push(member);
            }
        }
    }
    found
}

/// Folders with more than one file, for which neither ROOMS has an order nor a room above lists their files.
fn without_order(tree: &Tree, rules: &Rules<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in &tree.folders {
        let Some(room) = folder.strip_prefix("src/") else {
            continue;
        };
        let is_in_it = |file: &&File| {
            let name = file.path.strip_prefix(folder.as_str());
            let name = name.and_then(|rest| rest.strip_prefix('/'));
            name.is_some_and(|name| !name.contains('/')) && !file.is_test_module()
        };
        let has_order = rules.rooms.iter().any(|(above, entries)| {
            let rest = room.strip_prefix(above);
            let rest = rest.and_then(|rest| rest.strip_prefix('/'));
            let lists_files = |rest| names(entries).any(|n| n != rest && covers(rest, n));
            *above == room || rest.is_some_and(lists_files)
        });
        if tree.rust_in(&["src"]).filter(is_in_it).count() > 1 && !has_order {
            let what = format!(
                "the folder has several files and no order; give `{room}` one in ROOMS (and in the map)"
            );
            findings.push(Finding::new(folder, 1, what));
        }
    }
    findings
}

mod tests {
    use super::*;
    use crate::tree::expect_these;

    const RULES: Rules<'static> = Rules {
        crate_name: "greenhub",
        floors: &[("0 ground", &["error"]), ("1 hub", &["hub"])],
        rooms: &[("hub", &["clock", "wait/waker", "mod", "wait/park", "sched"])],
        root_items: &[],
        skip_test_modules: true,
    };

    fn found(files: &[(&str, &str)], rules: &Rules<'_>) -> Vec<Finding> {
        lists(&Tree::of(files), rules, "list.rs")
    }

    #[test]
    fn a_path_belongs_to_the_longest_name() {
        let entries = ["clock", "wait/waker wait", "wait/waker/inner", "mod"];
        let at = |path: &str| {
            let path: Vec<String> = path.split("::").map(str::to_owned).collect();
            let place = place(&entries, &path);
            (place.at, place.name)
        };
        assert_eq!(at("clock::Nanos"), (0, "clock"));
        assert_eq!(at("wait::waker::Waker"), (1, "wait/waker"));
        assert_eq!(at("wait::park"), (1, "wait"));
        assert_eq!(at("wait::waker::inner"), (2, "wait/waker/inner"));
        assert_eq!(at("Hub"), (3, "mod"));
        assert_eq!(at("clocks"), (3, "mod"));
        let unlisted = place(&entries[..1], &["Hub".to_owned()]);
        assert_eq!((unlisted.at, unlisted.name), (usize::MAX, "mod"));
    }

    #[test]
    fn what_is_listed_exists_and_stands_there_once() {
        let rules = Rules {
            floors: &[
                ("0 ground", &["error", "gone"]),
                ("1 hub", &["error", "hub"]),
            ],
            rooms: &[("hub", &["clock", "gone", "clock"]), ("none", &["a"])],
            ..RULES
        };
        let files = [
            ("src/error.rs", ""),
            ("src/hub/mod.rs", ""),
            ("src/hub/clock.rs", ""),
        ];
        expect_these(
            &found(&files, &rules),
            &[
                "list.rs:1: FLOORS lists `gone` on the floor `0 ground`, and src has no such module",
                "list.rs:1: FLOORS lists `error` twice",
                "list.rs:1: ROOMS lists `gone` in the room `hub`, and it is not there",
                "list.rs:1: ROOMS lists `clock` twice in the room `hub`",
                "list.rs:1: ROOMS has an order for `none`, and src has no such folder",
            ],
        );
    }

    #[test]
    fn each_folder_with_several_files_has_an_order() {
        let files = [
            ("src/error.rs", ""),
            ("src/hub/mod.rs", ""),
            ("src/hub/clock.rs", ""),
            ("src/hub/wait/mod.rs", ""),
            ("src/hub/wait/waker.rs", ""),
            ("src/hub/wait/park.rs", ""),
            ("src/hub/sched/mod.rs", ""),
            ("src/hub/sched/tick.rs", ""),
            ("src/one/mod.rs", ""),
            ("src/one/tests/mod.rs", ""),
            ("src/one/tests/model.rs", ""),
        ];
        expect_these(
            &found(&files, &RULES),
            &["src/hub/sched:1: the folder has several files and no order"],
        );
    }

    #[test]
    fn a_circle_is_listed_only_while_it_is_one() {
        let rules = Rules {
            rooms: &[("hub", &["a b", "c d", "e mod"])],
            ..RULES
        };
        let files = [
            ("src/error.rs", ""),
            (
                "src/hub/mod.rs",
                "pub use e::E;
fn f() { e::f() }",
            ),
            ("src/hub/a.rs", "use super::b::B;"),
            ("src/hub/b.rs", "use crate::hub::a::A;"),
            ("src/hub/c.rs", "use super::d::D;"),
            ("src/hub/d.rs", "use super::a::A;"),
            ("src/hub/e.rs", "use super::Hub;"),
        ];
        expect_these(
            &found(&files, &rules),
            &[
                "list.rs:1: ROOMS lists `c` in the circle `c d` of the room `hub`",
                "list.rs:1: ROOMS lists `d` in the circle `c d` of the room `hub`",
            ],
        );
    }
}
