//! Rust source cut into tokens, so that a rule sees code and never the inside of a comment or a string.
//!
//! Not a compiler's lexer: numbers are cut at their dots and operators into single characters (but `::` is one
//! token), which no rule minds. What must be right is where comments, strings, characters and lifetimes end.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// An identifier or a keyword; `r#type` is the word `type`.
    Word,
    /// `::` or one character of punctuation.
    Mark,
    /// A string, character or number; its text is not kept.
    Literal,
    /// `'a`; its text is not kept.
    Lifetime,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text
    }
}

#[derive(Debug)]
pub(crate) struct Comment {
    /// With its `//`, `///`, `//!` or `/*`.
    pub(crate) text: String,
    pub(crate) first_line: usize,
    pub(crate) last_line: usize,
    /// How many tokens stand before it.
    pub(crate) after: usize,
}

impl Comment {
    pub(crate) fn is_doc(&self) -> bool {
        let text = &self.text;
        (text.starts_with("///") && !text.starts_with("////"))
            || (text.starts_with("/**") && !text.starts_with("/***"))
            || text.starts_with("//!")
            || text.starts_with("/*!")
    }
}

#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) tokens: Vec<Token>,
    pub(crate) comments: Vec<Comment>,
}

impl Source {
    pub(crate) fn read(text: &str) -> Source {
        let mut cutter = Cutter {
            chars: text.chars().collect(),
            at: 0,
            line: 1,
            source: Source::default(),
        };
        while cutter.at < cutter.chars.len() {
            cutter.cut_one();
        }
        cutter.source
    }

    /// The tokens outside `#[cfg(test)] mod name { .. }`.
    pub(crate) fn without_test_modules(&self) -> Vec<Token> {
        let (tokens, mut kept, mut at) = (&self.tokens, Vec::new(), 0);
        while at < tokens.len() {
            match test_module_end(tokens, at) {
                Some(end) => at = end,
                None => {
                    kept.push(tokens[at].clone());
                    at += 1;
                }
            }
        }
        kept
    }
}

/// The index after the token that closes what `tokens[open]` opens: `(`, `[` or `{`.
pub(crate) fn after_closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i + 1;
        }
    }
    tokens.len()
}

/// Where the module ends that the attributes at `at` open, if one of them is `cfg(test)`.
fn test_module_end(tokens: &[Token], mut at: usize) -> Option<usize> {
    let is = |i: usize, text: &str| tokens.get(i).is_some_and(|token| token.is(text));
    let mut only_for_tests = false;
    while is(at, "#") && is(at + 1, "[") {
        let end = after_closing(tokens, at + 1);
        let has = |word: &str| tokens[at..end].iter().any(|token| token.is(word));
        only_for_tests |= is(at + 2, "cfg") && has("test") && !has("not");
        at = end;
    }
    if is(at, "pub") {
        at += 1;
        if is(at, "(") {
            at = after_closing(tokens, at);
        }
    }
    let opens = only_for_tests && is(at, "mod") && is(at + 2, "{");
    opens.then(|| after_closing(tokens, at + 2))
}

struct Cutter {
    chars: Vec<char>,
    at: usize,
    line: usize,
    source: Source,
}

impl Cutter {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn step(&mut self) -> char {
        let c = self.peek(0);
        self.at += 1;
        self.line += usize::from(c == '\n');
        c
    }

    fn steps(&mut self, count: usize) {
        for _ in 0..count {
            self.step();
        }
    }

    fn ended(&self) -> bool {
        self.at >= self.chars.len()
    }

    fn push(&mut self, kind: Kind, text: &str, line: usize) {
        let text = text.to_owned();
        self.source.tokens.push(Token { kind, text, line });
    }

    fn cut_one(&mut self) {
        let line = self.line;
        match (self.peek(0), self.peek(1)) {
            ('/', '/') | ('/', '*') => self.comment(),
            ('"', _) => {
                self.quoted('"');
                self.push(Kind::Literal, "", line);
            }
            ('\'', _) => self.character_or_lifetime(),
            (c, _) if c.is_alphabetic() || c == '_' => self.word(),
            (c, _) if c.is_ascii_digit() => {
                self.while_in_word();
                self.push(Kind::Literal, "", line);
            }
            (':', ':') => {
                self.steps(2);
                self.push(Kind::Mark, "::", line);
            }
            (c, _) => {
                self.step();
                if !c.is_whitespace() {
                    self.push(Kind::Mark, c.encode_utf8(&mut [0; 4]), line);
                }
            }
        }
    }

    fn comment(&mut self) {
        let (start, first_line) = (self.at, self.line);
        if self.peek(1) == '/' {
            while !self.ended() && self.peek(0) != '\n' {
                self.step();
            }
        } else {
            self.block_comment();
        }
        let end = self.at.min(self.chars.len());
        self.source.comments.push(Comment {
            text: self.chars[start..end].iter().collect(),
            first_line,
            last_line: self.line,
            after: self.source.tokens.len(),
        });
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0;
        while !self.ended() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.step();
                    continue;
                }
            }
            self.steps(2);
            if depth == 0 {
                return;
            }
        }
    }

    /// A string or a character with escapes, from its opening quote on.
    fn quoted(&mut self, quote: char) {
        self.step();
        while !self.ended() {
            match self.step() {
                '\\' => self.steps(1),
                c if c == quote => return,
                _ => {}
            }
        }
    }

    /// `##"..."##`, from the first `#` or quote on.
    fn raw_string(&mut self) {
        let mut hashes = 0;
        while self.peek(0) == '#' {
            self.step();
            hashes += 1;
        }
        self.step();
        while !self.ended() {
            if self.step() == '"' && (0..hashes).all(|i| self.peek(i) == '#') {
                self.steps(hashes);
                return;
            }
        }
    }

    fn character_or_lifetime(&mut self) {
        let line = self.line;
        if self.peek(1) == '\\' || self.peek(2) == '\'' {
            self.quoted('\'');
            self.push(Kind::Literal, "", line);
        } else {
            self.step();
            self.while_in_word();
            self.push(Kind::Lifetime, "", line);
        }
    }

    fn while_in_word(&mut self) -> String {
        let start = self.at;
        while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
            self.step();
        }
        self.chars[start..self.at].iter().collect()
    }

    /// A word, or the string that its letters are the prefix of.
    fn word(&mut self) {
        let line = self.line;
        let word = self.while_in_word();
        let hashes = (0..).take_while(|&i| self.peek(i) == '#').count();
        match (word.as_str(), self.peek(0)) {
            ("r" | "br" | "cr", _) if self.peek(hashes) == '"' => self.raw_string(),
            ("b" | "c", '"') => self.quoted('"'),
            ("b", '\'') => self.quoted('\''),
            ("r", '#') => {
                self.step();
                let word = self.while_in_word();
                return self.push(Kind::Word, &word, line);
            }
            _ => return self.push(Kind::Word, &word, line),
        }
        self.push(Kind::Literal, "", line);
    }
}

mod tests {
    use super::*;

    /// The words of the code, with their lines.
    fn words(text: &str) -> Vec<(String, usize)> {
        let tokens = Source::read(text).tokens.into_iter();
        let words = tokens.filter(|token| token.kind == Kind::Word);
        words.map(|token| (token.text, token.line)).collect()
    }

    #[test]
    fn comments_and_strings_hide_words_and_lines_are_kept() {
        let text = "a // no\n/* no /* no */\nno */ b\n\"no \\\" no\nno\" c r#\"no \" no\"# d\nb\"no\" br##\"no\"# no\"## e c\"no\"";
        let expected = [("a", 1), ("b", 3), ("c", 5), ("d", 5), ("e", 6)];
        assert_eq!(words(text), expected.map(|(w, line)| (w.to_owned(), line)));
    }

    #[test]
    fn characters_are_not_lifetimes() {
        let text = r"f('a', '\'', '\u{41}', b'x', b'\'', '\\', '/') <'a, 'static> '_ r#type '(' g";
        let found: Vec<_> = words(text).into_iter().map(|(word, _)| word).collect();
        assert_eq!(found, ["f", "type", "g"]);
    }

    #[test]
    fn a_comment_knows_its_lines_and_whether_it_is_documentation() {
        let source = Source::read("//! A.\n// b\n/// c\n//// d\nx /* e\n */ y");
        let found: Vec<_> = source
            .comments
            .iter()
            .map(|c| (c.first_line, c.last_line, c.is_doc(), c.after))
            .collect();
        let expected = [
            (1, 1, true, 0),
            (2, 2, false, 0),
            (3, 3, true, 0),
            (4, 4, false, 0),
            (5, 6, false, 1),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn test_modules_are_left_out_and_others_stay() {
        let text = "a #[cfg(test)] #[allow(x)] pub(crate) mod t { no { no } } b #[cfg(not(test))] mod u { c }";
        let kept = Source::read(text).without_test_modules();
        let found: Vec<_> = kept.iter().map(|token| token.text.as_str()).collect();
        assert!(!found.contains(&"no"), "{found:?}");
        assert!(
            ["a", "b", "u", "c"].iter().all(|w| found.contains(w)),
            "{found:?}"
        );
    }
}
