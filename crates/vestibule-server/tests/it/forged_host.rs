//! The links in mail, whatever a request claims about the host it was sent to: one in each, below `public_url`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::{SunkMail, TestDb, sink_test};
use vestibule::{MEMBERS, MailKind};

use crate::authenticator::Authenticator;
use crate::forger::{EVIL, Forger, Payload, Reply, SHAPES, Sender, Shape};
use crate::host::PASSWORD;
use crate::post_office::{PostOffice, people, token_in};

const PUBLIC_URL: &str = "https://id.example.com";
const ROOT: &str = "root@example.com";
const ANN: &str = "ann@example.com";
const MOVED: &str = "ann@example.org";
const OTHER: &str = "lantern-Quarry-4-otter";
/// What somebody may be called, and no mail says.
const NAME: &str = "http://victim.example/";
/// What a mail has besides its parts.
const HEADERS: [&str; 8] =
    ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"];

/// An office behind a proxy that is believed.
async fn open(db: TestDb) -> PostOffice {
    let settings = [
        ("VESTIBULE_PUBLIC_URL", PUBLIC_URL),
        ("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1"),
        ("VESTIBULE_ADMIN_EMAIL", ROOT),
        ("VESTIBULE_ADMIN_PASSWORD", PASSWORD),
    ];
    PostOffice::with(db, &settings).await
}

/// That every mail is to one address, has the headers of all mail and one link of ours; how many there are.
async fn assert_ours(office: &mut PostOffice) -> usize {
    office.until_all_is_decided().await;
    let mails = office.sink.mails().await;
    for mail in &mails {
        let SunkMail { from, to, hello, defects, text, html, headers, .. } = mail;
        let link = mail.link();
        assert!(link.starts_with(&format!("{PUBLIC_URL}/")), "{link}");
        assert_eq!((from.as_str(), hello.as_str(), to.len()), ("no-reply@id.example.com", "id.example.com", 1));
        assert_eq!(mail.header("To"), to[0]);
        let mut names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!((names.as_slice(), defects.len()), (HEADERS.as_slice(), 0), "{defects:?}");
        for said in headers.iter().map(|(_, value)| value).chain([text, html]) {
            assert!([EVIL, NAME, "gopher"].iter().all(|claimed| !said.contains(claimed)), "{said}");
        }
    }
    mails.len()
}

/// The kinds of all mail there is.
async fn kinds(office: &PostOffice) -> BTreeSet<&'static str> {
    office.outbox().await.into_iter().map(|mail| mail.kind.as_str()).collect()
}

/// A request that succeeds; what it answers has nothing of what it claimed.
async fn forge(forger: Forger<'_>, method: &str, path: &str, sender: Sender<'_>, what: Payload) -> Reply {
    let reply = forger.send(method, path, sender, what).await;
    assert!((200..400).contains(&reply.status), "{:?} {path}: {reply:?}", forger.shape);
    let said = format!("{}{}", reply.head, reply.body);
    assert!(!said.contains(EVIL) && !said.contains("gopher"), "{path}: {said}");
    reply
}

sink_test!(no_claim_of_a_stranger_about_the_host_gets_into_a_mail, |db: TestDb| async move {
    let mut office = open(db).await;
    let api = ["/password/forgot", "/magic-link", "/email-code"].map(|path| format!("/api/v1{path}"));
    let pages = ["/forgot-password", "/magic-link/request", "/email-code/request"].map(str::to_owned);
    let surfaces =
        [(api, "/api/v1/sign-up", "/api/v1/email/verify/request"), (pages, "/sign-up", "/verify-email/request")];
    let mut people = people("ann", SHAPES.len() * surfaces.len()).into_iter();
    let mut expected = 0;
    for shape in SHAPES {
        for (paths, sign_up, verify) in &surfaces {
            let ann = people.next().expect("enough people");
            let bob = format!("friend-of-{ann}");
            office.settle_in(&ann).await;
            let about = |email: &str| match sign_up.starts_with("/api/") {
                true => Payload::Json(json!({ "email": email, "password": PASSWORD, "name": NAME })),
                false => Payload::form(&[("email", email), ("password", PASSWORD), ("name", NAME)]),
            };
            let requests = paths.iter().map(String::as_str).chain([*sign_up]).map(|path| (path, &ann));
            for (path, email) in requests.chain([(*sign_up, &bob)]) {
                forge(Forger { server: &office.server, shape }, "POST", path, Sender::Stranger, about(email)).await;
            }
            office.mail_to(&bob).await; // which the next one would replace
            forge(Forger { server: &office.server, shape }, "POST", verify, Sender::Stranger, about(&bob)).await;
            expected += 7;
        }
    }
    assert_eq!(assert_ours(&mut office).await, expected);
    let expected = ["address_in_use", "email_code", "magic_link", "password_reset", "verify_email"];
    assert_eq!(kinds(&office).await, expected.into());
});

/// Somebody signed in, whose requests name the host each in another way than the one before.
struct Rogue<'a> {
    office: &'a PostOffice,
    token: String,
    csrf_token: String,
    sent: usize,
}

impl Rogue<'_> {
    async fn sign_in<'a>(office: &'a PostOffice, form: Value) -> Rogue<'a> {
        let mut rogue = Rogue { office, token: String::new(), csrf_token: String::new(), sent: 0 };
        let path = "/api/v1/sign-in";
        let signed_in = forge(rogue.forger(), "POST", path, Sender::Stranger, Payload::Json(form)).await.body;
        let text = |field: &str| signed_in[field].as_str().expect("text").to_owned();
        (rogue.token, rogue.csrf_token) = (text("token"), text("csrf_token"));
        rogue
    }

    fn forger(&mut self) -> Forger<'_> {
        self.sent += 1;
        Forger { server: &self.office.server, shape: SHAPES[self.sent % SHAPES.len()] }
    }

    /// By the API.
    async fn asks(&mut self, method: &str, path: &str, body: Value) -> Value {
        let token = self.token.clone();
        let path = format!("/api/v1{path}");
        forge(self.forger(), method, &path, Sender::Bearer(&token), Payload::Json(body)).await.body
    }

    /// By the pages.
    async fn submits(&mut self, path: &str, fields: &[(&str, &str)]) {
        let (token, csrf_token) = (self.token.clone(), self.csrf_token.clone());
        let form = Payload::form(&[fields, &[("csrf_token", &csrf_token)]].concat());
        forge(self.forger(), "POST", path, Sender::Cookie(&token), form).await;
    }

    /// Sets two-step sign-in up; the authenticator and the recovery codes.
    async fn sets_two_step_up(&mut self) -> (Authenticator, Value) {
        let set_up = self.asks("POST", "/me/mfa/setup", json!({ "password": PASSWORD })).await;
        let mut authenticator = Authenticator::typed(set_up["secret"].as_str().expect("a secret"));
        let code = authenticator.code().await;
        let codes = self.asks("POST", "/me/mfa/enable", json!({ "code": code })).await;
        (authenticator, codes["recovery_codes"].clone())
    }
}

sink_test!(no_claim_of_somebody_signed_in_about_the_host_gets_into_a_mail, |db: TestDb| async move {
    let mut office = open(db).await;
    office.settle_in(ANN).await;
    let mut ann = Rogue::sign_in(&office, json!({ "identifier": ANN, "password": PASSWORD })).await;
    ann.asks("POST", "/email/change", json!({ "new_email": "ann@example.net", "password": PASSWORD })).await;
    ann.submits("/account/security/email", &[("new_email", MOVED), ("password", PASSWORD)]).await;
    let Rogue { token, csrf_token, sent, .. } = ann;
    let link = office.mail_to(MOVED).await.link();
    let mut ann = Rogue { office: &office, token, csrf_token, sent };
    ann.asks("POST", "/email/change/confirm", json!({ "token": token_in(&link) })).await;
    let (mut authenticator, _) = ann.sets_two_step_up().await;
    let code = authenticator.code().await;
    let codes = ann.asks("POST", "/me/mfa/recovery-codes", json!({ "code": code })).await;
    let form = json!({ "identifier": MOVED, "password": PASSWORD, "mfa_code": codes["recovery_codes"][0] });
    let mut ann = Rogue::sign_in(&office, form).await;
    ann.asks("POST", "/me/mfa/disable", json!({ "password": PASSWORD, "code": codes["recovery_codes"][1] })).await;
    ann.sets_two_step_up().await;
    ann.asks("POST", "/password/change", json!({ "current_password": PASSWORD, "new_password": OTHER })).await;

    let mut root = Rogue::sign_in(&office, json!({ "identifier": ROOT, "password": PASSWORD })).await;
    root.asks("POST", "/admin/mail/test", json!({})).await;
    root.submits("/admin/mail/test", &[]).await;
    let groups = MEMBERS.to_string();
    let invited = json!({ "email": "bob@example.com", "name": NAME, "group_ids": [groups] });
    let bob = root.asks("POST", "/admin/users", invited).await;
    let bob = format!("/admin/users/{}", bob["id"].as_str().expect("an id"));
    root.asks("POST", &format!("{bob}/resend-invite"), json!({})).await;
    root.submits(&format!("{bob}/resend-invite"), &[]).await;
    root.submits("/admin/users/new", &[("email", "cid@example.com"), ("name", NAME), ("group_ids", &groups)]).await;
    let welcome = json!({ "email": "dan@example.com", "password": PASSWORD, "group_ids": [groups] });
    let dan = root.asks("POST", "/admin/users", welcome).await;
    let dan = format!("/admin/users/{}", dan["id"].as_str().expect("an id"));
    root.asks("PATCH", &dan, json!({ "email": "dan@example.org" })).await;
    root.submits(&format!("{dan}/email"), &[("email", "dan@example.net")]).await;
    let who = root.asks("GET", "/admin/users?search=ann", json!({})).await;
    let ann = who["items"][0]["id"].as_str().expect("ann is found");
    root.asks("POST", &format!("/admin/users/{ann}/reset-mfa"), json!({})).await;

    assert_ours(&mut office).await;
    let expected = [
        MailKind::AccountInvite,
        MailKind::EmailChange,
        MailKind::EmailChangeAsked,
        MailKind::EmailChanged,
        MailKind::NewDevice,
        MailKind::PasswordChanged,
        MailKind::RecoveryCodeUsed,
        MailKind::RecoveryCodesRenewed,
        MailKind::SecondFactorDisabled,
        MailKind::SecondFactorEnabled,
        MailKind::SecondFactorReset,
        MailKind::Test,
        MailKind::VerifyEmail,
        MailKind::Welcome,
    ];
    assert_eq!(kinds(&office).await, expected.map(MailKind::as_str).into());
});

/// What might end a header, a command or an address too early, or begin another.
const HOSTILE: [&str; 12] = [
    "ann@example.com\r\nBcc: victim@evil.example",
    "ann@example.com\nSubject: free money",
    "ann@example.com\rBcc: victim@evil.example",
    "ann@example.com>\r\nRCPT TO:<victim@evil.example",
    "ann@example.com\u{85}Bcc: victim@evil.example",
    "ann@example.com\u{2028}Bcc: victim@evil.example",
    "ann@example.com\0",
    "ann@example.com, victim@evil.example",
    "ann@example.com;victim@evil.example",
    "Ann <victim@evil.example>",
    "\"ann\r\nBcc: victim\"@evil.example",
    "ann(victim@evil.example)@example.com",
];

sink_test!(nothing_that_somebody_types_gets_into_a_header_or_the_envelope, |db: TestDb| async move {
    let mut office = open(db).await;
    office.settle_in(ANN).await;
    let mut ann = Rogue::sign_in(&office, json!({ "identifier": ANN, "password": PASSWORD })).await;
    let (token, _) = (ann.token.clone(), ann.asks("PATCH", "/me", json!({ "name": "Ann" })).await);
    let mut root = Rogue::sign_in(&office, json!({ "identifier": ROOT, "password": PASSWORD })).await;
    let forger = Forger { server: &office.server, shape: Shape::AbsoluteForm };
    for hostile in HOSTILE {
        for path in ["sign-up", "password/forgot", "magic-link", "email-code", "email/verify/request"] {
            let body = Payload::Json(json!({ "email": hostile, "password": PASSWORD }));
            let refused = forger.send("POST", &format!("/api/v1/{path}"), Sender::Stranger, body).await;
            assert_eq!(refused.status, 422, "{path} {hostile:?}: {refused:?}");
        }
        for path in ["/sign-up", "/forgot-password", "/magic-link/request", "/email-code/request"] {
            let form = Payload::form(&[("email", hostile), ("password", PASSWORD), ("name", "")]);
            let refused = forger.send("POST", path, Sender::Stranger, form).await;
            assert_eq!(refused.status, 422, "{path} {hostile:?}: {refused:?}");
        }
        let (body, invite) = (json!({ "new_email": hostile, "password": PASSWORD }), [MEMBERS.to_string()]);
        let change = forger.send("POST", "/api/v1/email/change", Sender::Bearer(&token), Payload::Json(body)).await;
        let body = json!({ "email": hostile, "group_ids": invite });
        let users = "/api/v1/admin/users";
        let create = forger.send("POST", users, Sender::Bearer(&root.token), Payload::Json(body)).await;
        assert_eq!((change.status, create.status), (422, 422), "{hostile:?}");
        let named = Payload::Json(json!({ "email": "bob@example.com", "password": PASSWORD, "name": hostile }));
        let named = forger.send("POST", "/api/v1/sign-up", Sender::Stranger, named).await.status;
        let breaks_lines = hostile.chars().any(|c| c.is_control() || c == '\u{2028}');
        assert_eq!(named, if breaks_lines { 422 } else { 202 }, "{hostile:?}");
    }
    let odd = ["-oq/tmp/x@example.com", "ann%0d%0abcc@example.com", "ann+victim=evil@example.com"];
    for odd in odd {
        let named = Payload::Json(json!({ "email": odd, "password": PASSWORD, "name": NAME }));
        let taken = forger.send("POST", "/api/v1/sign-up", Sender::Stranger, named).await;
        assert_eq!(taken.status, 202, "{odd}: {taken:?}");
    }
    root.asks("POST", "/admin/mail/test", json!({})).await;
    assert_ours(&mut office).await;
    let mut to: Vec<String> = office.sink.mails().await.into_iter().flat_map(|mail| mail.to).collect();
    to.retain(|to| to != ANN && to != ROOT && to != "bob@example.com");
    to.sort();
    assert_eq!(to, odd);
});

sink_test!(an_address_that_others_may_decode_to_another_is_refused, |db: TestDb| async move {
    let mut office = open(db).await;
    for address in ["=?utf-8?q?ann=0aBcc?=@example.com", "=?x?q?victim=40evil.example=3e=00?=ann@example.com"] {
        let (status, body) = office.post("/sign-up", json!({ "email": address, "password": PASSWORD })).await;
        assert_eq!(status, 422, "{address}: {body}");
    }
    assert_eq!(assert_ours(&mut office).await, 0);
});
