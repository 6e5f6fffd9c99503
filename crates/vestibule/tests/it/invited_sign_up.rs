//! Signing up by an invitation to an organization: with the account one comes into it, as often as it may be used; where
//! addresses must be proven, nothing tells which of them have an account.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use testkit::{TestDb, TestEngine, db_test, race};
use vestibule::{
    AcceptInvitation, Caller, Config, CreatedInvitation, InvitationId, InvitationState, MailKind, NewInvitation,
    Obstacle, OrganizationId, OrganizationInvitation, OrganizationRole, Presenter, SignUp, SignUpForm, SignUpMode,
    SignedIn, VerifyEmail, Vestibule,
};

use crate::holders::host;
use crate::organization_invitations::{for_uses, to};
use crate::organizations::{EVERYTHING, log, members};
use crate::people::{PASSWORD, administrator, count_mailed, mailed, nobody, signs_in};
use crate::programs::by_session;

const BOB: &str = "bob@example.com";
const CARL: &str = "carl@example.com";
const ROUNDS: usize = 25;

/// An instance on which sign-up is by invitation, and an organization on it.
struct Invited {
    t: TestEngine,
    org: OrganizationId,
}

impl Invited {
    async fn with(db: &TestDb, change: impl FnOnce(&mut Config)) -> Invited {
        let t = TestEngine::with(db, |config| {
            config.sign_up = SignUpMode::Invite;
            change(config);
        })
        .await;
        administrator(&t.engine, "root").await;
        let root = signs_in(&t.engine, "root", PASSWORD).await.expect("signed in");
        let root = by_session(&t.engine, &root).await;
        let org = t.engine.create_organization(&root, "Harbour Works").await.expect("a person can").id;
        Invited { t, org }
    }

    /// Where addresses need no proof.
    async fn open(db: &TestDb) -> Invited {
        Invited::with(db, |_| {}).await
    }

    /// Where addresses must be proven first.
    async fn careful(db: &TestDb) -> Invited {
        Invited::with(db, |config| config.require_verified_email = true).await
    }

    async fn invite(&self, new: NewInvitation) -> CreatedInvitation {
        self.t.engine.create_invitation(&host(), self.org, new).await.expect("the host may")
    }

    async fn used(&self, invitation: InvitationId) -> i64 {
        self.listed(invitation).await.use_count
    }

    /// How many uses of it are held.
    async fn held(&self, invitation: InvitationId) -> i64 {
        self.listed(invitation).await.held
    }

    async fn listed(&self, invitation: InvitationId) -> OrganizationInvitation {
        let all = self.t.engine.list_invitations(&host(), self.org, EVERYTHING).await.expect("a list").items;
        all.into_iter().find(|one| one.id == invitation).expect("listed")
    }

    async fn is_valid(&self, code: &SecretString) -> bool {
        self.t.engine.preview_invitation(code, None).await.expect("an answer").expect("known").is_valid
    }

    /// Who is in besides whoever made it, with their roles.
    async fn members(&self) -> Vec<String> {
        let all = members(&self.t.engine, self.org).await;
        let mut all: Vec<String> = all.iter().map(|one| format!("{} {}", one.label(), one.role)).collect();
        all.sort();
        all.retain(|one| !one.starts_with("root"));
        all
    }

    /// Proves an address by its newest link and, if told so, as the owner of the account.
    async fn verify(&self, email: &str, password: Option<&str>) -> Option<Box<SignedIn>> {
        let token = mailed(&self.t.engine, email, MailKind::VerifyEmail).await;
        let presenter = Presenter { password: password.map(SecretString::from), ..Presenter::default() };
        match self.t.engine.verify_email(&nobody(), &token, presenter).await.expect("an answer") {
            VerifyEmail::Done(signed_in) => signed_in,
            other @ (VerifyEmail::WrongPassword
            | VerifyEmail::MfaRequired
            | VerifyEmail::WrongMfaCode
            | VerifyEmail::Expired
            | VerifyEmail::Used) => panic!("not proven: {other:?}"),
        }
    }
}

async fn sign_up(engine: &Vestibule, email: &str, code: Option<&SecretString>) -> SignUp {
    let (password, invitation_code) = (Some(PASSWORD.into()), code.cloned());
    let form = SignUpForm { email: email.to_owned(), password, name: None, invitation_code };
    engine.sign_up(&nobody(), form).await.expect("an answer")
}

fn word(outcome: &SignUp) -> &'static str {
    match outcome {
        SignUp::Done(_) => "done",
        SignUp::MailSent => "mail sent",
        SignUp::EmailInUse => "in use",
        SignUp::Closed => "closed",
        SignUp::InvitationRequired => "required",
        SignUp::InvitationUnknown => "unknown",
        SignUp::AnotherAddress => "another address",
        SignUp::DomainNotAllowed => "domain",
    }
}

db_test!(only_a_live_code_signs_up, |db: TestDb| async move {
    let i = Invited::open(&db).await;
    let (dead, once, live) = (
        i.invite(NewInvitation::default()).await,
        i.invite(for_uses(1)).await,
        i.invite(NewInvitation::default()).await,
    );
    i.t.engine.revoke_invitation(&host(), i.org, dead.invitation.id).await.expect("called back");
    for (code, expected) in [
        (None, "required"),
        (Some("aB3dE6gH".into()), "unknown"),
        (Some("".into()), "unknown"),
        (Some(dead.code.clone()), "required"),
        (Some(once.code.clone()), "done"),
    ] {
        assert_eq!(word(&sign_up(&i.t.engine, BOB, code.as_ref()).await), expected);
    }
    assert_eq!(word(&sign_up(&i.t.engine, CARL, Some(&once.code)).await), "required", "it is used up");
    assert_eq!(i.t.engine.count_accounts().await.expect("a count").total, 2);
    assert_eq!(word(&sign_up(&i.t.engine, BOB, Some(&live.code)).await), "in use");
    assert_eq!((i.used(once.invitation.id).await, i.used(live.invitation.id).await), (1, 0));
    assert_eq!(i.members().await, ["bob@example.com member"]);
    let accepted: Vec<_> =
        log(&i.t.engine, i.org).await.into_iter().filter(|row| row.action == "invitation.accepted").collect();
    assert_eq!((accepted.len(), accepted[0].actor_label.as_str()), (1, BOB));
});

db_test!(the_role_is_the_invitations, |db: TestDb| async move {
    let i = Invited::open(&db).await;
    let admins = i.invite(NewInvitation { role: OrganizationRole::Admin, ..NewInvitation::default() }).await;
    assert_eq!(word(&sign_up(&i.t.engine, BOB, Some(&admins.code)).await), "done");
    assert_eq!(i.members().await, ["bob@example.com admin"]);
});

db_test!(where_sign_up_is_open_a_code_counts_as_well_and_closed_is_closed, |db: TestDb| async move {
    let i = Invited::with(&db, |config| config.sign_up = SignUpMode::Open).await;
    let made = i.invite(for_uses(1)).await;
    assert_eq!(word(&sign_up(&i.t.engine, BOB, Some(&"aB3dE6gH".into())).await), "unknown");
    assert_eq!(word(&sign_up(&i.t.engine, BOB, Some(&made.code)).await), "done");
    assert_eq!(word(&sign_up(&i.t.engine, CARL, Some(&made.code)).await), "required");
    assert_eq!(word(&sign_up(&i.t.engine, CARL, None).await), "done");
    assert_eq!(i.members().await, ["bob@example.com member"]);
});

db_test!(closed_stays_closed, |db: TestDb| async move {
    let i = Invited::with(&db, |config| config.sign_up = SignUpMode::Closed).await;
    let made = i.invite(NewInvitation::default()).await;
    assert_eq!(word(&sign_up(&i.t.engine, BOB, Some(&made.code)).await), "closed");
});

db_test!(racing_sign_ups_never_use_more_than_there_is, |db: TestDb| async move {
    let i = Invited::open(&db).await;
    for round in 0..ROUNDS {
        let made = i.invite(for_uses(2)).await;
        let before = (i.members().await.len(), i.t.engine.count_accounts().await.expect("a count").total);
        let outcomes = race(8, |n| {
            let (engine, code) = (i.t.engine.clone(), made.code.clone());
            async move { sign_up(&engine, &format!("p{round}-{n}@example.com"), Some(&code)).await }
        })
        .await;
        let words: Vec<&str> = outcomes.iter().map(word).collect();
        assert_eq!(words.iter().filter(|word| **word == "done").count(), 2, "{words:?}");
        assert_eq!(words.iter().filter(|word| **word == "required").count(), 6, "{words:?}");
        let after = (i.members().await.len(), i.t.engine.count_accounts().await.expect("a count").total);
        assert_eq!((after.0 - before.0, after.1 - before.1, i.used(made.invitation.id).await), (2, 2, 2));
    }
});

db_test!(one_address_at_once_uses_one, |db: TestDb| async move {
    let i = Invited::open(&db).await;
    for round in 0..ROUNDS {
        let made = i.invite(NewInvitation::default()).await;
        let outcomes = race(6, |_| {
            let (engine, code) = (i.t.engine.clone(), made.code.clone());
            async move { sign_up(&engine, &format!("p{round}@example.com"), Some(&code)).await }
        })
        .await;
        let words: Vec<&str> = outcomes.iter().map(word).collect();
        assert_eq!(words.iter().filter(|word| **word == "done").count(), 1, "{words:?}");
        assert_eq!(i.used(made.invitation.id).await, 1);
    }
});

db_test!(an_invitation_for_one_address_signs_that_one_up_and_is_accepted_once_it_is_proven, |db: TestDb| async move {
    let i = Invited::open(&db).await;
    let made = i.invite(to("Bob@example.com")).await;
    assert_eq!(word(&sign_up(&i.t.engine, CARL, Some(&made.code)).await), "another address");
    let SignUp::Done(bob) = sign_up(&i.t.engine, "bOB@example.com", Some(&made.code)).await else {
        panic!("it is for that address")
    };
    let caller = by_session(&i.t.engine, &bob).await;
    let early = i.t.engine.accept_invitation(&caller, &made.code).await.expect("an answer");
    assert_eq!(early, AcceptInvitation::Refused(Obstacle::AnotherAddress), "not proven");
    assert_eq!((i.members().await.len(), i.used(made.invitation.id).await), (0, 0));
    i.verify("bOB@example.com", Some(PASSWORD)).await;
    let bob = signs_in(&i.t.engine, BOB, PASSWORD).await.expect("signed in");
    let accepted = i.t.engine.accept_invitation(&by_session(&i.t.engine, &bob).await, &made.code).await;
    assert!(matches!(accepted, Ok(AcceptInvitation::Done(_))), "{accepted:?}");
});

db_test!(where_addresses_must_be_proven_a_mailed_invitation_is_accepted_after_that, |db: TestDb| async move {
    let i = Invited::careful(&db).await;
    let made = i.invite(to(BOB)).await;
    assert_eq!(word(&sign_up(&i.t.engine, CARL, Some(&made.code)).await), "another address");
    assert_eq!(word(&sign_up(&i.t.engine, BOB, Some(&made.code)).await), "mail sent");
    assert!(i.is_valid(&made.code).await);
    let bob = i.verify(BOB, Some(PASSWORD)).await.expect("the link signs in");
    assert_eq!(i.members().await.len(), 0);
    let accepted = i.t.engine.accept_invitation(&by_session(&i.t.engine, &bob).await, &made.code).await;
    assert!(matches!(accepted, Ok(AcceptInvitation::Done(_))), "{accepted:?}");
    assert_eq!(i.members().await, ["bob@example.com member"]);
});

db_test!(whoever_proves_the_address_as_the_owner_is_in, |db: TestDb| async move {
    let i = Invited::careful(&db).await;
    let made = i.invite(for_uses(1)).await;
    assert_eq!(word(&sign_up(&i.t.engine, BOB, Some(&made.code)).await), "mail sent");
    assert_eq!((i.members().await.len(), i.used(made.invitation.id).await), (0, 0), "not before the proof");
    assert!(!i.is_valid(&made.code).await, "the place is held");
    assert_eq!(word(&sign_up(&i.t.engine, CARL, Some(&made.code)).await), "required");
    i.t.clock.advance(Duration::from_secs(1));
    assert_eq!(word(&sign_up(&i.t.engine, BOB, Some(&made.code)).await), "mail sent", "the place is theirs");
    i.verify(BOB, Some(PASSWORD)).await.expect("the link signs in");
    assert_eq!((i.members().await, i.used(made.invitation.id).await), (vec!["bob@example.com member".to_owned()], 1));
});

db_test!(whoever_takes_the_address_back_from_a_stranger_is_in_nothing, |db: TestDb| async move {
    let i = Invited::careful(&db).await;
    let made = i.invite(for_uses(1)).await;
    sign_up(&i.t.engine, BOB, Some(&made.code)).await;
    let bob = i.verify(BOB, None).await.expect("the link signs in");
    assert_eq!((i.members().await.len(), i.used(made.invitation.id).await), (0, 0), "what a stranger attached ended");
    assert_eq!(word(&sign_up(&i.t.engine, CARL, Some(&made.code)).await), "required", "one account came of one use");
    let accepted = i.t.engine.accept_invitation(&by_session(&i.t.engine, &bob).await, &made.code).await;
    assert!(matches!(accepted, Ok(AcceptInvitation::Done(_))), "{accepted:?}");
});

db_test!(uses_that_are_held_are_listed_until_they_are_taken_or_free_again, |db: TestDb| async move {
    let i = Invited::careful(&db).await;
    let (made, other) = (i.invite(for_uses(2)).await, i.invite(NewInvitation::default()).await);
    let id = made.invitation.id;
    for (email, held) in [(BOB, 1), (BOB, 1), (CARL, 2)] {
        sign_up(&i.t.engine, email, Some(&made.code)).await;
        assert_eq!((i.used(id).await, i.held(id).await), (0, held), "{email}");
        i.t.clock.advance(Duration::from_secs(1));
    }
    assert!(!i.is_valid(&made.code).await, "as the list explains");
    assert_eq!(i.listed(id).await.state(i.t.engine.now()), InvitationState::Live);
    i.verify(BOB, Some(PASSWORD)).await.expect("the link signs in");
    assert_eq!((i.used(id).await, i.held(id).await), (1, 1), "one was taken");
    i.t.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!((i.used(id).await, i.held(id).await), (1, 0), "one was not, and is free before it is swept away");
    sign_up(&i.t.engine, "dora@example.com", Some(&made.code)).await;
    i.verify("dora@example.com", None).await.expect("the link signs in");
    assert_eq!((i.used(id).await, i.held(id).await), (1, 1), "it stays whose it is");
    i.t.clock.advance(Duration::from_secs(30 * 24 * 3600));
    i.t.engine.sweep().await.expect("swept");
    assert_eq!((i.held(id).await, i.held(other.invitation.id).await), (1, 0));
});

db_test!(one_use_makes_one_account_for_good, |db: TestDb| async move {
    let i = Invited::careful(&db).await;
    let made = i.invite(for_uses(1)).await;
    sign_up(&i.t.engine, BOB, Some(&made.code)).await;
    i.verify(BOB, None).await.expect("the link signs in");
    assert_eq!(word(&sign_up(&i.t.engine, BOB, Some(&made.code)).await), "mail sent", "as for any address");
    i.t.clock.advance(Duration::from_secs(2 * 24 * 3600));
    i.t.engine.sweep().await.expect("swept");
    assert_eq!(word(&sign_up(&i.t.engine, CARL, Some(&made.code)).await), "required", "for good");
});

db_test!(whoever_signs_up_without_a_code_joins_nothing_by_a_strangers, |db: TestDb| async move {
    let i = Invited::with(&db, |config| {
        config.sign_up = SignUpMode::Open;
        config.require_verified_email = true;
    })
    .await;
    let made = i.invite(NewInvitation::default()).await;
    sign_up(&i.t.engine, BOB, Some(&made.code)).await;
    i.t.clock.advance(Duration::from_secs(1));
    sign_up(&i.t.engine, BOB, None).await;
    i.verify(BOB, Some(PASSWORD)).await.expect("the link signs in");
    assert!(i.members().await.is_empty(), "{:?}", i.members().await);
});

db_test!(a_place_is_held_for_a_day, |db: TestDb| async move {
    let i = Invited::careful(&db).await;
    let made = i.invite(for_uses(1)).await;
    sign_up(&i.t.engine, BOB, Some(&made.code)).await;
    i.t.clock.advance(Duration::from_secs(24 * 3600 - 1));
    assert!(!i.is_valid(&made.code).await);
    i.t.clock.advance(Duration::from_secs(1));
    assert!(i.is_valid(&made.code).await);
    assert_eq!(word(&sign_up(&i.t.engine, CARL, Some(&made.code)).await), "mail sent");
    i.verify(CARL, Some(PASSWORD)).await.expect("signed in");
    assert_eq!(i.members().await, ["carl@example.com member"]);
    i.t.clock.advance(Duration::from_secs(3 * 24 * 3600));
    i.t.engine.sweep().await.expect("swept");
    let sql = "SELECT COUNT(*) FROM invitation_places";
    let left: (i64,) = i.t.engine.db().read().await.expect("a connection").one(sql, &[]).await.expect("a row");
    assert_eq!(left.0, 0);
});

db_test!(what_was_called_back_meanwhile_lets_nobody_in_and_the_account_stays, |db: TestDb| async move {
    let i = Invited::careful(&db).await;
    let made = i.invite(NewInvitation::default()).await;
    sign_up(&i.t.engine, BOB, Some(&made.code)).await;
    i.t.engine.revoke_invitation(&host(), i.org, made.invitation.id).await.expect("called back");
    assert!(i.verify(BOB, Some(PASSWORD)).await.is_some(), "the address is proven all the same");
    assert_eq!(i.members().await.len(), 0);
    let refused = log(&i.t.engine, i.org).await.into_iter().find(|row| row.action == "invitation.accepted");
    assert_eq!(refused.expect("written down").details.0["reason"], "invitation_ended");
});

/// What whoever made an invitation and whoever has its code can see of it.
async fn seen(i: &Invited, made: &CreatedInvitation) -> (i64, InvitationState, bool, usize) {
    let all = i.t.engine.list_invitations(&host(), i.org, EVERYTHING).await.expect("a list").items;
    let one = all.iter().find(|one| one.id == made.invitation.id).expect("listed");
    (one.use_count, one.state(i.t.engine.now()), i.is_valid(&made.code).await, i.members().await.len())
}

db_test!(nothing_tells_which_addresses_have_an_account, |db: TestDb| async move {
    let i = Invited::careful(&db).await;
    let first = i.invite(for_uses(5)).await;
    sign_up(&i.t.engine, BOB, Some(&first.code)).await;
    i.verify(BOB, Some(PASSWORD)).await.expect("signed in");
    let (known, unknown) = (i.invite(for_uses(1)).await, i.invite(for_uses(1)).await);
    let hashes = i.t.engine.password_hashes();
    assert_eq!(word(&sign_up(&i.t.engine, BOB, Some(&known.code)).await), "mail sent");
    let for_known = i.t.engine.password_hashes() - hashes;
    assert_eq!(word(&sign_up(&i.t.engine, CARL, Some(&unknown.code)).await), "mail sent");
    assert_eq!(i.t.engine.password_hashes() - hashes, 2 * for_known);
    assert_eq!(count_mailed(&i.t.engine, BOB, MailKind::AddressInUse).await, 1);
    for made in [&known, &unknown] {
        assert_eq!(seen(&i, made).await, (0, InvitationState::Live, false, 1));
        assert_eq!(word(&sign_up(&i.t.engine, "dora@example.com", Some(&made.code)).await), "required");
    }
    let mut twice = Vec::new();
    for email in [BOB, CARL] {
        let made = i.invite(to(email)).await;
        twice.push((word(&sign_up(&i.t.engine, email, Some(&made.code)).await), seen(&i, &made).await));
    }
    assert_eq!(twice[0], twice[1]);
    // The owner of the address that has an account uses the place that was held for it, signed in.
    i.t.engine.remove_member_of(&root(&i).await, i.org, bob_id(&i).await).await.expect("taken out");
    i.t.clock.advance(Duration::from_secs(1));
    let later = i.invite(for_uses(1)).await;
    sign_up(&i.t.engine, BOB, Some(&later.code)).await;
    let bob = signs_in(&i.t.engine, BOB, PASSWORD).await.expect("signed in");
    let accepted = i.t.engine.accept_invitation(&by_session(&i.t.engine, &bob).await, &later.code).await;
    assert!(matches!(accepted, Ok(AcceptInvitation::Done(_))), "{accepted:?}");
    assert_eq!(i.used(later.invitation.id).await, 1);
});

async fn root(i: &Invited) -> Caller {
    by_session(&i.t.engine, &signs_in(&i.t.engine, "root", PASSWORD).await.expect("signed in")).await
}

async fn bob_id(i: &Invited) -> vestibule::AccountId {
    signs_in(&i.t.engine, BOB, PASSWORD).await.expect("signed in").account.account.id
}

db_test!(racing_sign_ups_hold_no_more_places_than_there_are, |db: TestDb| async move {
    let i = Invited::careful(&db).await;
    for round in 0..ROUNDS {
        let made = i.invite(for_uses(2)).await;
        let email = |n: usize| format!("p{round}-{n}@example.com");
        let outcomes = race(6, |n| {
            let (engine, code, email) = (i.t.engine.clone(), made.code.clone(), email(n));
            async move { sign_up(&engine, &email, Some(&code)).await }
        })
        .await;
        let sent: Vec<usize> = (0..6).filter(|n| matches!(outcomes[*n], SignUp::MailSent)).collect();
        assert_eq!(sent.len(), 2, "{outcomes:?}");
        for n in sent {
            i.verify(&email(n), Some(PASSWORD)).await.expect("signed in");
        }
        assert_eq!(i.used(made.invitation.id).await, 2);
    }
});

db_test!(no_outcome_shows_a_code, |db: TestDb| async move {
    let i = Invited::careful(&db).await;
    let made = i.invite(to(BOB)).await;
    let form = SignUpForm {
        email: BOB.into(),
        password: Some(PASSWORD.into()),
        name: None,
        invitation_code: Some(made.code.clone()),
    };
    let shown = format!("{form:?} {made:?} {:?}", i.t.engine.preview_invitation(&made.code, None).await);
    assert!(!shown.contains(made.code.expose_secret()), "{shown}");
});
