//! What the log says afterwards: the same on every store.

use std::time::Duration;

use vestibule::directory::MemberStatus;
use vestibule::{AuditFilter, AuditOutcome, Caller, PageRequest};

use crate::Stand;

/// Each act has one row, done or refused, with the handle as what it was done to.
pub async fn every_act_is_in_the_log_with_its_outcome(stand: &Stand) {
    let (engine, host, ann) = (stand.engine(), Caller::host("root"), stand.wallet());
    let key = ann.sign_pub().to_hex();
    ann.register(engine, &stand.invite("ann").await).await;
    let second = stand.invite("second").await;
    ann.try_register(engine, &second).await.expect("an answer"); // its key exists
    ann.try_register(engine, &second).await.expect("an answer"); // it is used
    engine.cancel_directory_invite(&host, second.invite.id).await.expect_err("it is used");
    engine.cancel_directory_invite(&host, stand.invite("third").await.invite.id).await.expect("it is canceled");
    ann.sign_in(engine).await.expect("she is a member");
    engine.set_directory_status(&host, &key, MemberStatus::Revoked).await.expect("revoked");
    assert!(ann.sign_in(engine).await.is_none());
    engine.set_directory_status(&host, &key, MemberStatus::Active).await.expect("back");
    engine.delete_directory_member(&host, &key).await.expect("deleted");

    let page = PageRequest::parse(Some("100"), None).expect("a page");
    let rows = engine.list_audit(&AuditFilter::default(), page).await.expect("the log").items;
    let mut told: Vec<_> = rows
        .iter()
        .filter(|row| row.action.starts_with("directory_"))
        .map(|row| {
            let reason = row.details.0["reason"].as_str().unwrap_or_default().to_owned();
            (row.action.as_str(), row.target_label.as_deref().unwrap_or_default(), row.outcome, reason)
        })
        .collect();
    told.sort_by_key(|(action, label, outcome, reason)| (*action, *label, outcome.as_str(), reason.clone()));
    let (done, refused) = (AuditOutcome::Done, AuditOutcome::Refused);
    let expected = [
        ("directory_invite.canceled", "second", refused, "invite_spent"),
        ("directory_invite.canceled", "third", done, ""),
        ("directory_invite.created", "ann", done, ""),
        ("directory_invite.created", "second", done, ""),
        ("directory_invite.created", "third", done, ""),
        ("directory_invite.used", "ann", done, ""),
        ("directory_invite.used", "second", done, ""),
        ("directory_invite.used", "second", refused, "invite_used"),
        ("directory_member.activated", "ann", done, ""),
        ("directory_member.deleted", "ann", done, ""),
        ("directory_member.registered", "ann", done, ""),
        ("directory_member.registered", "second", refused, "user_exists"),
        ("directory_member.revoked", "ann", done, ""),
        ("directory_member.signed_in", "ann", done, ""),
        ("directory_member.signed_in", "ann", refused, "revoked"),
    ];
    let expected = expected.map(|(action, label, outcome, reason)| (action, label, outcome, reason.to_owned()));
    assert_eq!(told, expected);
    let unknown = AuditFilter { outcome: Some(AuditOutcome::Unknown), ..AuditFilter::default() };
    assert!(engine.list_audit(&unknown, page).await.expect("the log").items.is_empty());
}

/// Whoever hangs up, at whatever moment, leaves no act without its outcome in the log.
pub async fn an_act_has_its_outcome_in_the_log_though_its_caller_left(stand: &Stand) {
    let (engine, host) = (stand.engine(), Caller::host("root"));
    for pauses in 0..12 {
        let ann = stand.wallet();
        let member = ann.register(engine, &stand.invite(&format!("leaver-{pauses}")).await).await;
        let key = member.sign_pub.to_hex();
        let mut asked = Box::pin(engine.delete_directory_member(&host, &key));
        for _ in 0..pauses {
            if tokio::time::timeout(Duration::from_micros(300), &mut asked).await.is_ok() {
                break;
            }
        }
        drop(asked);
        // Either nothing has begun, or soon it is done and the log says so.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let filter = AuditFilter { action: Some("directory_member.deleted".to_owned()), ..AuditFilter::default() };
        let row = async || {
            let page = PageRequest::parse(Some("100"), None).expect("a page");
            let rows = engine.list_audit(&filter, page).await.expect("the log").items;
            rows.into_iter().find(|row| row.target_label.as_deref() == Some(member.handle.as_str()))
        };
        for _ in 0..1000 {
            if row().await.is_none_or(|row| row.outcome != AuditOutcome::Unknown) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let (row, is_gone) = (row().await.map(|row| row.outcome), engine.directory_member(&key).await.is_err());
        assert_eq!(row, is_gone.then_some(AuditOutcome::Done), "after {pauses} pauses");
    }
}
