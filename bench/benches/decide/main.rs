//! How long one decision takes, beside two general policy engines that are given the same account and the same
//! questions. Each asks in its turn, and the ratios are of the same turns. Before anything is timed, all of them must
//! give the same answer to every question of the grid.
//!
//! `cargo bench --bench decide` here.

mod account;
mod in_casbin;
mod in_cedar;
mod in_vestibule;

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::Instant;

use account::Ask;
use in_casbin::InCasbin;
use in_cedar::InCedar;
use in_vestibule::InVestibule;

const ROUNDS: usize = 15;
const SPAN: Duration = Duration::from_millis(40);

/// What is granted here is granted by no group before the 50th, so that an engine that reads rows in order reads half.
const TIMED: [(&str, Ask, bool); 4] = [
    ("granted", Ask { action: "view", resource: "resource-45", region: None, amount: None }, true),
    ("not granted", Ask { action: "create", resource: "resource-49", region: None, amount: None }, false),
    ("constraints met", pay(150), true),
    ("constraints unmet", pay(250), false),
];

const fn pay(amount: i64) -> Ask {
    Ask { action: "pay", resource: "resource-2", region: Some("region-3"), amount: Some(amount) }
}

struct Engines<'g> {
    vestibule: InVestibule<'g>,
    cedar: InCedar,
    cedar_folded: InCedar,
    casbin: InCasbin,
}

#[tokio::main]
async fn main() -> Result<()> {
    let groups = account::groups()?;
    let permissions: usize = groups.iter().map(|group| group.permissions.len()).sum();
    println!("{permissions} permissions in {} groups", groups.len());
    let engines = Engines {
        vestibule: InVestibule::new(&groups)?,
        cedar: InCedar::by_permission(&groups)?,
        cedar_folded: InCedar::folded(&groups)?,
        casbin: InCasbin::new(&groups).await?,
    };
    println!("Cedar: {} policies, folded {}", engines.cedar.policies(), engines.cedar_folded.policies());
    check(&engines)?;
    for (name, ask, allowed) in TIMED {
        ensure!(answer(&engines, &ask)? == allowed, "{name}: the answer is not {allowed}");
        measure(&engines, name, &ask)?;
    }
    println!("\ncompiling the view      {:>12.0} ns", median(rounds(|| engines.vestibule.compile())));
    Ok(())
}

fn check(engines: &Engines<'_>) -> Result<()> {
    let (mut yes, mut no) = (0, 0);
    for ask in account::grid() {
        match answer(engines, &ask)? {
            true => yes += 1,
            false => no += 1,
        }
    }
    println!("the same answers to {} questions: {yes} granted, {no} not", yes + no);
    ensure!(yes > 0 && no > 0, "the questions do not tell the answers apart");
    Ok(())
}

/// The answer of all of them.
fn answer(engines: &Engines<'_>, ask: &Ask) -> Result<bool> {
    let allowed = engines.vestibule.asked(ask).decide();
    ensure!(engines.cedar.asked(ask)?.decide() == allowed, "Cedar differs: {ask:?}");
    ensure!(engines.cedar_folded.asked(ask)?.decide() == allowed, "Cedar, folded, differs: {ask:?}");
    ensure!(engines.casbin.decide(ask) == allowed, "casbin differs: {ask:?}");
    Ok(allowed)
}

fn measure(engines: &Engines<'_>, name: &str, ask: &Ask) -> Result<()> {
    let vestibule = engines.vestibule.asked(ask);
    let (cedar, cedar_folded) = (engines.cedar.asked(ask)?, engines.cedar_folded.asked(ask)?);
    let (mut own, mut plain, mut folded, mut casbin) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        own.push(nanoseconds(|| vestibule.decide()));
        folded.push(nanoseconds(|| cedar_folded.decide()));
        plain.push(nanoseconds(|| cedar.decide()));
        casbin.push(nanoseconds(|| engines.casbin.decide(ask)));
    }
    println!("\n{name}");
    println!("  vestibule             {:>12.0} ns", median(own.clone()));
    for (engine, times) in [("Cedar, folded", folded), ("Cedar, by permission", plain), ("casbin", casbin)] {
        let ratio = median(times.iter().zip(&own).map(|(other, own)| other / own).collect());
        println!("  {engine:<21} {:>12.0} ns   {ratio:>8.0} times as long", median(times));
    }
    Ok(())
}

fn rounds<T>(mut call: impl FnMut() -> T) -> Vec<f64> {
    (0..ROUNDS).map(|_| nanoseconds(&mut call)).collect()
}

/// What one call takes, over a span.
fn nanoseconds<T>(mut call: impl FnMut() -> T) -> f64 {
    const BATCH: u32 = 32;
    let start = Instant::now();
    let mut calls = 0;
    while start.elapsed() < SPAN {
        (0..BATCH).for_each(|_| drop(black_box(call())));
        calls += BATCH;
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
