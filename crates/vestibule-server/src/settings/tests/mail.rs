//! Mail, as an operator sets it up: what is read, what follows from it, what is refused and by which name.

use std::fs;

use super::*;

const HTTPS: (&str, &str) = ("VESTIBULE_PUBLIC_URL", "https://id.example.com");
const SMTP: (&str, &str) = ("VESTIBULE_SMTP_URL", "smtps://mailer:hunter2@mail.example.com");

/// The certificate of an authority, whose key was thrown away.
const AUTHORITY: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBkzCCATmgAwIBAgIUb9cnsTNh+s5urHv1JFLxwT3dxJUwCgYIKoZIzj0EAwIw\n\
HjEcMBoGA1UEAwwTQXV0aG9yaXR5IG9mIGEgdGVzdDAgFw0yNjExMjIwMzU0MzFa\n\
GA8yMTI2MTAyOTAzNTQzMVowHjEcMBoGA1UEAwwTQXV0aG9yaXR5IG9mIGEgdGVz\n\
dDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCm68ixuUs9iLkKCnp8qWGR2Azqd\n\
nY9AARudZ16j+ZJCYTa5BmUSINcxl36NQRWCQUJ5uHrnE8feaXVMiND9CvOjUzBR\n\
MB0GA1UdDgQWBBRba6olyPucchIybHefPd3qIOs5FzAfBgNVHSMEGDAWgBRba6ol\n\
yPucchIybHefPd3qIOs5FzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gA\n\
MEUCIG2XcAEfb408HSwG8wS3fTD2yYJh0E4vPF2/h9XS84SfAiEAoZyrHc33MBlX\n\
xXRR9W7nsVD+eymmTgIeANXBvQWypDw=\n\
-----END CERTIFICATE-----\n\
";

fn shown_with_source(file: Option<&Path>, pairs: Environment, key: Key) -> (String, Source) {
    let layers = Layers::gather(file, environment(pairs)).unwrap();
    (shown(&layers, key).unwrap(), layers.get(key).unwrap().source)
}

#[test]
fn without_a_server_mail_is_kept_and_nothing_must_be_proven() {
    let engine = load(&[]).unwrap().engine;
    assert!(engine.mail.smtp.is_none() && engine.mail.new_device_notice && !engine.require_verified_email);
    assert_eq!(development_outbox(&engine).as_deref(), Some("http://localhost:8080/dev/outbox"));
    let prefixed = load(&[("VESTIBULE_PUBLIC_URL", "http://127.0.0.1:1/accounts/")]).unwrap().engine;
    assert_eq!(development_outbox(&prefixed).as_deref(), Some("http://127.0.0.1:1/accounts/dev/outbox"));
    assert_eq!(development_outbox(&load(&[HTTPS]).unwrap().engine), None, "nobody may read it there");
    assert_eq!(development_outbox(&load(&[SMTP]).unwrap().engine), None, "mail is sent");
}

#[test]
fn addresses_must_be_proven_as_soon_as_there_is_mail() {
    let verified = |pairs: Environment| {
        let shown = shown_with_source(None, pairs, Key::RequireVerifiedEmail);
        (load(pairs).unwrap().engine.require_verified_email, shown)
    };
    assert_eq!(verified(&[]), (false, ("false".into(), Source::Default)));
    assert_eq!(verified(&[SMTP]), (true, ("true".into(), Source::Default)));
    let off = ("VESTIBULE_REQUIRE_VERIFIED_EMAIL", "false");
    assert_eq!(verified(&[HTTPS, SMTP, off]), (false, ("false".into(), Source::Environment)));
    let on = ("VESTIBULE_REQUIRE_VERIFIED_EMAIL", "true");
    assert_eq!(verified(&[on]), (true, ("true".into(), Source::Environment)), "localhost reads its own outbox");
}

#[test]
fn nobody_is_asked_to_prove_an_address_by_mail_that_never_comes() {
    let (_dir, file) = written("require_verified_email = true\n");
    let problem = the_problem(Settings::load(Some(&file), environment(&[HTTPS])));
    assert!(problem.starts_with("require_verified_email (VESTIBULE_REQUIRE_VERIFIED_EMAIL): "), "{problem}");
    assert!(problem.contains("smtp_url (VESTIBULE_SMTP_URL)"), "{problem}");
    assert!(Settings::load(Some(&file), environment(&[HTTPS, SMTP])).is_ok());
    assert!(Settings::load(Some(&file), []).is_ok());
}

#[test]
fn the_servers_url_may_lie_in_a_file_and_reads_alike() {
    let (_dir, file) = written(&format!("{}\n", SMTP.1));
    let settings = load(&[("VESTIBULE_SMTP_URL_FILE", file.to_str().unwrap())]).unwrap();
    assert!(settings.engine.mail.smtp.is_some() && settings.engine.require_verified_email);
    let table =
        format!("smtp_url = {:?}\nmail_from = \"Accounts <a@example.com>\"\n[mail]\nnew_device_notice = false", SMTP.1);
    let mail = load_file(&table, &[]).unwrap().engine.mail;
    assert!(mail.smtp.is_some() && !mail.new_device_notice);
}

#[test]
fn a_server_that_cannot_be_read_is_refused_without_its_password() {
    for bad in [
        "",
        " ",
        "hunter2",
        "mail.example.com",
        "mailer:hunter2@mail.example.com",
        "http://mailer:hunter2@mail.example.com",
        "smtp://mailer:hunter2@",
        "smtp://mailer:hunter2@mail.example.com:0x",
        "smtp://mailer:hun/ter2@mail.example.com",
        "smtp://mailer:12/hunter2@mail.example.com",
        "smtp://mailer:12#hunter2@mail.example.com",
    ] {
        let pairs = [("VESTIBULE_SMTP_URL", bad)];
        let problem = the_problem(load(&pairs));
        assert!(problem.starts_with("smtp_url (VESTIBULE_SMTP_URL): "), "{bad}: {problem}");
        assert!(!problem.contains("hunter2") && !problem.contains("ter2"), "{problem}");
        let (shown, _) = shown_with_source(None, &pairs, Key::SmtpUrl);
        assert!(!shown.contains("hunter2") && !shown.contains("ter2"), "{shown}");
    }
}

#[test]
fn a_sender_is_checked_even_without_a_server() {
    let from = |address| ("VESTIBULE_MAIL_FROM", address);
    for good in ["accounts@example.com", "Accounts <accounts@example.com>", "\"Ann, Lee\" <ann@example.com>"] {
        assert!(load(&[from(good)]).is_ok() && load(&[SMTP, from(good)]).is_ok(), "{good}");
    }
    for bad in ["", "accounts", "a@example.com, b@example.com", "Accounts <accounts@example.com>\r\nBcc: x@example.com"]
    {
        refused(&[from(bad)], "mail_from (VESTIBULE_MAIL_FROM): ");
        refused(&[SMTP, from(bad)], "mail_from (VESTIBULE_MAIL_FROM): ");
    }
}

#[test]
fn an_authority_is_a_file_of_certificates() {
    let (dir, empty) = written("not a certificate\n");
    let broken = dir.path().join("broken.pem");
    fs::write(&broken, AUTHORITY.replace("MIIBkzCC", "!!!!")).unwrap();
    for bad in
        [broken.to_str().unwrap(), empty.to_str().unwrap(), "/nonexistent/ca.pem", dir.path().to_str().unwrap(), ""]
    {
        refused(&[("VESTIBULE_SMTP_CA_FILE", bad)], "smtp_ca_file (VESTIBULE_SMTP_CA_FILE): ");
        refused(&[SMTP, ("VESTIBULE_SMTP_CA_FILE", bad)], "smtp_ca_file (VESTIBULE_SMTP_CA_FILE): ");
    }
    let good = dir.path().join("ca.pem");
    fs::write(&good, AUTHORITY).unwrap();
    assert!(load(&[SMTP, ("VESTIBULE_SMTP_CA_FILE", good.to_str().unwrap())]).is_ok());
    refused(&[("VESTIBULE_SMTP_CA_FILE_FILE", "/x")], "VESTIBULE_SMTP_CA_FILE_FILE: there is no such setting");
}

#[test]
fn sign_up_may_be_by_invitation() {
    assert_eq!(load(&[("VESTIBULE_SIGN_UP", "invite")]).unwrap().engine.sign_up, SignUpMode::Invite);
}
