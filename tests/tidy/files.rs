//! What every file owes: an opening sentence, a length, a name that says something, and no unfinished words.

use crate::tree::{File, Finding, Tree, last_part};
use std::collections::BTreeSet;

const CODE: &[&str] = &["src", "tests", "examples", "benches"];

/// The first paragraph of each file is a sentence (`names` may open one in lower case).
pub(crate) fn openings(tree: &Tree, names: &[&str]) -> Vec<Finding> {
    let complaint = |file: &File| Some(file.finding(1, opening_fault(&file.text, names)?));
    tree.rust_in(CODE).filter_map(complaint).collect()
}

fn opening_fault(text: &str, names: &[&str]) -> Option<&'static str> {
    let first = text.lines().next().unwrap_or_default();
    let sentence = first.strip_prefix("//! ").map_or("", str::trim);
    if sentence.is_empty() {
        return Some("does not open with a `//!` line; say in one sentence what the file is");
    }
    let opens_well = sentence.starts_with(|c: char| c.is_uppercase() || c == '`')
        || names.iter().any(|name| sentence.starts_with(name));
    if !opens_well {
        return Some("its first sentence does not start with a capital");
    }
    let header = text.lines().map_while(|line| line.strip_prefix("//!"));
    let paragraph = header
        .map(str::trim)
        .take_while(|line| !line.is_empty() && !line.starts_with("```"));
    let end = paragraph.last().unwrap_or_default();
    (!end.ends_with(['.', ':'])).then_some("its first paragraph does not end with `.` or `:`")
}

/// The first row whose pattern matches says how many lines a file may have. `*` is any text, `#` a digit.
pub(crate) fn sizes(tree: &Tree, rows: &[(&str, usize)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let lines = file.text.lines().count();
        let row = rows
            .iter()
            .find(|(pattern, _)| matches(pattern, &file.path));
        if let Some((_, most)) = row.filter(|(_, most)| lines > *most) {
            let what = format!(
                "has {lines} lines, at most {most} are allowed here; split it by what it does"
            );
            findings.push(file.finding(most + 1, what));
        }
    }
    findings
}

fn matches(pattern: &str, path: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return path.is_empty();
    };
    let (rest, tail) = (
        &pattern[first.len_utf8()..],
        path.chars().next().map(|c| &path[c.len_utf8()..]),
    );
    match first {
        '*' => matches(rest, path) || tail.is_some_and(|tail| matches(pattern, tail)),
        '#' => {
            path.starts_with(|c: char| c.is_ascii_digit())
                && matches(rest, tail.unwrap_or_default())
        }
        c => path.starts_with(c) && matches(rest, tail.unwrap_or_default()),
    }
}

/// No file or folder in `src` has one of the names that say nothing.
pub(crate) fn names(tree: &Tree, empty: &[&str]) -> Vec<Finding> {
    let files = tree.files.iter().map(|file| &file.path);
    let all: BTreeSet<&String> = files
        .chain(&tree.folders)
        .filter(|path| path.starts_with("src/"))
        .collect();
    let says_nothing = |path: &&String| empty.contains(&last_part(path).trim_end_matches(".rs"));
    let what = "this name says nothing; name the file for the one thing that is in it";
    all.into_iter()
        .filter(says_nothing)
        .map(|path| Finding::new(path, 1, what))
        .collect()
}

/// Words that must not be left in what a reader sees.
pub(crate) fn words(tree: &Tree, places: &[&str], forbidden: &[&str]) -> Vec<Finding> {
    let is_read = |file: &&File| places.contains(&file.path.split('/').next().unwrap());
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(is_read) {
        for (i, line) in file.text.lines().enumerate() {
            for word in forbidden.iter().filter(|word| has_word(line, word)) {
                findings.push(file.finding(
                    i + 1,
                    format!("`{word}` must not stay here; finish it or say it otherwise"),
                ));
            }
        }
    }
    findings
}

/// Is the word in the line, and not a part of a longer one?
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let joins = |a: Option<char>, b: Option<char>| {
        let is_letter = |c: char| c.is_alphanumeric() || c == '_';
        a.is_some_and(is_letter) && b.is_some_and(is_letter)
    };
    let stands_alone = |at: usize| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        !joins(before.chars().next_back(), word.chars().next())
            && !joins(word.chars().next_back(), after.chars().next())
    };
    line.match_indices(word).any(|(at, _)| stands_alone(at))
}

/// The top of the repository holds exactly `wanted`, and perhaps some of `optional`.
pub(crate) fn top_level(tree: &Tree, wanted: &[&str], optional: &[&str]) -> Vec<Finding> {
    let missing = wanted.iter().filter(|name| !tree.top.contains(**name));
    let is_extra =
        |name: &&String| !wanted.contains(&name.as_str()) && !optional.contains(&name.as_str());
    let missing =
        missing.map(|name| Finding::new(name, 1, "is missing at the top of the repository"));
    let extra = tree.top.iter().filter(is_extra);
    let what = "does not belong at the top of the repository; move it, or list it in TOP_LEVEL";
    missing
        .chain(extra.map(|name| Finding::new(name, 1, what)))
        .collect()
}

/// Every numbered example ends its header with `Output:` and what it prints.
pub(crate) fn outputs(tree: &Tree) -> Vec<Finding> {
    let has_output = |file: &&File| {
        let header = file.text.lines().map_while(|line| line.strip_prefix("//!"));
        let mut rest = header.skip_while(|line| line.trim() != "Output:");
        rest.nth(1).is_some()
    };
    let is_numbered =
        |file: &&File| matches("examples/#*", &file.path) && file.name() != "README.md";
    let what =
        "a numbered example shows what it prints: end the header with `//! Output:` and the lines";
    let files = tree.rust_in(&["examples"]).filter(is_numbered);
    files
        .filter(|file| !has_output(file))
        .map(|file| file.finding(1, what))
        .collect()
}

mod tests {
    use super::*;
    use crate::tree::expect_these;

    #[test]
    fn an_opening_is_a_sentence() {
        let good = "//! What parks\n//! a greenlet.\n//!\n//! more\n";
        let files = [
            ("src/a.rs", good),
            ("src/b.rs", "//! gevent's program:\n"),
            ("examples/c.rs", "use x;\n"),
            ("tests/d.rs", "//! \n"),
            ("benches/e.rs", "//! lower.\n"),
            ("src/f.rs", "//! No end\n//!\n//! Here.\n"),
            ("src/g.rs", "#![forbid(unsafe_code)]\n//! Late.\n"),
            ("build.rs", ""),
        ];
        expect_these(
            &openings(&Tree::of(&files), &["gevent"]),
            &[
                "examples/c.rs:1: does not open with a `//!` line",
                "tests/d.rs:1: does not open with a `//!` line",
                "benches/e.rs:1: its first sentence does not start with a capital",
                "src/f.rs:1: its first paragraph does not end",
                "src/g.rs:1: does not open with a `//!` line",
            ],
        );
    }

    #[test]
    fn the_first_row_that_matches_gives_the_size() {
        let rows = [
            ("arch-notes/01-map.md", 1),
            ("arch-notes/*.md", 2),
            ("examples/#*", 1),
            ("examples/*.rs", 3),
        ];
        let two = "a\nb\n";
        let files = [
            ("arch-notes/01-map.md", two),
            ("arch-notes/02-words.md", two),
            ("examples/01_switch.rs", two),
            ("examples/tour/main.rs", two),
            ("arch-notes/03-long.md", "a\nb\nc"),
        ];
        expect_these(
            &sizes(&Tree::of(&files), &rows),
            &[
                "arch-notes/01-map.md:2: has 2 lines, at most 1",
                "examples/01_switch.rs:2: has 2 lines, at most 1",
                "arch-notes/03-long.md:3: has 3 lines, at most 2",
            ],
        );
    }

    #[test]
    fn empty_names_are_found_in_src() {
        let files = [
            ("src/util.rs", ""),
            ("src/misc/a.rs", ""),
            ("src/utility.rs", ""),
            ("tests/util.rs", ""),
        ];
        expect_these(
            &names(&Tree::of(&files), &["util", "misc"]),
            &["src/misc:1: this name", "src/util.rs:1: this name"],
        );
    }

    #[test]
    fn forbidden_words_are_found_even_in_comments() {
        let text = "// ok ABCD\nlet x = mkstemp(\"ABABAB\"); // AB later\ndo_it!()\n";
        let files = [
            ("src/a.rs", text),
            ("README.md", "AB\n"),
            ("LICENSE-MIT", "AB"),
        ];
        expect_these(
            &words(&Tree::of(&files), &["src", "README.md"], &["AB", "it!"]),
            &[
                "src/a.rs:2: `AB` must not stay",
                "README.md:1: `AB` must not stay",
            ],
        );
    }

    #[test]
    fn the_top_is_exact() {
        let tree = Tree::of(&[("src/lib.rs", ""), ("scripts/x", ""), ("target/y", "")]);
        expect_these(
            &top_level(&tree, &["src", "README.md"], &["target", ".git"]),
            &["README.md:1: is missing", "scripts:1: does not belong"],
        );
    }

    #[test]
    fn numbered_examples_show_their_output() {
        let files = [
            (
                "examples/01_a.rs",
                "//! A.\n//!\n//! Output:\n//! 1\nfn main() {}",
            ),
            ("examples/02_b.rs", "//! B.\n//! Output:\nfn main() {}"),
            ("examples/03_c.rs", "//! C.\nfn main() {} // Output:"),
            ("examples/tour.rs", "//! T.\n"),
        ];
        expect_these(
            &outputs(&Tree::of(&files)),
            &[
                "examples/02_b.rs:1: a numbered",
                "examples/03_c.rs:1: a numbered",
            ],
        );
    }
}
