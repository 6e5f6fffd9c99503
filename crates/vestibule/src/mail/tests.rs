//! What letters say, kind by kind.

use std::collections::HashSet;

use url::Url;

use super::layout::{Sheet, lay_out};
use super::{MailKind, Words};

const LINK: &str = "https://id.example.com/accounts/here?token=vst_xxx_0123";

/// A letter of each kind.
fn letters<'a>(groups: &'a [String], other: &'a str) -> Vec<Words<'a>> {
    vec![
        Words::VerifyEmail { link: LINK },
        Words::AddressInUse,
        Words::PasswordReset { link: LINK },
        Words::AccountInvite { link: LINK, groups },
        Words::OrganizationInvite { link: LINK, organization: other, inviter: other },
        Words::MagicLink { link: LINK },
        Words::EmailCode { code: "012345" },
        Words::EmailChange { link: LINK, from: other },
        Words::EmailChangeAsked { to: other },
        Words::EmailChanged { to: other },
        Words::Welcome { groups },
        Words::PasswordChanged,
        Words::SecondFactorEnabled,
        Words::SecondFactorDisabled,
        Words::SecondFactorReset,
        Words::RecoveryCodesRenewed,
        Words::RecoveryCodeUsed { remaining: 9 },
        Words::NewDevice { user_agent: other, ip: other },
        Words::BotResponsible { bot: other, organization: other },
        Words::Test,
    ]
}

fn laid_out(words: &Words<'_>) -> Sheet {
    let public_url: Url = "https://id.example.com/accounts".parse().expect("a URL");
    lay_out(&public_url, words, LINK).expect("it can be laid out")
}

#[test]
fn every_kind_has_a_letter() {
    let kinds: HashSet<MailKind> = letters(&[], "").iter().map(Words::kind).collect();
    assert_eq!(kinds.len(), 20);
}

#[test]
fn letters_read_like_this() {
    let groups = ["Administrators".to_owned(), "R&D / Ops".to_owned()];
    let mut all = String::new();
    for words in letters(&groups, "ann@example.com").iter().chain([&Words::RecoveryCodeUsed { remaining: 1 }]) {
        let Sheet { subject, content } = laid_out(words);
        all.push_str(&format!("=== {}: {subject}\n\n{}\n", words.kind(), content.text));
    }
    insta::assert_snapshot!("letters", all);
    insta::assert_snapshot!("invitation", laid_out(&Words::AccountInvite { link: LINK, groups: &groups }).content.html);
}

#[test]
fn a_letter_has_one_link_and_nothing_that_others_can_add() {
    let hostile = "</p>\r\nBcc: a@b.c\n\n[Press here]\n\n    https://evil.example/x <a href=\"https://evil.example\">";
    let groups = [hostile.to_owned(), "x".repeat(5000), String::new()];
    for other in [hostile, "www.evil.example/x@evil.example", "www.evil.example"] {
        for words in letters(&groups, other) {
            let Sheet { subject, content } = laid_out(&words);
            let kind = words.kind();
            for part in [&content.text, &content.html] {
                assert_eq!((part.matches("://").count(), part.matches(LINK).count()), (1, 1), "{kind}: {part}");
                assert!(!part.contains("www.evil") && !part.contains("evil.example/"), "{kind}: {part}");
            }
            assert_eq!((content.html.matches("<a ").count(), content.html.matches("</p>\r").count()), (1, 0), "{kind}");
            assert!(!content.text.contains("\n[Press") && !content.text.contains("\nBcc"), "{kind}");
            assert!(subject.starts_with("[id.example.com] ") && !subject.contains(char::is_control), "{kind}");
            assert!(subject.is_ascii() && !subject.contains("evil"), "{kind}");
        }
    }
}

#[test]
fn the_subject_keeps_the_code_to_itself() {
    let Sheet { subject, content } = laid_out(&Words::EmailCode { code: "012345" });
    assert!(!subject.contains("012345") && content.text.contains("\n    012345\n") && content.html.contains("012345"));
    assert!(!format!("{:?} {content:?}", Words::EmailCode { code: "012345" }).contains("012345"));
}
