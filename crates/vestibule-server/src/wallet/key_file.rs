//! The file that a wallet's keys are in: JSON, for its owner alone (mode 0600). It is written before any server hears of
//! the keys, and never changed afterwards.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use ed25519_dalek::{Signer as _, SigningKey};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use vestibule::Random;
use vestibule::directory::{KexPub, SignPub, register_statement, sign_in_statement};
use x25519_dalek::{PublicKey, StaticSecret};

use super::Invite;
use crate::failure::Usage;
use crate::{hex, private_file};

/// More than any file of keys is long.
const LONGEST: u64 = 4096;

/// A wallet's keys, and the instance that they are for.
pub struct KeyFile {
    /// The public URL of the instance.
    pub url: String,
    /// The key that it signs with.
    pub sign_pub: SignPub,
    /// The key that others encrypt to.
    pub kex_pub: KexPub,
    signing: SigningKey,
    kex: StaticSecret,
}

/// What is in the file, all keys in hexadecimal; the public ones are there for whoever reads it.
#[derive(Deserialize, Serialize)]
struct Text<'a> {
    url: &'a str,
    /// The seed of the Ed25519 key (RFC 8032).
    sign_key: &'a str,
    sign_pub: &'a str,
    /// The X25519 key (RFC 7748).
    kex_key: &'a str,
    kex_pub: &'a str,
}

impl KeyFile {
    /// The keys in a file; where there is none, fresh ones, and they are in it before this returns.
    pub fn open_or_create(path: &Path, url: &str) -> anyhow::Result<KeyFile> {
        let keys = match Self::open(path) {
            Err(why) if is_missing(&why) => {
                Self::create(path, url)?;
                Self::open(path)?
            }
            opened => opened?,
        };
        if keys.url != url {
            let path = path.display();
            return Err(Usage(format!("{path} has the keys for {}: name another file for {url}", keys.url)).into());
        }
        Ok(keys)
    }

    /// The keys in a file that nobody else can read.
    pub fn open(path: &Path) -> anyhow::Result<KeyFile> {
        let path_named = || format!("cannot read {}", path.display());
        let file = File::open(path).with_context(path_named)?;
        let mode = file.metadata().with_context(path_named)?.permissions().mode();
        let path = path.display();
        if mode & 0o077 != 0 {
            return Err(Usage(format!("others can reach {path}, which has keys in it: chmod 600 {path}")).into());
        }
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).with_context(path_named)?;
        let text = SecretString::from(text);
        let damaged = || Usage(format!("{path} has no keys in it, or is damaged"));
        Ok(Self::parse(text.expose_secret()).ok_or_else(damaged)?)
    }

    fn create(path: &Path, url: &str) -> anyhow::Result<()> {
        let random = Random::system();
        let keys = Self::of(url, random.bytes(), random.bytes()).context("a fresh key is no good")?;
        private_file::create(path, &keys.text()?).with_context(|| format!("cannot write {}", path.display()))
    }

    fn of(url: &str, sign_key: [u8; 32], kex_key: [u8; 32]) -> Option<KeyFile> {
        let (signing, kex) = (SigningKey::from_bytes(&sign_key), StaticSecret::from(kex_key));
        let sign_pub = SignPub::parse(&hex::encode(signing.verifying_key().as_bytes())).ok()?;
        let kex_pub = KexPub::parse(&hex::encode(PublicKey::from(&kex).as_bytes())).ok()?;
        Some(KeyFile { url: url.to_owned(), sign_pub, kex_pub, signing, kex })
    }

    fn parse(text: &str) -> Option<KeyFile> {
        let text: Text<'_> = serde_json::from_str(text).ok()?;
        let keys = Self::of(text.url, hex::decode(text.sign_key)?, hex::decode(text.kex_key)?)?;
        (keys.sign_pub.to_hex() == text.sign_pub && keys.kex_pub.to_hex() == text.kex_pub).then_some(keys)
    }

    fn text(&self) -> serde_json::Result<SecretString> {
        let [sign_key, kex_key] =
            [self.signing.as_bytes(), self.kex.as_bytes()].map(|key| SecretString::from(hex::encode(key)));
        let (sign_pub, kex_pub) = (self.sign_pub.to_hex(), self.kex_pub.to_hex());
        let text = Text {
            url: &self.url,
            sign_key: sign_key.expose_secret(),
            sign_pub: &sign_pub,
            kex_key: kex_key.expose_secret(),
            kex_pub: &kex_pub,
        };
        Ok(format!("{}\n", serde_json::to_string_pretty(&text)?).into())
    }

    /// What shows that whoever registers by an invite has these keys.
    pub fn proof(&self, invite: &Invite) -> String {
        self.sign(&register_statement(&self.url, &invite.token.digest(), &self.sign_pub, &self.kex_pub))
    }

    /// The answer to a challenge.
    pub fn answer(&self, nonce: &str) -> String {
        self.sign(&sign_in_statement(&self.url, &self.sign_pub, nonce))
    }

    fn sign(&self, text: &str) -> String {
        hex::encode(&self.signing.sign(text.as_bytes()).to_bytes())
    }
}

fn is_missing(why: &anyhow::Error) -> bool {
    why.downcast_ref::<io::Error>().is_some_and(|why| why.kind() == ErrorKind::NotFound)
}
