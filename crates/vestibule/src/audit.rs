//! The audit log: every act, and every refusal that matters, in the transaction of the act itself.
//! Rows outlive what they speak of: they carry labels beside ids and no foreign keys. Actions are `object.verb`
//! in the past tense; what was refused carries the same name with the outcome `refused`.

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::accounts::Account;
use crate::caller::{Actor, Caller};
use crate::db::{Arg, Json, Tx, built, from_row, text_enum};
use crate::directory::{DirectoryInvite, Member};
use crate::engine::Vestibule;
use crate::error::Result;
use crate::id::{AccountId, AuditId, GroupId, MailId, OrganizationId, PermissionId, RequestId};
use crate::organization_invitations::OrganizationInvitation;
use crate::paging::{Cursor, Page, PageRequest};
use crate::random::Random;
use crate::time::Timestamp;

text_enum! {
    /// What kind of actor acted.
    ActorKind {
        /// Somebody signed in.
        Account = "account",
        /// Somebody at the machine's command line.
        Host = "host",
        /// The instance itself.
        System = "system",
        /// Nobody we know.
        Anonymous = "anonymous",
    }
}

text_enum! {
    /// How it ended.
    AuditOutcome {
        /// It was done.
        Done = "done",
        /// It was refused, and changed nothing.
        Refused = "refused",
        /// Nobody knows: it was asked for, and no answer came.
        Unknown = "unknown",
    }
}

/// How a row ended, or that nobody knows.
const OUTCOME: &str =
    "CASE WHEN EXISTS (SELECT 1 FROM audit_unsettled u WHERE u.audit_id = audit.id) THEN 'unknown' ELSE outcome END";

/// One row of the log.
#[derive(Clone, Debug, Serialize)]
pub struct AuditRow {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub created_at: Timestamp,
    /// What kind of actor.
    pub actor_kind: ActorKind,
    /// Which account, if one acted.
    pub actor_id: Option<Uuid>,
    /// How people knew the actor then.
    pub actor_label: String,
    /// What was done: `object.verb`.
    pub action: String,
    /// What kind of thing it was done to.
    pub target_kind: Option<String>,
    /// Which one.
    pub target_id: Option<Uuid>,
    /// How people knew it then.
    pub target_label: Option<String>,
    /// In which organization; none: in none.
    pub organization_id: Option<OrganizationId>,
    /// What changed, or why not.
    #[serde(serialize_with = "bare")]
    pub details: Json<Value>,
    /// The request it came with.
    pub request_id: Option<RequestId>,
    /// The client's address.
    pub ip: Option<String>,
    /// How it ended.
    pub outcome: AuditOutcome,
}

/// Which rows of the log are wanted; what is absent does not narrow.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// By this account.
    pub actor: Option<AccountId>,
    /// Done to this.
    pub target: Option<Uuid>,
    /// In this organization.
    pub organization: Option<OrganizationId>,
    /// By this account or done to it.
    pub about: Option<AccountId>,
    /// This action exactly.
    pub action: Option<String>,
    /// Ended so.
    pub outcome: Option<AuditOutcome>,
}

/// An entry before it is written.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    action: &'static str,
    target: Option<(&'static str, Option<Uuid>, String)>,
    organization: Option<OrganizationId>,
    details: Value,
    outcome: AuditOutcome,
}

from_row!(AuditRow {
    id: AuditId, created_at: Timestamp, actor_kind: ActorKind, actor_id: Option<Uuid>, actor_label: String,
    action: String, target_kind: Option<String>, target_id: Option<Uuid>, target_label: Option<String>,
    organization_id: Option<OrganizationId>, details: Json<Value>, request_id: Option<RequestId>, ip: Option<String>, outcome: AuditOutcome,
});

impl Entry {
    /// Something was done.
    pub(crate) fn done(action: &'static str) -> Entry {
        Entry { action, target: None, organization: None, details: json!({}), outcome: AuditOutcome::Done }
    }

    /// Something was refused.
    pub(crate) fn refused(action: &'static str, why: &'static str) -> Entry {
        Entry { details: json!({ "reason": why }), outcome: AuditOutcome::Refused, ..Entry::done(action) }
    }

    /// In this organization.
    pub(crate) fn in_organization(mut self, organization: OrganizationId) -> Entry {
        self.organization = Some(organization);
        self
    }

    /// To this organization, and in it.
    pub(crate) fn on_organization(self, organization: OrganizationId, name: &str) -> Entry {
        self.at_organization(organization, name).in_organization(organization)
    }

    /// To this organization, whose own log does not hear of it.
    pub(crate) fn at_organization(mut self, organization: OrganizationId, name: &str) -> Entry {
        self.target = Some(("organization", Some(organization.0), name.to_owned()));
        self
    }

    /// To this account.
    pub(crate) fn on(mut self, account: &Account) -> Entry {
        self.target = Some(("account", Some(account.id.0), account.label()));
        self
    }

    /// To the account of this id, known by this label.
    pub(crate) fn on_known(mut self, account: AccountId, label: &str) -> Entry {
        self.target = Some(("account", Some(account.0), label.to_owned()));
        self
    }

    /// To this group.
    pub(crate) fn on_group(mut self, group: GroupId, slug: &str) -> Entry {
        self.target = Some(("group", Some(group.0), slug.to_owned()));
        self
    }

    /// To this permission of the catalogue.
    pub(crate) fn on_permission(mut self, permission: PermissionId, name: &str) -> Entry {
        self.target = Some(("permission", Some(permission.0), name.to_owned()));
        self
    }

    /// To this invitation to an organization, known by whom it is for, or by the role that it gives.
    pub(crate) fn on_invitation(mut self, invitation: &OrganizationInvitation) -> Entry {
        let label = invitation.email.clone().unwrap_or_else(|| invitation.role.as_str().to_owned());
        self.target = Some(("invitation", Some(invitation.id.0), label));
        self.in_organization(invitation.organization_id)
    }

    /// To this mail, known by whom it is for.
    pub(crate) fn on_mail(mut self, mail: MailId, recipient: &str) -> Entry {
        self.target = Some(("mail", Some(mail.0), recipient.to_owned()));
        self
    }

    /// To this member of the directory.
    pub(crate) fn on_member(mut self, member: &Member) -> Entry {
        self.target = Some(("directory_member", Some(member.invite_id.0), member.handle.to_string()));
        self
    }

    /// To this invite to the directory.
    pub(crate) fn on_directory_invite(mut self, invite: &DirectoryInvite) -> Entry {
        self.target = Some(("directory_invite", Some(invite.id.0), invite.handle.to_string()));
        self
    }

    /// With these details, an object.
    pub(crate) fn with(mut self, details: Value) -> Entry {
        self.details = details;
        self
    }

    /// Writes it in the transaction of the act it speaks of, where there is no instance yet.
    pub(crate) async fn insert(self, tx: &mut Tx, caller: &Caller, source: (Timestamp, &Random)) -> Result<()> {
        self.into_row(caller, source).insert(tx).await
    }

    /// The row that it becomes.
    pub(crate) fn into_row(self, caller: &Caller, (now, random): (Timestamp, &Random)) -> AuditRow {
        let (actor_kind, actor_id, actor_label) = match &caller.actor {
            Actor::Account { id, label } => (ActorKind::Account, Some(id.0), label.as_str()),
            Actor::Host { label } => (ActorKind::Host, None, label.as_str()),
            Actor::System => (ActorKind::System, None, "system"),
            Actor::Anonymous => (ActorKind::Anonymous, None, "anonymous"),
        };
        let (target_kind, target_id, target_label) = match self.target {
            Some((kind, id, label)) => (Some(kind.to_owned()), id, Some(label)),
            None => (None, None, None),
        };
        let mut details = self.details;
        if let (Some(by), Value::Object(details)) = (caller.program(), &mut details) {
            details.insert("by".to_owned(), by);
        }
        AuditRow {
            id: AuditId::fresh(now, random),
            created_at: now,
            actor_kind,
            actor_id,
            actor_label: actor_label.to_owned(),
            action: self.action.to_owned(),
            target_kind,
            target_id,
            target_label,
            organization_id: self.organization,
            details: Json(details),
            request_id: caller.request_id,
            ip: caller.ip.map(|ip| ip.to_string()),
            outcome: self.outcome,
        }
    }
}

impl AuditRow {
    /// A page of the log, newest first. Only the conditions that are asked for are in the statement, so that each is
    /// answered from its index; what is by an account or done to it is two such questions.
    pub(crate) async fn list(tx: &mut Tx, filter: &AuditFilter, page: PageRequest) -> Result<Page<AuditRow>> {
        let (after, fetch, outcome) = (page.after(), page.fetch(), filter.outcome.map(AuditOutcome::as_str));
        let mut args: Vec<&dyn Arg> = vec![&after.created_at, &after.id, &fetch];
        let mut conditions = vec!["(created_at, id) < ($1, $2)".to_owned()];
        let wanted: [(&str, Option<&dyn Arg>); 5] = [
            ("organization_id", filter.organization.as_ref().map(|organization| organization as &dyn Arg)),
            ("actor_id", filter.actor.as_ref().map(|actor| actor as &dyn Arg)),
            ("target_id", filter.target.as_ref().map(|target| target as &dyn Arg)),
            ("action", filter.action.as_ref().map(|action| action as &dyn Arg)),
            (OUTCOME, outcome.as_ref().map(|outcome| outcome as &dyn Arg)),
        ];
        for (column, value) in wanted {
            if let Some(value) = value {
                args.push(value);
                conditions.push(format!("{column} = ${}", args.len()));
            }
        }
        let mut sql = select(&conditions);
        if let Some(about) = &filter.about {
            args.push(about);
            let (mut by, mut on) = (conditions.clone(), conditions);
            by.push(format!("actor_id = ${}", args.len()));
            on.push(format!("target_id = ${}", args.len()));
            sql = format!(
                "SELECT * FROM ({}) AS done_by UNION SELECT * FROM ({}) AS done_to
                  ORDER BY created_at DESC, id DESC LIMIT $3",
                select(&by),
                select(&on)
            );
        }
        let rows = tx.all(built(sql), &args).await?;
        Ok(page.page(rows, |row: &AuditRow| Cursor { created_at: row.created_at, id: row.id.0 }))
    }

    /// As a person may see it: without where somebody else acted from.
    pub fn seen_by(self, me: AccountId) -> AuditRow {
        let is_own = self.actor_id == Some(me.0) || self.actor_kind == ActorKind::Anonymous;
        if is_own { self } else { AuditRow { ip: None, request_id: None, ..self } }
    }

    /// As an admin of an organization may see a row of its log: without where anybody else acted from.
    pub(crate) fn seen_by_admin(self, me: AccountId) -> AuditRow {
        match self.actor_id == Some(me.0) {
            true => self,
            false => AuditRow { ip: None, request_id: None, ..self },
        }
    }

    pub(crate) async fn insert(&self, tx: &mut Tx) -> Result<()> {
        let sql =
            "INSERT INTO audit (id, created_at, actor_kind, actor_id, actor_label, action, target_kind, target_id,
                                      target_label, organization_id, details, request_id, ip, outcome)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        let args: [&dyn Arg; 14] = [
            &self.id,
            &self.created_at,
            &self.actor_kind,
            &self.actor_id,
            &self.actor_label,
            &self.action,
            &self.target_kind,
            &self.target_id,
            &self.target_label,
            &self.organization_id,
            &self.details,
            &self.request_id,
            &self.ip,
            &self.outcome,
        ];
        tx.exec(sql, &args).await.map(drop)
    }
}

impl Vestibule {
    /// Writes an entry in the transaction of the act it speaks of.
    pub(crate) async fn audit(&self, tx: &mut Tx, caller: &Caller, entry: Entry) -> Result<()> {
        entry.insert(tx, caller, (self.now(), self.random())).await
    }
}

fn select(conditions: &[String]) -> String {
    format!(
        "SELECT id, created_at, actor_kind, actor_id, actor_label, action, target_kind, target_id, target_label,
                organization_id, details, request_id, ip, {OUTCOME} AS outcome
           FROM audit WHERE {} ORDER BY created_at DESC, id DESC LIMIT $3",
        conditions.join(" AND ")
    )
}

fn bare<S: serde::Serializer>(details: &Json<Value>, serializer: S) -> Result<S::Ok, S::Error> {
    details.0.serialize(serializer)
}
