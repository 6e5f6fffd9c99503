//! The session cookie: `__Host-vestibule`, which browsers accept only from this very host over TLS. The plain name is
//! for http on localhost; `__Secure-vestibule` with a `Domain` is for sharing with sibling hosts.
//! The cookie outlives idle time on purpose: whether a session is live is for the server to say.

use axum::extract::{Request, State};
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;
use vestibule::{SignedIn, Timestamp};

use crate::app::App;
use crate::csrf;

/// The cookie's name and its fixed attributes.
#[derive(Debug)]
pub(crate) struct CookieShape {
    name: &'static str,
    attributes: String,
}

/// What the `Cookie` headers say about our cookie.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presented<'a> {
    Nothing,
    One(&'a str),
    /// More than one of our name: somebody planted one, and we cannot know which.
    Several,
}

impl CookieShape {
    /// For a public URL, with the domain to share the cookie with; both checked.
    pub(crate) fn of(public_url: &Url, domain: Option<&str>) -> CookieShape {
        let common = "Path=/; HttpOnly; SameSite=Lax";
        if public_url.scheme() != "https" {
            return CookieShape { name: "vestibule", attributes: common.to_owned() };
        }
        match domain {
            None => CookieShape { name: "__Host-vestibule", attributes: format!("{common}; Secure") },
            Some(domain) => {
                CookieShape { name: "__Secure-vestibule", attributes: format!("{common}; Secure; Domain={domain}") }
            }
        }
    }

    /// The `Set-Cookie` of a session just made.
    pub(crate) fn session(&self, signed_in: &SignedIn, now: Timestamp) -> HeaderValue {
        let seconds = signed_in.session.absolute_expires_at.since(now).as_secs();
        self.header(signed_in.token.expose(), seconds)
    }

    /// The `Set-Cookie` that takes the cookie away.
    pub(crate) fn removal(&self) -> HeaderValue {
        self.header("", 0)
    }

    /// Our cookie in the request, wherever among the others.
    pub(crate) fn presented<'a>(&self, headers: &'a HeaderMap) -> Presented<'a> {
        presented(headers, self.name)
    }

    /// Takes our cookie out of the request if there are several, for who is only shown something: a planted one must
    /// not keep its owner from our pages, and whoever is signed in by neither can sign in anew.
    pub(crate) fn settle(&self, headers: &mut HeaderMap) {
        if self.presented(headers) != Presented::Several {
            return;
        }
        let is_others = |pair: &&[u8]| {
            let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
            trimmed(name) != self.name.as_bytes()
        };
        let lines = headers.get_all(COOKIE).iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';')).filter(is_others);
        let kept = pairs.collect::<Vec<_>>().join(&b';');
        let kept = HeaderValue::from_bytes(&kept).expect("parts of header values make one");
        headers.insert(COOKIE, kept);
    }

    fn header(&self, value: &str, seconds: u64) -> HeaderValue {
        let text = format!("{}={value}; {}; Max-Age={seconds}", self.name, self.attributes);
        let mut header = HeaderValue::from_str(&text).expect("a token, a checked domain and numbers are visible ASCII");
        header.set_sensitive(true);
        header
    }
}

/// Shows a page as to nobody where two cookies of our name came; what would change something stays refused.
pub(crate) async fn settled(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if csrf::is_safe(request.method()) {
        app.cookie.settle(request.headers_mut());
    }
    next.run(request).await
}

/// The cookie of a name in the request, wherever among the others.
pub(crate) fn presented<'a>(headers: &'a HeaderMap, wanted: &str) -> Presented<'a> {
    let mut found = Presented::Nothing;
    for pair in headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';')) {
        let Some(equals) = pair.iter().position(|byte| *byte == b'=') else { continue };
        let (name, value) = (trimmed(&pair[..equals]), trimmed(&pair[equals + 1..]));
        if name == wanted.as_bytes() {
            found = match found {
                Presented::Nothing => Presented::One(std::str::from_utf8(value).unwrap_or_default()),
                Presented::One(_) | Presented::Several => Presented::Several,
            };
        }
    }
    found
}

/// Without the space and tab around it, which a browser leaves out of a name (RFC 6265). Any other white space it keeps,
/// and does not see our prefix behind it: a sibling host may set such a cookie, so it is not ours.
fn trimmed(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(url: &str, domain: Option<&str>) -> CookieShape {
        CookieShape::of(&url.parse().expect("a URL"), domain)
    }

    #[test]
    fn the_name_follows_from_where_the_instance_lives() {
        let removal = |url, domain| shape(url, domain).removal().to_str().expect("ASCII").to_owned();
        assert_eq!(
            removal("https://id.example.com/auth", None),
            "__Host-vestibule=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"
        );
        assert_eq!(removal("http://localhost:8080", None), "vestibule=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        assert_eq!(
            removal("https://id.example.com", Some("example.com")),
            "__Secure-vestibule=; Path=/; HttpOnly; SameSite=Lax; Secure; Domain=example.com; Max-Age=0"
        );
    }

    #[test]
    fn our_cookie_is_found_among_others_and_never_chosen_between_two() {
        let shape = shape("http://localhost", None);
        let presented = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            lines.iter().for_each(|line| _ = headers.append(COOKIE, line.parse().expect("a header")));
            match shape.presented(&headers) {
                Presented::Nothing => "nothing".to_owned(),
                Presented::One(value) => value.to_owned(),
                Presented::Several => "several".to_owned(),
            }
        };
        assert_eq!(presented(&[]), "nothing");
        assert_eq!(presented(&["a=1; vestibule=x=y ;b=2"]), "x=y");
        assert_eq!(presented(&["a=1", "vestibule=x"]), "x");
        assert_eq!(presented(&["vestibule=x; vestibule=x"]), "several");
        assert_eq!(presented(&["vestibule=x", "vestibule=y", "vestibule=z"]), "several");
        assert_eq!(presented(&["__Host-vestibule=x; vestibul=y; vestibule; ;;"]), "nothing");
        assert_eq!(presented(&["\tvestibule \t=\t x\t"]), "x");
    }

    #[test]
    fn a_name_behind_other_white_space_is_another_name() {
        let shape = shape("https://id.example.com", None);
        for space in ["\u{2000}", "\u{a0}", "\u{85}", "\u{3000}", "\u{feff}"] {
            let mut headers = HeaderMap::new();
            let planted = format!("{space}__Host-vestibule=x; __Host-vestibule{space}=y");
            headers.append(COOKIE, HeaderValue::from_bytes(planted.as_bytes()).expect("a header"));
            assert_eq!(shape.presented(&headers), Presented::Nothing, "{space:?}");
            headers.append(COOKIE, HeaderValue::from_static("__Host-vestibule=z"));
            assert_eq!(shape.presented(&headers), Presented::One("z"), "{space:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_neither_hide_our_cookie_nor_are_one() {
        let shape = shape("http://localhost", None);
        let headers = |line: &[u8]| HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(line).expect("a header"))]);
        assert_eq!(shape.presented(&headers(b"a=\xff; vestibule=x")), Presented::One("x"));
        assert_eq!(shape.presented(&headers(b"vestibule=\xff")), Presented::One(""));
        assert_eq!(shape.presented(&headers(b"vestibule=\xff; vestibule=x")), Presented::Several);
    }
}
