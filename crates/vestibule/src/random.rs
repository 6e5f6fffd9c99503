//! Randomness: the operating system's, or a seeded stream that makes a test repeatable.
//! Every secret, salt and id is drawn here and nowhere else (clippy bans the rest).

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _, TryRng as _};

/// A source of unpredictable bytes, cheap to clone.
#[derive(Clone, Debug)]
pub struct Random(Option<Arc<Mutex<StdRng>>>);

impl Random {
    /// The operating system's generator.
    pub fn system() -> Random {
        Random(None)
    }

    /// A repeatable stream, for tests alone.
    pub fn seeded(seed: u64) -> Random {
        Random(Some(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// `N` fresh bytes for an id, which is no secret: from a generator of this thread's own that the operating system
    /// seeded, so that an id for every request costs no call of the system.
    #[expect(clippy::disallowed_methods, reason = "this is where it is drawn")]
    pub fn id_bytes<const N: usize>(&self) -> [u8; N] {
        match &self.0 {
            Some(_) => self.bytes(),
            None => {
                let mut bytes = [0; N];
                rand::rng().fill_bytes(&mut bytes);
                bytes
            }
        }
    }

    /// `N` fresh bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: going on without would be worse.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Some(seeded) => seeded.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
            None => SysRng.try_fill_bytes(&mut bytes).expect("the operating system always has randomness"),
        }
        bytes
    }
}
