//! Wallets: a pair of keys, and what their holder does with them.

use ed25519_dalek::{Signer as _, SigningKey};
use vestibule::directory::{KexPub, Member, SignPub, register_statement, sign_in_statement};
use vestibule::{
    Caller, CreatedDirectoryInvite, DirectorySignIn, DirectorySignInForm, Random, Register, RegisterForm, Result,
    Secret, Vestibule, WalletToken,
};
use x25519_dalek::{PublicKey, StaticSecret};

/// A pair of keys.
#[derive(Clone, Debug)]
pub struct Wallet {
    signing: SigningKey,
    kex_pub: KexPub,
}

impl Wallet {
    /// Fresh keys.
    pub fn fresh(random: &Random) -> Wallet {
        let kex = PublicKey::from(&StaticSecret::from(random.bytes()));
        let kex_pub = KexPub::parse(&hex(kex.as_bytes())).expect("a fresh key is good");
        Wallet { signing: SigningKey::from_bytes(&random.bytes()), kex_pub }
    }

    /// The key to sign with.
    pub fn sign_pub(&self) -> SignPub {
        SignPub::parse(&hex(self.signing.verifying_key().as_bytes())).expect("a fresh key is good")
    }

    /// The key to agree on keys with.
    pub fn kex_pub(&self) -> KexPub {
        self.kex_pub
    }

    /// Its signature of a text, in hexadecimal.
    pub fn sign(&self, text: &str) -> String {
        hex(&self.signing.sign(text.as_bytes()).to_bytes())
    }

    /// What it sends to register.
    pub fn form(&self, public_url: &str, token: &Secret) -> RegisterForm {
        let statement = register_statement(public_url, &token.digest(), &self.sign_pub(), &self.kex_pub);
        RegisterForm {
            token: token.expose().to_owned(),
            sign_pub: self.sign_pub().to_hex(),
            kex_pub: self.kex_pub.to_hex(),
            proof: Some(self.sign(&statement)),
        }
    }

    /// Registers by an invite.
    pub async fn try_register(&self, engine: &Vestibule, invite: &CreatedDirectoryInvite) -> Result<Register> {
        engine.register_in_directory(&Caller::anonymous(), self.form(&engine.issuer(), &invite.token)).await
    }

    /// Registers by an invite that is good.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn register(&self, engine: &Vestibule, invite: &CreatedDirectoryInvite) -> Member {
        match self.try_register(engine, invite).await.expect("the directory answers") {
            Register::Done(member) => member,
            Register::Refused(why) => panic!("refused: {why}"),
        }
    }

    /// What it sends to sign in with a nonce.
    pub fn answer(&self, public_url: &str, nonce: &str) -> DirectorySignInForm {
        let signature = self.sign(&sign_in_statement(public_url, &self.sign_pub(), nonce));
        DirectorySignInForm { sign_pub: self.sign_pub().to_hex(), nonce: nonce.to_owned(), signature }
    }

    /// Signs in; none: it was refused.
    pub async fn sign_in(&self, engine: &Vestibule) -> Option<WalletToken> {
        let challenge = engine.challenge_wallet(&self.sign_pub().to_hex()).await.expect("anybody gets a nonce");
        let form = self.answer(&engine.issuer(), &challenge.nonce);
        match engine.sign_in_to_directory(&Caller::anonymous(), form).await.expect("the directory answers") {
            DirectorySignIn::Done(token) => Some(token),
            DirectorySignIn::Refused => None,
        }
    }
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
