//! Hands: who had the way into somebody else's account, because they made it, set its password, were shown a link that
//! was used, changed its address, or took its second factor away. The two-person rule rests on it: nobody confers an
//! explicit permission within one hand. What is known of hands outlives an account in the middle of it.

use crate::accounts::Account;
use crate::db::Tx;
use crate::error::Result;
use crate::id::AccountId;
use crate::time::Timestamp;

/// How many accounts are looked at behind one: more hands in a row than anybody has.
const MAX_BEHIND: usize = 100;

impl Account {
    /// Remembers that this hand had the way into an account.
    pub(crate) async fn note_hand(
        tx: &mut Tx,
        account: AccountId,
        hand: Option<AccountId>,
        now: Timestamp,
    ) -> Result<()> {
        let Some(hand) = hand.filter(|hand| *hand != account) else { return Ok(()) };
        let sql = "INSERT INTO account_hands (account_id, hand_id, created_at) VALUES ($1, $2, $3)
                   ON CONFLICT (account_id, hand_id) DO UPDATE SET created_at = excluded.created_at";
        tx.exec(sql, &[&account, &hand, &now]).await.map(drop)
    }

    /// Takes the locks of an account and of those that it made, which [`Account::hand_down`] changes, in the order of
    /// their ids.
    pub(crate) async fn lock_with_made(tx: &mut Tx, id: AccountId) -> Result<()> {
        let sql = "SELECT id FROM accounts WHERE id = $1 OR created_by = $1 ORDER BY id";
        let all: Vec<(AccountId,)> = tx.all(sql, &[&id]).await?;
        for (id,) in all {
            Account::lock(tx, id).await?;
        }
        Ok(())
    }

    /// Gives whatever an account made or had in hand to whoever made it. Call it before the account is deleted.
    pub(crate) async fn hand_down(tx: &mut Tx, id: AccountId) -> Result<()> {
        let sql = "INSERT INTO account_hands (account_id, hand_id, created_at)
                   SELECT h.account_id, m.created_by, h.created_at FROM account_hands h JOIN accounts m ON m.id = h.hand_id
                    WHERE h.hand_id = $1 AND m.created_by IS NOT NULL AND m.created_by <> h.account_id
                   ON CONFLICT (account_id, hand_id) DO NOTHING";
        tx.exec(sql, &[&id]).await?;
        let sql = "UPDATE accounts SET created_by = (SELECT a.created_by FROM accounts a WHERE a.id = $1)
                    WHERE created_by = $1";
        tx.exec(sql, &[&id]).await.map(drop)
    }

    /// Whether two accounts are of one hand: one had the other in hand, ever; one made the other, perhaps by others in
    /// between; or whoever is behind the one is behind the other, or made it.
    pub(crate) async fn are_of_one_hand(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<bool> {
        if Account::had_in_hand(tx, one, other).await? {
            return Ok(true);
        }
        let behind_other = Account::behind(tx, other).await?;
        for hand in Account::behind(tx, one).await? {
            if behind_other.contains(&hand) || Account::made(tx, other, hand).await? {
                return Ok(true);
            }
            for made in &behind_other {
                if Account::made(tx, hand, *made).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    async fn had_in_hand(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM account_hands
                    WHERE (account_id = $1 AND hand_id = $2) OR (account_id = $2 AND hand_id = $1)";
        Ok(tx.one::<(i64,)>(sql, &[&one, &other]).await?.0 > 0)
    }

    /// The account itself, and whoever may still be able to act as it, and as them, and so on.
    async fn behind(tx: &mut Tx, id: AccountId) -> Result<Vec<AccountId>> {
        let mut behind = vec![id];
        let mut next = 0;
        while next < behind.len() && behind.len() < MAX_BEHIND {
            for hand in Account::hands_on(tx, behind[next]).await? {
                if !behind.contains(&hand) {
                    behind.push(hand);
                }
            }
            next += 1;
        }
        Ok(behind)
    }

    /// Whoever made an account, as long as nobody ever proved an address of it; and whoever had it in hand, until its
    /// owner proves one again.
    async fn hands_on(tx: &mut Tx, id: AccountId) -> Result<Vec<AccountId>> {
        let sql = "SELECT created_by FROM accounts WHERE id = $1 AND created_by IS NOT NULL AND first_proven_at IS NULL
                   UNION
                   SELECT h.hand_id FROM account_hands h JOIN accounts a ON a.id = h.account_id
                    WHERE h.account_id = $1 AND (a.email_verified_at IS NULL OR a.email_verified_at <= h.created_at)";
        let hands: Vec<(AccountId,)> = tx.all(sql, &[&id]).await?;
        Ok(hands.into_iter().map(|(id,)| id).collect())
    }

    async fn made(tx: &mut Tx, maker: AccountId, made: AccountId) -> Result<bool> {
        let sql = "WITH RECURSIVE makers (id) AS (
                       SELECT created_by FROM accounts WHERE id = $2
                       UNION
                       SELECT a.created_by FROM accounts a JOIN makers m ON a.id = m.id)
                   SELECT COUNT(*) FROM makers WHERE id = $1";
        Ok(tx.one::<(i64,)>(sql, &[&maker, &made]).await?.0 > 0)
    }
}
