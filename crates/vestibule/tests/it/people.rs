//! The people of these tests, and what they do in one line.

use vestibule::{
    Account, AccountId, AccountView, Caller, ChangePassword, Error, LiveSession, MailKind, NewAdministrator,
    PasswordChange, SignIn, SignInForm, SignUp, SignUpForm, SignedIn, Vestibule,
};

/// A password that every rule allows.
pub const PASSWORD: &str = "harbour-moss-Kettle";
/// Another one.
pub const OTHER: &str = "lantern-Quarry-4-otter";

pub fn nobody() -> Caller {
    Caller::anonymous()
}

pub fn by(account: &Account) -> Caller {
    nobody().acting_as(account.id, account.label())
}

pub async fn try_sign_up(engine: &Vestibule, email: &str, password: &str) -> Result<SignUp, Error> {
    let form =
        SignUpForm { email: email.to_owned(), password: Some(password.into()), name: None, invitation_code: None };
    engine.sign_up(&nobody(), form).await
}

pub async fn sign_up(engine: &Vestibule, email: &str) -> SignedIn {
    match try_sign_up(engine, email, PASSWORD).await.expect("sign-up answers") {
        SignUp::Done(signed_in) => *signed_in,
        other @ (SignUp::MailSent
        | SignUp::EmailInUse
        | SignUp::Closed
        | SignUp::InvitationRequired
        | SignUp::InvitationUnknown
        | SignUp::AnotherAddress
        | SignUp::DomainNotAllowed) => panic!("{email} could not sign up: {other:?}"),
    }
}

pub async fn try_sign_in(engine: &Vestibule, identifier: &str, password: &str) -> Result<SignIn, Error> {
    let form = SignInForm { identifier: identifier.to_owned(), password: password.into(), mfa_code: None };
    engine.sign_in(&nobody(), form).await
}

pub async fn signs_in(engine: &Vestibule, identifier: &str, password: &str) -> Option<SignedIn> {
    match try_sign_in(engine, identifier, password).await.expect("sign-in answers") {
        SignIn::Done(signed_in) => Some(*signed_in),
        SignIn::Refused | SignIn::MfaRequired(_) | SignIn::WrongMfaCode | SignIn::EmailNotVerified => None,
    }
}

pub async fn administrator(engine: &Vestibule, username: &str) -> AccountView {
    let admin =
        NewAdministrator { email: None, username: Some(username.to_owned()), name: None, password: PASSWORD.into() };
    engine.create_administrator(&Caller::host("root"), admin).await.expect("the host can always make one")
}

pub async fn live(engine: &Vestibule, signed_in: &SignedIn) -> Option<std::sync::Arc<LiveSession>> {
    engine.session(&signed_in.token).await.expect("the database answers")
}

pub async fn account(engine: &Vestibule, id: AccountId) -> Account {
    engine.account(id).await.expect("the account is there").account
}

pub async fn change_password(engine: &Vestibule, signed_in: &SignedIn, new: &str) -> ChangePassword {
    let session = live(engine, signed_in).await.expect("signed in");
    let change = PasswordChange { current: PASSWORD.into(), new: new.into(), revoke_api_keys: false };
    let caller = by(&signed_in.account.account);
    engine.change_password(&caller, &session, change).await.expect("the new password fits")
}

/// The secret of the link, or the code, in the newest mail of a kind to an address.
pub async fn mailed(engine: &Vestibule, to: &str, kind: MailKind) -> String {
    let mail = engine.kept_mail(100).await.expect("the outbox opens");
    let mail = mail.into_iter().find(|mail| mail.row.recipient == to && mail.row.kind == kind);
    let text = mail.unwrap_or_else(|| panic!("no mail of {kind} to {to}")).text;
    if kind == MailKind::EmailCode {
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|digit| digit.is_ascii_digit());
        return text.split_whitespace().find(is_code).expect("a code of six digits").to_owned();
    }
    let (_, token) = text.split_once("?token=").expect("a link");
    token.split_whitespace().next().expect("a token").to_owned()
}

/// How many mails of a kind there are to an address.
pub async fn count_mailed(engine: &Vestibule, to: &str, kind: MailKind) -> usize {
    let mail = engine.kept_mail(1000).await.expect("the outbox opens");
    mail.iter().filter(|mail| mail.row.recipient == to && mail.row.kind == kind).count()
}
