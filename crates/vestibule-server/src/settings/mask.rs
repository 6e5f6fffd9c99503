//! What is shown in place of secrets. A URL keeps all that helps to find a mistake in it, but nothing that could be a
//! piece of its password: written with an unescaped `/`, `?`, `#` or `@`, a password reads as something else.

use url::{Position, Url};

/// What stands in place of a secret.
pub const MASK: &str = "********";

/// A URL with its passwords masked; one that may be read otherwise than it was meant is masked whole.
pub fn url(text: &str) -> String {
    masked(text).unwrap_or_else(|| MASK.to_owned())
}

fn masked(text: &str) -> Option<String> {
    let mut url = Url::parse(text.trim()).ok()?;
    if url.cannot_be_a_base() || url[Position::AfterPort..].contains('@') {
        return None;
    }
    if let Some(password) = url.password().map(str::to_owned) {
        if url.username() == password {
            url.set_username(MASK).ok()?; // a token of a mail provider stands in both places
        }
        url.set_password(Some(MASK)).ok()?;
    }
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if pairs.iter().any(|(name, _)| name == "password") {
        let shown = pairs.iter().map(|(name, value)| (name, if name == "password" { MASK } else { value }));
        url.query_pairs_mut().clear().extend_pairs(shown);
    }
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_masked_and_the_rest_is_shown() {
        for (text, shown) in [
            ("postgres://ann:hunter2@db:5432/v", "postgres://ann:********@db:5432/v"),
            ("postgres://ann@db/v?password=hunter2&sslmode=x", "postgres://ann@db/v?password=********&sslmode=x"),
            ("smtps://hunter2:hunter2@mail.example.com", "smtps://********:********@mail.example.com"),
            (" smtp://localhost:2525 ", "smtp://localhost:2525"),
        ] {
            assert_eq!(url(text), shown);
        }
    }

    #[test]
    fn a_password_that_reads_as_something_else_is_masked_whole() {
        for text in [
            "",
            "hunter2",
            "ann:hunter2@mail.example.com",
            "smtp:ann:hunter2@mail.example.com",
            "smtp:/ann:hunter2@mail.example.com",
            "smtp:///ann:hunter2@mail.example.com",
            "smtp://ann:hunter2/x@mail.example.com",
            "smtp://ann:12/hunter2@mail.example.com",
            "smtp://ann:12?hunter2@mail.example.com",
            "smtp://ann:12#hunter2@mail.example.com",
        ] {
            assert_eq!(url(text), MASK, "{text}");
        }
    }
}
