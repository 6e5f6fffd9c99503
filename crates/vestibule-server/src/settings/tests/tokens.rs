//! Tokens for programs, and what proxies are told.

use vestibule::SigningAlgorithm;

use super::*;

#[test]
fn tokens_read_alike_from_both() {
    let file = "[tokens]\nalgorithm = \"ES256\"\naudience = \"https://api.example.com\"\naccess_minutes = 5\n\
                chain_days = 7\napi_key_days = 90\napi_key_never_expires = true\n";
    let pairs = [
        ("VESTIBULE_TOKENS_ALGORITHM", "ES256"),
        ("VESTIBULE_TOKENS_AUDIENCE", " https://api.example.com "),
        ("VESTIBULE_TOKENS_ACCESS_MINUTES", "5"),
        ("VESTIBULE_TOKENS_CHAIN_DAYS", "7"),
        ("VESTIBULE_TOKENS_API_KEY_DAYS", "90"),
        ("VESTIBULE_TOKENS_API_KEY_NEVER_EXPIRES", "true"),
    ];
    for settings in [load_file(file, &[]).unwrap(), load(&pairs).unwrap()] {
        let tokens = settings.engine.tokens;
        assert_eq!(tokens.algorithm, SigningAlgorithm::Es256);
        assert_eq!(tokens.audience.as_deref(), Some("https://api.example.com"));
        assert_eq!(tokens.access, Duration::from_secs(5 * 60));
        assert_eq!(tokens.chain, Duration::from_secs(7 * 24 * 3600));
        assert_eq!(tokens.api_key, Duration::from_secs(90 * 24 * 3600));
        assert!(tokens.api_key_never_expires);
    }
}

#[test]
fn a_token_never_outlives_the_key_that_verifies_it() {
    for minutes in ["0", "56", "60", "61", "1440", "-1", "15m", ""] {
        let problem = the_problem(load(&[("VESTIBULE_TOKENS_ACCESS_MINUTES", minutes)]));
        assert!(problem.starts_with("tokens.access_minutes (VESTIBULE_TOKENS_ACCESS_MINUTES): "), "{problem}");
        assert!(problem.contains("from 1 to 55") && problem.contains("published for an hour"), "{problem}");
    }
    assert!(load(&[("VESTIBULE_TOKENS_ACCESS_MINUTES", "55")]).is_ok());
}

#[test]
fn other_tokens_are_refused_by_their_names() {
    refused(
        &[("VESTIBULE_TOKENS_ALGORITHM", "HS256")],
        "tokens.algorithm (VESTIBULE_TOKENS_ALGORITHM): must be one of",
    );
    refused(&[("VESTIBULE_TOKENS_ALGORITHM", "none")], "tokens.algorithm (VESTIBULE_TOKENS_ALGORITHM): ");
    refused(&[("VESTIBULE_TOKENS_AUDIENCE", " ")], "tokens.audience (VESTIBULE_TOKENS_AUDIENCE): is empty");
    refused(&[("VESTIBULE_TOKENS_CHAIN_DAYS", "0")], "tokens.chain_days (VESTIBULE_TOKENS_CHAIN_DAYS): ");
    refused(&[("VESTIBULE_TOKENS_API_KEY_DAYS", "0")], "tokens.api_key_days (VESTIBULE_TOKENS_API_KEY_DAYS): ");
    let never = "VESTIBULE_TOKENS_API_KEY_NEVER_EXPIRES";
    refused(&[(never, "yes")], "tokens.api_key_never_expires (VESTIBULE_TOKENS_API_KEY_NEVER_EXPIRES): ");
}

#[test]
fn proxies_are_told_what_is_set_and_nothing_by_default() {
    let forward_auth = load(&[]).unwrap().web.forward_auth;
    assert!(!forward_auth.redirect && forward_auth.return_origins.is_empty());
    let file =
        "[forward_auth]\nredirect = true\nreturn_origins = [\"https://app.example.com\", \"http://localhost:3000\"]\n";
    let origins = ("VESTIBULE_FORWARD_AUTH_RETURN_ORIGINS", "https://app.example.com/, http://localhost:3000");
    let pairs = [("VESTIBULE_FORWARD_AUTH_REDIRECT", "true"), origins];
    for settings in [load_file(file, &[]).unwrap(), load(&pairs).unwrap()] {
        let forward_auth = settings.web.forward_auth;
        let shown: Vec<String> = forward_auth.return_origins.iter().map(ToString::to_string).collect();
        assert!(forward_auth.redirect);
        assert_eq!(shown, ["https://app.example.com", "http://localhost:3000"]);
    }
    assert!(load(&[("VESTIBULE_FORWARD_AUTH_RETURN_ORIGINS", "")]).is_ok());
}

#[test]
fn what_is_no_origin_is_refused() {
    refused(&[("VESTIBULE_FORWARD_AUTH_REDIRECT", "1")], "forward_auth.redirect (VESTIBULE_FORWARD_AUTH_REDIRECT): ");
    for origin in
        ["app.example.com", "https://*.example.com", "https://app.example.com/a", "http://app.example.com", "*"]
    {
        let problem = the_problem(load(&[("VESTIBULE_FORWARD_AUTH_RETURN_ORIGINS", origin)]));
        let told = format!("forward_auth.return_origins (VESTIBULE_FORWARD_AUTH_RETURN_ORIGINS): {origin:?} ");
        assert!(problem.starts_with(&told), "{problem}");
    }
}
