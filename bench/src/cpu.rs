//! How much CPU time a process has used.

use std::time::Duration;

use anyhow::{Context as _, Result};

const TICKS_PER_SECOND: u64 = 100; // USER_HZ, on every Linux that there is

/// User and system time of a process so far.
pub fn used(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit_once(')').context("the name ends")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}
