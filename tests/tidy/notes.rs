//! Names in the notes: what a code span in `arch-notes/` or `README.md` calls a file, folder, module or item exists.
//!
//! Only spans that can be nothing else are looked up: see `claim`. Commands, flags, signatures and foreign names are
//! left alone.

use crate::files::has_word;
use crate::source::{Kind, Source};
use crate::tree::{File, Finding, Tree, last_part};
use std::collections::BTreeSet;

pub(crate) struct Names<'a> {
    pub(crate) crate_name: &'a str,
    /// Spans that are right although nothing here has that name.
    pub(crate) allowed: &'a [&'a str],
    /// First parts of paths into other projects: `corosensei/src/arch/x86_64.rs`.
    pub(crate) foreign: &'a [&'a str],
    /// Modules of ours that std has too: `io::copy` may be either's.
    pub(crate) namesakes: &'a [&'a str],
}

/// Every name in the notes exists.
pub(crate) fn names(tree: &Tree, names: &Names<'_>) -> Vec<Finding> {
    let known = Known::of(tree);
    let mut findings = Vec::new();
    for file in notes(tree).chain(tree.file("README.md")) {
        for (span, line) in code_spans(&file.text) {
            if !names.allowed.contains(&span.as_str())
                && let Some(what) = fault(&span, tree, &known, names)
            {
                findings.push(file.finding(line, format!("`{span}`: {what}")));
            }
        }
    }
    findings
}

/// The files and folders that the map names are in `src`, where `task/kill.rs` is not `tests/it/task/kill.rs`; and each
/// folder of `src` has a span in the map that leads into it, as `hub/wait/park.rs` does into `hub/wait` and `hub`.
pub(crate) fn map(tree: &Tree, map: &str) -> Vec<Finding> {
    let spans = code_spans(tree.file(map).map_or("", |file| file.text.as_str()));
    let is_path = |span: &str| span != "mod.rs" && (span.ends_with(".rs") || span.ends_with('/'));
    let is_there = |span: &str| {
        let path = format!("src/{}", span.trim_end_matches('/'));
        let is_from_the_top = tree.top.contains(span.split('/').next().unwrap_or(span));
        is_from_the_top || tree.file(&path).is_some() || tree.folders.contains(&path)
    };
    let absent = spans
        .iter()
        .filter(|(span, _)| is_path(span) && !is_there(span));
    let mut findings: Vec<Finding> = absent
        .map(|(span, line)| {
            let what = format!("`{span}` is not in src; name the file that is");
            Finding::new(map, *line, what)
        })
        .collect();
    let is_test = |folder: &str| folder.split('/').any(|part| part == "tests");
    let inside = tree.folders.iter().filter_map(|f| f.strip_prefix("src/"));
    let is_named = |folder: &str| {
        let enters = |span: &str| {
            span.strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        spans.iter().any(|(span, _)| enters(span))
    };
    let unnamed = inside.filter(|folder| !is_test(folder) && !is_named(folder));
    let finding = |folder| {
        let what = format!("names nothing in `src/{folder}/`; add a row that says what is where");
        Finding::new(map, 1, what)
    };
    findings.extend(unnamed.map(finding));
    findings
}

/// Every note is listed in the notes' README, every example in the examples' README if there is one.
pub(crate) fn indexes(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in ["arch-notes", "examples"] {
        let path = format!("{folder}/README.md");
        let Some(index) = tree.file(&path) else {
            if folder == "arch-notes" {
                findings.push(Finding::new(
                    &path,
                    1,
                    "is missing; it lists the notes in reading order",
                ));
            }
            continue;
        };
        let is_unlisted = |name: &String| !has_word(&index.text, name.trim_end_matches(".rs"));
        let unlisted = entries(tree, folder).into_iter().filter(is_unlisted);
        findings.extend(unlisted.map(|name| {
            index.finding(
                1,
                format!("does not list {folder}/{name}; add a line for it"),
            )
        }));
    }
    findings
}

fn notes(tree: &Tree) -> impl Iterator<Item = &File> {
    let is_note = |file: &&File| file.path.starts_with("arch-notes/") && file.path.ends_with(".md");
    tree.files.iter().filter(is_note)
}

/// The files and folders right in this folder, without its README.
fn entries(tree: &Tree, folder: &str) -> BTreeSet<String> {
    let inside = tree
        .files
        .iter()
        .filter_map(|file| file.path.strip_prefix(folder)?.strip_prefix('/'));
    let first = inside.map(|path| path.split('/').next().unwrap().to_owned());
    first.filter(|name| name != "README.md").collect()
}

/// What the code calls things.
struct Known {
    /// `hub::park`
    modules: BTreeSet<String>,
    items: BTreeSet<String>,
}

impl Known {
    fn of(tree: &Tree) -> Known {
        let files = tree.rust_in(&["src"]);
        let items = files.flat_map(|file| defined(&file.source())).collect();
        let modules = tree.modules();
        Known { modules, items }
    }
}

/// The names after `fn`, `struct` and the like, and all names in `pub use`.
fn defined(source: &Source) -> BTreeSet<String> {
    const BEFORE_A_NAME: &[&str] = &[
        "fn", "struct", "enum", "union", "trait", "type", "const", "static", "mod",
    ];
    let mut names = BTreeSet::new();
    let mut in_reexport = false;
    let before = |i: usize| {
        i.checked_sub(1)
            .map_or("", |i| source.tokens[i].text.as_str())
    };
    for (i, token) in source.tokens.iter().enumerate() {
        in_reexport = (in_reexport && !token.is(";"))
            || (token.is("use") && matches!(before(i), "pub" | ")"));
        let is_macro = before(i) == "!" && i > 1 && before(i - 1) == "macro_rules";
        if token.kind == Kind::Word
            && (in_reexport || is_macro || BEFORE_A_NAME.contains(&before(i)))
        {
            names.insert(token.text.clone());
        }
    }
    names
}

/// What a span says is there.
#[derive(Debug, PartialEq)]
enum Claim {
    /// A path, given in full or by its end: `src/hub/park.rs`, `hub/park.rs`, `park.rs`.
    Path(String),
    /// A folder, given in the same ways: `src/io/`, `io/`.
    Folder(String),
    /// `hub::park`, `crate::task::spawn`
    Item(Vec<String>),
}

/// What the span claims, if it can be read in one way only.
fn claim(span: &str, tree: &Tree) -> Option<Claim> {
    let without_line = span
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .strip_suffix(':');
    let path = without_line.unwrap_or(span);
    let is_path_like = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    if path.chars().all(is_path_like) && !path.starts_with(['/', '-']) && !path.contains("..") {
        let top = path.split('/').next().unwrap();
        if let Some(folder) = path.strip_suffix('/') {
            return Some(Claim::Folder(folder.to_owned()));
        }
        let is_file = path.len() > 3
            && (path.ends_with(".rs") || path.ends_with(".md"))
            && !path.starts_with('.');
        let is_ours = path.contains('/') && tree.top.contains(top) && top != "target";
        return (is_file || is_ours).then(|| Claim::Path(path.to_owned()));
    }
    let name = span
        .strip_suffix("()")
        .or(span.strip_suffix('!'))
        .unwrap_or(span);
    let parts: Vec<String> = name.split("::").map(str::to_owned).collect();
    let is_word = |part: &String| {
        let has_start = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        has_start && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let opens_low = name.starts_with(|c: char| c.is_ascii_lowercase());
    (parts.len() > 1 && opens_low && parts.iter().all(is_word)).then_some(Claim::Item(parts))
}

fn fault(span: &str, tree: &Tree, known: &Known, names: &Names<'_>) -> Option<&'static str> {
    match claim(span, tree)? {
        Claim::Path(path) => {
            let mut all = tree
                .files
                .iter()
                .map(|file| &file.path)
                .chain(&tree.folders);
            let is_known = all.any(|known| is_end_of(&path, known)) || is_foreign(&path, names);
            (!is_known).then_some("no such file; correct the note, or add the name to NOT_OURS")
        }
        Claim::Folder(path) => {
            let mut all = tree.folders.iter();
            let is_known = all.any(|known| is_end_of(&path, known))
                || is_foreign(&path, names)
                || path == "target";
            (!is_known).then_some("no such folder; correct the note, or add the name to NOT_OURS")
        }
        Claim::Item(parts) => {
            let what =
                "no such module or item in src; correct the note, or add the name to NOT_OURS";
            (!is_known_item(&parts, known, names)).then_some(what)
        }
    }
}

/// `park.rs` and `hub/park.rs` are ends of `src/hub/park.rs`.
fn is_end_of(path: &str, whole: &str) -> bool {
    whole
        .strip_suffix(path)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

fn is_foreign(path: &str, names: &Names<'_>) -> bool {
    path.split_once('/')
        .is_some_and(|(top, _)| names.foreign.contains(&top))
}

/// Modules first, then one name that is defined anywhere in `src`; what follows an item (a method, a variant) is not
/// looked up. A path whose first name is no module of ours is somebody else's.
fn is_known_item(parts: &[String], known: &Known, names: &Names<'_>) -> bool {
    let is_from_root = parts[0] == "crate" || parts[0] == names.crate_name;
    let parts = &parts[usize::from(is_from_root)..];
    let is_module = |len: &usize| known.modules.contains(&parts[..*len].join("::"));
    let modules = (1..=parts.len()).take_while(is_module).count();
    let next = parts.get(modules);
    let is_somebody_elses =
        !is_from_root && (modules == 0 || names.namesakes.contains(&parts[0].as_str()));
    is_somebody_elses || next.is_none_or(|name| known.items.contains(name))
}

/// The text of each code span outside fenced blocks, with the line it begins on.
fn code_spans(text: &str) -> Vec<(String, usize)> {
    let (mut spans, mut paragraph, mut start, mut fence) = (Vec::new(), String::new(), 1, None);
    for (i, line) in text.lines().chain([""]).enumerate() {
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| line.trim_start().starts_with(mark));
        if fence.is_none() && mark.is_none() && !line.trim().is_empty() {
            paragraph.push_str(line);
            paragraph.push('\n');
            continue;
        }
        spans_in(&paragraph, start, &mut spans);
        paragraph.clear();
        start = i + 2;
        match (fence, mark) {
            (None, _) => fence = mark,
            (Some(open), Some(mark)) if open == mark => fence = None,
            _ => {}
        }
    }
    spans
}

fn spans_in(paragraph: &str, first_line: usize, spans: &mut Vec<(String, usize)>) {
    let (mut rest, mut line) = (paragraph, first_line);
    while let Some(at) = rest.find('`') {
        line += rest[..at].matches('\n').count();
        let ticks = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let body = &rest[at + ticks..];
        let Some(end) = closing(body, ticks) else {
            rest = body;
            continue;
        };
        spans.push((body[..end].trim().to_owned(), line));
        line += body[..end].matches('\n').count();
        rest = &body[end + ticks..];
    }
}

/// Where a run of exactly this many backticks begins.
fn closing(body: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = body[at..].find('`') {
        let start = at + found;
        let run = body[start..].len() - body[start..].trim_start_matches('`').len();
        if run == ticks {
            return Some(start);
        }
        at = start + run;
    }
    None
}

/// For messages and for rules that look a name up in a note.
pub(crate) fn mentions_word(tree: &Tree, note: &str, word: &str) -> bool {
    tree.file(note)
        .is_some_and(|file| file.text.lines().any(|line| has_word(line, word)))
}

/// The rows of the lanes' table in `.ci/run` stand in the note on the checks, word for word.
pub(crate) fn lanes(tree: &Tree, script: &str, note: &str) -> Vec<Finding> {
    let Some(script) = tree.file(script) else {
        return vec![Finding::new(script, 1, "is missing")];
    };
    let text = tree.file(note).map_or("", |file| file.text.as_str());
    let rows = script
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with("| "));
    let is_missing = |row: &&str| !text.lines().any(|line| line.trim_end() == row.trim_end());
    let missing = rows.filter(|(_, row)| is_missing(row));
    let what = format!(
        "this row does not stand in {}; paste what `.ci/run --list` prints",
        last_part(note)
    );
    missing
        .map(|(i, _)| script.finding(i + 1, what.as_str()))
        .collect()
}

mod tests {
    use super::*;
    use crate::tree::expect_these;

    const NAMES: Names<'static> = Names {
        crate_name: "greenhub",
        allowed: &["gone.rs"],
        foreign: &["mio"],
        namesakes: &["io"],
    };

    fn found(note: &str) -> Vec<Finding> {
        let tree = Tree::of(&[
            ("arch-notes/01-map.md", note),
            (
                "src/hub/park.rs",
                "pub fn park() {}\nenum Reason { Read }\nmacro_rules! trace { () => {} }",
            ),
            ("src/io/mod.rs", "pub use ready::Ready as Readiness;"),
            ("src/lib.rs", ""),
            (".ci/run", ""),
        ]);
        names(&tree, &NAMES)
    }

    #[test]
    fn what_exists_or_is_not_ours_is_left_alone() {
        let note = "`park.rs` `hub/park.rs` `src/hub/park.rs:12` `src/hub` `io/` `.ci/run` `mio/src/poll.rs` `gone.rs` `.rs`\n\
            `hub::park` `hub::park::park()` `crate::hub::park::Reason::Read` `greenhub::Readiness` `hub::trace!` `io::copy`\n\
            `std::fs::none` `cargo test --x/y.rs` `/proc/none.md` `Task::none` `a/b` `<T>::x` `libc::mmap` `target/`\n\
            `` `x.rs` `` `text/html` `src/**/tests.rs` `none(x.rs)` `--a/` `../a/b.rs` `1.0` `x::` \n```text\n`none.rs`\n```\n";
        expect_these(&found(note), &[]);
    }

    #[test]
    fn what_does_not_exist_is_found() {
        let note = "A `none.rs`, a\n`hub/none.rs` and `src/none`.\n\n```rust\n`no.rs`\n```\n\
            `none/`, `hub::none`, `crate::none`, `hub::park::Nothing` and\n`greenhub::hub::park::none()`; `.ci/none`";
        expect_these(
            &found(note),
            &[
                "arch-notes/01-map.md:1: `none.rs`: no such file",
                "arch-notes/01-map.md:2: `hub/none.rs`: no such file",
                "arch-notes/01-map.md:2: `src/none`: no such file",
                "arch-notes/01-map.md:7: `none/`: no such folder",
                "arch-notes/01-map.md:7: `hub::none`: no such module",
                "arch-notes/01-map.md:7: `crate::none`: no such module",
                "arch-notes/01-map.md:7: `hub::park::Nothing`: no such module",
                "arch-notes/01-map.md:8: `greenhub::hub::park::none()`: no such module",
                "arch-notes/01-map.md:8: `.ci/none`: no such file",
            ],
        );
    }

    #[test]
    fn the_map_names_what_is_in_src_and_each_folder() {
        let files = [
            (
                "map.md",
                "`hub/wait/park.rs`, `net/`, sys/x.rs, `mod.rs`\n```text\n`io/x.rs`\n```\n`net/kill.rs`, `tests/it/net/kill.rs`\n",
            ),
            ("tests/it/net/kill.rs", ""),
            ("src/hub/wait/park.rs", ""),
            ("src/hub/sched/tick.rs", ""),
            ("src/io/mod.rs", ""),
            ("src/net/mod.rs", ""),
            ("src/net/tests/mod.rs", ""),
            ("src/network/mod.rs", ""),
            ("src/sys/x.rs", ""),
        ];
        expect_these(
            &map(&Tree::of(&files), "map.md"),
            &[
                "map.md:5: `net/kill.rs` is not in src",
                "map.md:1: names nothing in `src/hub/sched/`",
                "map.md:1: names nothing in `src/io/`",
                "map.md:1: names nothing in `src/network/`",
                "map.md:1: names nothing in `src/sys/`",
            ],
        );
    }

    #[test]
    fn an_index_lists_everything() {
        let files = [
            ("arch-notes/README.md", "01-map.md\n"),
            ("arch-notes/01-map.md", ""),
            ("arch-notes/02-words.md", ""),
            ("examples/README.md", "`01_switch` and tour\n"),
            ("examples/01_switch.rs", ""),
            ("examples/tour/main.rs", ""),
            ("examples/echo.rs", ""),
        ];
        expect_these(
            &indexes(&Tree::of(&files)),
            &[
                "arch-notes/README.md:1: does not list arch-notes/02-words.md",
                "examples/README.md:1: does not list examples/echo.rs",
            ],
        );
        let without = Tree::of(&[("examples/echo.rs", "")]);
        expect_these(&indexes(&without), &["arch-notes/README.md:1: is missing"]);
    }

    #[test]
    fn lanes_are_mirrored() {
        let files = [
            (".ci/run", "x\n| a | `b` | c |\n| d | `e` | f |\n"),
            ("arch-notes/14-checks.md", "| a | `b` | c |\n"),
        ];
        let findings = lanes(&Tree::of(&files), ".ci/run", "arch-notes/14-checks.md");
        expect_these(
            &findings,
            &[".ci/run:3: this row does not stand in 14-checks.md"],
        );
    }
}
