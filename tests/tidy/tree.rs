//! The repository as the rules see it: its files with their text, its folders, and what a rule found wrong.

use crate::source::Source;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

pub(crate) struct File {
    /// From the top of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn source(&self) -> Source {
        Source::read(&self.text)
    }

    pub(crate) fn name(&self) -> &str {
        last_part(&self.path)
    }

    /// `src/hub/park.rs` is `["hub", "park"]`, `src/hub/mod.rs` is `["hub"]`, `src/lib.rs` is empty.
    pub(crate) fn module(&self) -> Vec<String> {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let mut parts: Vec<String> = inside.split('/').map(str::to_owned).collect();
        let last = parts.pop().unwrap_or_default();
        let stem = last.trim_end_matches(".rs");
        if stem != "mod" && !(stem == "lib" && parts.is_empty()) {
            parts.push(stem.to_owned());
        }
        parts
    }

    /// `tests.rs` beside a pure part, or anything in a folder `tests`.
    pub(crate) fn is_test_module(&self) -> bool {
        self.module().iter().any(|part| part == "tests")
    }

    pub(crate) fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding::new(&self.path, line, what)
    }
}

pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    /// Every folder below the top, with `/` between and none at the end.
    pub(crate) folders: BTreeSet<String>,
    /// The names of files and folders at the top, hidden ones too.
    pub(crate) top: BTreeSet<String>,
}

impl Tree {
    /// Reads the repository, without `.git` and without any `target`.
    pub(crate) fn read(root: &Path) -> Tree {
        let mut tree = Tree::of(&[]);
        tree.enter(root, "");
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree
    }

    /// A tree made up for a test of the rules.
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree {
            files: Vec::new(),
            folders: BTreeSet::new(),
            top: BTreeSet::new(),
        };
        for (path, text) in files {
            tree.top.insert(path.split('/').next().unwrap().to_owned());
            for (slash, _) in path.match_indices('/') {
                tree.folders.insert(path[..slash].to_owned());
            }
            tree.files.push(File {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            });
        }
        tree
    }

    fn enter(&mut self, folder: &Path, prefix: &str) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if prefix.is_empty() {
                self.top.insert(name.clone());
            }
            if !entry.path().is_dir() {
                let text = String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned();
                self.files.push(File { path, text });
            } else if name != ".git" && name != "target" {
                self.enter(&entry.path(), &format!("{path}/"));
                self.folders.insert(path);
            }
        }
    }

    /// The Rust files in these folders, deep down too.
    pub(crate) fn rust_in(&self, folders: &[&str]) -> impl Iterator<Item = &File> {
        let in_one = move |path: &str| {
            let top = path.split('/').next().unwrap();
            folders.contains(&top)
        };
        self.files
            .iter()
            .filter(move |file| file.path.ends_with(".rs") && in_one(&file.path))
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The paths of all modules of the crate, `hub::park`, folders without a `mod.rs` included.
    pub(crate) fn modules(&self) -> BTreeSet<String> {
        let files = self.rust_in(&["src"]).map(|file| file.module().join("::"));
        let inside = self.folders.iter().filter_map(|f| f.strip_prefix("src/"));
        files
            .chain(inside.map(|folder| folder.replace('/', "::")))
            .collect()
    }
}

pub(crate) fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `path:line: what is wrong and what to do`.
pub(crate) struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl Finding {
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>) -> Finding {
        let (path, what) = (path.to_owned(), what.into());
        Finding { path, line, what }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Fails the running test with everything that was found.
#[track_caller]
pub(crate) fn expect_none(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    let count = lines.len();
    assert!(lines.is_empty(), "{count} found\n{}\n", lines.join("\n"));
}

/// For tests of the rules: each line must be the beginning of the finding at its place.
#[track_caller]
pub(crate) fn expect_these(findings: &[Finding], beginnings: &[&str]) {
    let found: Vec<String> = findings.iter().map(Finding::to_string).collect();
    let same = found.len() == beginnings.len()
        && found.iter().zip(beginnings).all(|(f, b)| f.starts_with(b));
    assert!(same, "expected {beginnings:#?}\nfound {found:#?}");
}

mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_module() {
        let tree = Tree::of(&[
            ("src/lib.rs", ""),
            ("src/hub/mod.rs", ""),
            ("src/hub/park.rs", ""),
        ]);
        let modules: Vec<_> = tree.files.iter().map(|f| f.module().join("::")).collect();
        assert_eq!(modules, ["", "hub", "hub::park"]);
    }
}
