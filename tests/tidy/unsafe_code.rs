//! Where `unsafe` may stand, and the words that must stand above it.

use crate::source::{Comment, Source, Token};
use crate::tree::{File, Finding, Tree};

/// The files in the note's table contain `unsafe`; all others forbid it, but for the parents of listed ones, where the
/// attribute would reach the children too: those must simply have none.
pub(crate) fn listed(tree: &Tree, note: &str) -> Vec<Finding> {
    let rows = match rows(tree, note) {
        Ok(rows) => rows,
        Err(finding) => return vec![finding],
    };
    let mut findings: Vec<Finding> = rows
        .iter()
        .enumerate()
        .filter_map(|(i, row)| Some(Finding::new(note, row.line, row.fault(tree, &rows[..i])?)))
        .collect();
    let list: Vec<&str> = rows.iter().map(|row| row.path.as_str()).collect();
    let parents = parents(tree, &list);
    for file in tree.rust_in(&["src"]) {
        let tokens = file.source().tokens;
        let is_listed = list.contains(&file.path.as_str());
        let what = match first_unsafe(&tokens) {
            Some(token) if !is_listed => Some((
                token.line,
                format!(
                    "`unsafe` in a file without a row in {note}; use a safe wrapper, or give the file a row there"
                ),
            )),
            None if !is_listed && !forbids_unsafe(&tokens) && !parents.contains(&file.module()) => {
                let what = "put `#![forbid(unsafe_code)]` at the top, below the `//!` lines";
                Some((1, what.to_owned()))
            }
            _ => None,
        };
        findings.extend(what.map(|(line, what)| file.finding(line, what)));
    }
    findings
}

/// rustc's lint counts assembly outside functions, which needs no `unsafe`, as well.
fn first_unsafe(tokens: &[Token]) -> Option<&Token> {
    let is_unsafe = |token: &&Token| token.is("unsafe") || token.is("global_asm");
    tokens.iter().find(is_unsafe)
}

/// A file that the table's first column names.
struct Row {
    /// From the top of the repository; in the table it begins below `src`.
    path: String,
    line: usize,
}

impl Row {
    fn fault(&self, tree: &Tree, above: &[Row]) -> Option<String> {
        let path = &self.path;
        let Some(file) = tree.file(path).filter(|_| path.ends_with(".rs")) else {
            return Some(format!(
                "the table names `{path}`, which is no file; correct the name, or take it out (each file is named by itself)"
            ));
        };
        if first_unsafe(&file.source().tokens).is_none() {
            return Some(format!(
                "the table names `{path}`, which has no `unsafe`; take it out, and forbid unsafe code in the file"
            ));
        }
        let is_repeated = above.iter().any(|row| row.path == *path);
        is_repeated.then(|| format!("the table names `{path}` twice; keep one"))
    }
}

/// What the first column of the note's table `| file | ..` names. `a/{b,c}.rs` is two files.
fn rows(tree: &Tree, note: &str) -> Result<Vec<Row>, Finding> {
    let Some(file) = tree.file(note) else {
        return Err(Finding::new(
            note,
            1,
            "is missing; it has the table of unsafe files",
        ));
    };
    let mut lines = (1..).zip(file.text.lines());
    if !lines.any(|(_, line)| line.starts_with("| file |")) {
        let what = "has no table that begins `| file |`; it lists the files with unsafe code";
        return Err(file.finding(1, what));
    }
    let mut rows = Vec::new();
    for (line, text) in lines.take_while(|(_, line)| line.starts_with('|')) {
        let cell = text.split('|').nth(1).unwrap_or_default();
        for name in cell.split('`').skip(1).step_by(2).flat_map(alternatives) {
            let path = format!("src/{name}");
            rows.push(Row { path, line });
        }
    }
    Ok(rows)
}

/// `a/{b,c}.rs` is `a/b.rs` and `a/c.rs`.
fn alternatives(name: &str) -> Vec<String> {
    let braces = name.split_once('{');
    let parts = braces.and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (inner, after))) = parts else {
        return vec![name.to_owned()];
    };
    let inner = inner.split(',').map(str::trim);
    inner.map(|one| format!("{before}{one}{after}")).collect()
}

/// The modules above the listed files.
fn parents(tree: &Tree, list: &[&str]) -> Vec<Vec<String>> {
    let listed = list.iter().filter_map(|path| tree.file(path));
    let above = |module: Vec<String>| (0..module.len()).map(move |len| module[..len].to_vec());
    listed.flat_map(|file| above(file.module())).collect()
}

/// Is one of the attributes that open the file `#![forbid(unsafe_code)]`, or does it at least contain that?
fn forbids_unsafe(tokens: &[Token]) -> bool {
    let mut at = 0;
    let is = |i: usize, text: &str| tokens.get(i).is_some_and(|token| token.is(text));
    while is(at, "#") && is(at + 1, "!") && is(at + 2, "[") {
        let end = crate::source::after_closing(tokens, at + 2);
        let has_code = tokens[at..end].iter().any(|token| token.is("unsafe_code"));
        if is(at + 3, "forbid") && has_code {
            return true;
        }
        at = end;
    }
    false
}

/// Above every unsafe block, `impl`, `extern` block and attribute stands the comment that says why it holds;
/// every `unsafe fn` and `unsafe trait` has a `# Safety` section.
pub(crate) fn explained(tree: &Tree) -> Vec<Finding> {
    let files = tree.rust_in(&["src", "tests", "examples", "benches"]);
    files.flat_map(explained_in).collect()
}

fn explained_in(file: &File) -> Vec<Finding> {
    let source = file.source();
    let tokens = &source.tokens;
    let mut findings = Vec::new();
    for at in (0..tokens.len()).filter(|&i| tokens[i].is("unsafe")) {
        let (what, next) = what_is_unsafe(&tokens[at + 1..]);
        let missing = match what {
            "fn" if next == "(" => false, // a function pointer's type
            "fn" | "trait" => {
                !(has_section(&source, at) || in_trait_impl(tokens, at) && has_reason(&source, at))
            }
            _ => !has_reason(&source, at),
        };
        if missing {
            findings.push(file.finding(tokens[at].line, demand(what)));
        }
    }
    findings
}

/// What follows `unsafe`, over an `extern "C"`, and the token after that.
fn what_is_unsafe(after: &[Token]) -> (&str, &str) {
    let mut texts = after.iter().map(|token| token.text.as_str());
    let what = texts.find(|text| !text.is_empty() && *text != "extern");
    (what.unwrap_or_default(), texts.next().unwrap_or_default())
}

fn demand(what: &str) -> &'static str {
    match what {
        "fn" => {
            "this `unsafe fn` has no `# Safety` section; say what the caller owes (in a trait's impl, `// SAFETY:` will do)"
        }
        "trait" => "this `unsafe trait` has no `# Safety` section; say what an implementor owes",
        _ => "no `// SAFETY:` comment directly above; name the invariant that makes it hold",
    }
}

/// The index of the first token of the statement or item that `tokens[at]` is part of.
fn start_of_statement(tokens: &[Token], at: usize) -> usize {
    let ends = |token: &Token| matches!(token.text.as_str(), ";" | "{" | "}");
    (0..at)
        .rev()
        .find(|&i| ends(&tokens[i]))
        .map_or(0, |i| i + 1)
}

/// Does a documentation comment of the item say `# Safety`?
fn has_section(source: &Source, at: usize) -> bool {
    let start = start_of_statement(&source.tokens, at);
    let mut above = source
        .comments
        .iter()
        .filter(|c| (start..=at).contains(&c.after));
    above.any(|c| c.is_doc() && c.text.contains("# Safety"))
}

/// Does a reason open in the comment that ends right above the statement, or above one of its lines?
fn has_reason(source: &Source, at: usize) -> bool {
    let start = start_of_statement(&source.tokens, at);
    let lines = source.tokens[start].line..=source.tokens[at].line;
    let mut above = Vec::new();
    for line in lines {
        above.extend(block_above(source, line));
    }
    let inside = source
        .comments
        .iter()
        .filter(|c| c.after > start && c.after <= at);
    above.into_iter().chain(inside).any(states_reason)
}

/// The comments on the unbroken run of lines above this one that hold nothing else.
fn block_above(source: &Source, line: usize) -> Vec<&Comment> {
    let mut block = Vec::new();
    let mut next = line;
    for comment in source.comments.iter().rev() {
        let has_code = |l: usize| source.tokens.iter().any(|token| token.line == l);
        if comment.last_line + 1 == next && !has_code(comment.first_line) {
            block.push(comment);
            next = comment.first_line;
        }
    }
    block
}

fn states_reason(comment: &Comment) -> bool {
    let text = comment.text.trim_start_matches(['/', '*']).trim_start();
    let reason = text.strip_prefix("SAFETY:").unwrap_or("");
    !comment.is_doc() && !reason.trim_end_matches(['/', '*']).trim().is_empty()
}

/// Is the innermost brace around `tokens[at]` that of an `impl Trait for Type`?
fn in_trait_impl(tokens: &[Token], at: usize) -> bool {
    let mut depth = 0;
    for i in (0..at).rev() {
        match tokens[i].text.as_str() {
            "}" => depth += 1,
            "{" if depth > 0 => depth -= 1,
            "{" => {
                let header = &tokens[start_of_statement(tokens, i)..i];
                let has = |word: &str| header.iter().any(|token| token.is(word));
                return has("impl") && has("for");
            }
            _ => {}
        }
    }
    false
}

mod tests {
    use super::*;
    use crate::tree::expect_these;

    #[test]
    fn the_table_is_exact() {
        let forbid = "//! A.\n#![allow(x)]\n#![forbid(unsafe_code)]\n";
        let files = [
            ("src/lib.rs", ""),
            ("src/a/mod.rs", "mod engine;"),
            ("src/a/engine.rs", "fn f() { unsafe {} }"),
            ("src/b.rs", forbid),
            ("src/bare.rs", "// #![forbid(unsafe_code)]\n"),
            ("src/tame.rs", "fn unsafe_no() {} // unsafe"),
            ("src/wild.rs", "\nfn f() { unsafe {} }"),
        ];
        let table = "# Safety\n`no.rs`\n\n| file | invariant |\n|---|---|\n\
            | `a/{engine, gone}.rs` | `bare.rs` |\n| `tame.rs`, `a/` | |\n| `a/engine.rs` | |\n\n| `wild.rs` | |\n";
        let with_table = [files.as_slice(), &[("safety.md", table)]].concat();
        expect_these(
            &listed(&Tree::of(&with_table), "safety.md"),
            &[
                "safety.md:6: the table names `src/a/gone.rs`, which is no file",
                "safety.md:7: the table names `src/tame.rs`, which has no `unsafe`",
                "safety.md:7: the table names `src/a/`, which is no file",
                "safety.md:8: the table names `src/a/engine.rs` twice",
                "src/bare.rs:1: put `#![forbid(unsafe_code)]`",
                "src/wild.rs:2: `unsafe` in a file without a row in safety.md",
            ],
        );
        let gone = listed(&Tree::of(&files), "safety.md");
        expect_these(&gone, &["safety.md:1: is missing"]);
        let bare = listed(&Tree::of(&[("safety.md", "# Safety\n")]), "safety.md");
        expect_these(&bare, &["safety.md:1: has no table"]);
    }

    /// The lines at which something is missing.
    fn lines(text: &str) -> Vec<usize> {
        let findings = explained(&Tree::of(&[("src/a.rs", text)]));
        let line = |f: &Finding| f.to_string().split(':').nth(1).unwrap().parse().unwrap();
        findings.iter().map(line).collect()
    }

    #[test]
    fn a_block_needs_its_reason_directly_above() {
        let good = "fn f() {\n // SAFETY: the slot is\n // ours alone.\n let x = unsafe { g() };\n\
            // SAFETY: as above.\n let y =\n unsafe { g() };\n let z = /* SAFETY: ours. */ unsafe { g() };\n\
            let w = long(\n // SAFETY: ours.\n unsafe { g() });\n}\n// SAFETY: holds no pointer.\n#[cfg(x)]\nunsafe impl Send for T {}";
        assert_eq!(lines(good), []);
        let bad = "// SAFETY: too far up.\n\nfn f() {\n let x = unsafe { g() };\n // SAFETY:\n unsafe { g() };\n\
            /// SAFETY: docs.\n unsafe { g() }\n // SAFETY: for the first.\n unsafe { g() }\n unsafe { g() }\n\
            let s = \"// SAFETY: no\";\n unsafe { g() } }\nunsafe impl Send for T {}";
        assert_eq!(lines(bad), [4, 6, 8, 11, 13, 14]);
    }

    #[test]
    fn a_function_needs_a_safety_section() {
        let good = "/// Does it.\n///\n/// # Safety\n/// Ours.\n#[inline]\npub unsafe fn f() {}\ntype F = unsafe fn(u8);\n\
            type G = unsafe extern \"C\" fn(u8);\nimpl T for U {\n fn a() {}\n // SAFETY: the trait's.\n unsafe fn g() {} }";
        assert_eq!(lines(good), []);
        let bad = "/// Does it.\npub unsafe fn f() {}\n/// # Safety\nfn g() {}\npub unsafe extern \"C\" fn h() {}\n\
            unsafe trait T {}\nimpl U {\n // SAFETY: not a trait's.\n unsafe fn g() {} }";
        assert_eq!(lines(bad), [2, 5, 6, 9]);
    }
}
