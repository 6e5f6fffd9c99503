//! Races: many tasks let go at the same moment.

use std::sync::Arc;

use tokio::sync::Barrier;

/// Runs `act(0)`, `act(1)` … `act(n - 1)` as tasks that all wait for the last one to be ready, and gives their results
/// in that order.
pub async fn race<T, A, F>(n: usize, act: A) -> Vec<T>
where
    A: Fn(usize) -> F,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let barrier = Arc::new(Barrier::new(n));
    let mut racers = Vec::with_capacity(n);
    for i in 0..n {
        let (barrier, act) = (Arc::clone(&barrier), act(i));
        racers.push(tokio::spawn(async move {
            barrier.wait().await;
            act.await
        }));
    }
    let mut results = Vec::with_capacity(n);
    for racer in racers {
        results.push(racer.await.expect("a racer does not panic"));
    }
    results
}
