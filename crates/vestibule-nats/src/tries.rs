//! Trying a change again whose key somebody else changed meanwhile: after a moment that is another each time, so that
//! those who met once do not meet again, and not for longer than an answer may take.

use std::time::Duration;

use tokio::time::Instant;
use vestibule::Random;

use crate::bucket::PATIENCE;

/// The shortest pause.
const MOMENT: Duration = Duration::from_millis(5);
/// How much longer a pause may be, in so many steps.
const MORE: Duration = Duration::from_millis(45);
const STEPS: u32 = u8::MAX as u32;

/// The tries of one change.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    until: Option<Instant>,
}

impl Tries {
    /// Waits a moment before every try but the first; false: it was tried for long enough.
    pub(crate) async fn next(&mut self) -> bool {
        let Some(until) = self.until else {
            self.until = Some(Instant::now() + PATIENCE);
            return true;
        };
        let [step] = Random::system().id_bytes();
        tokio::time::sleep(MOMENT + MORE * u32::from(step) / STEPS).await;
        Instant::now() < until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn there_are_many_tries_and_an_end() {
        let (mut tries, mut count, begun) = (Tries::default(), 0, Instant::now());
        while tries.next().await {
            count += 1;
        }
        assert!((100..=1000).contains(&count), "{count}");
        assert!(begun.elapsed() < PATIENCE + MOMENT + MORE, "{:?}", begun.elapsed());
    }
}
