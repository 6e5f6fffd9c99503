//! What a mail server answers, in words for an administrator: in one line, not long, and without anything that a letter
//! or the settings keep secret, as some servers quote what they refuse.

use lettre::transport::smtp::Error;

/// The longest an answer is quoted, in characters.
const LONGEST: usize = 300;

/// An error as a line for people.
pub(super) fn quote(why: &Error) -> String {
    let text = match (why.status(), std::error::Error::source(why)) {
        (Some(code), Some(said)) => format!("{code} {said}"),
        (Some(code), None) => code.to_string(),
        (None, Some(cause)) => cause.to_string(),
        (None, None) => why.to_string(),
    };
    discreet(&text)
}

/// One line without secrets.
fn discreet(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.map(|word| if is_secret(word) { "[…]" } else { word }).collect::<Vec<_>>().join(" ");
    line.chars().take(LONGEST).collect()
}

/// Whether a word may be a link, a token or a code.
fn is_secret(word: &str) -> bool {
    let digits = |run: &str| run.len() == 6 && run.bytes().all(|byte| byte.is_ascii_digit());
    word.contains("://") || word.contains("vst_") || word.split(|c: char| !c.is_alphanumeric()).any(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_line_without_secrets() {
        let shown = [
            ("5.7.1 <ann@example.com>:\r\n no such user", "5.7.1 <ann@example.com>: no such user"),
            ("spam: see https://id.example.com/x?token=y, ok", "spam: see […] ok"),
            ("the code 123456. is bad", "the code […] is bad"),
            ("bad token=vst_rst_abc", "bad […]"),
            ("queued as 1234567 by 12345 at 4F123456A", "queued as 1234567 by 12345 at 4F123456A"),
        ];
        for (text, expected) in shown {
            assert_eq!(discreet(text), expected);
        }
        assert_eq!(discreet(&"é ".repeat(1000)).chars().count(), LONGEST);
    }
}
