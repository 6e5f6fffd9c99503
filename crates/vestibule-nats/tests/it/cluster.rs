//! Three servers that keep three copies: the one that leads dies under load, and the others go on with everything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::{NatsServer, Stand, TestDb};

use crate::restarts::{Told, all_are_there, works_again, write};
use crate::store::{JetStream, nats_test, streams};

/// The place of the server that leads the members' bucket.
async fn leader(url: &str) -> usize {
    let mut stream =
        streams(url).await.get_stream("KV_VESTIBULE_directory_members").await.expect("the bucket is there");
    let info = stream.info().await.expect("an answer");
    assert_eq!(info.config.num_replicas, 3);
    let name = info.cluster.as_ref().and_then(|cluster| cluster.leader.clone()).expect("somebody leads");
    name.trim_start_matches("node").parse().expect("it is one of ours")
}

nats_test!(nothing_acknowledged_is_lost_when_the_leader_of_three_dies, |db: TestDb| async move {
    let mut servers = NatsServer::cluster(3).await;
    let urls: Vec<String> = servers.iter().map(NatsServer::url).collect();
    let stand = Arc::new(Stand::on(db, Box::new(JetStream::cluster(&urls.join(","), ()))).await);
    let (stop, told) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Told::default())));
    let writers: Vec<_> =
        (0..3).map(|name| tokio::spawn(write(stand.clone(), name, stop.clone(), told.clone()))).collect();
    for _ in 0..2 {
        // While all three are there, nobody is told that they are not.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let leader = leader(&urls.join(",")).await;
        let before = told.lock().expect("nobody panicked").servers_die_from_now_on();
        servers[leader].kill();
        // Two are left, and go on without the third.
        for _ in 0..600 {
            if told.lock().expect("nobody panicked").members.len() > before + 5 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(told.lock().expect("nobody panicked").members.len() > before + 5, "the others go on");
        servers[leader].restart().await;
        works_again(&stand).await;
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("every answer was one that may be");
    }
    let told = std::mem::take(&mut *told.lock().expect("nobody panicked"));
    all_are_there(&stand, &told).await;
});
