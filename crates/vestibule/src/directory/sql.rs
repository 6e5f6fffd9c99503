//! The directory in Vestibule's own database. Each step of a registration is a transaction of its own: the invite is
//! spent when the first commits, whatever becomes of the second.

use crate::db::{Arg, Db, Tx, from_row};
use crate::directory::{
    Act, Admit, Answer, CancelInvite, Claim, ClaimInvite, Directory, DirectoryInvite, DirectoryRole, Handle,
    InviteState, KexPub, Member, MemberChange, MemberName, MemberStatus, Minted, SignPub,
};
use crate::error::{Error, Result};
use crate::id::{AccountId, DirectoryInviteId};
use crate::paging::{Page, PageRequest};
use crate::secret::Digest;
use crate::time::Timestamp;

/// The directory in a database.
#[derive(Debug)]
pub(crate) struct SqlDirectory(pub Db);

from_row!(DirectoryInvite {
    id: DirectoryInviteId, handle: Handle, role: DirectoryRole, created_at: Timestamp, created_by: Option<AccountId>,
    expires_at: Option<Timestamp>, canceled_at: Option<Timestamp>, used_at: Option<Timestamp>,
    used_sign_pub: Option<SignPub>, used_kex_pub: Option<KexPub>,
});

from_row!(Member {
    sign_pub: SignPub,
    kex_pub: KexPub,
    handle: Handle,
    role: DirectoryRole,
    status: MemberStatus,
    created_at: Timestamp,
    invite_id: DirectoryInviteId,
});

// SQLite keeps anything in a column of numbers, and reads a number off the beginning of any text. What is not written as
// the number that it is read as is none, and 0 was long ago.
macro_rules! expires_at {
    () => {
        "CASE WHEN CAST(CAST(expires_at AS BIGINT) AS TEXT) = CAST(expires_at AS TEXT)
              THEN CAST(expires_at AS BIGINT) ELSE 0 END"
    };
}

macro_rules! invite_columns {
    () => {
        concat!(
            "id, handle, role, created_at, created_by, ",
            expires_at!(),
            " AS expires_at, canceled_at, used_at, used_sign_pub, used_kex_pub"
        )
    };
}

macro_rules! member_columns {
    () => {
        "sign_pub, kex_pub, handle, role, status, created_at, invite_id"
    };
}

impl Directory for SqlDirectory {
    fn insert_invite<'a>(
        &'a self,
        invite: &'a DirectoryInvite,
        digest: &'a Digest,
        act: &'a Act,
    ) -> Answer<'a, Minted> {
        Box::pin(async move {
            let mut tx = act.begin().await?;
            invite.insert(&mut tx, digest).await?;
            act.end(tx, Minted).await
        })
    }

    fn find_invite(&self, id: DirectoryInviteId) -> Answer<'_, Option<DirectoryInvite>> {
        Box::pin(async move { DirectoryInvite::find(&mut self.0.read().await?, id).await })
    }

    fn list_invites(&self, page: PageRequest) -> Answer<'_, Page<DirectoryInvite>> {
        Box::pin(async move { DirectoryInvite::list(&mut self.0.read().await?, page).await })
    }

    fn cancel_invite<'a>(&'a self, id: DirectoryInviteId, act: &'a Act) -> Answer<'a, CancelInvite> {
        Box::pin(async move {
            let mut tx = act.begin().await?;
            let canceled = DirectoryInvite::cancel(&mut tx, id, act.now()).await?;
            act.end(tx, canceled).await
        })
    }

    fn claim_invite<'a>(&'a self, claim: &'a Claim, act: &'a Act) -> Answer<'a, ClaimInvite> {
        Box::pin(async move {
            let mut tx = act.begin().await?;
            let claimed = DirectoryInvite::claim(&mut tx, claim, act.now()).await?;
            act.end(tx, claimed).await
        })
    }

    fn admit<'a>(&'a self, member: &'a Member, act: &'a Act) -> Answer<'a, Admit> {
        Box::pin(async move {
            let mut tx = act.begin().await?;
            let admitted = if member.insert(&mut tx).await? { Admit::Done } else { Admit::Exists };
            act.end(tx, admitted).await
        })
    }

    fn find_member<'a>(&'a self, name: &'a MemberName) -> Answer<'a, Option<Member>> {
        Box::pin(async move { Member::find(&mut self.0.read().await?, name).await })
    }

    fn list_members(&self, page: PageRequest) -> Answer<'_, Page<Member>> {
        Box::pin(async move { Member::list(&mut self.0.read().await?, page).await })
    }

    fn change_member<'a>(
        &'a self,
        sign_pub: &'a SignPub,
        change: MemberChange,
        act: &'a Act,
    ) -> Answer<'a, Option<Member>> {
        Box::pin(async move {
            let mut tx = act.begin().await?;
            let changed = match change {
                MemberChange::Status(status) => Member::set_status(&mut tx, sign_pub, status).await?,
                MemberChange::Delete => Member::delete(&mut tx, sign_pub).await?,
            };
            act.end(tx, changed).await
        })
    }
}

impl DirectoryInvite {
    async fn insert(&self, tx: &mut Tx, digest: &Digest) -> Result<()> {
        let sql = "INSERT INTO directory_invites (id, digest, handle, role, created_at, created_by, expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let args: [&dyn Arg; 7] =
            [&self.id, digest, &self.handle, &self.role, &self.created_at, &self.created_by, &self.expires_at];
        tx.exec(sql, &args).await.map(drop)
    }

    async fn find(tx: &mut Tx, id: DirectoryInviteId) -> Result<Option<DirectoryInvite>> {
        let sql = concat!("SELECT ", invite_columns!(), " FROM directory_invites WHERE id = $1");
        tx.opt(sql, &[&id]).await
    }

    async fn list(tx: &mut Tx, page: PageRequest) -> Result<Page<DirectoryInvite>> {
        let after = page.after();
        let sql = concat!(
            "SELECT ",
            invite_columns!(),
            " FROM directory_invites WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3"
        );
        let rows = tx.all(sql, &[&after.created_at, &after.id, &page.fetch()]).await?;
        Ok(page.page(rows, DirectoryInvite::place))
    }

    async fn cancel(tx: &mut Tx, id: DirectoryInviteId, now: Timestamp) -> Result<CancelInvite> {
        let sql = "UPDATE directory_invites SET canceled_at = $2
                    WHERE id = $1 AND used_at IS NULL AND canceled_at IS NULL";
        if tx.exec(sql, &[&id, &now]).await? == 1 {
            return Ok(CancelInvite::Done);
        }
        Ok(match DirectoryInvite::find(tx, id).await? {
            None => CancelInvite::Unknown,
            Some(invite) if invite.used_at.is_some() => CancelInvite::Used,
            Some(_) => CancelInvite::Done,
        })
    }

    async fn claim(tx: &mut Tx, claim: &Claim, now: Timestamp) -> Result<ClaimInvite> {
        let sql = concat!(
            "UPDATE directory_invites SET used_at = $2, used_sign_pub = $3, used_kex_pub = $4
              WHERE digest = $1 AND used_at IS NULL AND canceled_at IS NULL AND ",
            expires_at!(),
            " > $2 RETURNING ",
            invite_columns!()
        );
        let args: [&dyn Arg; 4] = [&claim.digest, &now, &claim.sign_pub, &claim.kex_pub];
        if let Some(invite) = tx.opt(sql, &args).await? {
            return Ok(ClaimInvite::Done(invite));
        }
        let sql = concat!("SELECT ", invite_columns!(), " FROM directory_invites WHERE digest = $1");
        let Some(invite) = tx.opt::<DirectoryInvite>(sql, &[&claim.digest]).await? else {
            return Ok(ClaimInvite::Unknown);
        };
        match invite.state(now) {
            InviteState::Used => Ok(ClaimInvite::Used),
            InviteState::Canceled => Ok(ClaimInvite::Canceled),
            InviteState::Expired => Ok(ClaimInvite::Expired),
            InviteState::Pending => Err(Error::internal("an invite that is pending could not be claimed")),
        }
    }
}

impl Member {
    /// Makes a member; false: its key or its handle is another's.
    async fn insert(&self, tx: &mut Tx) -> Result<bool> {
        let sql = "INSERT INTO directory_members
                     (sign_pub, kex_pub, handle, handle_key, role, status, created_at, invite_id)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
        let handle_key = self.handle.key();
        let args: [&dyn Arg; 8] = [
            &self.sign_pub,
            &self.kex_pub,
            &self.handle,
            &handle_key,
            &self.role,
            &self.status,
            &self.created_at,
            &self.invite_id,
        ];
        Ok(tx.exec(sql, &args).await? == 1)
    }

    async fn find(tx: &mut Tx, name: &MemberName) -> Result<Option<Member>> {
        let by_key = concat!("SELECT ", member_columns!(), " FROM directory_members WHERE sign_pub = $1");
        let by_handle = concat!("SELECT ", member_columns!(), " FROM directory_members WHERE handle_key = $1");
        match name {
            MemberName::SignPub(key) => tx.opt(by_key, &[key]).await,
            MemberName::Handle(handle) => tx.opt(by_handle, &[&handle.key()]).await,
        }
    }

    async fn list(tx: &mut Tx, page: PageRequest) -> Result<Page<Member>> {
        let after = page.after();
        let sql = concat!(
            "SELECT ",
            member_columns!(),
            " FROM directory_members WHERE (created_at, invite_id) < ($1, $2)
              ORDER BY created_at DESC, invite_id DESC LIMIT $3"
        );
        let rows = tx.all(sql, &[&after.created_at, &after.id, &page.fetch()]).await?;
        Ok(page.page(rows, Member::place))
    }

    async fn set_status(tx: &mut Tx, sign_pub: &SignPub, status: MemberStatus) -> Result<Option<Member>> {
        let sql = concat!("UPDATE directory_members SET status = $2 WHERE sign_pub = $1 RETURNING ", member_columns!());
        tx.opt(sql, &[sign_pub, &status]).await
    }

    async fn delete(tx: &mut Tx, sign_pub: &SignPub) -> Result<Option<Member>> {
        let sql = concat!("DELETE FROM directory_members WHERE sign_pub = $1 RETURNING ", member_columns!());
        tx.opt(sql, &[sign_pub]).await
    }
}
