//! When a new key shall end, as its form offers it: after some time that the settings allow, or never where they do. The
//! form sends seconds, and only what was offered is taken.

use std::time::Duration;

use vestibule::{Code, KeyExpiry, Timestamp, TokensConfig};

use super::form::Form;

const FIELD: &str = "expires_at";
const NEVER: &str = "never";
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;
/// What is offered, in seconds, where the settings allow it.
const SPANS: [u64; 3] = [30 * DAY, 90 * DAY, YEAR];

/// What can be chosen.
pub(super) struct KeyEnds {
    /// After how many seconds, the shortest first.
    spans: Vec<u64>,
    /// Which of them is chosen at first.
    usual: u64,
    may_never: bool,
}

/// One choice, as the form sends it and in words.
pub(crate) struct EndChoice {
    pub value: String,
    pub words: String,
    pub is_chosen: bool,
}

impl KeyEnds {
    /// For a key of an account, by these settings.
    pub(super) fn of_api_key(config: &TokensConfig) -> KeyEnds {
        let (usual, may_never) = (config.api_key.as_secs(), config.api_key_never_expires);
        let mut spans: Vec<u64> = SPANS.into_iter().filter(|span| may_never || *span < usual).collect();
        spans.push(usual);
        spans.sort_unstable();
        spans.dedup();
        KeyEnds { spans, usual, may_never }
    }

    /// For a key of a service.
    pub(super) fn of_service_key() -> KeyEnds {
        KeyEnds { spans: SPANS.to_vec(), usual: YEAR, may_never: true }
    }

    /// A form in which the usual one is chosen.
    pub(super) fn blank(&self) -> Form {
        Form::blank().with(FIELD, &self.usual.to_string())
    }

    /// What can be chosen, with what the form has chosen.
    pub(super) fn choices(&self, form: &Form) -> Vec<EndChoice> {
        let spans = self.spans.iter().map(|span| (span.to_string(), format!("after {}", words(*span))));
        let never = self.may_never.then(|| (NEVER.to_owned(), NEVER.to_owned()));
        let choice = |(value, words): (String, String)| EndChoice { is_chosen: form.has(FIELD, &value), value, words };
        spans.chain(never).map(choice).collect()
    }

    /// What was chosen, if it was offered; else the form says that it was not.
    pub(super) fn read(&self, form: &mut Form, now: Timestamp) -> Option<KeyExpiry> {
        let chosen = form.typed(FIELD);
        if self.may_never && chosen == NEVER {
            return Some(KeyExpiry::Never);
        }
        let span = chosen.parse().ok().filter(|span| self.spans.contains(span));
        if span.is_none() {
            form.note(FIELD, Code::ExpiryInvalid.message());
        }
        span.map(|span| KeyExpiry::At(now.plus(Duration::from_secs(span))))
    }
}

fn words(seconds: u64) -> String {
    let (number, unit) = match seconds {
        YEAR => (1, "year"),
        _ if seconds.is_multiple_of(DAY) => (seconds / DAY, "day"),
        _ if seconds.is_multiple_of(HOUR) => (seconds / HOUR, "hour"),
        _ => (seconds, "second"),
    };
    if number == 1 { format!("one {unit}") } else { format!("{number} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_767_225_600_000_000);

    fn offered(longest: u64, may_never: bool) -> Vec<String> {
        let config = vestibule::Config::default().tokens;
        let api_key = Duration::from_secs(longest);
        let ends = KeyEnds::of_api_key(&TokensConfig { api_key, api_key_never_expires: may_never, ..config });
        ends.choices(&ends.blank()).into_iter().map(|one| one.words + if one.is_chosen { "!" } else { "" }).collect()
    }

    #[test]
    fn what_the_settings_allow_is_offered_and_the_usual_chosen() {
        assert_eq!(offered(YEAR, false), ["after 30 days", "after 90 days", "after one year!"]);
        assert_eq!(offered(45 * DAY, false), ["after 30 days", "after 45 days!"]);
        assert_eq!(offered(36 * HOUR, false), ["after 36 hours!"]);
        let all = ["after one day!", "after 30 days", "after 90 days", "after one year", "never"];
        assert_eq!(offered(DAY, true), all);
    }

    #[test]
    fn only_what_is_offered_is_taken() {
        let ends = KeyEnds::of_api_key(&vestibule::Config::default().tokens);
        let read = |chosen: &str| {
            let mut form = Form::blank().with(FIELD, chosen);
            (ends.read(&mut form, NOW), form.mistake(FIELD).is_some())
        };
        let day_90 = KeyExpiry::At(NOW.plus(Duration::from_secs(90 * DAY)));
        assert_eq!(read("7776000"), (Some(day_90), false));
        for chosen in ["", "never", "7776001", "-1", "99999999999999999999"] {
            assert_eq!(read(chosen), (None, true), "{chosen}");
        }
    }
}
