//! Where the directory of wallets is kept.

use super::*;
use crate::settings::{DirectoryStore, shown};

fn store(settings: &Settings) -> Option<(&str, usize)> {
    match &settings.directory {
        DirectoryStore::Sql => None,
        DirectoryStore::JetStream(config) => Some((config.url.as_str(), config.replicas)),
    }
}

#[test]
fn the_directory_reads_alike_from_both() {
    let settings = load(&[]).unwrap();
    assert!(store(&settings).is_none() && settings.engine.directory.require_proof);
    let file =
        "[directory]\nbackend = \"jetstream\"\nnats_url = \"nats://a:4222\"\nreplicas = 3\nrequire_proof = false\n";
    let pairs = [
        ("VESTIBULE_DIRECTORY_BACKEND", "jetstream"),
        ("VESTIBULE_NATS_URL", " nats://a:4222 "),
        ("VESTIBULE_DIRECTORY_REPLICAS", "3"),
        ("VESTIBULE_DIRECTORY_REQUIRE_PROOF", "false"),
    ];
    for settings in [load_file(file, &[]).unwrap(), load(&pairs).unwrap()] {
        assert_eq!(store(&settings), Some(("nats://a:4222", 3)));
        assert!(!settings.engine.directory.require_proof);
    }
    let settings = load(&[pairs[0], pairs[1], ("VESTIBULE_PUBLIC_URL", "https://id.example.com/sub/")]).unwrap();
    let DirectoryStore::JetStream(config) = settings.directory else { panic!("it is on JetStream") };
    assert_eq!(config.public_url, "https://id.example.com/sub", "as in statements, without a slash at the end");
}

#[test]
fn a_store_that_cannot_be_meant_is_refused() {
    let (backend, url) = ("VESTIBULE_DIRECTORY_BACKEND", "VESTIBULE_NATS_URL");
    refused(&[(backend, "nats")], "directory.backend (VESTIBULE_DIRECTORY_BACKEND): must be one of: sql, jetstream");
    refused(
        &[(backend, "jetstream")],
        "directory.backend (VESTIBULE_DIRECTORY_BACKEND): jetstream needs directory.nats_url",
    );
    refused(
        &[(url, "nats://a")],
        "directory.nats_url (VESTIBULE_NATS_URL): does nothing while directory.backend is sql",
    );
    for bad in ["localhost:4222", "http://a", "nats://a,b", "nats://a,"] {
        refused(&[(backend, "jetstream"), (url, bad)], "directory.nats_url (VESTIBULE_NATS_URL): must be nats://");
    }
    refused(
        &[(backend, "jetstream"), (url, "nats://ann:hunter2@a,nats://b")],
        "directory.nats_url (VESTIBULE_NATS_URL): its servers must all have the same user and password, or token",
    );
    for bad in ["0", "2", "7", "-1", "x"] {
        refused(
            &[("VESTIBULE_DIRECTORY_REPLICAS", bad)],
            "directory.replicas (VESTIBULE_DIRECTORY_REPLICAS): must be one of: 1, 3, 5",
        );
    }
}

#[test]
fn the_password_of_the_server_is_never_shown() {
    let pairs = [
        ("VESTIBULE_DIRECTORY_BACKEND", "jetstream"),
        ("VESTIBULE_NATS_URL", "nats://ann:hunter2@a:4222,nats://ann:hunter2@b:4222"),
    ];
    assert!(!format!("{:?}", load(&pairs).unwrap()).contains("hunter2"));
    for (url, text) in [
        (pairs[1].1, "nats://ann:********@a:4222,nats://ann:********@b:4222"),
        ("tls://hunter2@a:4222", "tls://********@a:4222"),
        ("nats://ann:4222,hunter2@a", "********"),
        ("tls://a,tls://b", "tls://a,tls://b"),
    ] {
        let layers = Layers::gather(None, environment(&[pairs[0], ("VESTIBULE_NATS_URL", url)])).unwrap();
        assert_eq!(shown(&layers, Key::DirectoryNatsUrl).unwrap(), text);
    }
}
