//! A line to the mail server, step by step, so that it is known how far a mail came: until its data begins, a failure
//! is certain to have left no copy; after that only the server's own refusal is.

use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{Error, response::Response};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::letter::Envelope;
use super::replies::quote;
use super::{Security, SmtpConfig};

/// How long a server is waited for that we are leaving.
const FAREWELL: Duration = Duration::from_secs(1);

/// A line to the server, ready for mail.
pub(crate) struct Connection {
    line: AsyncSmtpConnection,
    server: String,
    timeout: Duration,
}

/// Why a mail did not go, in a sentence for an administrator, and what that means.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The server does not take mail from us at the moment, whatever mail; it has no copy.
    Line(String),
    /// It does not take this one now; it has no copy.
    Postponed(String),
    /// It will never take this one; it has no copy.
    Refused(String),
    /// Nobody knows whether it has a copy.
    Lost(String),
}

impl Connection {
    /// Connects, protects the line, and proves who we are. The error is a sentence for an administrator.
    pub(crate) async fn open(smtp: &SmtpConfig) -> Result<Connection, String> {
        let server = smtp.server();
        let late = || format!("{server} did not get through connecting and signing in within {:?}", smtp.timeout);
        let line = timeout(smtp.timeout, connect(smtp)).await.map_err(|_| late())??;
        Ok(Connection { line, server, timeout: smtp.timeout })
    }

    /// Whether the line still stands, after a mail.
    pub(crate) async fn is_up(&mut self) -> bool {
        timeout(self.timeout, self.line.test_connected()).await.unwrap_or(false)
    }

    /// Hands a mail over. After any trouble the line is good for nothing more.
    pub(crate) async fn send(&mut self, mail: &Envelope) -> Result<(), Trouble> {
        let (server, limit) = (self.server.clone(), self.timeout);
        let late = || Trouble::Line(format!("{server} did not answer to the envelope within {limit:?}"));
        timeout(limit, self.announce(mail)).await.map_err(|_| late())??;
        let lost = |why: String| {
            Trouble::Lost(format!("{server} was lost after the mail was handed over, and may have it: {why}"))
        };
        match timeout(limit, self.line.message(&mail.message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(why)) if why.is_transient() => {
                Err(Trouble::Postponed(self.said("will not take the mail now", &why)))
            }
            Ok(Err(why)) if why.is_permanent() => Err(Trouble::Refused(self.said("refused the mail", &why))),
            Ok(Err(why)) => Err(lost(quote(&why))),
            Err(_) => Err(lost(format!("no answer within {limit:?}"))),
        }
    }

    /// Says goodbye.
    pub(crate) async fn close(mut self) {
        // A server that does not answer is left all the same.
        _ = timeout(FAREWELL, self.line.quit()).await;
    }

    /// Everything before the message itself.
    async fn announce(&mut self, mail: &Envelope) -> Result<(), Trouble> {
        let mut parameters = Vec::new();
        if !mail.is_ascii() {
            if !self.line.server_info().supports_feature(Extension::SmtpUtfEight) {
                let why = format!("the address has letters beyond ASCII, and {} does not offer SMTPUTF8", self.server);
                return Err(Trouble::Refused(why));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.message.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        // What stands against the sender stands against all our mail, and may be mended while this one waits.
        let sender = self.line.command(Mail::new(Some(mail.from.clone()), parameters)).await;
        sender.map_err(|why| Trouble::Line(self.said("refused the sender (MAIL FROM)", &why)))?;
        let recipient = self.line.command(Rcpt::new(mail.to.clone(), Vec::new())).await;
        self.check("the recipient (RCPT TO)", recipient)?;
        let data = self.line.command(Data).await;
        self.check("the mail (DATA)", data)
    }

    fn check(&self, what: &str, answer: Result<Response, Error>) -> Result<(), Trouble> {
        let Err(why) = answer else { return Ok(()) };
        Err(if why.is_permanent() {
            Trouble::Refused(self.said(&format!("refused {what}"), &why))
        } else if why.is_transient() {
            Trouble::Postponed(self.said(&format!("will not take {what} now"), &why))
        } else {
            Trouble::Line(self.said(&format!("was lost before {what} was through"), &why))
        })
    }

    fn said(&self, what: &str, why: &Error) -> String {
        format!("{} {what}: {}", self.server, quote(why))
    }
}

async fn connect(smtp: &SmtpConfig) -> Result<AsyncSmtpConnection, String> {
    let hello = ClientId::Domain(smtp.hello.clone());
    let tls = (smtp.security == Security::Implicit).then(|| smtp.tls.clone());
    let failed = |why: Error| format!("no line to {}: {}", smtp.server(), quote(&why));
    let mut line = match smtp.address {
        Some(address) => AsyncSmtpConnection::connect_tokio1(address, None, &hello, tls, None).await,
        None => AsyncSmtpConnection::connect_tokio1((&*smtp.host, smtp.port), None, &hello, tls, None).await,
    }
    .map_err(failed)?;
    if smtp.security == Security::StartTls {
        start_tls(smtp, &mut line, &hello).await?;
    }
    sign_in(smtp, &mut line).await?;
    Ok(line)
}

async fn start_tls(smtp: &SmtpConfig, line: &mut AsyncSmtpConnection, hello: &ClientId) -> Result<(), String> {
    if !line.can_starttls() {
        return Err(format!(
            "{} does not offer STARTTLS, without which nothing is said to another machine; for a server with TLS from \
             the first byte write smtps://",
            smtp.server()
        ));
    }
    let failed = |why: Error| format!("no TLS with {}: {}", smtp.server(), quote(&why));
    line.starttls(smtp.tls.clone(), hello).await.map_err(failed)
}

async fn sign_in(smtp: &SmtpConfig, line: &mut AsyncSmtpConnection) -> Result<(), String> {
    let Some((user, password)) = &smtp.credentials else { return Ok(()) };
    if line.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
        return Err(format!(
            "{} offers no way to sign in (AUTH PLAIN or LOGIN), but smtp_url has a user and a password",
            smtp.server()
        ));
    }
    let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
    let refused = |why: Error| {
        let said = quote(&why).replace(password.expose_secret(), "[…]");
        format!("{} refused the user or the password in smtp_url (AUTH): {said}", smtp.server())
    };
    line.auth(DEFAULT_MECHANISMS, &credentials).await.map(drop).map_err(refused)
}
