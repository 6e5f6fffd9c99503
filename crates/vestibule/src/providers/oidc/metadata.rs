//! What a provider says about itself (OpenID Connect Discovery 1.0). It must say that it is the issuer we asked, letter
//! by letter, and every address in it must be one that we would ask.

use serde::Deserialize;
use url::Url;

use crate::providers::http::{Http, Trouble};

/// The parts of it that are used.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub jwks_uri: Url,
    pub userinfo_endpoint: Option<Url>,
    /// How it signs ID tokens.
    pub algorithms: Vec<String>,
    /// Whether our secret goes into the form of the token request, instead of its header.
    pub takes_secret_in_form: bool,
    /// Whether its answers say who answers (RFC 9207), so that one that does not is not its own.
    pub says_who_answers: bool,
}

/// As it is published.
#[derive(Deserialize)]
pub(crate) struct Published {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    pub(crate) fn read(published: Published, issuer: &str, http: &Http) -> Result<Metadata, Trouble> {
        if published.issuer != issuer {
            return Err(Trouble::Wrong("issuer_mismatch"));
        }
        let endpoint = |text: &str| {
            let url: Url = text.parse().map_err(|_| Trouble::Wrong("provider_address_refused"))?;
            http.check(&url).map(|()| url)
        };
        let algorithms = published.id_token_signing_alg_values_supported.unwrap_or_else(|| vec!["RS256".to_owned()]);
        let methods = published.token_endpoint_auth_methods_supported.unwrap_or_default();
        let takes = |wanted: &str| methods.iter().any(|method| method == wanted);
        Ok(Metadata {
            authorization_endpoint: endpoint(&published.authorization_endpoint)?,
            token_endpoint: endpoint(&published.token_endpoint)?,
            jwks_uri: endpoint(&published.jwks_uri)?,
            userinfo_endpoint: published.userinfo_endpoint.as_deref().map(endpoint).transpose()?,
            algorithms,
            takes_secret_in_form: takes("client_secret_post") && !takes("client_secret_basic"),
            says_who_answers: published.authorization_response_iss_parameter_supported,
        })
    }
}
