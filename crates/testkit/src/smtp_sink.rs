//! A real SMTP server, of somebody else's making (aiosmtpd): keeps what it is given, and misbehaves when told.
//! Tests that start one are `#[ignore = "needs Python: run cargo xtask test"]`.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use vestibule::SmtpConfig;

use crate::ports::{Process, free_port};
use crate::python::python;

const PATIENCE: Duration = Duration::from_secs(20);
/// The name on the server's certificate, which is nobody's machine.
pub const SINK_HOST: &str = "mail.example.test";

/// How the line to the sink is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SinkTls {
    /// Not at all, and it does not offer to.
    None,
    /// After STARTTLS, which it requires.
    StartTls,
    /// From the first byte.
    Implicit,
}

/// What kind of server it is.
#[derive(Clone, Debug)]
pub struct SinkOptions {
    /// How the line to it is protected.
    pub tls: SinkTls,
    /// Who must sign in, if anybody must.
    pub login: Option<(String, String)>,
    /// Whether it takes addresses with letters beyond ASCII.
    pub utf8: bool,
}

/// How it treats who comes.
#[derive(Clone, Copy, Debug)]
pub enum Behaviour {
    /// It takes everything.
    Takes,
    /// It takes the connection and says nothing.
    HangsBeforeGreeting,
    /// It takes the mail and never says so.
    HangsAfterData,
    /// It takes the mail and closes the connection without a word.
    DropsAfterData,
    /// It gives this answer to MAIL FROM.
    AnswersSender(&'static str),
    /// It gives this answer to RCPT TO.
    AnswersRecipient(&'static str),
    /// It gives this answer to DATA.
    AnswersData(&'static str),
    /// It gives this answer to the message.
    AnswersMessage(&'static str),
}

/// A mail that reached the sink.
#[derive(Clone, Debug)]
pub struct SunkMail {
    /// The sender on the envelope.
    pub from: String,
    /// The recipients on the envelope.
    pub to: Vec<String>,
    /// What the client called itself.
    pub hello: String,
    /// Whether it came over TLS.
    pub is_encrypted: bool,
    /// Who had signed in.
    pub user: Option<String>,
    /// Whether the sink keeps it: false when it answered with a refusal.
    pub is_taken: bool,
    /// The message as it came.
    pub bytes: Vec<u8>,
    /// Its headers, as another parser reads them.
    pub headers: Vec<(String, String)>,
    /// The types of its MIME parts, from the outermost.
    pub parts: Vec<String>,
    /// What that parser finds wrong with it.
    pub defects: Vec<String>,
    /// Its text.
    pub text: String,
    /// Its HTML.
    pub html: String,
}

/// A running sink; dropping it ends it.
#[derive(Debug)]
pub struct SmtpSink {
    options: SinkOptions,
    port: u16,
    keys: Option<Keys>,
    heard: Arc<Mutex<Heard>>,
    running: Option<(Process, ChildStdin)>,
    orders: u64,
}

#[derive(Debug)]
struct Keys {
    directory: TempDir,
    authority: String,
}

#[derive(Debug, Default)]
struct Heard {
    done: Option<u64>,
    mails: Vec<SunkMail>,
}

impl Default for SinkOptions {
    fn default() -> SinkOptions {
        SinkOptions { tls: SinkTls::None, login: None, utf8: true }
    }
}

impl SmtpSink {
    /// Starts one that anybody may speak to in clear.
    pub async fn start() -> SmtpSink {
        Self::with(SinkOptions::default()).await
    }

    /// Starts one.
    ///
    /// # Panics
    /// When Python has no aiosmtpd.
    pub async fn with(options: SinkOptions) -> SmtpSink {
        let keys = (options.tls != SinkTls::None).then(Keys::fresh);
        let heard = Arc::default();
        let mut sink = SmtpSink { options, port: free_port(), keys, heard, running: None, orders: 0 };
        sink.restart().await;
        sink
    }

    /// Where it is, with a user and a password if it asks for them: at a name that is not this machine's where it has
    /// a certificate, or else on loopback.
    pub fn url(&self) -> SecretString {
        let scheme = if self.options.tls == SinkTls::Implicit { "smtps" } else { "smtp" };
        let login = self.options.login.as_ref().map(|(user, password)| format!("{user}:{password}@"));
        let host = if self.keys.is_some() { SINK_HOST } else { "127.0.0.1" };
        format!("{scheme}://{}{host}:{}", login.unwrap_or_default(), self.port).into()
    }

    /// The certificate that vouches for its own, as PEM.
    pub fn authority(&self) -> Option<&str> {
        self.keys.as_ref().map(|keys| keys.authority.as_str())
    }

    /// The settings that reach it.
    pub fn config(&self) -> SmtpConfig {
        self.config_at(&self.url())
    }

    /// The settings that reach it by another URL.
    pub fn config_at(&self, url: &SecretString) -> SmtpConfig {
        let public_url = "http://localhost:8080".parse().expect("a URL");
        let authority = self.authority().map(str::as_bytes);
        let config = SmtpConfig::parse(url, Some("Vestibule <no-reply@example.com>"), authority, &public_url);
        let mut config = config.expect("a URL of ours");
        config.address = Some(SocketAddr::from(([127, 0, 0, 1], self.port)));
        config
    }

    /// Tells it how to treat who comes from now on.
    pub async fn behave(&mut self, behaviour: Behaviour) {
        self.order(&json!({ "behave": behaviour.to_json() })).await;
    }

    /// Every mail whose end has reached it, those it refused too, from before a restart too.
    pub async fn mails(&mut self) -> Vec<SunkMail> {
        if self.running.is_some() {
            self.order(&json!({})).await;
        }
        lock(&self.heard).mails.clone()
    }

    /// Ends it at once, as a crash would.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Starts it again where it was, well-behaved.
    pub async fn restart(&mut self) {
        self.stop();
        lock(&self.heard).done = None;
        let mut command = Command::new(python());
        command.args(["-c", include_str!("smtp_sink.py"), &self.arguments().to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
        listen(child.stdout.take().expect("stdout is piped"), &self.heard);
        let stdin = child.stdin.take().expect("stdin is piped");
        self.running = Some((Process(child), stdin));
        self.until_done(0).await;
    }

    fn arguments(&self) -> Value {
        let tls = match self.options.tls {
            SinkTls::None => "none",
            SinkTls::StartTls => "starttls",
            SinkTls::Implicit => "implicit",
        };
        let file = |name: &str| self.keys.as_ref().map(|keys| keys.directory.path().join(name));
        json!({
            "port": self.port, "tls": tls, "login": self.options.login, "utf8": self.options.utf8,
            "certificate": file("certificate.pem"), "key": file("key.pem"),
        })
    }

    async fn order(&mut self, order: &Value) {
        self.orders += 1;
        let mut order = order.clone();
        order["n"] = self.orders.into();
        let (_, stdin) = self.running.as_mut().expect("the sink is running");
        writeln!(stdin, "{order}").expect("the sink listens");
        self.until_done(self.orders).await;
    }

    async fn until_done(&self, n: u64) {
        let wait = async {
            while lock(&self.heard).done.is_none_or(|done| done < n) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let outcome = tokio::time::timeout(PATIENCE, wait).await;
        assert!(outcome.is_ok(), "the sink does not answer: has {} got aiosmtpd?", python().display());
    }
}

impl Behaviour {
    fn to_json(self) -> Value {
        match self {
            Behaviour::Takes => json!({}),
            Behaviour::HangsBeforeGreeting => json!({ "banner": "hang" }),
            Behaviour::HangsAfterData => json!({ "after_data": "hang" }),
            Behaviour::DropsAfterData => json!({ "after_data": "drop" }),
            Behaviour::AnswersSender(answer) => json!({ "mail": answer }),
            Behaviour::AnswersRecipient(answer) => json!({ "rcpt": answer }),
            Behaviour::AnswersData(answer) => json!({ "data": answer }),
            Behaviour::AnswersMessage(answer) => json!({ "after_data": answer }),
        }
    }
}

impl Keys {
    /// A certificate for the sink's name, and the authority that signed it.
    fn fresh() -> Keys {
        let mut authority = CertificateParams::new(Vec::new()).expect("no names are fine");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let (root_key, key) = (key_pair(), key_pair());
        let root = authority.self_signed(&root_key).expect("it can sign itself").pem();
        let params = CertificateParams::new(vec![SINK_HOST.to_owned()]).expect("a name");
        let signed = params.signed_by(&key, &Issuer::new(authority, root_key)).expect("it can be signed");
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        for (name, text) in [("certificate.pem", signed.pem()), ("key.pem", key.serialize_pem())] {
            std::fs::write(directory.path().join(name), text).expect("it can be written");
        }
        Keys { directory, authority: root }
    }
}

impl SunkMail {
    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(header, _)| header == name).map_or("", |(_, value)| value)
    }

    /// Every address in its parts that a mail program could open, and what it shows or loads besides, each once.
    pub fn links(&self) -> BTreeSet<String> {
        let ends = |c: char| c.is_whitespace() || "\"'<>".contains(c);
        let spelled_out = [&self.text, &self.html].into_iter().flat_map(|part| part.split(ends));
        let spelled_out = spelled_out.filter(|word| word.contains("://") || word.starts_with("//"));
        let named = ["href=", "src=", "action=", "url("].into_iter().flat_map(|name| self.html.split(name).skip(1));
        let named = named.filter_map(|rest| rest.trim_start_matches(['"', '\'', '(']).split(ends).next());
        spelled_out.chain(named).map(str::to_owned).collect()
    }

    /// Its one link.
    ///
    /// # Panics
    /// When it has none, or several.
    pub fn link(&self) -> String {
        let links = self.links();
        assert_eq!(links.len(), 1, "{links:?} in a mail to {:?}", self.to);
        links.into_iter().next().expect("there is one")
    }

    fn read(mail: &Value) -> SunkMail {
        let text = |field: &str| mail[field].as_str().unwrap_or_default().to_owned();
        let texts = |list: &Value| -> Vec<String> {
            list.as_array().into_iter().flatten().filter_map(|text| Some(text.as_str()?.to_owned())).collect()
        };
        let headers = mail["headers"].as_array().into_iter().flatten().map(texts);
        let bytes = mail["bytes"].as_array().into_iter().flatten().filter_map(|byte| byte.as_u64()?.try_into().ok());
        SunkMail {
            from: text("from"),
            to: texts(&mail["to"]),
            hello: text("hello"),
            is_encrypted: mail["tls"] == true,
            user: mail["user"].as_str().map(str::to_owned),
            is_taken: mail["taken"] == true,
            bytes: bytes.collect(),
            headers: headers.filter_map(|header| <[String; 2]>::try_from(header).ok()).map(Into::into).collect(),
            parts: texts(&mail["parts"]),
            defects: texts(&mail["defects"]),
            text: text("plain"),
            html: text("html"),
        }
    }
}

fn key_pair() -> KeyPair {
    KeyPair::generate().expect("the machine has randomness")
}

fn lock(heard: &Mutex<Heard>) -> std::sync::MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps what the sink prints, in order, to its end.
fn listen(stdout: ChildStdout, heard: &Arc<Mutex<Heard>>) {
    let heard = Arc::clone(heard);
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let said: Value = serde_json::from_str(&line).expect("the sink prints JSON");
            let mut heard = lock(&heard);
            match said["done"].as_u64() {
                Some(n) => heard.done = Some(n),
                None => heard.mails.push(SunkMail::read(&said["mail"])),
            }
        }
    });
}
