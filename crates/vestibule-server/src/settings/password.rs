//! How passwords are chosen and hashed. The upper bounds keep one mistyped digit from eating the machine.

use vestibule::PasswordConfig;

use super::key::Key;
use super::layers::Layers;
use super::parse;
use super::problem::Problem;

/// What Argon2 needs for each lane, in KiB (RFC 9106, section 3.1).
const KIB_PER_LANE: u32 = 8;

/// The rules and the cost.
pub fn read(layers: &Layers) -> Result<PasswordConfig, Problem> {
    let config = PasswordConfig {
        queue: layers.read(Key::PasswordQueue, parse::number(1..=100_000))?,
        min_length: layers.read(Key::PasswordMinLength, parse::number(8..=128))?,
        min_score: layers.read(Key::PasswordMinScore, parse::number(0..=4))?,
        require_classes: layers.read(Key::PasswordRequireClasses, parse::flag)?,
        argon2_memory_kib: layers.read(Key::PasswordArgon2MemoryKib, parse::number(KIB_PER_LANE..=1_048_576))?,
        argon2_iterations: layers.read(Key::PasswordArgon2Iterations, parse::number(1..=100))?,
        argon2_parallelism: layers.read(Key::PasswordArgon2Parallelism, parse::number(1..=64))?,
    };
    if config.argon2_memory_kib < KIB_PER_LANE * config.argon2_parallelism {
        let why = format!("must be at least {KIB_PER_LANE} for each of argon2_parallelism's lanes");
        return Err(Problem::of(Key::PasswordArgon2MemoryKib, why));
    }
    Ok(config)
}
