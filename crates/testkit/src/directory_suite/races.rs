//! Many at once, on two nodes: exactly one of them wins, and everybody agrees who.

use vestibule::directory::{InviteState, MemberStatus};
use vestibule::{Caller, Code, Error, Register};

use crate::{Stand, Wallet, race};

const ROUNDS: usize = 25;

/// Splits what came back into members and refusals.
fn sorted(ends: Vec<Register>) -> (usize, Vec<Code>) {
    let (mut won, mut refused) = (0, Vec::new());
    for end in ends {
        match end {
            Register::Done(_) => won += 1,
            Register::Refused(code) => refused.push(code),
        }
    }
    (won, refused)
}

/// One token, 200 wallets.
pub async fn one_token_makes_one_member_of_200(stand: &Stand) {
    let second = stand.second_node().await;
    for round in 0..ROUNDS {
        let invite = std::sync::Arc::new(stand.invite(&format!("round-{round}")).await);
        let ends = race(200, |i| {
            let engine = if i % 2 == 0 { stand.engine().clone() } else { second.engine.clone() };
            let (wallet, invite) = (stand.wallet(), invite.clone());
            async move { (wallet.sign_pub(), wallet.try_register(&engine, &invite).await.expect("an answer")) }
        })
        .await;
        let winners: Vec<_> =
            ends.iter().filter(|(_, end)| matches!(end, Register::Done(_))).map(|(key, _)| *key).collect();
        let (won, refused) = sorted(ends.into_iter().map(|(_, end)| end).collect());
        assert_eq!((won, refused.len()), (1, 199));
        assert!(refused.iter().all(|code| *code == Code::InviteUsed), "{refused:?}");
        let used = second.engine.directory_invite(invite.invite.id).await.expect("kept");
        assert_eq!(used.used_sign_pub, Some(winners[0]));
        let member = stand.engine().directory_member_by_handle(&format!("ROUND-{round}")).await.expect("there");
        assert_eq!(member.sign_pub, winners[0]);
    }
}

/// Many invites of one handle, and many invites for one key: one member each.
pub async fn a_handle_and_a_key_are_one_members(stand: &Stand) {
    let second = stand.second_node().await;
    for round in 0..ROUNDS {
        let mut invites = Vec::new();
        for i in 0..8 {
            let handle = if i % 2 == 0 { format!("handle-{round}") } else { format!("HANDLE-{round}") };
            invites.push((stand.invite(&handle).await, stand.wallet()));
        }
        let ann = stand.wallet();
        for i in 0..8 {
            invites.push((stand.invite(&format!("ann-{round}-{i}")).await, ann.clone()));
        }
        let invites = std::sync::Arc::new(invites);
        let ends = race(invites.len(), |i| {
            let engine = if i % 2 == 0 { stand.engine().clone() } else { second.engine.clone() };
            let invites = invites.clone();
            async move { invites[i].1.try_register(&engine, &invites[i].0).await.expect("an answer") }
        })
        .await;
        let (of_handle, of_key) = ends.split_at(8);
        for (of, ends) in [("handle", of_handle), ("key", of_key)] {
            let (won, refused) = sorted(ends.to_vec());
            assert_eq!((won, refused.len()), (1, 7), "{of}");
            assert!(refused.iter().all(|code| *code == Code::UserExists), "{of}: {refused:?}");
        }
        for (invite, _) in invites.iter() {
            let kept = stand.engine().directory_invite(invite.invite.id).await.expect("kept");
            assert_eq!(kept.state(stand.engine().now()), InviteState::Used, "won or not, it is spent");
        }
    }
}

/// An invite ends used or withdrawn, and both who asked hear the same.
pub async fn a_cancelation_and_a_registration_never_both_win(stand: &Stand) {
    let second = stand.second_node().await;
    for round in 0..ROUNDS {
        let invite = std::sync::Arc::new(stand.invite(&format!("round-{round}")).await);
        let wallet = stand.wallet();
        let ends = race(2, |i| {
            let (first, second, wallet, invite) =
                (stand.engine().clone(), second.engine.clone(), wallet.clone(), invite.clone());
            async move {
                if i == 0 {
                    let canceled = second.cancel_directory_invite(&Caller::host("root"), invite.invite.id).await;
                    assert!(matches!(canceled, Ok(()) | Err(Error::Conflict(Code::InviteSpent))), "{canceled:?}");
                    canceled.is_ok()
                } else {
                    let end = wallet.try_register(&first, &invite).await.expect("an answer");
                    assert!(matches!(end, Register::Done(_) | Register::Refused(Code::InviteCanceled)), "{end:?}");
                    matches!(end, Register::Done(_))
                }
            }
        })
        .await;
        assert_eq!(ends.iter().filter(|won| **won).count(), 1, "{ends:?}");
        let is_member = stand.engine().directory_member(&wallet.sign_pub().to_hex()).await.is_ok();
        assert_eq!(is_member, ends[1]);
    }
}

/// However a revocation, a return and a deletion meet: who is deleted is gone, handle and all.
pub async fn revoking_and_deleting_race_to_one_end(stand: &Stand) {
    let second = stand.second_node().await;
    for round in 0..ROUNDS {
        let (wallet, handle) = (stand.wallet(), format!("round-{round}"));
        wallet.register(stand.engine(), &stand.invite(&handle).await).await;
        let key = wallet.sign_pub().to_hex();
        let ends = race(6, |i| {
            let engine = if i % 2 == 0 { stand.engine().clone() } else { second.engine.clone() };
            let (key, host) = (key.clone(), Caller::host("root"));
            async move {
                match i {
                    0 | 1 => engine.delete_directory_member(&host, &key).await,
                    2 | 3 => engine.set_directory_status(&host, &key, MemberStatus::Revoked).await.map(drop),
                    _ => engine.set_directory_status(&host, &key, MemberStatus::Active).await.map(drop),
                }
            }
        })
        .await;
        assert_eq!(ends[..2].iter().filter(|end| end.is_ok()).count(), 1, "{ends:?}");
        assert!(ends.iter().all(|end| matches!(end, Ok(()) | Err(Error::NotFound))), "{ends:?}");
        assert!(matches!(stand.engine().directory_member(&key).await, Err(Error::NotFound)));
        Wallet::fresh(stand.engine().random()).register(stand.engine(), &stand.invite(&handle).await).await;
    }
}
