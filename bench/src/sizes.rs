//! Whether a check costs more where much is stored: a server on a database with 1,000 sessions and API keys beside one
//! on a database with 1,000,000 of each, in turns. Cold checks are of secrets that the cache cannot answer, so each is a
//! look-up in the database; warm ones are of up to 50,000 secrets that it can.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;
use vestibule::{Db, SecretKind};

use crate::databases::Place;
use crate::load::{Load, Until};
use crate::rows::{fill, secret};
use crate::server::{Server, Work, open};
use crate::table::{median, ratio};

const SIZES: [usize; 2] = [1_000, 1_000_000];
/// How many secrets a cold pass shows, each once.
const PASS: usize = 1_000;
/// How many secrets are in use at once, at most: the cache has room for 100,000 of a kind.
const IN_USE: usize = 50_000;
/// From a secret to the next one that is shown: a prime, so that none comes twice before all have come.
const STRIDE: usize = 617_293;
/// A node reads what was revoked every quarter of a second.
const HEARD: Duration = Duration::from_millis(700);
const SPAN: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 4;
const KINDS: [(SecretKind, &str, &str); 2] =
    [(SecretKind::Session, "session", "/session"), (SecretKind::ApiKey, "API key", "/principal")];

/// A database of a size, and the server on it.
struct Stored {
    rows: usize,
    db: Db,
    server: Server,
}

/// What a kind of check took, round by round, at each size.
type Rounds = [Vec<Work>; SIZES.len()];

/// Gives a row for each kind of check.
pub async fn measure(place: &Place, rounds: usize) -> Result<Vec<Vec<String>>> {
    let mut stored = Vec::new();
    for rows in SIZES {
        stored.push(Stored::fill(place, rows).await?);
    }
    let mut rows = Vec::new();
    for (kind, what, path) in KINDS {
        let cold = cold(&stored, (kind, path), rounds * 2).await?;
        let warm = warm(&stored, (kind, path), rounds).await?;
        rows.push(row(place, &format!("{what}, looked up"), &cold));
        rows.push(row(place, &format!("{what}, cached"), &warm));
    }
    Ok(rows)
}

async fn cold(stored: &[Stored], (kind, path): (SecretKind, &str), passes: usize) -> Result<Rounds> {
    let mut rounds = Rounds::default();
    for pass in 0..passes {
        for stored in stored {
            stored.forget().await?;
        }
        sleep(HEARD).await;
        for (stored, rounds) in stored.iter().zip(&mut rounds) {
            let load = stored.load((kind, path), pass * PASS, PASS);
            rounds.push(stored.server.measure(&load).await?);
        }
    }
    // A pass is too short for the clock that counts CPU time.
    Ok(rounds.map(|rounds| vec![rounds.into_iter().fold(Work::default(), Work::and)]))
}

async fn warm(stored: &[Stored], (kind, path): (SecretKind, &str), passes: usize) -> Result<Rounds> {
    let loads: Vec<Load> = stored.iter().map(|one| one.load((kind, path), 0, one.rows.min(IN_USE))).collect();
    for (stored, load) in stored.iter().zip(&loads) {
        stored.server.measure(load).await?;
    }
    let mut rounds = Rounds::default();
    for _ in 0..passes {
        for ((stored, load), rounds) in stored.iter().zip(&loads).zip(&mut rounds) {
            rounds.push(stored.server.measure(&Load { until: Until::Passed(SPAN), ..load.clone() }).await?);
        }
    }
    Ok(rounds)
}

fn row(place: &Place, what: &str, [few, many]: &Rounds) -> Vec<String> {
    let of = |works: &[Work], figure: fn(&Work) -> f64| works.iter().map(figure).collect::<Vec<f64>>();
    let (few_rate, many_rate) = (of(few, Work::rate), of(many, Work::rate));
    let (few_latency, many_latency) = (of(few, Work::latency), of(many, Work::latency));
    vec![
        format!("{}: {what}", place.name()),
        format!("{:.0}", median(few_rate.clone())),
        format!("{:.0}", median(many_rate.clone())),
        format!("{:.2}", ratio(&few_rate, &many_rate)),
        format!("{:.0} µs", median(few_latency.clone())),
        format!("{:.0} µs", median(many_latency.clone())),
        format!("{:.2}", ratio(&many_latency, &few_latency)),
    ]
}

impl Stored {
    async fn fill(place: &Place, rows: usize) -> Result<Stored> {
        let url = place.fresh(&format!("rows_{rows}")).await?;
        let vestibule = open(&url, None).await?;
        fill(&vestibule, rows).await?;
        vestibule.db().close().await;
        Ok(Stored { rows, server: Server::start(&url, None).await?, db: Db::connect(&url).await? })
    }

    /// Shows secrets one after the other, from one of them on, and then the same again.
    fn load(&self, (kind, path): (SecretKind, &str), first: usize, count: usize) -> Load {
        let request = |n: usize| {
            let secret = secret(kind, (first + n) * STRIDE % self.rows);
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", secret.expose())
        };
        let requests: Vec<Vec<u8>> = (0..count).map(|n| request(n).into_bytes()).collect();
        Load {
            requests: Arc::new(move |n| requests[n % count].clone()),
            connections: CONNECTIONS,
            until: Until::Sent(count),
            expected: 204,
        }
    }

    /// Has the server forget whom it knows, as when what everybody may do has changed.
    async fn forget(&self) -> Result<()> {
        let mut tx = self.db.write().await?;
        tx.exec("UPDATE feed SET seq = seq + 1", &[]).await?;
        Ok(tx.commit().await?)
    }
}
