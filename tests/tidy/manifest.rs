//! The dependency list of `Cargo.toml`, read by lines: nothing comes in without a word on why.

use crate::notes::mentions_word;
use crate::tree::{Finding, Tree};

pub(crate) struct Dependencies<'a> {
    /// Must all be there.
    pub(crate) needed: &'a [&'a str],
    /// May be there, with `optional = true`.
    pub(crate) optional: &'a [&'a str],
    /// May be there for tests, examples and benches.
    pub(crate) for_tests: &'a [&'a str],
    /// The note that must name all that are not `needed`.
    pub(crate) decisions: &'a str,
}

#[derive(Debug)]
struct Entry {
    /// `dependencies` or `dev-dependencies`, without a target in front.
    table: String,
    name: String,
    value: String,
    line: usize,
}

pub(crate) fn dependencies(tree: &Tree, rules: &Dependencies<'_>) -> Vec<Finding> {
    let Some(manifest) = tree.file("Cargo.toml") else {
        return vec![Finding::new("Cargo.toml", 1, "is missing")];
    };
    let entries = entries(&manifest.text);
    let is_there = |name: &str| {
        entries
            .iter()
            .any(|e| e.table == "dependencies" && e.name == name)
    };
    let missing = rules.needed.iter().filter(|name| !is_there(name));
    let mut findings: Vec<Finding> = missing
        .map(|name| manifest.finding(1, format!("`{name}` is not among the dependencies; take it out of the test's list if it is no longer needed")))
        .collect();
    for entry in &entries {
        if let Some(what) = objection(tree, entry, &entries, rules) {
            findings.push(manifest.finding(entry.line, format!("`{}` {what}", entry.name)));
        }
    }
    findings
}

fn objection(
    tree: &Tree,
    entry: &Entry,
    all: &[Entry],
    rules: &Dependencies<'_>,
) -> Option<String> {
    let name = entry.name.as_str();
    let is_optional = |e: &Entry| {
        e.table == entry.table
            && e.name == name
            && e.value.replace(' ', "").contains("optional=true")
    };
    match entry.table.as_str() {
        "dependencies" if rules.needed.contains(&name) => return None,
        "dependencies" if !rules.optional.contains(&name) => {
            return Some(
                "is a new dependency; do without, or list it in OPTIONAL_DEPENDENCIES".into(),
            );
        }
        "dependencies" if !all.iter().any(is_optional) => {
            return Some("must be `optional = true`, behind a feature".into());
        }
        "dev-dependencies" if !rules.for_tests.contains(&name) => {
            return Some(
                "is a new dev-dependency; do without, or list it in DEV_DEPENDENCIES".into(),
            );
        }
        "build-dependencies" => return Some("is a build-dependency; there are none".into()),
        _ => {}
    }
    let is_explained = mentions_word(tree, rules.decisions, name);
    (!is_explained).then(|| {
        format!(
            "is not mentioned in {}; say there why it is needed",
            rules.decisions
        )
    })
}

/// `name = ..`, `name.key = ..` and `[dependencies.name]`, under `[target.*.dependencies]` too.
fn entries(text: &str) -> Vec<Entry> {
    let (mut entries, mut table, mut package, mut depth) = (Vec::new(), String::new(), None, 0);
    for (i, line) in text.lines().enumerate() {
        let line = line.split(" #").next().unwrap().trim();
        if depth == 0 && line.starts_with('[') {
            (table, package) = table_of(line);
        }
        let is_key = depth == 0 && !line.starts_with(['[', '#']) && line.contains('=');
        let is_ours = table.ends_with("dependencies");
        if is_ours && (is_key || (package.is_some() && line.starts_with('['))) {
            let key = line
                .split(['=', '.'])
                .next()
                .unwrap()
                .trim()
                .trim_matches('"');
            entries.push(Entry {
                table: table.clone(),
                name: package.clone().unwrap_or_else(|| key.to_owned()),
                value: line
                    .split_once('.')
                    .map_or(line, |(_, rest)| rest)
                    .to_owned(),
                line: i + 1,
            });
        }
        if !line.starts_with('#') {
            depth += line.matches(['{', '[']).count();
            depth = depth.saturating_sub(line.matches(['}', ']']).count());
        }
    }
    one_each(entries)
}

/// `[target.'cfg(unix)'.dev-dependencies.name]` is the table `dev-dependencies` and the package `name`.
fn table_of(header: &str) -> (String, Option<String>) {
    let inside = header.trim_matches(['[', ']']);
    let Some(at) = inside.rfind("dependencies") else {
        return (inside.to_owned(), None);
    };
    let end = at + "dependencies".len();
    let start = inside[..at].rfind('.').map_or(0, |dot| dot + 1);
    let package = inside[end..]
        .strip_prefix('.')
        .map(|name| name.trim_matches('"').to_owned());
    (inside[start..end].to_owned(), package)
}

/// A package that is written over several lines is one entry, at the first of them.
fn one_each(entries: Vec<Entry>) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    for entry in entries {
        match all
            .iter_mut()
            .find(|e| e.table == entry.table && e.name == entry.name)
        {
            Some(first) => first.value.push_str(&entry.value),
            None => all.push(entry),
        }
    }
    all
}

mod tests {
    use super::*;
    use crate::tree::expect_these;

    const RULES: Dependencies<'static> = Dependencies {
        needed: &["corosensei", "libc", "mio"],
        optional: &["rustls", "log", "serde"],
        for_tests: &["proptest", "httparse"],
        decisions: "arch-notes/13-decisions.md",
    };

    fn found(manifest: &str) -> Vec<Finding> {
        let files = [
            ("Cargo.toml", manifest),
            (
                "arch-notes/13-decisions.md",
                "log, proptest and serde-like things",
            ),
        ];
        dependencies(&Tree::of(&files), &RULES)
    }

    #[test]
    fn the_list_as_it_should_be() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\ncorosensei = \"0.3\" # why\nlibc.version = \"0.2\"\n\
            log.version = \"1\"\nlog.optional = true\n\
            [dependencies.mio]\nversion = \"1\"\nfeatures = [\n  \"net\",\n]\n[dev-dependencies]\n# a = \"1\"\n\
            proptest = { version = \"1\", features = [\n  \"a=b\",\n] }\n[features]\nhub = [\"dep:mio\"]\n";
        expect_these(&found(manifest), &[]);
    }

    #[test]
    fn what_came_in_and_what_went_is_found() {
        let manifest = "[dependencies]\nlibc = \"0.2\"\nmio = \"1\"\nbytes = \"1\"\nlog = \"1\"\n\
            rustls = { version = \"1\", optional = true }\n[dev-dependencies]\nhttparse = \"1\"\nrand = \"1\"\n\
            [target.'cfg(unix)'.dependencies]\nnix = \"1\"\n[build-dependencies.cc]\nversion = \"1\"\n";
        expect_these(
            &found(manifest),
            &[
                "Cargo.toml:1: `corosensei` is not among the dependencies",
                "Cargo.toml:4: `bytes` is a new dependency",
                "Cargo.toml:5: `log` must be `optional = true`",
                "Cargo.toml:6: `rustls` is not mentioned in arch-notes/13-decisions.md",
                "Cargo.toml:8: `httparse` is not mentioned in arch-notes/13-decisions.md",
                "Cargo.toml:9: `rand` is a new dev-dependency",
                "Cargo.toml:11: `nix` is a new dependency",
                "Cargo.toml:12: `cc` is a build-dependency",
            ],
        );
    }
}
