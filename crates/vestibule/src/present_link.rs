//! Presenting a link that was mailed: the token it carries, and what else its presenter proves. All that is slow comes
//! first; the act settles it in its own transaction, and consumes the token only when nothing is missing.

use std::sync::Arc;

use secrecy::SecretString;

use crate::accounts::{Account, AccountState};
use crate::audit::Entry;
use crate::caller::Caller;
use crate::check_second_factor::Checked;
use crate::db::Tx;
use crate::engine::Vestibule;
use crate::error::Result;
use crate::id::SessionId;
use crate::one_time_tokens::{OneTimeToken, TokenKind};
use crate::principals::LiveSession;
use crate::prove_password::{Claim, Proof};
use crate::secret::Digest;
use crate::sessions::{Factor, Session};
use crate::sign_in::Opening;

/// What somebody who presents a link or a code proves besides.
#[derive(Debug, Default)]
pub struct Presenter {
    /// The session of the same browser, whosever it is.
    pub session: Option<Arc<LiveSession>>,
    /// The account's password.
    pub password: Option<SecretString>,
    /// A code of the account's second factor.
    pub mfa_code: Option<SecretString>,
}

/// A link, looked at outside any transaction.
pub(crate) enum Presented {
    Live(Box<Link>),
    Expired,
    /// Used, void, or never issued: one answer.
    Used,
    WrongPassword,
}

/// A live link and what its presenter proved.
pub(crate) struct Link {
    pub token: OneTimeToken,
    pub digest: Digest,
    pub account: Account,
    session: Option<SessionId>,
    proof: Option<Proof>,
    mfa_code: Option<SecretString>,
}

/// What a link came to in the act's transaction, with the account's row locked.
pub(crate) enum Settled {
    /// The token is consumed; go on.
    Done(Box<Standing>),
    /// Nothing is consumed. Commit.
    MfaRequired,
    /// The code is counted. Commit.
    WrongMfaCode,
    /// Somebody else was first, or the account changed. Commit.
    Used,
}

/// How the presenter of a link stands to its account.
pub(crate) struct Standing {
    /// The account as it is now.
    pub account: Account,
    /// Whether they prove it as it stands: by a session of it, or by its password and second factor.
    pub stands: bool,
    /// Whether they are signed in to it in this browser.
    pub has_session: bool,
    /// Whether they gave its password.
    pub by_password: bool,
    /// The second factor they gave.
    pub factor: Option<Factor>,
}

impl Vestibule {
    /// Looks at a link of a kind, and at the password that came with it where that can matter.
    pub(crate) async fn present(
        &self,
        caller: &Caller,
        kind: TokenKind,
        text: &str,
        presenter: Presenter,
    ) -> Result<Presented> {
        let Some((_, secret)) = TokenKind::parse_link(text).filter(|(is, _)| *is == kind) else {
            return Ok(Presented::Used);
        };
        let digest = secret.digest();
        let mut connection = self.db().read().await?;
        let Some(token) = OneTimeToken::find(&mut connection, kind, &digest).await? else { return Ok(Presented::Used) };
        if token.consumed_at.is_some() {
            return Ok(Presented::Used);
        }
        if self.now() >= token.expires_at {
            return Ok(Presented::Expired);
        }
        let Some(id) = token.account_id else { return Ok(Presented::Used) };
        let account = Account::get(&mut connection, id).await?;
        drop(connection);
        let session = presenter.session.filter(|session| session.account_id == id).map(|session| session.session_id);
        let matters = account.first_proven_at.is_none() && session.is_none();
        let proof = match presenter.password.filter(|_| matters) {
            None => None,
            Some(password) => {
                let ticket = self.hasher().admit()?;
                let key = Digest::of(account.id.0.as_bytes());
                let claim = Claim { key, account: Some(&account), password: &password };
                let Some(proof) = self.prove_password(caller, ticket, claim).await? else {
                    let refusal = Entry::refused(act_of(kind), "current_password_incorrect").on(&account);
                    self.audit_alone(caller, refusal).await?;
                    return Ok(Presented::WrongPassword);
                };
                Some(proof)
            }
        };
        let mfa_code = presenter.mfa_code;
        Ok(Presented::Live(Box::new(Link { token, digest, account, session, proof, mfa_code })))
    }

    /// Settles a link, first thing in the act's transaction: locks the account, asks for the second factor where the
    /// account as it stands survives and the presenter would get in by it, and consumes the token.
    pub(crate) async fn settle_link(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        link: &Link,
        signs_in: bool,
    ) -> Result<Settled> {
        let id = link.account.id;
        let is_same = match &link.proof {
            Some(proof) => Account::is_version(tx, id, proof.session_version).await?,
            None => Account::lock(tx, id).await?,
        };
        let Some(account) =
            Account::find(tx, id).await?.filter(|account| is_same && account.state == AccountState::Active)
        else {
            return Ok(Settled::Used);
        };
        let has_session = match link.session {
            Some(session) => Session::exists(tx, id, session).await?,
            None => false,
        };
        let by_password = link.proof.is_some();
        let stands = has_session || by_password;
        let survives = stands || account.first_proven_at.is_some();
        let mut factor = None;
        // A change of address that begins the account anew must not be the way around its second factor.
        let takes_over = !survives && link.token.kind == TokenKind::EmailChange;
        if takes_over || survives && (signs_in || by_password) {
            match self.check_link_factor(tx, caller, (link, &account)).await? {
                Checked::NotNeeded => {}
                Checked::Right(right) => factor = Some(right),
                Checked::Missing => {
                    if let Some(proof) = &link.proof {
                        self.take_back(tx, caller, &account, proof).await?;
                    }
                    self.refuse(tx, caller, &account, (Opening::Session, "mfa_required")).await?;
                    return Ok(Settled::MfaRequired);
                }
                Checked::Wrong => return Ok(Settled::WrongMfaCode),
            }
        }
        if let Some(proof) = &link.proof {
            self.take_back(tx, caller, &account, proof).await?;
        }
        if !OneTimeToken::consume(tx, link.token.kind, &link.digest, self.now()).await? {
            return Ok(Settled::Used);
        }
        Ok(Settled::Done(Box::new(Standing { account, stands, has_session, by_password, factor })))
    }

    /// Takes back the attempt of a password that came with a link which did not get so far.
    pub(crate) async fn forget_proof(&self, tx: &mut Tx, caller: &Caller, link: &Link) -> Result<()> {
        match &link.proof {
            Some(proof) if Account::is_version(tx, link.account.id, proof.session_version).await? => {
                self.take_back(tx, caller, &link.account, proof).await
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Looks at the second factor that came with a link. A wrong code counts once; of a locked account, whose owner still
    /// gets in by the link, it ends the link instead.
    async fn check_link_factor(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        (link, account): (&Link, &Account),
    ) -> Result<Checked> {
        let checked = self.check_second_factor(tx, account, link.mfa_code.as_ref()).await?;
        if !matches!(checked, Checked::Wrong) {
            return Ok(checked);
        }
        if link.proof.is_none() && self.count_code(tx, caller, account).await?.is_none() {
            OneTimeToken::consume(tx, link.token.kind, &link.digest, self.now()).await?;
        }
        self.refuse(tx, caller, account, (Opening::Session, "invalid_mfa_code")).await?;
        Ok(checked)
    }
}

/// What presenting a link of a kind does, as the audit log calls it.
fn act_of(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::EmailVerify => "email.verified",
        TokenKind::EmailChange => "email.changed",
        TokenKind::MagicLink | TokenKind::EmailOtp => "session.created",
        TokenKind::PasswordReset | TokenKind::AccountInvite => "password.reset",
        TokenKind::Setup => "instance.set_up",
    }
}
