//! Who we are to a server that asks: the user and password, or the token, of the URL.

use testkit::{NatsServer, TestDb};

use crate::store::{config, nats_test, open, why};

const NOBODY: &str = "directory.nats_url: the NATS server there lets nobody in by this user and password, or token";

nats_test!(the_user_and_password_of_the_url_open_a_server_that_asks, |_: TestDb| async move {
    let server = NatsServer::start_with_config("authorization { user: ann, password: \"p@ss/w:ord,%\" }").await;
    open(&server.url_for("ann:p%40ss%2Fw%3Aord%2c%25"), 1).await;
    for login in ["ann:wrong", "ann:p%40ss", "eve:p%40ss%2Fw%3Aord%2c%25", "ann"] {
        assert_eq!(why(&config(&server.url_for(login), 1)).await, NOBODY, "{login}");
    }
    assert_eq!(why(&config(&server.url(), 1)).await, NOBODY);
    let either = format!("{},{}", server.url_for("ann:p%40ss%2Fw%3Aord%2c%25"), server.url());
    assert!(why(&config(&either, 1)).await.contains("must all have the same user"));
});

nats_test!(the_token_of_the_url_opens_a_server_that_asks, |_: TestDb| async move {
    let server = NatsServer::start_with_config("authorization { token: \"s3cr3t/token\" }").await;
    open(&server.url_for("s3cr3t%2Ftoken"), 1).await;
    for login in ["s3cr3t", "s3cr3t%2Ftoken:x", "ann:s3cr3t%2Ftoken"] {
        assert_eq!(why(&config(&server.url_for(login), 1)).await, NOBODY, "{login}");
    }
});

nats_test!(a_server_without_encryption_is_not_taken_for_one_with_it, |_: TestDb| async move {
    let server = NatsServer::start().await;
    let why = why(&config(&format!("tls://ann:hunter2@{}", server.address()), 1)).await;
    assert!(why.starts_with("directory.nats_url: no NATS server answers as it should there: "), "{why}");
    assert!(!why.contains("hunter2"), "{why}");
});
