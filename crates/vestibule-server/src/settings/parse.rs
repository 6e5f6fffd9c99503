//! How the text of a setting becomes a value. Empty text is a mistake here: a setting that may be empty says so itself.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A whole number within a range.
pub fn number<T>(range: RangeInclusive<T>) -> impl FnOnce(&str) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    move |text| {
        let wanted = || format!("must be a whole number from {} to {}", range.start(), range.end());
        let number: T = text.trim().parse().map_err(|_| wanted())?;
        if range.contains(&number) { Ok(number) } else { Err(wanted()) }
    }
}

/// `true` or `false`.
pub fn flag(text: &str) -> Result<bool, String> {
    match text.trim() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

/// One of a few words.
pub fn word<T: Copy>(words: &[(&str, T)], text: &str) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text.trim());
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("must be one of: {}", names.join(", "))
    })
}

/// A comma-separated list, which may be empty; none of its items may.
pub fn list(text: &str) -> Result<Vec<&str>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let items: Vec<&str> = text.split(',').map(str::trim).collect();
    if items.contains(&"") { Err("has an empty item: remove the extra comma".to_owned()) } else { Ok(items) }
}
