//! What it costs to learn who asks, against an empty handler in the same server that is sent the same headers: requests
//! for each second of the server's CPU time, in turns. All of it is warm: one credential, asked about again and again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::load::{Load, Until};
use crate::people::{Credentials, PERMISSION};
use crate::server::Server;
use crate::table::{median, ratio};

const SPAN: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 16;

/// By what somebody proves themselves.
#[derive(Clone, Copy)]
enum By {
    Session,
    Cookie,
    ApiKey,
    AccessToken,
}

/// What is asked, and the status of a right answer.
struct Check {
    what: &'static str,
    path: &'static str,
    expected: u16,
}

const fn check(what: &'static str, path: &'static str, expected: u16) -> Check {
    Check { what, path, expected }
}

const EMPTY: Check = check("empty handler, requests for each CPU-second", "/empty", 204);
const SESSION: &[Check] = &[
    check("handler with `Session`, by session (aim 0.80)", "/session", 204),
    check("`GET /api/v1/forward-auth`, by session (aim 0.80)", FORWARD_AUTH, 204),
    check("the same with a permission that is held (aim 0.80)", WITH_PERMISSION, 204),
    check("handler with `Principal` and the headers of forward-auth", "/named", 204),
    check("empty handler behind two layers that do nothing", "/layered", 204),
    check("`GET /healthz`: what stands around all routes", "/healthz", 200),
    check("`GET /api/v1/session`", "/api/v1/session", 200),
];
const COOKIE: &[Check] = &[check("`GET /api/v1/forward-auth`, by cookie (aim 0.80)", FORWARD_AUTH, 204)];
const API_KEY: &[Check] = &[check("handler with `Principal`, by API key (aim 0.80)", "/principal", 204)];
const ACCESS_TOKEN: &[Check] = &[check("handler with `Principal`, by access token (aim 0.80)", "/principal", 204)];

const FORWARD_AUTH: &str = "/api/v1/forward-auth";
const WITH_PERMISSION: &str = "/api/v1/forward-auth?permission=";

const ALL: [(By, &[Check]); 4] =
    [(By::Session, SESSION), (By::Cookie, COOKIE), (By::ApiKey, API_KEY), (By::AccessToken, ACCESS_TOKEN)];

/// Gives each check's ratio to the empty handler, by name.
pub async fn measure(server: &Server, credentials: &Credentials, rounds: usize) -> Result<Vec<(String, String)>> {
    let mut empty: [Vec<f64>; ALL.len()] = Default::default();
    let mut rates: [Vec<Vec<f64>>; ALL.len()] = ALL.map(|(_, checks)| vec![Vec::new(); checks.len()]);
    for _ in 0..rounds {
        for (place, (by, checks)) in ALL.into_iter().enumerate() {
            let proof = proof(by, credentials);
            empty[place].push(rate(server, &EMPTY, &proof).await?);
            for (check, rates) in checks.iter().zip(&mut rates[place]) {
                rates.push(rate(server, check, &proof).await?);
            }
        }
    }
    let mut figures = vec![(EMPTY.what.to_owned(), format!("{:.0}", median(empty[0].clone())))];
    for (place, (_, checks)) in ALL.into_iter().enumerate() {
        let named = |(check, rates): (&Check, &Vec<f64>)| {
            (check.what.to_owned(), format!("{:.2}", ratio(rates, &empty[place])))
        };
        figures.extend(checks.iter().zip(&rates[place]).map(named));
    }
    Ok(figures)
}

/// The header that proves who asks.
fn proof(by: By, credentials: &Credentials) -> String {
    match by {
        By::Session => format!("Authorization: Bearer {}", credentials.session),
        By::Cookie => format!("Cookie: vestibule={}", credentials.session),
        By::ApiKey => format!("Authorization: Bearer {}", credentials.api_key),
        By::AccessToken => format!("Authorization: Bearer {}", credentials.access_token),
    }
}

async fn rate(server: &Server, check: &Check, proof: &str) -> Result<f64> {
    let permission = if check.path == WITH_PERMISSION { PERMISSION } else { "" };
    let request = format!("GET {}{permission} HTTP/1.1\r\nHost: localhost\r\n{proof}\r\n\r\n", check.path);
    let load = Load {
        requests: Arc::new(move |_| request.clone().into_bytes()),
        connections: CONNECTIONS,
        until: Until::Passed(SPAN),
        expected: check.expected,
    };
    Ok(server.measure(&load).await?.rate())
}
