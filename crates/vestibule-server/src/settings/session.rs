//! How long sessions live.

use std::time::Duration;

use vestibule::SessionConfig;

use super::key::Key;
use super::layers::Layers;
use super::parse;
use super::problem::Problem;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// Ten years: longer is surely a mistake.
const LONGEST_DAYS: u64 = 3650;

/// Both lives; the idle one is never longer than the absolute one.
pub fn read(layers: &Layers) -> Result<SessionConfig, Problem> {
    let idle = layers.read(Key::SessionIdleHours, parse::number(1..=LONGEST_DAYS * 24))? * HOUR;
    let absolute = layers.read(Key::SessionAbsoluteDays, parse::number(1..=LONGEST_DAYS))? * DAY;
    if idle > absolute {
        let why = format!("is longer than {} ({})", Key::SessionAbsoluteDays.name(), Key::SessionAbsoluteDays.env());
        return Err(Problem::of(Key::SessionIdleHours, why));
    }
    Ok(SessionConfig { idle: Duration::from_secs(idle), absolute: Duration::from_secs(absolute) })
}
