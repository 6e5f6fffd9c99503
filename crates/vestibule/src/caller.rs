//! Who asks, from where: what every verb is told, for the audit log and for the session it may make.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::id::{AccountId, RequestId};
use crate::principals::Credential;

/// The one who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody signed in.
    Account {
        /// Whose account.
        id: AccountId,
        /// How people know it.
        label: String,
    },
    /// Somebody at the machine's own command line.
    Host {
        /// The operating system's user.
        label: String,
    },
    /// The instance itself.
    System,
    /// Nobody we know.
    Anonymous,
}

/// Who asks, and from where.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// What an account acts by: its acts count only while that lasts.
    pub credential: Option<Credential>,
    /// The request it came with.
    pub request_id: Option<RequestId>,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

impl Caller {
    /// The instance itself.
    pub fn system() -> Caller {
        Caller { actor: Actor::System, credential: None, request_id: None, ip: None, user_agent: None }
    }

    /// Somebody at the command line.
    pub fn host(user: impl Into<String>) -> Caller {
        Caller { actor: Actor::Host { label: user.into() }, ..Caller::system() }
    }

    /// Nobody we know, from nowhere in particular.
    pub fn anonymous() -> Caller {
        Caller { actor: Actor::Anonymous, ..Caller::system() }
    }

    /// The same request, by an account.
    #[must_use]
    pub fn acting_as(&self, id: AccountId, label: String) -> Caller {
        Caller { actor: Actor::Account { id, label }, ..self.clone() }
    }

    /// By what of a program an account acts, for the audit log; none: by a session, or no account does.
    pub(crate) fn program(&self) -> Option<Value> {
        match (&self.actor, self.credential?) {
            (Actor::Account { .. }, Credential::ApiKey(key)) => Some(json!({ "api_key": key })),
            (Actor::Account { .. }, Credential::AccessToken(chain)) => Some(json!({ "access_token": chain })),
            (Actor::Account { .. }, Credential::Session(_))
            | (Actor::Host { .. } | Actor::System | Actor::Anonymous, _) => None,
        }
    }

    /// The account that asks, if one does.
    pub fn account_id(&self) -> Option<AccountId> {
        match &self.actor {
            Actor::Account { id, .. } => Some(*id),
            Actor::Host { .. } | Actor::System | Actor::Anonymous => None,
        }
    }
}
