//! Invitations to organizations: what one is made of, who comes in by it, and what ends it.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use testkit::{Behaviour, TestDb, TestEngine, db_test, race};
use vestibule::{
    AcceptInvitation, AuditOutcome, Caller, Code, CreatedInvitation, Delivery, Error, InvitationEnd, InvitationId,
    InvitationState, JoinedOrganization, MailKind, MailState, NewInvitation, Obstacle, OrganizationId,
    OrganizationInvitation, OrganizationRole, PageRequest, Presenter, Timestamp, VerifyEmail, Vestibule,
};

use crate::holders::host;
use crate::organizations::{EVERYTHING, bot, id, is_conflict, log, make, members, person, put};
use crate::people::{mailed, nobody};
use crate::post_office::PostOffice;
use crate::programs::{acting, key, principal};

const TICK: Duration = Duration::from_micros(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// An organization that Ann administers, and Bob, who is in none.
pub struct Harbour {
    pub t: TestEngine,
    pub org: OrganizationId,
    pub ann: Caller,
    pub bob: Caller,
}

impl Harbour {
    pub async fn new(db: &TestDb) -> Harbour {
        let t = TestEngine::new(db).await;
        let (ann, bob) = (person(&t.engine, "ann").await, person(&t.engine, "bob").await);
        let org = make(&t.engine, &ann, "Harbour Works").await;
        Harbour { t, org, ann, bob }
    }

    pub async fn invite(&self, new: NewInvitation) -> CreatedInvitation {
        self.t.engine.create_invitation(&self.ann, self.org, new).await.expect("an admin may")
    }

    /// An invitation with nothing said.
    pub async fn code(&self) -> SecretString {
        self.invite(NewInvitation::default()).await.code
    }

    pub async fn accept(&self, who: &Caller, code: &SecretString) -> AcceptInvitation {
        self.t.engine.accept_invitation(who, code).await.expect("an answer")
    }

    /// How one stands now.
    async fn now(&self, id: InvitationId) -> OrganizationInvitation {
        let all = self.t.engine.list_invitations(&self.ann, self.org, EVERYTHING).await.expect("a list").items;
        all.into_iter().find(|one| one.id == id).expect("listed")
    }

    async fn is_in(&self, who: &Caller) -> bool {
        members(&self.t.engine, self.org).await.iter().any(|member| member.account_id == id(who))
    }
}

pub fn is_done(accepted: &AcceptInvitation) -> bool {
    matches!(accepted, AcceptInvitation::Done(_))
}

pub fn for_uses(max_uses: i64) -> NewInvitation {
    NewInvitation { max_uses: Some(max_uses), ..NewInvitation::default() }
}

fn until(end: InvitationEnd) -> NewInvitation {
    NewInvitation { end, ..NewInvitation::default() }
}

pub fn to(email: &str) -> NewInvitation {
    NewInvitation { email: Some(email.to_owned()), ..NewInvitation::default() }
}

/// Proves an address by the link that was mailed to it at sign-up, in the session of the one who signed up.
async fn verify(engine: &Vestibule, name: &str) {
    let token = mailed(engine, &format!("{name}@example.com"), MailKind::VerifyEmail).await;
    let presenter = Presenter { password: Some(crate::people::PASSWORD.into()), ..Presenter::default() };
    let verified = engine.verify_email(&nobody(), &token, presenter).await.expect("an answer");
    assert!(matches!(verified, VerifyEmail::Done(_)), "{verified:?}");
}

db_test!(an_invitation_is_a_member_for_seven_days_unless_more_is_said, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let made = h.invite(NewInvitation::default()).await;
    let one = &made.invitation;
    assert_eq!((one.role, one.max_uses, one.use_count, &one.email), (OrganizationRole::Member, None, 0, &None));
    assert_eq!(one.expires_at, Some(h.t.engine.now().plus(7 * DAY)));
    assert_eq!((made.code.expose_secret().len(), made.delivery), (8, None));
    let now = h.t.engine.now();
    for (end, length) in [
        (InvitationEnd::At(now.plus(TICK)), 8),
        (InvitationEnd::At(now.plus(7 * DAY)), 8),
        (InvitationEnd::At(now.plus(7 * DAY + TICK)), 12),
        (InvitationEnd::Never, 12),
    ] {
        assert_eq!(h.invite(until(end)).await.code.expose_secret().len(), length, "{end:?}");
    }
    let new = NewInvitation { role: OrganizationRole::Admin, max_uses: Some(2), ..NewInvitation::default() };
    let admins = h.invite(new).await;
    assert_eq!(h.now(admins.invitation.id).await, admins.invitation);
    let preview = h.t.engine.preview_invitation(&admins.code, None).await.expect("an answer").expect("known");
    assert_eq!((preview.organization_name.as_str(), preview.role), ("Harbour Works", OrganizationRole::Admin));
    assert_eq!((preview.expires_at, preview.is_valid, preview.obstacle), (Some(now.plus(7 * DAY)), true, None));
    let joined = JoinedOrganization {
        organization_id: h.org,
        organization_name: "Harbour Works".into(),
        role: OrganizationRole::Admin,
    };
    assert_eq!(h.accept(&h.bob, &admins.code).await, AcceptInvitation::Done(joined));
    assert_eq!(h.now(admins.invitation.id).await.use_count, 1);
});

db_test!(what_an_invitation_is_made_of_is_checked, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let now = h.t.engine.now();
    for (new, field, code) in [
        (until(InvitationEnd::At(now)), "expires_at", Code::ExpiryInvalid),
        (until(InvitationEnd::At(Timestamp(0))), "expires_at", Code::ExpiryInvalid),
        (for_uses(0), "max_uses", Code::FieldInvalid),
        (for_uses(-1), "max_uses", Code::FieldInvalid),
        (to("bob"), "email", Code::EmailInvalid),
        (to(""), "email", Code::EmailInvalid),
        (to("bob@example.com\r\nBcc: eve@example.com"), "email", Code::EmailInvalid),
    ] {
        let refused = h.t.engine.create_invitation(&h.ann, h.org, new.clone()).await;
        let Err(Error::Invalid(errors)) = refused else { panic!("{new:?}: {refused:?}") };
        assert_eq!((errors.0[0].field, errors.0[0].code), (field, code), "{new:?}");
    }
    assert_eq!(h.t.engine.list_invitations(&h.ann, h.org, EVERYTHING).await.expect("a list").items, []);
});

db_test!(only_admins_and_the_host_invite_list_and_call_back, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let carl = person(&h.t.engine, "carl").await;
    put(&h.t.engine, h.org, id(&carl), OrganizationRole::Member).await;
    let one = h.invite(NewInvitation::default()).await.invitation.id;
    for (who, code) in [(&carl, Some(Code::OrganizationAdminRequired)), (&h.bob, None)] {
        let tries = [
            h.t.engine.create_invitation(who, h.org, NewInvitation::default()).await.map(drop),
            h.t.engine.list_invitations(who, h.org, EVERYTHING).await.map(drop),
            h.t.engine.revoke_invitation(who, h.org, one).await,
        ];
        for tried in tries {
            match (tried, code) {
                (Err(Error::Forbidden(why)), Some(code)) => assert_eq!(why.code, code),
                (Err(Error::NotFound), None) => {}
                (other, _) => panic!("{other:?}"),
            }
        }
    }
    let refused: Vec<_> =
        log(&h.t.engine, h.org).await.into_iter().filter(|row| row.outcome == AuditOutcome::Refused).collect();
    let acts: Vec<&str> = refused.iter().map(|row| row.action.as_str()).collect();
    assert_eq!((acts.contains(&"invitation.created"), acts.contains(&"invitation.revoked")), (true, true), "{acts:?}");
    let made = h.t.engine.create_invitation(&host(), h.org, NewInvitation::default()).await.expect("the host may");
    assert_eq!((made.invitation.created_by, made.invitation.by_host), (None, true));
    assert!(is_done(&h.accept(&h.bob, &made.code).await));
    assert_eq!(h.t.engine.organization_of_invitation(one).await.expect("known"), h.org);
    h.t.engine.revoke_invitation(&host(), h.org, one).await.expect("the host may");
    let nowhere = OrganizationId("00000000-0000-7000-8000-000000000000".parse().expect("an id"));
    let refused = h.t.engine.create_invitation(&host(), nowhere, NewInvitation::default()).await;
    assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
});

db_test!(another_organizations_invitations_are_nothing, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let theirs = h.invite(NewInvitation::default()).await.invitation.id;
    let other = make(&h.t.engine, &h.bob, "Bob's own").await;
    for (org, id) in [(other, theirs), (h.org, theirs), (other, InvitationId(h.org.0))] {
        let refused = h.t.engine.revoke_invitation(&h.bob, org, id).await;
        assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    }
    assert_eq!(h.now(theirs).await.state(h.t.engine.now()), InvitationState::Live);
    assert_eq!(h.t.engine.list_invitations(&h.bob, other, EVERYTHING).await.expect("a list").items, []);
});

db_test!(a_dead_invitation_is_ended_and_an_unknown_one_is_nothing, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let (expired, used_up) = (h.code().await, h.invite(for_uses(1)).await);
    let carl = person(&h.t.engine, "carl").await;
    assert!(is_done(&h.accept(&carl, &used_up.code).await));
    assert_eq!(h.accept(&h.bob, &used_up.code).await, AcceptInvitation::Refused(Obstacle::Ended));
    assert_eq!(h.now(used_up.invitation.id).await.state(h.t.engine.now()), InvitationState::UsedUp);
    h.t.clock.advance(7 * DAY - TICK);
    assert!(h.t.engine.preview_invitation(&expired, None).await.unwrap().is_some_and(|one| one.is_valid));
    h.t.clock.advance(TICK);
    let (ann, bob) = (again(&h, "ann").await, again(&h, "bob").await);
    let h = Harbour { ann, bob, ..h };
    assert_eq!(h.accept(&h.bob, &expired).await, AcceptInvitation::Refused(Obstacle::Ended));
    let revoked = h.invite(NewInvitation::default()).await;
    h.t.engine.revoke_invitation(&h.ann, h.org, revoked.invitation.id).await.expect("called back");
    let twice = h.t.engine.revoke_invitation(&h.ann, h.org, revoked.invitation.id).await;
    assert!(matches!(twice, Err(Error::NotFound)), "{twice:?}");
    assert_eq!(h.accept(&h.bob, &revoked.code).await, AcceptInvitation::Refused(Obstacle::Ended));
    for dead in [&expired, &used_up.code, &revoked.code] {
        let preview = h.t.engine.preview_invitation(dead, Some(id(&h.bob))).await.expect("an answer").expect("known");
        assert_eq!((preview.is_valid, preview.obstacle), (false, Some(Obstacle::Ended)));
    }
    for unknown in ["", "aB3dE6gH", "aB3dE6gHiJ1k", "x", "'; DROP TABLE accounts; --"] {
        assert_eq!(h.accept(&h.bob, &unknown.into()).await, AcceptInvitation::Unknown, "{unknown}");
        assert!(h.t.engine.preview_invitation(&unknown.into(), None).await.expect("an answer").is_none());
    }
    assert!(!h.is_in(&h.bob).await);
    let states: Vec<InvitationState> =
        h.t.engine
            .list_invitations(&h.ann, h.org, EVERYTHING)
            .await
            .expect("a list")
            .items
            .iter()
            .map(|one| one.state(h.t.engine.now()))
            .collect();
    assert_eq!(states.len(), 3, "{states:?}");
});

/// The same person in a new session.
async fn again(h: &Harbour, name: &str) -> Caller {
    let email = format!("{name}@example.com");
    let signed_in = crate::people::signs_in(&h.t.engine, &email, crate::people::PASSWORD).await.expect("signed in");
    crate::programs::by_session(&h.t.engine, &signed_in).await
}

db_test!(a_code_may_be_typed_in_groups_and_its_case_counts, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let code = h.code().await.expose_secret().to_owned();
    let turned: String =
        code.chars().map(|c| if c.is_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() }).collect();
    assert_eq!(h.accept(&h.bob, &turned.into()).await, AcceptInvitation::Unknown);
    let grouped = format!(" {}-{} \n", &code[..4], &code[4..]);
    assert!(is_done(&h.accept(&h.bob, &grouped.into()).await));
});

db_test!(a_member_is_not_promoted_and_uses_nothing_up, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let admins = h.invite(NewInvitation { role: OrganizationRole::Admin, ..for_uses(1) }).await;
    assert!(is_done(&h.accept(&h.bob, &h.code().await).await));
    for _ in 0..2 {
        assert_eq!(h.accept(&h.bob, &admins.code).await, AcceptInvitation::Refused(Obstacle::AlreadyMember));
    }
    let bob = members(&h.t.engine, h.org).await.into_iter().find(|one| one.account_id == id(&h.bob)).expect("in");
    assert_eq!((bob.role, h.now(admins.invitation.id).await.use_count), (OrganizationRole::Member, 0));
});

db_test!(whoever_left_comes_back_by_the_same_one, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let made = h.invite(NewInvitation::default()).await;
    for use_count in 1..=3 {
        assert!(is_done(&h.accept(&h.bob, &made.code).await));
        assert_eq!(h.now(made.invitation.id).await.use_count, use_count);
        h.t.engine.leave_organization(&h.bob, h.org).await.expect("left");
    }
});

db_test!(whoever_was_taken_out_comes_back_by_a_later_one_alone, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let (used, other) = (h.code().await, h.code().await);
    assert!(is_done(&h.accept(&h.bob, &used).await));
    h.t.clock.advance(TICK);
    h.t.engine.remove_member_of(&h.ann, h.org, id(&h.bob)).await.expect("taken out");
    let same_moment = h.code().await;
    for earlier in [&used, &other, &same_moment] {
        assert_eq!(h.accept(&h.bob, earlier).await, AcceptInvitation::Refused(Obstacle::Ended));
    }
    let carl = person(&h.t.engine, "carl").await;
    assert!(is_done(&h.accept(&carl, &other).await), "it is good for others");
    h.t.clock.advance(TICK);
    assert!(is_done(&h.accept(&h.bob, &h.code().await).await));
});

db_test!(an_invitation_is_worth_as_much_as_its_maker, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let (carl, dora) = (person(&h.t.engine, "carl").await, person(&h.t.engine, "dora").await);
    put(&h.t.engine, h.org, id(&carl), OrganizationRole::Admin).await;
    put(&h.t.engine, h.org, id(&dora), OrganizationRole::Admin).await;
    let by_carl = h.t.engine.create_invitation(&carl, h.org, NewInvitation::default()).await.expect("an admin");
    let by_dora = h.t.engine.create_invitation(&dora, h.org, NewInvitation::default()).await.expect("an admin");
    h.t.engine.change_role(&h.ann, h.org, id(&carl), OrganizationRole::Member).await.expect("demoted");
    h.t.engine.disable_account(&host(), id(&dora)).await.expect("disabled");
    for dead in [&by_carl, &by_dora] {
        assert_eq!(h.accept(&h.bob, &dead.code).await, AcceptInvitation::Refused(Obstacle::Ended));
        assert_eq!(h.now(dead.invitation.id).await.state(h.t.engine.now()), InvitationState::MakerGone);
        assert!(!h.t.engine.preview_invitation(&dead.code, None).await.unwrap().expect("known").is_valid);
    }
    h.t.engine.delete_account(&host(), id(&dora)).await.expect("deleted");
    assert_eq!(h.accept(&h.bob, &by_dora.code).await, AcceptInvitation::Refused(Obstacle::Ended), "nor without one");
    h.t.engine.change_role(&h.ann, h.org, id(&carl), OrganizationRole::Admin).await.expect("an admin again");
    assert!(is_done(&h.accept(&h.bob, &by_carl.code).await));
});

db_test!(a_mailed_invitation_is_for_whoever_proved_that_address, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let made = h.invite(to("Bob@Example.COM")).await;
    assert_eq!(made.invitation.email.as_deref(), Some("Bob@example.com"));
    let carl = person(&h.t.engine, "carl").await;
    verify(&h.t.engine, "carl").await;
    let carl_now = again(&h, "carl").await;
    for (who, why) in [(&carl_now, "another address"), (&h.bob, "unproven")] {
        let refused = h.accept(who, &made.code).await;
        assert_eq!(refused, AcceptInvitation::Refused(Obstacle::AnotherAddress), "{why}");
        let preview = h.t.engine.preview_invitation(&made.code, Some(id(who))).await.unwrap().expect("known");
        assert_eq!((preview.is_valid, preview.obstacle), (true, Some(Obstacle::AnotherAddress)), "{why}");
        assert!(!format!("{preview:?}").to_lowercase().contains("bob"));
    }
    assert_eq!(id(&carl), id(&carl_now));
    verify(&h.t.engine, "bob").await;
    let bob = again(&h, "bob").await;
    assert!(is_done(&h.accept(&bob, &made.code).await), "another case is the same address");
});

db_test!(a_mailed_invitation_says_who_invites_to_what, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let evil = make(&h.t.engine, &h.ann, "Win at www.evil.example now").await;
    for org in [h.org, evil] {
        h.t.clock.advance(Duration::from_secs(1));
        let made = h.t.engine.create_invitation(&h.ann, org, to("carl@example.com")).await.expect("an admin may");
        assert_eq!(made.delivery, None, "nobody knows whether it arrived");
        let mail = h.t.engine.kept_mail(1).await.expect("the outbox").remove(0);
        assert_eq!((mail.row.kind, mail.row.recipient.as_str()), (MailKind::OrganizationInvite, "carl@example.com"));
        let url = format!("http://localhost:8080/invitations/{}", made.code.expose_secret());
        for part in [&mail.text, &mail.html] {
            assert_eq!((part.matches(&url).count(), part.matches("://").count()), (1, 1), "{part}");
            assert!(part.contains("ann@example.com") && !part.contains("www.evil"), "{part}");
        }
        assert_eq!((mail.text.contains("Harbour Works"), mail.row.account_id), (org == h.org, None));
        assert!(!mail.row.subject.contains("Win") && !mail.row.subject.contains(made.code.expose_secret()));
    }
    h.t.clock.advance(Duration::from_secs(1));
    h.t.engine.create_invitation(&host(), h.org, to("dora@example.com")).await.expect("the host may");
    assert!(h.t.engine.kept_mail(1).await.expect("the outbox")[0].text.contains("You are invited to join:"));
});

db_test!(calling_back_stops_a_letter_that_waits, |db: TestDb| async move {
    let mut office = PostOffice::impatient(&db).await;
    let root = acting(&office.session);
    let org = make(&office.t.engine, &root, "Harbour Works").await;
    let sent = office.t.engine.create_invitation(&root, org, to("carl@example.com")).await.expect("an admin");
    assert_eq!(sent.delivery, Some(Delivery::Sent));
    office.behave(Behaviour::AnswersMessage("451 later")).await;
    let waits = office.t.engine.create_invitation(&root, org, to("dora@example.com")).await.expect("it is made");
    assert_eq!(waits.delivery, Some(Delivery::Waiting), "a mail that fails does not fail it");
    office.t.engine.revoke_invitation(&root, org, waits.invitation.id).await.expect("called back");
    office.behave(Behaviour::Takes).await;
    office.wait(3600);
    office.deliver().await;
    let mail = office.t.engine.list_mail(PageRequest::first()).await.expect("a list").items;
    let state = |to: &str| mail.iter().find(|mail| mail.recipient == to).expect("written").state;
    assert_eq!((state("dora@example.com"), state("carl@example.com")), (MailState::Expired, MailState::Sent));
    let taken: Vec<String> = office.taken().await.into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(taken, ["carl@example.com"]);
});

db_test!(deleting_an_organization_stops_its_letters_that_wait, |db: TestDb| async move {
    let mut office = PostOffice::impatient(&db).await;
    let root = acting(&office.session);
    let [by_name, by_host, other] = [
        make(&office.t.engine, &root, "Harbour Works").await,
        make(&office.t.engine, &root, "Quay").await,
        make(&office.t.engine, &root, "Atelier").await,
    ];
    let engine = office.t.engine.clone();
    let invite = async |org, email: &str| engine.create_invitation(&root, org, to(email)).await.expect("it is made");
    assert_eq!(invite(by_name, "carl@example.com").await.delivery, Some(Delivery::Sent));
    office.behave(Behaviour::AnswersMessage("451 later")).await;
    for (org, email) in [
        (by_name, "dora@example.com"),
        (by_name, "emil@example.com"),
        (by_host, "fay@example.com"),
        (other, "gus@example.com"),
    ] {
        assert_eq!(invite(org, email).await.delivery, Some(Delivery::Waiting), "{email}");
    }
    engine.delete_organization(&root, by_name, "Harbour Works").await.expect("its name");
    engine.delete_any_organization(&host(), by_host).await.expect("the host can");
    let mail = engine.list_mail(PageRequest::first()).await.expect("a list").items;
    let state = |to: &str| mail.iter().find(|mail| mail.recipient == to).expect("written").state;
    assert_eq!(["dora", "emil", "fay"].map(|name| state(&format!("{name}@example.com"))), [MailState::Expired; 3]);
    assert_eq!((state("carl@example.com"), state("gus@example.com")), (MailState::Sent, MailState::Queued));
    office.behave(Behaviour::Takes).await;
    office.wait(3600);
    office.deliver().await;
    let taken: Vec<String> = office.taken().await.into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(taken, ["carl@example.com", "gus@example.com"]);
});

db_test!(a_letter_is_not_sent_after_its_invitation_ended, |db: TestDb| async move {
    let mut office = PostOffice::impatient(&db).await;
    let root = acting(&office.session);
    let org = make(&office.t.engine, &root, "Harbour Works").await;
    office.behave(Behaviour::AnswersMessage("451 later")).await;
    let end = InvitationEnd::At(office.t.engine.now().plus(Duration::from_secs(60)));
    let new = NewInvitation { end, ..to("carl@example.com") };
    office.t.engine.create_invitation(&root, org, new).await.expect("it is made");
    office.behave(Behaviour::Takes).await;
    office.wait(60);
    office.deliver().await;
    assert!(office.taken().await.is_empty());
});

/// Puts somebody into so many organizations more.
async fn fill(engine: &Vestibule, who: &Caller, more: usize) -> Vec<OrganizationId> {
    let mut filled = Vec::with_capacity(more);
    for n in 0..more {
        filled.push(make(engine, who, &format!("No. {n}")).await);
    }
    filled
}

db_test!(whoever_is_in_as_many_as_one_may_be_accepts_nothing_and_uses_nothing_up, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let full = fill(&h.t.engine, &h.bob, 100).await;
    let made = h.invite(for_uses(1)).await;
    let refused = h.t.engine.accept_invitation(&h.bob, &made.code).await;
    assert!(is_conflict(&refused, Code::TooManyOrganizations), "{refused:?}");
    assert_eq!((h.now(made.invitation.id).await.use_count, h.is_in(&h.bob).await), (0, false));
    let dead = h.invite(NewInvitation::default()).await;
    h.t.engine.revoke_invitation(&h.ann, h.org, dead.invitation.id).await.expect("called back");
    let ended = AcceptInvitation::Refused(Obstacle::Ended);
    assert_eq!(h.accept(&h.bob, &dead.code).await, ended, "leaving another would not help");
    h.t.engine.delete_organization(&h.bob, full[0], "No. 0").await.expect("deleted");
    assert!(is_done(&h.accept(&h.bob, &made.code).await));
    let again = h.t.engine.accept_invitation(&h.bob, &h.code().await).await.expect("an answer");
    assert_eq!(again, AcceptInvitation::Refused(Obstacle::AlreadyMember), "nor would it here");
});

db_test!(two_at_once_never_fill_one_place_that_is_left, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    fill(&h.t.engine, &h.bob, 99).await;
    let orgs = [h.org, make(&h.t.engine, &h.ann, "Quay").await];
    let nodes = [h.t.engine.clone(), h.t.second_node().await.engine.clone()];
    for round in 0..25 {
        let mut codes = Vec::new();
        for org in orgs {
            let made = h.t.engine.create_invitation(&h.ann, org, NewInvitation::default()).await;
            codes.push(made.expect("an admin may").code);
        }
        let outcomes = race(2, |n| {
            let (engine, bob, code) = (nodes[n].clone(), h.bob.clone(), codes[n].clone());
            async move { engine.accept_invitation(&bob, &code).await }
        })
        .await;
        let done = outcomes.iter().filter(|one| one.as_ref().is_ok_and(is_done)).count();
        let full = outcomes.iter().filter(|one| is_conflict(one, Code::TooManyOrganizations)).count();
        assert_eq!((done, full), (1, 1), "round {round}: {outcomes:?}");
        let won = orgs[usize::from(outcomes[1].is_ok())];
        h.t.engine.leave_organization(&h.bob, won).await.expect("for the next round");
    }
});

db_test!(a_code_that_another_invitation_has_is_drawn_again, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    // Each node draws from the beginning of the same stream of randomness, at another time, so that no id comes twice.
    let draw = async |days: u32| {
        let node = TestEngine::new(&db).await;
        node.clock.advance(DAY * days);
        let made = node.engine.create_invitation(&host(), h.org, for_uses(1)).await.expect("a code is found");
        (made.invitation.id, made.code)
    };
    let (gone, first) = draw(1).await;
    let mut tx = h.t.engine.db().write().await.expect("a transaction");
    tx.exec("DELETE FROM organization_invitations WHERE id = $1", &[&gone]).await.expect("deleted");
    tx.commit().await.expect("committed");
    let (taken, same) = draw(2).await;
    assert_eq!(same.expose_secret(), first.expose_secret(), "it is what comes first");
    let (redrawn, another) = draw(3).await;
    assert_ne!(another.expose_secret(), first.expose_secret());
    assert!(is_done(&h.accept(&h.bob, &another).await));
    assert_eq!((h.now(taken).await.use_count, h.now(redrawn).await.use_count), (0, 1), "each code opens its own");
    let carl = person(&h.t.engine, "carl").await;
    assert!(is_done(&h.accept(&carl, &same).await));
    assert_eq!(h.now(taken).await.use_count, 1);
});

db_test!(programs_and_bots_accept_nothing, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let code = h.code().await;
    let dora = crate::people::sign_up(&h.t.engine, "dora@example.com").await;
    let by_key = key(&h.t.engine, &dora, None).await;
    let by_key = principal(&h.t.engine, by_key.token.expose()).await;
    let by_key = Caller { credential: Some(by_key.credential), ..crate::people::by(&dora.account.account) };
    let crane = bot(&h.t.engine, h.org, OrganizationRole::Admin).await;
    let by_bot = nobody().acting_as(crane, "Crane".into());
    for (who, code_of) in
        [(&by_key, Code::SessionRequired), (&by_bot, Code::Unauthenticated), (&nobody(), Code::Unauthenticated)]
    {
        let refused = h.t.engine.accept_invitation(who, &code).await;
        assert!(matches!(&refused, Err(Error::Denied(code)) if *code == code_of), "{refused:?}");
    }
    let ended = Caller { credential: h.bob.credential, ..h.ann.clone() };
    let refused = h.t.engine.accept_invitation(&ended, &code).await;
    assert!(refused.is_err(), "a session of somebody else's: {refused:?}");
});

db_test!(what_is_done_and_refused_is_written_down_without_the_code, |db: TestDb| async move {
    let h = Harbour::new(&db).await;
    let made = h.invite(to("bob@example.com")).await;
    h.accept(&h.bob, &made.code).await;
    verify(&h.t.engine, "bob").await;
    let bob = again(&h, "bob").await;
    assert!(is_done(&h.accept(&bob, &made.code).await));
    h.t.engine.revoke_invitation(&h.ann, h.org, made.invitation.id).await.expect("called back");
    let rows = log(&h.t.engine, h.org).await;
    let invitation = |action: &str, outcome| {
        let row = rows.iter().find(|row| row.action == action && row.outcome == outcome);
        let row = row.unwrap_or_else(|| panic!("{action}: {rows:?}"));
        assert_eq!((row.target_kind.as_deref(), row.target_id), (Some("invitation"), Some(made.invitation.id.0)));
        row.clone()
    };
    let created = invitation("invitation.created", AuditOutcome::Done);
    assert_eq!((&created.details.0["role"], created.actor_id), (&"member".into(), Some(id(&h.ann).0)));
    let refused = invitation("invitation.accepted", AuditOutcome::Refused);
    assert_eq!(refused.details.0["reason"], "invitation_for_another_address");
    let accepted = invitation("invitation.accepted", AuditOutcome::Done);
    let details = (&accepted.details.0["invitation_id"], &accepted.details.0["role"], accepted.actor_id);
    assert_eq!(details, (&made.invitation.id.to_string().into(), &"member".into(), Some(id(&bob).0)));
    invitation("invitation.revoked", AuditOutcome::Done);
    let all = format!("{rows:?}{made:?}{:?}", h.now(made.invitation.id).await);
    assert!(!all.contains(made.code.expose_secret()), "{all}");
});
