//! The directory of wallets on its three stores, in turns: how many wallets a second register, are given a nonce, and
//! sign in by it, over HTTP and with all that is written. Keys and signatures are ready before the clock starts.

use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};
use testkit::{NatsServer, Wallet};
use tokio::time::Instant;
use vestibule::directory::DirectoryRole;
use vestibule::{Caller, CreatedDirectoryInvite, NewDirectoryInvite, Random, Vestibule};

use crate::databases::Place;
use crate::load::{Load, Until};
use crate::server::{self, Server};
use crate::table::{median, ratio};

/// How many wallets register in a round, and then sign in.
const PASS: usize = 500;
const CONNECTIONS: usize = 8;
const WHAT: [&str; 3] = ["register", "challenge", "token"];

/// A store, and the server on it.
struct Store {
    name: String,
    vestibule: Vestibule,
    server: Server,
    _nats: Option<NatsServer>,
}

/// Operations a second, round by round.
type Rates = [Vec<f64>; WHAT.len()];

/// Gives the heading and the rows: a column for each store.
pub async fn measure(places: &[Place], rounds: usize) -> Result<(Vec<String>, Vec<Vec<String>>)> {
    let mut stores = Vec::new();
    for place in places {
        stores.push(Store::open(place, None).await?);
    }
    stores.push(Store::open(&places[0], Some(NatsServer::start().await)).await?);
    let mut rates: Vec<Rates> = stores.iter().map(|_| Rates::default()).collect();
    for _ in 0..rounds {
        for (store, rates) in stores.iter().zip(&mut rates) {
            for (rates, rate) in rates.iter_mut().zip(store.round().await?) {
                rates.push(rate);
            }
        }
    }
    let heading = ["a second (of the first column)".to_owned()].into_iter().chain(stores.into_iter().map(|s| s.name));
    let row = |(at, what): (usize, &&str)| {
        let cell = |of: &Rates| format!("{:.0} ({:.2})", median(of[at].clone()), ratio(&of[at], &rates[0][at]));
        [format!("`{what}`")].into_iter().chain(rates.iter().map(cell)).collect()
    };
    Ok((heading.collect(), WHAT.iter().enumerate().map(row).collect()))
}

impl Store {
    async fn open(place: &Place, nats: Option<NatsServer>) -> Result<Store> {
        let bus = nats.as_ref().map(NatsServer::url);
        let (database, name) = match &bus {
            None => ("directory", place.name().to_owned()),
            Some(_) => ("directory_nats", format!("JetStream, beside {}", place.name())),
        };
        let url = place.fresh(database).await?;
        let vestibule = server::open(&url, bus.as_deref()).await?;
        let server = Server::start(&url, bus.as_deref()).await?;
        Ok(Store { name, vestibule, server, _nats: nats })
    }

    /// New wallets register, ask for a nonce, and sign in; how many a second do each.
    async fn round(&self) -> Result<[f64; WHAT.len()]> {
        let (url, mut wallets, mut registrations) = (self.vestibule.issuer(), Vec::new(), Vec::new());
        for _ in 0..PASS {
            let (wallet, invite) = (Wallet::fresh(&Random::system()), self.invite().await?);
            let form = wallet.form(&url, &invite.token);
            registrations.push(json!({ "token": form.token, "sign_pub": form.sign_pub, "kex_pub": form.kex_pub,
                                       "proof": form.proof }));
            wallets.push(wallet);
        }
        let register = self.rate("register", 201, &registrations).await?;
        let keys: Vec<Value> = wallets.iter().map(|wallet| json!({ "sign_pub": wallet.sign_pub() })).collect();
        let challenge = self.rate("challenge", 200, &keys).await?;
        let mut answers = Vec::new();
        for wallet in &wallets {
            let challenge = self.vestibule.challenge_wallet(&wallet.sign_pub().to_hex()).await?;
            let form = wallet.answer(&url, &challenge.nonce);
            answers.push(json!({ "sign_pub": form.sign_pub, "nonce": form.nonce, "signature": form.signature }));
        }
        Ok([register, challenge, self.rate("token", 200, &answers).await?])
    }

    async fn invite(&self) -> Result<CreatedDirectoryInvite> {
        let digits: [u8; 16] = Random::system().bytes();
        let handle = format!("w{:x}", u128::from_be_bytes(digits));
        let new = NewDirectoryInvite { handle, role: DirectoryRole::Member, expires_at: None };
        Ok(self.vestibule.create_directory_invite(&Caller::host("bench"), new).await?)
    }

    /// Sends each body once; how many a second were answered.
    async fn rate(&self, path: &str, expected: u16, bodies: &[Value]) -> Result<f64> {
        let requests: Vec<Vec<u8>> = bodies.iter().map(|body| request(path, &body.to_string())).collect();
        let count = requests.len();
        let requests = Arc::new(move |n: usize| requests[n].clone());
        let load = Load { requests, connections: CONNECTIONS, until: Until::Sent(count), expected };
        let started = Instant::now();
        self.server.measure(&load).await?;
        Ok(count as f64 / started.elapsed().as_secs_f64())
    }
}

fn request(path: &str, body: &str) -> Vec<u8> {
    let head = format!("POST /api/v1/directory/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json");
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
