//! The drawing of floors and rooms in the map: it says what FLOORS and ROOMS say.
//!
//! The drawing is the first block fenced as `text`. A row is a name and its entries, lowest first; an indented line
//! continues the row above. The name of a floor begins with its number, and the highest floor comes first. Rooms follow,
//! in the order of ROOMS. Braces hold a circle: `{cache pool}` is the entry `"cache pool"`.

use crate::floors::Rules;
use crate::order::Order;
use crate::tree::{Finding, Tree};

struct Row {
    name: String,
    entries: Vec<String>,
    line: usize,
}

/// The rows of the drawing are those of the lists, in the same order and with the same entries.
pub(crate) fn agrees(tree: &Tree, rules: &Rules<'_>, map: &str) -> Vec<Finding> {
    let Some(file) = tree.file(map) else {
        return vec![Finding::new(
            map,
            1,
            "is missing; it has the drawing of the floors",
        )];
    };
    let Some((rows, first_line)) = rows(&file.text) else {
        let what = "has no block fenced as ```text; draw the floors and rooms in one";
        return vec![file.finding(1, what)];
    };
    let expected = expected(rules.floors, rules.rooms);
    let mut findings = Vec::new();
    for (name, entries) in &expected {
        let Some(row) = rows.iter().find(|row| row.name == *name) else {
            let what = format!("the drawing lacks the row `{}`", written(name, entries));
            findings.push(file.finding(first_line, what));
            continue;
        };
        if row.entries != *entries {
            let what = format!(
                "the drawing and the lists in tests/tidy/main.rs differ; by these the row reads `{}`",
                written(name, entries)
            );
            findings.push(file.finding(row.line, what));
        }
    }
    for (i, row) in rows.iter().enumerate() {
        let is_listed = expected.iter().any(|(name, _)| *name == row.name);
        let is_repeated = rows[..i].iter().any(|above| above.name == row.name);
        if !is_listed || is_repeated {
            let what = format!(
                "the drawing has a row `{}` which FLOORS and ROOMS have not, or have once; take it out",
                row.name
            );
            findings.push(file.finding(row.line, what));
        }
    }
    let drawn = rows.iter().map(|row| &row.name);
    if findings.is_empty() && !drawn.eq(expected.iter().map(|(name, _)| name)) {
        let names: Vec<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
        let what = format!(
            "the rows of the drawing are in another order than FLOORS from the top and ROOMS; theirs is {}",
            names.join(", ")
        );
        findings.push(file.finding(first_line, what));
    }
    findings
}

/// The rows as the lists have them: the highest floor first.
fn expected(floors: &Order, rooms: &Order) -> Vec<(String, Vec<String>)> {
    let all = floors.iter().rev().chain(rooms);
    let owned = all.map(|(name, entries)| {
        let entries = entries.iter().map(|entry| (*entry).to_owned());
        ((*name).to_owned(), entries.collect())
    });
    owned.collect()
}

/// A row as it is drawn.
fn written(name: &str, entries: &[String]) -> String {
    let draw = |entry: &String| match entry.contains(' ') {
        true => format!("{{{entry}}}"),
        false => entry.clone(),
    };
    let entries: Vec<String> = entries.iter().map(draw).collect();
    format!("{name}  {}", entries.join(" "))
}

/// The rows of the first block fenced as `text`, and the line of its fence.
fn rows(note: &str) -> Option<(Vec<Row>, usize)> {
    let mut lines = (1..).zip(note.lines());
    let (first_line, _) = lines.find(|(_, line)| line.trim_end() == "```text")?;
    let mut rows: Vec<Row> = Vec::new();
    let mut circle: Option<Vec<&str>> = None;
    for (line, text) in lines.take_while(|(_, line)| !line.starts_with("```")) {
        let mut words = text.split_whitespace();
        if !text.starts_with(' ')
            && let Some(name) = words.next()
        {
            let is_floor = name.chars().all(|c| c.is_ascii_digit());
            let second = is_floor.then(|| words.next()).flatten();
            let name = second.map_or(name.to_owned(), |second| format!("{name} {second}"));
            rows.push(Row {
                name,
                entries: Vec::new(),
                line,
            });
        }
        for word in words {
            let Some(row) = rows.last_mut() else {
                continue;
            };
            let name = word.trim_start_matches('{').trim_end_matches('}');
            if word.starts_with('{') {
                circle = Some(Vec::new());
            }
            match &mut circle {
                Some(names) => names.push(name),
                None => row.entries.push(name.to_owned()),
            }
            if word.ends_with('}') {
                row.entries
                    .extend(circle.take().map(|names| names.join(" ")));
            }
        }
    }
    Some((rows, first_line))
}

mod tests {
    use super::*;
    use crate::tree::expect_these;

    const RULES: Rules<'static> = Rules {
        crate_name: "greenhub",
        floors: &[
            ("0 ground", &["error", "sys"]),
            ("1 hub", &["hub"]),
            ("2 tasks", &["task"]),
        ],
        rooms: &[
            ("hub", &["wait/waker", "mod", "wait/park"]),
            ("task", &["record", "any park", "spawn"]),
        ],
        root_items: &[],
        skip_test_modules: true,
    };

    fn found(drawing: &str) -> Vec<Finding> {
        let note = format!(
            "# Map\n```rust\nhub none\n```\n```text\n{drawing}```\n```text\nhub none\n```\n"
        );
        agrees(&Tree::of(&[("map.md", &note)]), &RULES, "map.md")
    }

    #[test]
    fn a_drawing_that_agrees_is_left_alone() {
        let drawing = "2 tasks   task\n1 hub     hub\n0 ground  error sys\n\n\
            hub     wait/waker mod\n        wait/park\ntask    record {any\n        park} spawn\n";
        expect_these(&found(drawing), &[]);
    }

    #[test]
    fn each_difference_is_found_at_its_row() {
        let drawing = "2 tasks   task dns\n0 ground  sys error\n\n\
            hub     wait/waker wait/park\ntask    record any park spawn\ngroup   pool\n0 ground  error sys\n";
        expect_these(
            &found(drawing),
            &[
                "map.md:6: the drawing and the lists in tests/tidy/main.rs differ; by these the row reads `2 tasks  task`",
                "map.md:5: the drawing lacks the row `1 hub  hub`",
                "map.md:7: the drawing and the lists in tests/tidy/main.rs differ; by these the row reads `0 ground  error sys`",
                "map.md:9: the drawing and the lists in tests/tidy/main.rs differ; by these the row reads `hub  wait/waker mod wait/park`",
                "map.md:10: the drawing and the lists in tests/tidy/main.rs differ; by these the row reads `task  record {any park} spawn`",
                "map.md:11: the drawing has a row `group`",
                "map.md:12: the drawing has a row `0 ground`",
            ],
        );
    }

    #[test]
    fn the_highest_floor_is_at_the_top() {
        let drawing = "0 ground  error sys\n1 hub  hub\n2 tasks  task\n\
            hub  wait/waker mod wait/park\ntask  record {any park} spawn\n";
        expect_these(
            &found(drawing),
            &["map.md:5: the rows of the drawing are in another order"],
        );
    }

    #[test]
    fn a_map_without_a_drawing_is_found() {
        let none = agrees(&Tree::of(&[]), &RULES, "map.md");
        expect_these(&none, &["map.md:1: is missing"]);
        let bare = agrees(&Tree::of(&[("map.md", "# Map\n")]), &RULES, "map.md");
        expect_these(&bare, &["map.md:1: has no block"]);
    }
}
