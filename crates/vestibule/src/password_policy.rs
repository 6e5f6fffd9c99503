//! Which passwords may be chosen: long enough, not on the lists that attackers try first, not made of the
//! account's own names, and hard to guess (zxcvbn). No composition rules unless the operator asks for them.
//! Passwords are compared in NFC, so that the same keys give the same password on every keyboard.

use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization as _;

use crate::code::Code;
use crate::config::PasswordConfig;

/// Common passwords of eight characters and more, in lower case; shorter ones fail by their length.
const COMMON: &str = include_str!("common_passwords.txt");
const MAX_CHARS: usize = 128;
const MAX_BYTES: usize = 512;
const SHORTEST_LOCAL_PART: usize = 4;
/// Characters that stand for letters. zxcvbn tries every combination of those that occur, which in a long crafted
/// text costs seconds; so a text with many kinds of them is judged by its beginning alone.
const LOOKALIKES: &str = "4@8({[<369!1|70$5+%2";
const MANY_LOOKALIKES: usize = 6;
const BEGINNING: usize = 20;

/// What a new password is held against.
#[derive(Clone, Debug)]
pub(crate) struct PasswordPolicy {
    pub config: PasswordConfig,
    /// The account's normalised address and its username.
    pub identifiers: Vec<String>,
}

/// A password in the form that is hashed.
pub(crate) fn normalize(password: &SecretString) -> SecretString {
    password.expose_secret().nfc().collect::<String>().into()
}

impl PasswordPolicy {
    /// Why the password cannot be chosen, if it cannot. Slow: judging its strength takes milliseconds.
    pub(crate) fn refuse(&self, password: &SecretString) -> Option<Code> {
        self.refuse_by_rule(password).or_else(|| self.is_weak(password).then_some(Code::PasswordTooWeak))
    }

    /// Why the password cannot be chosen whatever its strength, if it cannot. Quick.
    pub(crate) fn refuse_by_rule(&self, password: &SecretString) -> Option<Code> {
        let password = password.expose_secret();
        let length = password.chars().count();
        if length == 0 {
            return Some(Code::PasswordRequired);
        }
        if length < self.config.min_length {
            return Some(Code::PasswordTooShort);
        }
        if length > MAX_CHARS || password.len() > MAX_BYTES {
            return Some(Code::PasswordTooLong);
        }
        if password.chars().any(char::is_control) {
            return Some(Code::PasswordInvalid);
        }
        let lower = password.to_lowercase();
        if COMMON.lines().any(|common| common == lower) {
            return Some(Code::PasswordTooCommon);
        }
        if self.own_words().any(|word| lower.contains(word)) {
            return Some(Code::PasswordContainsIdentifier);
        }
        (self.config.require_classes && !has_every_class(password)).then_some(Code::PasswordMissingClasses)
    }

    fn is_weak(&self, password: &SecretString) -> bool {
        let password = password.expose_secret();
        let lookalikes = LOOKALIKES.chars().filter(|&c| password.contains(c)).count();
        let judged = if lookalikes > MANY_LOOKALIKES { BEGINNING } else { MAX_CHARS };
        let judged: String = password.chars().take(judged).collect();
        let own: Vec<&str> = self.own_words().collect();
        // zxcvbn's arithmetic can overflow on long runs of one pattern: what it cannot judge is no good either.
        let score = std::panic::catch_unwind(|| u8::from(zxcvbn::zxcvbn(&judged, &own).score()));
        score.map_or(true, |score| score < self.config.min_score)
    }

    fn own_words(&self) -> impl Iterator<Item = &str> {
        self.identifiers.iter().flat_map(|identifier| {
            let local_part = identifier.split_once('@').map(|(local, _)| local);
            let local_part = local_part.filter(|local| local.chars().count() >= SHORTEST_LOCAL_PART);
            [Some(identifier.as_str()), local_part].into_iter().flatten()
        })
    }
}

fn has_every_class(password: &str) -> bool {
    password.chars().any(char::is_uppercase)
        && password.chars().any(char::is_lowercase)
        && password.chars().any(char::is_numeric)
        && password.chars().any(|c| !c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse(password: &str) -> Option<Code> {
        let config = crate::Config::default().password;
        let identifiers = vec!["ann.lee@example.com".to_owned(), "annlee".to_owned()];
        PasswordPolicy { config, identifiers }.refuse(&normalize(&password.into()))
    }

    #[test]
    fn each_rule_has_its_code() {
        let table = [
            ("", Some(Code::PasswordRequired)),
            ("short-one-1", Some(Code::PasswordTooShort)),
            (&"harbour moss kettle ".repeat(7), Some(Code::PasswordTooLong)),
            (&"é".repeat(129), Some(Code::PasswordTooLong)),
            ("harbour moss\0kettle", Some(Code::PasswordInvalid)),
            ("Password1234", Some(Code::PasswordTooCommon)),
            ("123456789012", Some(Code::PasswordTooCommon)),
            ("xx-ann.lee@example.com", Some(Code::PasswordContainsIdentifier)),
            ("xq-ANN.LEE-kettle-77", Some(Code::PasswordContainsIdentifier)),
            ("my-AnnLee-kettle-77", Some(Code::PasswordContainsIdentifier)),
            ("aaaaaaaaaaaaaaaa", Some(Code::PasswordTooWeak)),
            ("harbour-moss-Kettle", None),
            ("Пароль-чайник-мох-7", None),
            ("👩‍🚀🌱🚀🎈🎲🏝🌋🎻🐙🦔🌈🔭", None),
        ];
        for (password, expected) in table {
            assert_eq!(refuse(password), expected, "{password:?}");
        }
    }

    #[test]
    fn a_crafted_password_costs_little_and_is_judged_all_the_same() {
        let crafted = "a4@b8c({[<e3g69i1!|l1|7o0s$5t+7x%z2".repeat(3);
        let took = |work: &dyn Fn()| {
            let clock = crate::Clock::system();
            work();
            clock.monotonic()
        };
        let bounded = took(&|| assert_eq!(refuse(&crafted), None));
        let unbounded = took(&|| _ = zxcvbn::zxcvbn(&crafted, &[]).score());
        assert!(bounded * 4 < unbounded, "{bounded:?}, without a bound {unbounded:?}");
        assert_eq!(refuse(&"01".repeat(50)), Some(Code::PasswordTooWeak));
    }

    #[test]
    fn length_is_counted_in_characters_after_composition() {
        let decomposed = "e\u{301}".repeat(11);
        assert_eq!(refuse(&decomposed), Some(Code::PasswordTooShort));
        assert_eq!(normalize(&decomposed.as_str().into()).expose_secret(), "é".repeat(11));
    }

    #[test]
    fn classes_are_asked_for_only_on_request() {
        let config = PasswordConfig { require_classes: true, ..crate::Config::default().password };
        let policy = PasswordPolicy { config, identifiers: Vec::new() };
        assert_eq!(policy.refuse(&"harbour-moss-kettle".into()), Some(Code::PasswordMissingClasses));
        assert_eq!(policy.refuse(&"Harbour-moss-kettle-7".into()), None);
    }

    #[test]
    fn the_list_holds_only_what_length_does_not_refuse_already() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() > 200);
        assert!(lines.iter().all(|line| line.chars().count() >= 8 && **line == line.to_lowercase()));
    }
}
