//! The development outbox: what would have been mailed, with its links and codes, for whoever develops on this machine.
//! It opens accounts, so anybody else is told what an unknown page tells. It is there only while no mail goes out and
//! the instance is a local one, for a request whose every part comes from this machine: the peer, the host it was sent
//! to (another name that leads here is another site's), and nobody in between.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use askama::Template;
use axum::Router;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::header::{FORWARDED, HOST, VIA};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Version};
use axum::response::Response;
use axum::routing::get;
use vestibule::{Code, KeptMail};

use super::frame::Frame;
use super::moment::Moment;
use super::show;
use crate::app::App;
use crate::error::{Problem, Result};

/// How many mails are shown.
const NEWEST: i64 = 50;
/// What proxies add of their own, besides `X-Forwarded-…`.
const OF_PROXIES: [&str; 5] = ["x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "x-original-host"];

/// A request from this machine, to a local instance that keeps its mail.
struct Developer;

#[derive(Template)]
#[template(path = "dev_outbox.html")]
struct OutboxPage {
    frame: Frame,
    mails: Vec<Kept>,
}

/// A mail as it would have arrived.
struct Kept {
    subject: String,
    recipient: String,
    at: Moment,
    pieces: Vec<Piece>,
}

/// A part of the text: words, or a link of ours.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Words(String),
    Link {
        /// As it stands in the mail.
        text: String,
        /// The same without its origin, so that it stays with the name the browser has for this machine.
        path: String,
    },
}

async fn list(State(app): State<App>, _: Developer) -> Result<Response> {
    let kept = app.vestibule.kept_mail(NEWEST).await?;
    let mails = kept.into_iter().map(|mail| Kept::of(mail, app.origin())).collect();
    show(StatusCode::OK, &OutboxPage { frame: Frame::signed_out(&app, "Development outbox"), mails })
}

async fn nothing() -> Problem {
    Code::NotFound.into()
}

impl FromRequestParts<App> for Developer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Developer> {
        let config = app.vestibule.config();
        let is_kept_here = config.mail.smtp.is_none() && config.is_local();
        if is_kept_here && is_of_this_machine(parts) { Ok(Developer) } else { Err(Code::NotFound.into()) }
    }
}

/// Whether a request comes from this machine, was sent to it by a name of its own, and by nobody in between.
fn is_of_this_machine(parts: &Parts) -> bool {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let is_peer_here = peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    let is_sent_here = parts.uri.authority().is_none_or(is_this_machine) && is_host_here(&parts.headers);
    // What some proxies speak to whatever is behind them when they are told nothing else, and say nothing else then.
    let is_of_a_browser = parts.version != Version::HTTP_10;
    is_peer_here && is_sent_here && is_of_a_browser && !is_forwarded(&parts.headers)
}

fn is_host_here(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    host.to_str().ok().and_then(|host| host.parse().ok()).is_some_and(|authority| is_this_machine(&authority))
}

fn is_this_machine(authority: &Authority) -> bool {
    let host = authority.host();
    let is_ipv6 = || host.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let ip = is_ipv6().map(IpAddr::V6).or_else(|| host.parse().ok());
    let port = authority.as_str().strip_prefix(host).map(|rest| rest.strip_prefix(':').unwrap_or(rest));
    let is_bare = port.is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    is_bare && (host.eq_ignore_ascii_case("localhost") || ip.is_some_and(|ip| ip.is_loopback()))
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        *name == FORWARDED
            || *name == VIA
            || name.as_str().starts_with("x-forwarded")
            || OF_PROXIES.contains(&name.as_str())
    })
}

impl Kept {
    fn of(mail: KeptMail, origin: &str) -> Kept {
        Kept {
            pieces: pieces(&mail.text, origin),
            subject: mail.row.subject,
            recipient: mail.row.recipient,
            at: Moment(mail.row.created_at),
        }
    }
}

/// A text, cut where a line is a link of ours.
fn pieces(text: &str, origin: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for line in text.split_inclusive('\n') {
        let address = line.trim_end();
        match address.strip_prefix(origin).filter(|path| path.starts_with('/') && !path.contains(' ')) {
            Some(path) => {
                pieces.push(Piece::Link { text: address.to_owned(), path: path.to_owned() });
                pieces.push(Piece::Words(line[address.len()..].to_owned()));
            }
            None => pieces.push(Piece::Words(line.to_owned())),
        }
    }
    pieces
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/dev/outbox", get(list).fallback(nothing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_this_machine_are_its_own() {
        let is_here = |host: &str| host.parse::<Authority>().is_ok_and(|authority| is_this_machine(&authority));
        for host in
            ["localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "127.1.2.3", "[::1]:80"]
        {
            assert!(is_here(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example:8080",
            "localhost.",
            "evil.localhost",
            "127.0.0.1.nip.io",
            "127.0.0.1@evil.example",
            "evil.example@127.0.0.1",
            "localhost@127.0.0.1",
            "localhost:8080,evil.example",
            "localhost:evil.example",
            "10.0.0.1",
            "0.0.0.0:8080",
            "[::]:8080",
            "[::ffff:7f00:1]",
            "2130706433",
            "",
        ] {
            assert!(!is_here(host), "{host}");
        }
    }

    #[test]
    fn only_a_line_that_is_a_link_of_ours_becomes_one() {
        let text = "Open:\nhttp://localhost:8080/x?token=a\n\nhttp://localhost:80801/y\nhttp://evil.example/\n";
        let words = |text: &str| Piece::Words(text.to_owned());
        let link = Piece::Link { text: "http://localhost:8080/x?token=a".to_owned(), path: "/x?token=a".to_owned() };
        let rest = ["\n", "\n", "http://localhost:80801/y\n", "http://evil.example/\n"].map(words);
        let expected: Vec<Piece> = [words("Open:\n"), link].into_iter().chain(rest).collect();
        assert_eq!(pieces(text, "http://localhost:8080"), expected);
    }
}
