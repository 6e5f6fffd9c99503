//! Who made whom. The two-person rule rests on it: nobody confers an explicit permission within one hand. The chain of
//! makers outlives an account in the middle of it.

use crate::accounts::Account;
use crate::db::Tx;
use crate::error::Result;
use crate::id::AccountId;

impl Account {
    /// Whether two accounts are of one hand: one made the other, perhaps by others in between, or whoever made both
    /// still has the one in hand, since nobody proved an address of it.
    pub(crate) async fn are_of_one_hand(tx: &mut Tx, one: AccountId, other: AccountId) -> Result<bool> {
        for hand in Account::hands_on(tx, one).await? {
            if hand == other || Account::made(tx, hand, other).await? || Account::made(tx, other, hand).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives whoever an account made to whoever made it. Call it before the account is deleted.
    pub(crate) async fn hand_down_made(tx: &mut Tx, id: AccountId) -> Result<()> {
        let sql = "UPDATE accounts SET created_by = (SELECT a.created_by FROM accounts a WHERE a.id = $1)
                    WHERE created_by = $1";
        tx.exec(sql, &[&id]).await.map(drop)
    }

    /// The account, and who may act as it: whoever made it, as long as no address of it was ever proven, and so on.
    async fn hands_on(tx: &mut Tx, id: AccountId) -> Result<Vec<AccountId>> {
        let sql = "WITH RECURSIVE hands (id) AS (
                       SELECT id FROM accounts WHERE id = $1
                       UNION
                       SELECT a.created_by FROM accounts a JOIN hands h ON a.id = h.id
                        WHERE a.created_by IS NOT NULL AND a.first_proven_at IS NULL)
                   SELECT id FROM hands";
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
