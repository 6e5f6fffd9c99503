//! Look at a link without using it, for the page that says what its button will do. Only a live link says whose it is.

use serde::Serialize;

use crate::accounts::Account;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::one_time_tokens::{OneTimeToken, TokenKind};
use crate::passwords::Password;
use crate::recover::TokenState;
use crate::second_factors::SecondFactor;
use crate::secret::Digest;

/// What a link is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inspected {
    /// Whether it is good.
    pub state: TokenState,
    /// What it is about; none: it is not good.
    pub about: Option<LinkAbout>,
}

/// What a live link is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkAbout {
    /// What it allows.
    pub kind: TokenKind,
    /// How people know the account.
    pub account: String,
    /// The address that it was mailed to; none: it was shown.
    pub mailed_to: Option<String>,
    /// Whether the browser that asks about it is the one that asked for it.
    pub is_own_browser: bool,
    /// Whether nobody has proven an address of the account before: then its password, if it has one, ends unless it is
    /// given with the link.
    pub is_first_proof: bool,
    /// Whether the account has a password.
    pub has_password: bool,
    /// Whether the account has a second factor.
    pub has_second_factor: bool,
}

impl Vestibule {
    /// What a link is, for its page. `browser` stands for the browser that asks, where it can say.
    pub async fn inspect_link(&self, kind: TokenKind, text: &str, browser: Option<Digest>) -> Result<Inspected> {
        let used = Inspected { state: TokenState::Used, about: None };
        let Some((_, secret)) = TokenKind::parse_link(text).filter(|(is, _)| *is == kind) else { return Ok(used) };
        let mut connection = self.db().read().await?;
        let token = OneTimeToken::find(&mut connection, kind, &secret.digest()).await?;
        let Some(token) = token.filter(|token| token.consumed_at.is_none()) else { return Ok(used) };
        if self.now() >= token.expires_at {
            return Ok(Inspected { state: TokenState::Expired, about: None });
        }
        let Some(id) = token.account_id else { return Ok(used) };
        let account = Account::get(&mut connection, id).await?;
        let about = LinkAbout {
            kind,
            account: account.label(),
            mailed_to: token.payload.0.mailed_to,
            is_own_browser: token.payload.0.browser.is_some() && token.payload.0.browser == browser.map(Digest::to_hex),
            is_first_proof: account.first_proven_at.is_none(),
            has_password: Password::find(&mut connection, id).await?.is_some(),
            has_second_factor: SecondFactor::is_on(&mut connection, id).await?,
        };
        Ok(Inspected { state: TokenState::Valid, about: Some(about) })
    }
}
