//! Everything that is refused, and what it leaves as it was.

use std::time::Duration;

use secrecy::SecretString;
use vestibule::directory::{DirectoryRole, InviteState, MemberStatus};
use vestibule::{
    AuditFilter, AuditOutcome, Caller, Code, DirectoryInviteId, Error, NewDirectoryInvite, PageRequest, Register,
    RegisterForm, Secret, SecretKind, SignUp, SignUpForm, Timestamp,
};

use crate::Stand;

const DAY: Duration = Duration::from_secs(24 * 3600);
const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

async fn refused(stand: &Stand, form: RegisterForm) -> Code {
    match stand.engine().register_in_directory(&Caller::anonymous(), form).await {
        Ok(Register::Refused(code)) => code,
        Err(Error::Invalid(errors)) => errors.0[0].code,
        other => panic!("it was not refused: {other:?}"),
    }
}

async fn state(stand: &Stand, id: DirectoryInviteId) -> InviteState {
    stand.engine().directory_invite(id).await.expect("it is kept").state(stand.engine().now())
}

/// Keys are looked at before anything is done.
pub async fn what_is_malformed_spends_nothing(stand: &Stand) {
    let (invite, ann) = (stand.invite("ann").await, stand.wallet());
    let good = ann.form(&stand.engine().issuer(), &invite.token);
    let long = format!("{}0", good.sign_pub);
    for bad in ["", "x", ZEROS, &long, &good.sign_pub[1..], &good.sign_pub.to_uppercase()] {
        let form = RegisterForm { sign_pub: bad.to_owned(), ..good.clone() };
        assert_eq!(refused(stand, form).await, Code::PublicKeyInvalid, "{bad:?}");
        let form = RegisterForm { kex_pub: bad.to_owned(), ..good.clone() };
        let is_a_key = bad.len() == 64 && bad == good.sign_pub;
        assert!(is_a_key || refused(stand, form).await == Code::PublicKeyInvalid, "{bad:?}");
    }
    let both = RegisterForm { sign_pub: ZEROS.to_owned(), kex_pub: ZEROS.to_owned(), ..good.clone() };
    match stand.engine().register_in_directory(&Caller::anonymous(), both).await {
        Err(Error::Invalid(errors)) => {
            assert_eq!(errors.0.iter().map(|error| error.field).collect::<Vec<_>>(), ["sign_pub", "kex_pub"]);
        }
        other => panic!("both are named: {other:?}"),
    }
    assert_eq!(state(stand, invite.invite.id).await, InviteState::Pending);

    let new = |handle: &str, expires_at| NewDirectoryInvite {
        handle: handle.to_owned(),
        role: DirectoryRole::Member,
        expires_at,
    };
    let (now, host) = (stand.engine().now(), Caller::host("root"));
    for (bad, code) in [
        (new("a", None), Code::HandleInvalid),
        (new("ann lee", None), Code::HandleInvalid),
        (new("ann", Some(now)), Code::ExpiryInvalid),
        (new("ann", Some(Timestamp(0))), Code::ExpiryInvalid),
    ] {
        match stand.engine().create_directory_invite(&host, bad).await {
            Err(Error::Invalid(errors)) => assert_eq!(errors.0[0].code, code),
            other => panic!("it is refused: {other:?}"),
        }
    }
    let invites = stand.engine().list_directory_invites(PageRequest::first()).await.expect("a list");
    assert_eq!(invites.items.len(), 1);
    ann.register(stand.engine(), &invite).await;
}

/// No proof, or one of anything else, is none; and it spends nothing.
pub async fn a_proof_is_of_these_keys_this_invite_and_this_instance(stand: &Stand) {
    let (url, invite, other_invite) = (stand.engine().issuer(), stand.invite("ann").await, stand.invite("bob").await);
    let (ann, bob) = (stand.wallet(), stand.wallet());
    let good = ann.form(&url, &invite.token);
    let proofs = [
        None,
        Some(String::new()),
        Some("x".to_owned()),
        good.proof.as_ref().map(|proof| proof.to_uppercase()),
        bob.form(&url, &invite.token).proof,
        ann.form(&url, &other_invite.token).proof,
        ann.form("https://other.example.com", &invite.token).proof,
        ann.form(&format!("{url}/"), &invite.token).proof,
    ];
    for proof in proofs {
        let form = RegisterForm { proof, ..good.clone() };
        assert_eq!(refused(stand, form).await, Code::ProofInvalid);
    }
    let swapped = RegisterForm { kex_pub: bob.kex_pub().to_hex(), ..good };
    assert_eq!(refused(stand, swapped).await, Code::ProofInvalid);
    assert_eq!(state(stand, invite.invite.id).await, InviteState::Pending);
    ann.register(stand.engine(), &invite).await;
}

/// Unknown, used, canceled and expired are told apart by who holds the token.
pub async fn an_invite_that_is_not_good_says_why(stand: &Stand) {
    let (engine, host) = (stand.engine(), Caller::host("root"));
    let url = engine.issuer();
    let stranger = Secret::fresh(SecretKind::DirectoryInvite, engine.random());
    assert_eq!(refused(stand, stand.wallet().form(&url, &stranger)).await, Code::NotFound);
    for text in ["", "vst_dir_x", Secret::fresh(SecretKind::Session, engine.random()).expose()] {
        let form = RegisterForm { token: text.to_owned(), ..stand.wallet().form(&url, &stranger) };
        assert_eq!(refused(stand, form).await, Code::NotFound, "{text}");
    }
    let used = stand.invite("used").await;
    stand.wallet().register(engine, &used).await;
    assert_eq!(refused(stand, stand.wallet().form(&url, &used.token)).await, Code::InviteUsed);

    let canceled = stand.invite("canceled").await;
    engine.cancel_directory_invite(&host, canceled.invite.id).await.expect("canceled");
    engine.cancel_directory_invite(&host, canceled.invite.id).await.expect("it may be canceled already");
    assert_eq!(refused(stand, stand.wallet().form(&url, &canceled.token)).await, Code::InviteCanceled);
    assert_eq!(state(stand, canceled.invite.id).await, InviteState::Canceled);

    let unknown = DirectoryInviteId::of(&stranger.digest());
    assert!(matches!(engine.cancel_directory_invite(&host, unknown).await, Err(Error::NotFound)));
    assert!(matches!(engine.directory_invite(unknown).await, Err(Error::NotFound)));
}

/// Live before the moment, dead at it.
pub async fn an_invite_is_dead_from_the_moment_it_ends(stand: &Stand) {
    let (engine, url) = (stand.engine(), stand.engine().issuer());
    let (first, second) = (stand.invite("first").await, stand.invite("second").await);
    stand.t.clock.advance(7 * DAY - Duration::from_micros(1));
    stand.wallet().register(engine, &first).await;
    stand.t.clock.advance(Duration::from_micros(1));
    assert_eq!(refused(stand, stand.wallet().form(&url, &second.token)).await, Code::InviteExpired);
    assert_eq!(state(stand, second.invite.id).await, InviteState::Expired);
    assert_eq!(state(stand, first.invite.id).await, InviteState::Used);
}

/// Never eternal, and never an error.
pub async fn an_end_that_nobody_can_read_is_over(stand: &Stand) {
    let invite = stand.invite("ann").await;
    stand.spoil(&invite).await;
    let url = stand.engine().issuer();
    assert_eq!(refused(stand, stand.wallet().form(&url, &invite.token)).await, Code::InviteExpired);
    assert_eq!(state(stand, invite.invite.id).await, InviteState::Expired);
    let listed = stand.engine().list_directory_invites(PageRequest::first()).await.expect("a list");
    assert_eq!(listed.items[0].state(stand.engine().now()), InviteState::Expired);
}

/// Whose key or handle is another's gets nothing for the invite.
pub async fn a_key_or_a_handle_that_is_registered_spends_the_invite(stand: &Stand) {
    let (engine, url) = (stand.engine(), stand.engine().issuer());
    let (ann, bob) = (stand.wallet(), stand.wallet());
    let member = ann.register(engine, &stand.invite("Ann").await).await;

    let (same_key, same_handle) = (stand.invite("somebody").await, stand.invite("aNN").await);
    assert_eq!(refused(stand, ann.form(&url, &same_key.token)).await, Code::UserExists);
    assert_eq!(refused(stand, bob.form(&url, &same_handle.token)).await, Code::UserExists);
    for invite in [&same_key, &same_handle] {
        assert_eq!(state(stand, invite.invite.id).await, InviteState::Used);
        assert_eq!(refused(stand, stand.wallet().form(&url, &invite.token)).await, Code::InviteUsed);
    }
    assert_eq!(engine.list_directory_members(PageRequest::first()).await.expect("a list").items, [member]);
    // The handle that the known key was refused is free, and so is the key that was refused a taken handle.
    let somebody = bob.register(engine, &stand.invite("somebody").await).await;
    assert_eq!(engine.directory_member_by_handle("Somebody").await.expect("there"), somebody);
}

/// What an invite was used for stays on it.
pub async fn a_used_invite_cannot_be_canceled_and_says_by_whom(stand: &Stand) {
    let (engine, ann, invite) = (stand.engine(), stand.wallet(), stand.invite("ann").await);
    ann.register(engine, &invite).await;
    let before = engine.directory_invite(invite.invite.id).await.expect("it is kept");
    let canceled = engine.cancel_directory_invite(&Caller::host("root"), invite.invite.id).await;
    assert!(matches!(canceled, Err(Error::Conflict(Code::InviteSpent))), "{canceled:?}");
    let after = engine.directory_invite(invite.invite.id).await.expect("it is kept");
    assert_eq!(after, before);
    assert_eq!((after.used_sign_pub, after.canceled_at), (Some(ann.sign_pub()), None));
}

/// Permissions stand before every change.
pub async fn only_who_may_changes_the_directory(stand: &Stand) {
    let engine = stand.engine();
    let form = SignUpForm {
        email: "mallory@example.com".to_owned(),
        password: Some(SecretString::from("harbour-moss-Kettle-9")),
        name: None,
        invitation_code: None,
    };
    let SignUp::Done(signed_in) = engine.sign_up(&Caller::anonymous(), form).await.expect("sign-up is open") else {
        panic!("she is not signed up")
    };
    let mallory = Caller::anonymous().acting_as(signed_in.account.account.id, "mallory".to_owned());
    let (ann, invite) = (stand.wallet(), stand.invite("pending").await);
    let member = ann.register(engine, &stand.invite("ann").await).await;
    let key = ann.sign_pub().to_hex();
    for nobody in [mallory, Caller::anonymous()] {
        let new = NewDirectoryInvite { handle: "mallory".to_owned(), role: DirectoryRole::Admin, expires_at: None };
        let tried = [
            engine.create_directory_invite(&nobody, new).await.map(drop),
            engine.cancel_directory_invite(&nobody, invite.invite.id).await,
            engine.set_directory_status(&nobody, &key, MemberStatus::Revoked).await.map(drop),
            engine.delete_directory_member(&nobody, &key).await,
        ];
        for refused in tried {
            assert!(matches!(refused, Err(Error::Forbidden(_) | Error::Denied(_))), "{refused:?}");
        }
    }
    let refused = AuditFilter { outcome: Some(AuditOutcome::Refused), ..AuditFilter::default() };
    let rows = engine.list_audit(&refused, PageRequest::parse(Some("100"), None).expect("a page")).await;
    let mut told: Vec<_> = rows
        .expect("the log")
        .items
        .into_iter()
        .map(|row| (row.action, row.target_label.unwrap_or_default()))
        .collect();
    told.sort();
    let each = [
        ("directory_invite.canceled", "pending"),
        ("directory_invite.created", ""),
        ("directory_member.deleted", "ann"),
        ("directory_member.revoked", "ann"),
    ];
    let expected: Vec<_> = each.into_iter().flat_map(|(act, on)| vec![(act.to_owned(), on.to_owned()); 2]).collect();
    assert_eq!(told, expected, "by each of the two, with what it was tried on");
    assert_eq!(engine.directory_member(&key).await.expect("she is as she was"), member);
    assert_eq!(state(stand, invite.invite.id).await, InviteState::Pending);
    assert_eq!(engine.list_directory_invites(PageRequest::first()).await.expect("a list").items.len(), 2);
}
