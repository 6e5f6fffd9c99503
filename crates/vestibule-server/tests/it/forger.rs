//! Requests over a bare socket, as no honest client sends them: they claim to have been sent to somebody else's host.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use testkit::Server;
use url::form_urlencoded::Serializer;

/// The host that is claimed.
pub const EVIL: &str = "evil.example";
/// A name for a device that is worth a try.
pub const USER_AGENT: &str = "http://evil.example/ Bcc: victim@evil.example";

/// What proxies and frameworks have been made to believe by. Whoever sends them is trusted, as a proxy would be.
const CLAIMS: &str = "X-Forwarded-Host: evil.example\r\nX-Forwarded-Server: evil.example\r\nX-Forwarded-Proto: gopher\r\n\
    X-Forwarded-Port: 666\r\nX-Forwarded-Prefix: /evil.example\r\nX-Forwarded-For: 203.0.113.9\r\n\
    Forwarded: for=203.0.113.9;host=evil.example;proto=gopher\r\nX-Host: evil.example\r\n\
    X-HTTP-Host-Override: evil.example\r\nX-Original-URL: https://evil.example/\r\n\
    X-Rewrite-URL: https://evil.example/\r\nReferer: https://evil.example/\r\n";

/// How a request names the host.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// In `Host`.
    Host,
    /// In the request line and in `Host`.
    AbsoluteForm,
    /// In the request line alone, against what `Host` says.
    AbsoluteFormAlone,
    /// Nowhere but in what proxies add, by the protocol that had no `Host`.
    OldProtocol,
}

pub const SHAPES: [Shape; 4] = [Shape::Host, Shape::AbsoluteForm, Shape::AbsoluteFormAlone, Shape::OldProtocol];

/// Who sends a request.
#[derive(Clone, Copy, Debug)]
pub enum Sender<'a> {
    Stranger,
    Bearer(&'a str),
    Cookie(&'a str),
}

/// What a request carries.
#[derive(Clone, Debug)]
pub enum Payload {
    Json(Value),
    Form(Vec<(String, String)>),
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Payload {
    pub fn form(fields: &[(&str, &str)]) -> Payload {
        Payload::Form(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn written(&self) -> (&'static str, String) {
        match self {
            Payload::Json(body) => ("application/json", body.to_string()),
            Payload::Form(fields) => {
                ("application/x-www-form-urlencoded", Serializer::new(String::new()).extend_pairs(fields).finish())
            }
        }
    }
}

/// Somebody who forges requests to a server.
#[derive(Clone, Copy)]
pub struct Forger<'a> {
    pub server: &'a Server,
    pub shape: Shape,
}

impl Forger<'_> {
    pub async fn send(self, method: &str, path: &str, sender: Sender<'_>, what: Payload) -> Reply {
        let honest = self.server.url().replace("http://", "");
        let (target, host, version) = match self.shape {
            Shape::Host => (path.to_owned(), Some(EVIL), "1.1"),
            Shape::AbsoluteForm => (format!("http://{EVIL}{path}"), Some(EVIL), "1.1"),
            Shape::AbsoluteFormAlone => (format!("https://{EVIL}:8443{path}"), Some(honest.as_str()), "1.1"),
            Shape::OldProtocol => (path.to_owned(), None, "1.0"),
        };
        let credential = match sender {
            Sender::Stranger => String::new(),
            Sender::Bearer(token) => format!("Authorization: Bearer {token}\r\n"),
            Sender::Cookie(token) => format!("Cookie: __Host-vestibule={token}\r\n"),
        };
        let host = host.map(|host| format!("Host: {host}\r\n")).unwrap_or_default();
        let (media_type, body) = what.written();
        let body = format!("Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let head = format!("{method} {target} HTTP/{version}\r\n{host}{credential}User-Agent: {USER_AGENT}\r\n");
        let request = format!("{head}{CLAIMS}Connection: close\r\n{body}");
        let answer = tokio::task::spawn_blocking(move || exchange(&honest, &request)).await;
        read(&answer.expect("it does not panic"))
    }
}

fn exchange(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out can be set");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

fn read(answer: &str) -> Reply {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("{head}"));
    Reply { status, head: head.to_owned(), body: serde_json::from_str(body).unwrap_or_default() }
}
