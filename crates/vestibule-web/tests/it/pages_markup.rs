//! The rules of all pages, checked on the markup itself: one heading of the first order and none left out, a label for
//! every field, captions and scopes in tables, nothing inline that the content security policy would refuse, no
//! password filled in, every address below the base, the CSRF token in every form of somebody signed in.

use std::collections::HashSet;

/// Where the forms are sent that begin a session.
const SIGNS_IN: [&str; 4] = ["/sign-in", "/sign-in/step", "/sign-up", "/setup"];
/// Where the other forms are sent that nobody need be signed in for.
const OPEN: [&str; 8] = [
    "/forgot-password",
    "/reset-password",
    "/invitation",
    "/verify-email",
    "/confirm-email",
    "/magic-link",
    "/email-code",
    "/request",
];

/// A tag as it stands in the page; the name of an end tag begins with a slash.
#[derive(Debug)]
pub struct Tag {
    pub name: String,
    /// The text that follows it, up to the next tag.
    pub text: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(attribute, _)| attribute == name).map(|(_, value)| value.as_str())
    }
}

/// The tags of a page, in order. Our templates quote every value and escape what is in it.
pub fn tags(html: &str) -> Vec<Tag> {
    let starts = html.split('<').skip(1).filter(|rest| !rest.starts_with('!'));
    let split = starts.map(|rest| rest.split_once('>').unwrap_or((rest, "")));
    split.map(|(text, after)| Tag { text: unescape(after), ..tag(text) }).collect()
}

fn tag(text: &str) -> Tag {
    let (name, mut rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start().trim_end_matches('/');
        if rest.is_empty() {
            return Tag { name: name.to_lowercase(), text: String::new(), attributes };
        }
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        match after.strip_prefix("=\"") {
            Some(quoted) => {
                let (value, after) = quoted.split_once('"').expect("values are quoted");
                attributes.push((attribute.to_lowercase(), unescape(value)));
                rest = after;
            }
            None => {
                assert!(!after.starts_with('='), "a value without quotes: {text}");
                attributes.push((attribute.to_lowercase(), String::new()));
                rest = after;
            }
        }
    }
}

/// Text as people read it.
pub fn unescape(text: &str) -> String {
    let pairs = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// Fails when a page breaks a rule.
pub fn check(html: &str, base: &str, is_signed_in: bool) {
    let tags = tags(html);
    let named = |name: &str| tags.iter().filter(|tag| tag.name == name).count();
    assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"), "{html}");
    for once in ["title", "h1", "main", "header"] {
        assert_eq!(named(once), 1, "exactly one <{once}>: {html}");
    }
    assert_eq!((named("script"), named("style")), (0, 0), "nothing inline: {html}");
    assert_eq!(named("table"), named("caption"), "every table has a caption: {html}");
    assert!(html.contains("name=\"viewport\"") && html.contains("class=\"skip\" href=\"#main\""), "{html}");
    let ids: Vec<&str> = tags.iter().filter_map(|tag| tag.attribute("id")).collect();
    let different: HashSet<&&str> = ids.iter().collect();
    assert_eq!(different.len(), ids.len(), "an id twice: {ids:?} {html}");
    headings(&tags);
    let labels: HashSet<&str> =
        tags.iter().filter(|tag| tag.name == "label").filter_map(|tag| tag.attribute("for")).collect();
    for tag in &tags {
        attributes(tag, base, &ids);
        field(tag, &labels);
    }
    csrf(&tags, is_signed_in);
}

fn headings(tags: &[Tag]) {
    let mut last = 0;
    for level in tags.iter().filter_map(|tag| tag.name.strip_prefix('h')?.parse::<u32>().ok()) {
        assert!(level <= last + 1, "a heading of order {level} after one of order {last}");
        last = level;
    }
}

fn attributes(tag: &Tag, base: &str, ids: &[&str]) {
    for (name, value) in &tag.attributes {
        assert!(name != "style" && !name.starts_with("on"), "inline {name}: {tag:?}");
        if ["href", "action", "formaction", "src"].contains(&name.as_str()) {
            let is_here = value.strip_prefix('#').is_some_and(|id| ids.contains(&id));
            let is_below =
                value.strip_prefix(base).is_some_and(|rest| rest.starts_with('/') && !rest.starts_with("//"));
            let is_away = tag.attribute("rel") == Some("external"); // to a provider of logins, which the page names
            assert!(is_here || is_below || is_away, "{value} leaves {base}: {tag:?}");
        }
        if ["aria-describedby", "aria-labelledby", "for"].contains(&name.as_str()) {
            assert!(value.split(' ').all(|id| ids.contains(&id)), "{name} points nowhere: {tag:?}");
        }
    }
    let is_named = tag.attribute("aria-label").is_some() && tag.attribute("role") == Some("img");
    assert!(
        tag.name != "svg" || is_named || tag.attribute("aria-hidden") == Some("true"),
        "a picture of what: {tag:?}"
    );
    assert!(tag.name != "th" || tag.attribute("scope").is_some(), "a heading cell without scope: {tag:?}");
}

fn field(tag: &Tag, labels: &HashSet<&str>) {
    let kind = tag.attribute("type").unwrap_or_default();
    let is_hidden = kind == "hidden" || tag.attribute("hidden").is_some();
    if !["input", "select", "textarea"].contains(&tag.name.as_str()) || is_hidden {
        return;
    }
    let is_inside_label = ["checkbox", "radio"].contains(&kind); // <label><input type="checkbox"> words</label>
    assert!(is_inside_label || labels.contains(tag.attribute("id").unwrap_or_default()), "no label: {tag:?}");
    if tag.attribute("autocomplete") == Some("one-time-code") {
        assert_eq!(tag.attribute("value"), Some(""), "a code filled in");
    }
    if kind == "password" {
        assert_eq!(tag.attribute("value"), Some(""), "a password filled in");
        let autocomplete = tag.attribute("autocomplete").unwrap_or_default();
        assert!(["current-password", "new-password"].contains(&autocomplete), "{tag:?}");
    }
}

/// Every form that is sent by POST carries the token of whoever the page says is signed in. Forms that sign in need no
/// token even then, and where nobody is signed in there is none: only the pages that are open to all have such forms.
fn csrf(tags: &[Tag], has_cookie: bool) {
    let action = |tag: &Tag| tag.attribute("action").unwrap_or_default().to_owned();
    let posts = |tag: &Tag| tag.name == "form" && tag.attribute("method") == Some("post");
    let is_signed_in = tags.iter().any(|tag| posts(tag) && action(tag).ends_with("/sign-out"));
    assert!(has_cookie || !is_signed_in, "somebody is signed in who holds no cookie");
    let mut inside: Option<String> = None;
    let mut carries_token = false;
    for tag in tags {
        match tag.name.as_str() {
            "form" if posts(tag) => (inside, carries_token) = (Some(action(tag)), false),
            "input" => carries_token |= tag.attribute("name") == Some("csrf_token"),
            "/form" => {
                let is_one_of =
                    |ends: &[&str]| inside.as_ref().is_none_or(|to| ends.iter().any(|end| to.ends_with(end)));
                let needs_none = is_one_of(&SIGNS_IN) || (!is_signed_in && is_one_of(&OPEN));
                assert!(needs_none || (carries_token && is_signed_in), "no CSRF token in the form to {inside:?}");
                inside = None;
            }
            _ => {}
        }
    }
}
