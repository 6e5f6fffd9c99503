//! Just enough of Rust's grammar to tell code, string literals and comments apart.

use std::iter::Peekable;
use std::str::Chars;

/// A Rust file, taken apart. Comments are in neither half.
#[derive(Default)]
pub struct Rust {
    /// The code, with every literal empty and every line where it was.
    pub code: String,
    /// The string literals, each with the line it begins on.
    pub literals: Vec<Literal>,
}

/// A string literal.
#[derive(Debug, PartialEq)]
pub struct Literal {
    pub line: usize,
    pub text: String,
}

impl Rust {
    pub fn read(text: &str) -> Rust {
        let mut rust = Rust::default();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match (c, rest.peek()) {
                ('/', Some('/')) => rust.blank(until(&mut rest, "\n")),
                ('/', Some('*')) => rust.blank(block_comment(&mut rest)),
                ('"', _) => {
                    let text =
                        if let Some(fence) = rust.raw_fence() { until(&mut rest, &fence) } else { string(&mut rest) };
                    rust.literal(text);
                }
                ('\'', _) => rust.quote(&mut rest),
                _ => rust.code.push(c),
            }
        }
        rust
    }

    fn line(&self) -> usize {
        self.code.matches('\n').count() + 1
    }

    /// What closes the raw string that the code so far opens, if it opens one.
    fn raw_fence(&self) -> Option<String> {
        let before = self.code.trim_end_matches('#');
        let word = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        let hashes = self.code.len() - before.len();
        ["r", "br", "cr"].contains(&word).then(|| format!("\"{}", "#".repeat(hashes)))
    }

    fn literal(&mut self, text: String) {
        let line = self.line();
        self.code.push_str("\"\"");
        self.blank(text.clone());
        self.literals.push(Literal { line, text });
    }

    /// A character, which is dropped, or a lifetime, which is code.
    fn quote(&mut self, rest: &mut Peekable<Chars<'_>>) {
        let mut ahead = rest.clone();
        let (first, second) = (ahead.next(), ahead.next());
        if first == Some('\\') {
            rest.next();
            rest.next();
            until(rest, "'");
        } else if second == Some('\'') {
            rest.next();
            rest.next();
        } else {
            self.code.push('\'');
        }
    }

    /// Keeps the lines of what is left out.
    fn blank(&mut self, text: String) {
        self.code.extend(text.chars().filter(|c| *c == '\n'));
    }
}

/// Everything up to and without `end`, except that a line break at the end is kept.
fn until(rest: &mut Peekable<Chars<'_>>, end: &str) -> String {
    let mut text = String::new();
    for c in rest.by_ref() {
        text.push(c);
        if text.ends_with(end) {
            break;
        }
    }
    if end == "\n" { text } else { text.strip_suffix(end).map(str::to_owned).unwrap_or(text) }
}

/// The inside of a string; escapes stay as they are written, except that an escaped quote does not end it.
fn string(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => {
                text.push(c);
                text.extend(rest.next());
            }
            _ => text.push(c),
        }
    }
    text
}

fn block_comment(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    let mut depth = 1;
    rest.next();
    while depth > 0 {
        let Some(c) = rest.next() else { break };
        text.push(c);
        match (c, rest.peek()) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) => depth -= 1,
            _ => continue,
        }
        rest.next();
    }
    text
}

#[test]
fn code_literals_and_comments_are_told_apart() {
    let text = "let a = \"one \\\" // no\"; // \"not one\"\nlet c = ['\"', '\\'', 'x']; fn f<'a>(x: &'a str) {}\n\
                /* \"no\" /* deeper */\n */ let b = r#\"two\n \"x\" \"#; br\"three\\\"";
    let rust = Rust::read(text);
    let literals: Vec<_> = rust.literals.iter().map(|l| (l.line, l.text.as_str())).collect();
    assert_eq!(literals, [(1, "one \\\" // no"), (4, "two\n \"x\" "), (5, "three\\")]);
    assert_eq!(rust.code.lines().nth(1), Some("let c = [, , ]; fn f<'a>(x: &'a str) {}"));
    assert!(!rust.code.contains("deeper") && rust.code.contains("let b"));
}
