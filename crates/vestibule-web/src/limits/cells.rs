//! The store under a rate limit: one instant a key, behind one lock, since nothing here is on the hot path.
//! Unlike governor's own it can answer without counting, for what is charged only when it fails.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use vestibule::Clock;

use super::Key;

/// One try: whose, and whether it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Hit {
    pub key: Key,
    pub counts: bool,
}

/// The cells, by key.
#[derive(Debug, Default)]
pub(super) struct Cells(Mutex<HashMap<Key, Nanos>>);

/// The engine's clock, as governor reads it.
#[derive(Clone, Debug)]
pub(super) struct Time(pub Clock);

impl Cells {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Nanos>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Cells {
    type Key = Hit;

    fn measure_and_replace<T, F, E>(&self, hit: &Hit, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut cells = self.lock();
        let (answer, next) = measure(cells.get(&hit.key).copied())?;
        if hit.counts {
            cells.insert(hit.key, next);
        }
        Ok(answer)
    }
}

impl ShrinkableKeyedStateStore<Hit> for Cells {
    fn retain_recent(&self, drop_below: Nanos) {
        self.lock().retain(|_, cell| *cell > drop_below);
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

impl clock::Clock for Time {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}
