//! What an invite is handed over as: the link of it, `<public_url>/directory/join#<token>`, or its token alone beside the
//! address. The token stands behind the `#`, so a browser that opens the link tells no server.

use url::{Host, Url};
use vestibule::{Secret, SecretKind};

use crate::failure::Usage;

const PATH: &str = "/directory/join";

/// An invite, and where it is good.
#[derive(Debug)]
pub struct Invite {
    /// The public URL of the instance, as its settings have it.
    pub url: String,
    /// What it is claimed with.
    pub token: Secret,
}

impl Invite {
    /// Reads a link, or a token whose instance is at `url`.
    pub fn parse(text: &str, url: Option<&str>) -> Result<Invite, Usage> {
        let (url, token) = match (text.split_once('#'), url) {
            (Some((page, token)), None) => (page.strip_suffix(PATH).ok_or_else(not_a_link)?, token),
            (None, Some(url)) => (url.trim_end_matches('/'), text),
            (Some(_), Some(_)) => return Err(Usage("a link says where it is good: leave out --url".to_owned())),
            (None, None) => return Err(not_a_link()),
        };
        check(url)?;
        let mistyped = || Usage("that is no invite, or not all of it: copy it once more".to_owned());
        let token = Secret::parse(SecretKind::DirectoryInvite, token).ok_or_else(mistyped)?;
        Ok(Invite { url: url.to_owned(), token })
    }
}

fn not_a_link() -> Usage {
    Usage(
        "an invite is a link such as https://id.example.com/directory/join#vst_dir_…, or its token beside --url"
            .to_owned(),
    )
}

/// Refuses an address at which anybody on the way could read what is sent.
fn check(url: &str) -> Result<(), Usage> {
    let parsed = Url::parse(url).map_err(|why| Usage(format!("the address of the directory: {why}")))?;
    match (parsed.scheme(), parsed.host()) {
        ("https", Some(_)) => Ok(()),
        ("http", Some(Host::Domain("localhost"))) => Ok(()),
        ("http", Some(Host::Ipv4(ip))) if ip.is_loopback() => Ok(()),
        ("http", Some(Host::Ipv6(ip))) if ip.is_loopback() => Ok(()),
        (_, _) => Err(Usage("the address of the directory must be https; http is for this machine alone".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use vestibule::Random;
    use vestibule::directory::invite_link;

    use super::*;

    fn token() -> String {
        Secret::fresh(SecretKind::DirectoryInvite, &Random::seeded(7)).expose().to_owned()
    }

    fn refusal(text: &str, url: Option<&str>) -> String {
        Invite::parse(text, url).expect_err(text).0
    }

    #[test]
    fn a_link_says_where_it_is_good() {
        for url in ["https://id.example.com", "https://example.com/id", "http://127.0.0.1:3000", "http://[::1]:3000"] {
            let token = Secret::fresh(SecretKind::DirectoryInvite, &Random::seeded(7));
            let invite = Invite::parse(invite_link(url, &token).expose_secret(), None).expect(url);
            assert_eq!((invite.url.as_str(), invite.token.expose()), (url, token.expose()));
        }
        let invite = Invite::parse(&token(), Some("http://localhost:3000/")).expect("a token and an address");
        assert_eq!(invite.url, "http://localhost:3000");
    }

    #[test]
    fn what_is_no_invite_is_refused_before_anything_is_sent() {
        let link = |url: &str| format!("{url}/directory/join#{}", token());
        assert!(refusal(&token(), None).starts_with("an invite is a link"));
        assert!(refusal("https://id.example.com/directory/join", None).starts_with("an invite is a link"));
        assert!(
            refusal(&format!("https://id.example.com/elsewhere#{}", token()), None).starts_with("an invite is a link")
        );
        assert!(refusal(&link("https://id.example.com"), Some("https://other.example.com")).contains("--url"));
        for url in ["http://id.example.com", "http://10.0.0.1", "http://localhost.example.com", "ftp://127.0.0.1"] {
            assert!(refusal(&link(url), None).contains("must be https"), "{url}");
        }
        let mut mistyped = link("https://id.example.com");
        mistyped.pop();
        assert!(refusal(&mistyped, None).contains("not all of it"));
        let session = Secret::fresh(SecretKind::Session, &Random::seeded(7));
        assert!(
            refusal(&format!("https://id.example.com/directory/join#{}", session.expose()), None).contains("no invite")
        );
    }
}
