//! One field of a form: its label, its hint, its mistake, tied together for assistive technology.

use askama::Template;
use askama::filters::HtmlSafe;

/// One input with its label, its hint and its mistake.
#[derive(Template)]
#[template(path = "parts/field.html")]
pub(crate) struct Field<'a> {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    value: &'a str,
    mistake: Option<&'a str>,
    hint: Option<String>,
    autocomplete: &'static str,
    /// Whether it may be left empty, and whether that is said.
    is_required: bool,
    says_optional: bool,
    /// Whether it holds words, which are spelt and begin with capitals.
    holds_words: bool,
    /// Whether it holds digits alone, so that a phone shows its number pad.
    holds_digits: bool,
    /// How many lines of text it shows at once; none: it holds one line.
    rows: Option<u8>,
}

impl HtmlSafe for Field<'_> {}

impl<'a> Field<'a> {
    /// A field to be filled in, which a browser does not fill in by itself.
    pub(super) fn new(kind: &'static str, name: &'static str, label: &'static str) -> Field<'a> {
        Field {
            name,
            label,
            kind,
            value: "",
            mistake: None,
            hint: None,
            autocomplete: "off",
            is_required: true,
            says_optional: false,
            holds_words: false,
            holds_digits: false,
            rows: None,
        }
    }

    /// With what was typed in it, and what is wrong with that.
    pub(super) fn showing(self, value: &'a str, mistake: Option<&'a str>) -> Self {
        Field { value, mistake, ..self }
    }

    /// For words, which are spelt and begin with capitals.
    pub(in crate::pages) fn of_words(self) -> Self {
        Field { holds_words: true, ..self }
    }

    /// For lines of text, so many of them shown at once.
    pub(super) fn of_lines(self, rows: u8) -> Self {
        Field { rows: Some(rows), ..self }
    }

    /// For digits alone, so that a phone shows its number pad.
    pub(in crate::pages) fn of_digits(self) -> Self {
        Field { holds_digits: true, ..self }
    }

    /// With a line that says what belongs in it.
    pub(in crate::pages) fn hint(self, hint: impl Into<String>) -> Self {
        Field { hint: Some(hint.into()), ..self }
    }

    /// With one more sentence in that line.
    pub(in crate::pages) fn also(self, more: &str) -> Self {
        let hint = self.hint.as_deref().map_or_else(|| more.to_owned(), |hint| format!("{hint} {more}"));
        self.hint(hint)
    }

    /// With what a browser may fill in (WHATWG HTML, autofill field names).
    pub(in crate::pages) fn autocomplete(self, token: &'static str) -> Self {
        Field { autocomplete: token, ..self }
    }

    /// May be left empty, and says so.
    pub(in crate::pages) fn optional(self) -> Self {
        Field { says_optional: true, ..self.narrowing() }
    }

    /// Narrows a list, so that it may of course be left empty.
    pub(in crate::pages) fn narrowing(self) -> Self {
        Field { is_required: false, ..self }
    }

    /// The ids of what describes it, for assistive technology.
    fn described_by(&self) -> Option<String> {
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.name));
        let mistake = self.mistake.map(|_| format!("{}-mistake", self.name));
        let ids: Vec<String> = mistake.into_iter().chain(hint).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}
