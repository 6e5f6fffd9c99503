//! Buckets that are there already: taken as they are, mended, or refused by what is wrong with them.

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use std::time::Duration;

use testkit::{NatsServer, TestDb};
use vestibule_nats::{JetStreamConfig, JetStreamDirectory};

use crate::store::{PUBLIC_URL, config, nats_test, open, said, stand_on, streams, why};

const NAME: &str = "KV_VESTIBULE_directory_members";

/// As an older version, or somebody else, made it.
fn made_otherwise() -> Config {
    Config {
        name: NAME.to_owned(),
        subjects: vec!["$KV.VESTIBULE_directory_members.>".to_owned()],
        max_messages_per_subject: 1,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        num_replicas: 1,
        allow_rollup: true,
        deny_delete: true,
        ..Config::default()
    }
}

async fn there(url: &str) -> Config {
    streams(url).await.get_stream(NAME).await.expect("it is there").cached_info().config.clone()
}

nats_test!(a_bucket_is_given_the_form_that_it_needs, |db: TestDb| async move {
    let server = NatsServer::start().await;
    let url = server.url();
    let wrong = Config {
        max_messages_per_subject: 64,
        discard: DiscardPolicy::Old,
        max_age: Duration::from_secs(3600),
        max_bytes: 1 << 20,
        no_ack: true,
        allow_rollup: false,
        deny_delete: false,
        allow_direct: true,
        description: Some("ours".to_owned()),
        metadata: [("team".to_owned(), "moss".to_owned())].into(),
        ..made_otherwise()
    };
    streams(&url).await.create_stream(wrong).await.expect("it is made");
    let stand = stand_on(db, &url).await;
    stand.wallet().register(stand.engine(), &stand.invite("ann").await).await;
    let there = there(&url).await;
    assert_eq!((there.max_messages_per_subject, there.discard), (1, DiscardPolicy::New));
    assert_eq!((there.max_age, there.max_bytes), (Duration::ZERO, 1 << 20), "a limit that discards nothing stays");
    assert!(!there.no_ack && there.allow_rollup && there.deny_delete && !there.allow_direct);
    assert_eq!(there.description.as_deref(), Some("ours"));
    assert_eq!(there.metadata.get("team").map(String::as_str), Some("moss"));
    assert_eq!(there.metadata.get("vestibule.public_url").map(String::as_str), Some(PUBLIC_URL));
});

nats_test!(a_bucket_that_cannot_keep_the_directory_is_refused_by_what_is_wrong, |_: TestDb| async move {
    let server = NatsServer::start().await;
    let (url, context) = (server.url(), streams(&server.url()).await);
    let of = |wrong: &str| format!("directory.nats_url: the stream {NAME} there cannot keep the directory: {wrong}");
    for (wrong, expected) in [
        (Config { storage: StorageType::Memory, ..made_otherwise() }, "storage must be file"),
        (Config { retention: RetentionPolicy::Interest, ..made_otherwise() }, "retention must be limits"),
        (Config { deny_purge: true, allow_rollup: false, ..made_otherwise() }, "deny_purge must be off"),
        (
            Config {
                storage: StorageType::Memory,
                sealed: false,
                deny_purge: true,
                allow_rollup: false,
                ..made_otherwise()
            },
            "storage must be file, deny_purge must be off",
        ),
    ] {
        context.create_stream(wrong).await.expect("it is made");
        assert_eq!(why(&config(&url, 1)).await, of(expected));
        context.delete_stream(NAME).await.expect("it is deleted");
    }
    let mirror = async_nats::jetstream::stream::Source { name: "OTHER".to_owned(), ..Default::default() };
    let source = Config { name: "OTHER".to_owned(), subjects: vec!["other".to_owned()], ..Config::default() };
    context.create_stream(source).await.expect("it is made");
    let copy = Config { name: NAME.to_owned(), mirror: Some(mirror), ..Config::default() };
    context.create_stream(copy).await.expect("it is made");
    let why = why(&config(&url, 1)).await;
    assert_eq!(why, of("mirror must be empty"));
});

nats_test!(a_directory_is_one_instances_and_no_others, |_: TestDb| async move {
    let server = NatsServer::start().await;
    let url = server.url();
    streams(&url).await.create_stream(made_otherwise()).await.expect("it is made");
    let other = JetStreamConfig { public_url: "https://other.example.com".to_owned(), ..config(&url, 1) };
    let none = said(JetStreamDirectory::open(&other).await);
    let missing =
        "directory.nats_url: there is no stream KV_VESTIBULE_directory_invites yet: `vestibule serve` makes it";
    assert_eq!(none, missing, "a command makes nothing");
    assert!(!there(&url).await.metadata.contains_key("vestibule.public_url"), "nor does it change anything");

    open(&url, 1).await; // what does not say whose it is is taken over
    let expected = format!(
        "directory.nats_url: the stream {NAME} there is the directory of {PUBLIC_URL}, and `public_url` is \
         https://other.example.com here; if that is not what it is for your server, put it right; give each instance a \
         NATS account of its own; and if your public URL has changed, say so to both streams: \
         `nats stream edit … --metadata vestibule.public_url=https://other.example.com`"
    );
    assert_eq!(why(&other).await, expected);
    assert_eq!(said(JetStreamDirectory::open(&other).await), expected);
    JetStreamDirectory::open(&config(&url, 1)).await.expect("it is ours");
    open(&url, 1).await;

    let context = streams(&url).await;
    for name in [NAME, "KV_VESTIBULE_directory_invites"] {
        let mut moved = context.get_stream(name).await.expect("it is there").cached_info().config.clone();
        moved.metadata = [("vestibule.public_url".to_owned(), other.public_url.clone())].into();
        context.update_stream(moved).await.expect("it is changed");
    }
    JetStreamDirectory::connect(&other).await.expect("the public URL has changed");
});

nats_test!(nodes_that_start_at_once_make_one_directory, |_: TestDb| async move {
    let server = NatsServer::start().await;
    let url = server.url();
    let opened = testkit::race(8, |_| {
        let config = config(&url, 1);
        async move { JetStreamDirectory::connect(&config).await }
    })
    .await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
});

nats_test!(of_two_instances_that_start_at_once_one_has_the_directory, |_: TestDb| async move {
    let server = NatsServer::start().await;
    let url = server.url();
    let opened = testkit::race(2, |i| {
        let config = JetStreamConfig { public_url: format!("https://{i}.example.com"), ..config(&url, 1) };
        async move { JetStreamDirectory::connect(&config).await }
    })
    .await;
    assert_eq!(opened.iter().filter(|opened| opened.is_ok()).count(), 1, "{opened:?}");
});
