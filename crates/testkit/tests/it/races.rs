//! Races.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::race;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_starts_before_everybody_is_ready_and_results_keep_their_order() {
    let made = Arc::new(AtomicUsize::new(0));
    let results = race(30, |i| {
        made.fetch_add(1, Ordering::SeqCst);
        let made = Arc::clone(&made);
        async move { (i, made.load(Ordering::SeqCst)) }
    });
    let expected: Vec<(usize, usize)> = (0..30).map(|i| (i, 30)).collect();
    assert_eq!(results.await, expected);
}
