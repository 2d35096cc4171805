//! Every path of a file that leads into the crate's own modules, resolved from the crate's root.
//!
//! Read are `use` trees with their braces, globs and renames, and paths in the code; they may begin with `crate`,
//! `$crate`, `self`, `super`, the crate's name, or the name of a child module.

use crate::source::{Kind, Token};
use std::collections::BTreeSet;

#[derive(Debug)]
pub(crate) struct Mention {
    /// From the root: `crate::hub::park::Key` is `["hub", "park", "Key"]`; a glob ends in `*`.
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
    /// Stands in a `pub use` or `pub(..) use`.
    pub(crate) is_reexport: bool,
}

/// What a file's paths are resolved against.
pub(crate) struct Place<'a> {
    pub(crate) crate_name: &'a str,
    /// The module the file is.
    pub(crate) module: Vec<String>,
    /// All modules of the crate, as `hub::park`.
    pub(crate) modules: &'a BTreeSet<String>,
}

pub(crate) fn mentions(tokens: &[Token], place: Place<'_>) -> Vec<Mention> {
    let mut walk = Walk {
        tokens,
        at: 0,
        place,
        braces: Vec::new(),
        found: Vec::new(),
    };
    while walk.at < tokens.len() {
        walk.one();
    }
    walk.found
}

struct Walk<'a> {
    tokens: &'a [Token],
    at: usize,
    place: Place<'a>,
    /// For each open brace: does it belong to an inline module?
    braces: Vec<bool>,
    found: Vec<Mention>,
}

impl Walk<'_> {
    fn is(&self, ahead: usize, text: &str) -> bool {
        let token = self.tokens.get(self.at + ahead);
        token.is_some_and(|token| token.is(text))
    }

    fn word(&self) -> Option<&Token> {
        let token = self.tokens.get(self.at)?;
        (token.kind == Kind::Word).then_some(token)
    }

    fn one(&mut self) {
        if self.is(0, "mod") && self.is(2, "{") {
            let name = self.tokens[self.at + 1].text.clone();
            self.place.module.push(name);
            self.braces.push(true);
            self.at += 3;
        } else if self.is(0, "use") && !self.is(1, "<") {
            self.use_item();
        } else if self.is(0, "pub") && self.is(1, "(") && self.is(2, "in") {
            while !self.is(0, ")") && self.at < self.tokens.len() {
                self.at += 1;
            }
        } else if self.word().is_some() && self.is(1, "::") {
            self.path_in_code();
        } else {
            self.brace();
            self.at += 1;
        }
    }

    fn brace(&mut self) {
        if self.is(0, "{") {
            self.braces.push(false);
        } else if self.is(0, "}") && self.braces.pop() == Some(true) {
            self.place.module.pop();
        }
    }

    fn use_item(&mut self) {
        let before = self.at.checked_sub(1).map(|i| self.tokens[i].text.as_str());
        let is_reexport = matches!(before, Some("pub" | ")"));
        self.at += 1;
        self.use_tree(&[], is_reexport);
    }

    /// One branch: `a::b as c`, `a::*`, `a::{b, c::d}`; stops before its `,`, `}` or `;`.
    fn use_tree(&mut self, prefix: &[String], is_reexport: bool) {
        let mut path = prefix.to_vec();
        let mut line = 0;
        if self.is(0, "::") && path.is_empty() {
            path.push("::".to_owned()); // names another crate, so it resolves to nothing of ours
        }
        while let Some(token) = self.tokens.get(self.at) {
            match token.text.as_str() {
                "{" => return self.use_branches(&path, is_reexport),
                "," | "}" | ";" => break,
                "as" => self.at += 2,
                "::" | "$" => self.at += 1,
                text => {
                    path.push(text.to_owned());
                    line = token.line;
                    self.at += 1;
                }
            }
        }
        self.record(&path, line, is_reexport);
    }

    fn use_branches(&mut self, prefix: &[String], is_reexport: bool) {
        self.at += 1;
        while self.at < self.tokens.len() && !self.is(0, "}") {
            self.use_tree(prefix, is_reexport);
            if self.is(0, ",") {
                self.at += 1;
            } else if self.is(0, ";") {
                return;
            }
        }
        self.at += 1;
    }

    fn path_in_code(&mut self) {
        // What follows `>::` goes on from a type, and names no module.
        let is_start = self.at == 0 || !self.tokens[self.at - 1].is("::");
        let line = self.tokens[self.at].line;
        let mut path = Vec::new();
        while let Some(token) = self.word() {
            path.push(token.text.clone());
            self.at += 1;
            if !self.is(0, "::") {
                break;
            }
            self.at += 1;
        }
        if is_start {
            self.record(&path, line, false);
        }
    }

    fn record(&mut self, path: &[String], line: usize, is_reexport: bool) {
        if let Some(path) = self.resolve(path) {
            self.found.push(Mention {
                path,
                line,
                is_reexport,
            });
        }
    }

    fn resolve(&self, path: &[String]) -> Option<Vec<String>> {
        let module = &self.place.module;
        let mut resolved = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" => module.clone(),
            "super" => parent(module),
            name if name == self.place.crate_name => Vec::new(),
            name => {
                let child = [module.as_slice(), &[name.to_owned()]].concat();
                let is_ours = !module.is_empty() && self.place.modules.contains(&child.join("::"));
                is_ours.then_some(child)?
            }
        };
        for part in &path[1..] {
            match part.as_str() {
                "super" => resolved = parent(&resolved),
                "self" => {}
                part => resolved.push(part.to_owned()),
            }
        }
        Some(resolved)
    }
}

fn parent(module: &[String]) -> Vec<String> {
    module[..module.len().saturating_sub(1)].to_vec()
}

mod tests {
    use super::*;
    use crate::source::Source;

    /// `line path` for each mention in a file that is the module `hub::turn`.
    fn found(text: &str) -> Vec<String> {
        let modules = ["hub", "hub::turn", "hub::turn::inner"];
        let place = Place {
            crate_name: "greenhub",
            module: vec!["hub".to_owned(), "turn".to_owned()],
            modules: &modules.map(str::to_owned).into(),
        };
        let mentions = mentions(&Source::read(text).tokens, place);
        let lines = mentions.iter().map(|m| {
            let sign = if m.is_reexport { "pub " } else { "" };
            format!("{sign}{} {}", m.line, m.path.join("::"))
        });
        lines.collect()
    }

    #[test]
    fn braces_globs_and_renames_are_read() {
        let text = "use crate::{a::{b, c as d}, e::*,\n f::{self, g::h},};\nuse std::io;\nuse ::crate_x::y;";
        assert_eq!(
            found(text),
            ["1 a::b", "1 a::c", "1 e::*", "2 f", "2 f::g::h"]
        );
    }

    #[test]
    fn visibility_does_not_hide_a_use() {
        let text = "pub use crate::a::b;\npub(crate) use crate::{c};\npub(in crate::hub) fn f() {}\nfn g() -> impl T + use<'_> {}";
        assert_eq!(found(text), ["pub 1 a::b", "pub 2 c"]);
    }

    #[test]
    fn relative_paths_reach_other_modules() {
        let text = "use super::park;\nuse super::super::task::spawn;\nmod m { use super::super::timers; }\nuse self::x;\nuse inner::y;";
        assert_eq!(
            found(text),
            [
                "1 hub::park",
                "2 task::spawn",
                "3 hub::timers",
                "4 hub::turn::x",
                "5 hub::turn::inner::y"
            ]
        );
    }

    #[test]
    fn paths_in_code_are_read_and_prose_is_not() {
        let text = "fn f() { crate::hub::go::<u8>(super::park::x, $crate::m!(), T::crate_::x) } // crate::no::x\n/// crate::no\nconst S: &str = \"crate::no::x\";";
        assert_eq!(found(text), ["1 hub::go", "1 hub::park::x", "1 m"]);
    }

    #[test]
    fn the_root_itself_can_be_named() {
        assert_eq!(
            found("use crate as root;\nuse crate::*;\nuse greenhub::task;"),
            ["1 ", "2 *", "3 task"]
        );
    }
}
