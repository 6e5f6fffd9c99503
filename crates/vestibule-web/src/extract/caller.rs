//! Where a request comes from, for the audit log. It becomes the engine's `Caller` only by saying who asks, so that a
//! handler cannot forget to.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use vestibule::{Actor, Credential, Principal, RequestId};

use crate::app::App;
use crate::{client_ip, request};

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct Caller {
    request_id: Option<RequestId>,
    ip: Option<IpAddr>,
    user_agent: Option<String>,
}

impl Caller {
    /// The client's address, by the trusted proxies.
    pub fn ip(&self) -> Option<IpAddr> {
        self.ip
    }

    /// The caller of somebody who is not signed in.
    pub fn anonymous(self) -> vestibule::Caller {
        self.by(Actor::Anonymous, None)
    }

    /// The caller of somebody who is, and whose act counts only if what they act by lasts until then.
    pub fn acting(self, who: &Principal) -> vestibule::Caller {
        let actor = Actor::Account { id: who.account_id, label: who.label.clone() };
        self.by(actor, Some(who.credential))
    }

    fn by(self, actor: Actor, credential: Option<Credential>) -> vestibule::Caller {
        let Caller { request_id, ip, user_agent } = self;
        vestibule::Caller { actor, credential, request_id, ip, user_agent }
    }
}

impl<S> FromRequestParts<S> for Caller
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Caller, Infallible> {
        let app = App::from_ref(state);
        let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let ip = client_ip::of(&parts.extensions, &parts.headers, &app.config.trusted_proxies);
        Ok(Caller { request_id: request::id(), ip, user_agent })
    }
}
