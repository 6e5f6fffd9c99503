//! The list of servers in the settings, taken apart: where they are, who we are to them, and whether everything must be
//! encrypted. The client reads no user out of a URL, so it is done here; what may be a secret is in no message.

use async_nats::{ConnectOptions, ServerAddr};
use vestibule::{Error, Result};

const TLS: &str = "tls";
const SCHEMES: [&str; 2] = ["nats", TLS];

/// The servers of a list.
pub(crate) struct Servers {
    /// Where they are, without users and passwords.
    pub addresses: Vec<ServerAddr>,
    login: Login,
    require_tls: bool,
}

/// Who we are to the servers.
#[derive(PartialEq, Eq)]
enum Login {
    Nobody,
    Token(String),
    User { name: String, password: String },
}

impl Servers {
    /// Reads `nats://` or `tls://` URLs with commas between. All of them must agree about everything but the place, since
    /// any server of a cluster may be the next to connect to, those that the list does not name as well.
    pub(crate) fn parse(list: &str) -> Result<Servers> {
        let mut servers: Option<Servers> = None;
        for text in list.split(',') {
            let (address, login) = server(text.trim())?;
            let require_tls = address.scheme() == TLS;
            match &mut servers {
                None => servers = Some(Servers { addresses: vec![address], login, require_tls }),
                Some(servers) if servers.login != login => {
                    return Err(refused("its servers must all have the same user and password, or token"));
                }
                Some(servers) if servers.require_tls != require_tls => {
                    return Err(refused("its servers must all be tls://… or all be nats://…"));
                }
                Some(servers) => servers.addresses.push(address),
            }
        }
        servers.ok_or_else(unreadable)
    }

    /// Whether the servers are told who we are.
    pub(crate) fn has_login(&self) -> bool {
        self.login != Login::Nobody
    }

    /// What a connection to them must say and ask for.
    pub(crate) fn options(&self) -> ConnectOptions {
        let options = ConnectOptions::new().require_tls(self.require_tls);
        match &self.login {
            Login::Nobody => options,
            Login::Token(token) => options.token(token.clone()),
            Login::User { name, password } => options.user_and_password(name.clone(), password.clone()),
        }
    }
}

/// One server, and who we are to it.
fn server(text: &str) -> Result<(ServerAddr, Login)> {
    if !SCHEMES.iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| rest.starts_with("://"))) {
        return Err(unreadable());
    }
    let address: ServerAddr = text.parse().map_err(|_| unreadable())?;
    let login = match (address.username(), address.password()) {
        (None, None) => Login::Nobody,
        (None, Some(_)) => return Err(refused("a password needs a user before it, as in nats://user:password@…")),
        (Some(token), None) => Login::Token(decoded(token)?),
        (Some(name), Some(password)) => Login::User { name: decoded(name)?, password: decoded(password)? },
    };
    let mut url = address.into_inner();
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(refused("nothing may come after the port; in a password write / ? # @ , as %2F %3F %23 %40 %2C"));
    }
    let is_bare = url.set_username("").is_ok() && url.set_password(None).is_ok();
    let address = ServerAddr::from_url(url).ok().filter(|address| is_bare && !address.host().is_empty());
    Ok((address.ok_or_else(unreadable)?, login))
}

/// What is meant by a part of a URL: `%2F` is a slash.
fn decoded(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = code.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).map_err(|_| refused("its user and password must be UTF-8"))
}

fn unreadable() -> Error {
    refused("must be nats://… or tls://…, several with commas between")
}

fn refused(why: &str) -> Error {
    Error::Setup(format!("directory.nats_url: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &str) -> (Vec<String>, Login, bool) {
        let servers = Servers::parse(list).expect("it can be read");
        (servers.addresses.iter().map(|one| one.as_url_str().to_owned()).collect(), servers.login, servers.require_tls)
    }

    fn why(list: &str) -> String {
        match Servers::parse(list) {
            Err(Error::Setup(why)) => why,
            Err(why) => panic!("{why:?}"),
            Ok(_) => panic!("{list} must be refused"),
        }
    }

    #[test]
    fn a_list_says_where_and_who() {
        let user = |name: &str, password: &str| Login::User { name: name.to_owned(), password: password.to_owned() };
        for (list, addresses, login, require_tls) in [
            ("nats://a", &["nats://a"][..], Login::Nobody, false),
            ("nats://a:4222, nats://[::1]:4333/", &["nats://a:4222", "nats://[::1]:4333/"], Login::Nobody, false),
            ("tls://t%2Fk@a", &["tls://a"], Login::Token("t/k".to_owned()), true),
            (
                "nats://ann:p%40s%2cs%25@a,nats://ann:p%40s%2Cs%25@b",
                &["nats://a", "nats://b"],
                user("ann", "p@s,s%"),
                false,
            ),
            ("nats://an%C3%A9:100%@a", &["nats://a"], user("ané", "100%"), false),
            ("nats://ann:50%+5@a", &["nats://a"], user("ann", "50%+5"), false),
        ] {
            let read = read(list);
            assert_eq!(
                (read.0, read.2),
                (addresses.iter().map(|one| (*one).to_owned()).collect(), require_tls),
                "{list}"
            );
            assert!(read.1 == login, "{list}");
        }
    }

    #[test]
    fn a_list_that_cannot_be_meant_is_refused_without_its_secrets() {
        for (list, part) in [
            ("", "must be nats://"),
            ("nats://a,", "must be nats://"),
            ("http://a", "must be nats://"),
            ("ws://a", "must be nats://"),
            ("nats://", "must be nats://"),
            ("nats://ann:hunter2", "must be nats://"),
            ("nats://ann:hun,ter2@a", "must be nats://"),
            ("nats://ann:hunter2@a,nats://ann:hunter3@b", "same user and password"),
            ("nats://ann:hunter2@a,nats://b", "same user and password"),
            ("nats://a,tls://b", "all be tls://"),
            ("nats://:hunter2@a", "needs a user"),
            ("nats://ann:12/hunter2@a", "nothing may come after the port"),
            ("nats://ann:12?hunter2@a", "nothing may come after the port"),
            ("nats://ann:12#hunter2@a", "nothing may come after the port"),
            ("nats://ann:hunter2%ff@a", "UTF-8"),
        ] {
            let why = why(list);
            assert!(why.starts_with("directory.nats_url: ") && why.contains(part), "{list}: {why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
