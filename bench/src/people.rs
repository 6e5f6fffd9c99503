//! The people of a measurement: accounts with passwords, and whatever one of them proves itself by.

use anyhow::{Context as _, Result, bail};
use secrecy::ExposeSecret as _;
use vestibule::{
    AccessTokenVerifier, Caller, Constraints, JwkSet, NewApiKey, Permission, SignIn, SignInForm, SignUp, SignUpForm,
    SignedIn, Vestibule,
};

/// How many people sign in.
pub const PEOPLE: usize = 200;
/// Everybody's password.
pub const PASSWORD: &str = "harbour-moss-Kettle";
/// What the one with the credentials may do, as forward-auth is asked it.
pub const PERMISSION: &str = "view:users";

/// What somebody proves themselves by.
pub struct Credentials {
    pub session: String,
    pub api_key: String,
    pub access_token: String,
    /// By which others verify the access token.
    pub keys: JwkSet,
    pub verifier: AccessTokenVerifier,
}

/// Signs everybody up, and gives the first of them a permission and every credential there is.
pub async fn sign_up(vestibule: &Vestibule) -> Result<Credentials> {
    for n in 0..PEOPLE {
        let form = SignUpForm { email: email(n), password: Some(PASSWORD.into()), name: None, invitation_code: None };
        let signed_up = vestibule.sign_up(&Caller::anonymous(), form).await?;
        let (SignUp::Done(signed_in), 0) = (signed_up, n) else { continue };
        let (action, resource) = PERMISSION.split_once(':').context("an action and a resource")?;
        let permission = Permission::new(action, resource, Constraints::default())?;
        vestibule.grant_permission(&Caller::host("bench"), signed_in.session.account_id, permission).await?;
    }
    let form = SignInForm { identifier: email(0), password: PASSWORD.into(), mfa_code: None }; // power ended the session
    match vestibule.sign_in(&Caller::anonymous(), form).await? {
        SignIn::Done(signed_in) => credentials(vestibule, &signed_in).await,
        _ => bail!("nobody is let in"),
    }
}

/// The address of the nth person.
pub fn email(n: usize) -> String {
    format!("person{n}@example.com")
}

async fn credentials(vestibule: &Vestibule, signed_in: &SignedIn) -> Result<Credentials> {
    let (host, account) = (Caller::host("bench"), signed_in.session.account_id);
    let key = NewApiKey { name: "bench".to_owned(), ..NewApiKey::default() };
    let key = vestibule.create_api_key(&host, account, key).await?;
    let session = vestibule.session(&signed_in.token).await?.context("the session is live")?;
    let issued = vestibule.issue_tokens(&host, &session).await?;
    let keys = vestibule.jwks().await?;
    Ok(Credentials {
        session: signed_in.token.expose().to_owned(),
        api_key: key.token.expose().to_owned(),
        access_token: issued.access_token.expose_secret().to_owned(),
        verifier: AccessTokenVerifier::new(vestibule.issuer(), vestibule.audience(), &keys),
        keys,
    })
}
