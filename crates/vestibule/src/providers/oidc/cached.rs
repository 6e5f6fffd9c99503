//! What a provider publishes, kept for an hour. It is asked at most once in ten seconds, whatever comes of it, and by
//! one caller at a time: neither a provider that is ill nor tokens with made-up keys make us ask again and again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::providers::Trouble;

const LIFE: Duration = Duration::from_secs(3600);
const AGAIN: Duration = Duration::from_secs(10);

/// Something that a provider publishes.
#[derive(Debug)]
pub(crate) struct Cached<T>(Mutex<Kept<T>>);

#[derive(Debug)]
struct Kept<T> {
    /// With the time it was read at.
    value: Option<(Arc<T>, Duration)>,
    asked_at: Option<Duration>,
}

impl<T> Default for Cached<T> {
    fn default() -> Cached<T> {
        Cached(Mutex::new(Kept { value: None, asked_at: None }))
    }
}

impl<T> Cached<T> {
    /// What is kept, or else what is fetched now; a newer one if that is wanted and may be asked for.
    pub(crate) async fn get(
        &self,
        now: Duration,
        wants_newer: bool,
        fetch: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<Arc<T>, Trouble> {
        let mut kept = self.0.lock().await;
        let fresh =
            kept.value.as_ref().filter(|(_, read_at)| now < *read_at + LIFE).map(|(value, _)| Arc::clone(value));
        let may_ask = kept.asked_at.is_none_or(|asked_at| now >= asked_at + AGAIN);
        if let Some(value) = fresh
            && !(wants_newer && may_ask)
        {
            return Ok(value);
        }
        if !may_ask {
            return Err(Trouble::Unreachable);
        }
        kept.asked_at = Some(now);
        let value = Arc::new(fetch.await?);
        kept.value = Some((Arc::clone(&value), now));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_provider_is_asked_at_most_once_in_ten_seconds() {
        let (cached, asked) = (Cached::default(), AtomicU32::new(0));
        let fetch = |fails: bool| async move { if fails { Err(Trouble::Unreachable) } else { Ok(()) } };
        let get = async |seconds, wants_newer, fails| {
            let counted = async {
                asked.fetch_add(1, Ordering::SeqCst);
                fetch(fails).await
            };
            let got = cached.get(Duration::from_secs(seconds), wants_newer, counted).await.is_ok();
            (got, asked.load(Ordering::SeqCst))
        };
        assert_eq!(get(0, false, true).await, (false, 1));
        assert_eq!(get(9, false, false).await, (false, 1), "an ill provider is left alone");
        assert_eq!(get(10, false, false).await, (true, 2));
        assert_eq!(get(3609, false, false).await, (true, 2), "it is kept for an hour");
        assert_eq!(get(3610, false, false).await, (true, 3));
        assert_eq!(get(3619, true, false).await, (true, 3), "a newer one is not asked for so soon");
        assert_eq!(get(3620, true, true).await, (false, 4));
        assert_eq!(get(3621, false, false).await, (true, 4), "what is kept stays good");
    }
}
