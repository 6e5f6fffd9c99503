//! Logins elsewhere.

use super::*;

const CORP: &str = "[[oauth.oidc]]\nname = \"corp\"\nlabel = \"Corp\"\nissuer = \"https://login.example.com/realms/a\"\n\
                    client_id = \"us\"\nclient_secret = \"hunter2\"\n";

#[test]
fn providers_read_alike_from_both() {
    let file = format!(
        "[oauth]\nredirect_uris = [\"https://app.example.com/back\", \"com.example.app:/back\"]\n\
         [oauth.github]\nclient_id = \"id\"\nclient_secret = \"hush\"\n{CORP}"
    );
    let corp = r#"[{"name": "corp", "label": "Corp", "issuer": "https://login.example.com/realms/a", "client_id": "us",
                    "client_secret": "hunter2"}]"#;
    let pairs = [
        ("VESTIBULE_OAUTH_REDIRECT_URIS", "https://app.example.com/back, com.example.app:/back"),
        ("VESTIBULE_GITHUB_CLIENT_ID", "id"),
        ("VESTIBULE_GITHUB_CLIENT_SECRET", "hush"),
        ("VESTIBULE_OAUTH_OIDC", corp),
    ];
    for settings in [load_file(&file, &[]).unwrap(), load(&pairs).unwrap()] {
        let oauth = settings.engine.oauth;
        assert_eq!(oauth.redirect_uris, ["https://app.example.com/back", "com.example.app:/back"]);
        let github = oauth.github.unwrap();
        assert_eq!((github.client_id.as_str(), github.client_secret.expose_secret()), ("id", "hush"));
        assert_eq!(
            (github.base_url.as_str(), github.api_url.as_str()),
            ("https://github.com/", "https://api.github.com/")
        );
        let [corp] = &oauth.oidc[..] else { panic!("{:?}", oauth.oidc) };
        assert_eq!((corp.name.as_str(), corp.issuer.as_str()), ("corp", "https://login.example.com/realms/a"));
        assert_eq!((corp.client_secret.expose_secret(), corp.allow_private), ("hunter2", false));
        assert_eq!(corp.scopes, ["openid", "email", "profile"]);
    }
    let load = load(&[
        ("VESTIBULE_GITHUB_CLIENT_ID", "id"),
        ("VESTIBULE_GITHUB_CLIENT_SECRET", "hush"),
        ("VESTIBULE_GITHUB_BASE_URL", "https://git.example.com"),
    ]);
    assert_eq!(load.unwrap().engine.oauth.github.unwrap().api_url.as_str(), "https://git.example.com/api/v3");
}

#[test]
fn a_secret_may_be_in_a_file_and_is_never_shown() {
    let (_dir, file) = written("hunter2\n");
    let corp = CORP.replace("client_secret = \"hunter2\"", &format!("client_secret_file = \"{}\"", file.display()));
    let settings = load_file(&corp, &[]).unwrap();
    assert_eq!(settings.engine.oauth.oidc[0].client_secret.expose_secret(), "hunter2");
    let text = r#"[{"name": "corp", "client_secret": "hunter2", "client-secret": "hunter2"}]"#;
    for text in [text, "[{\"client_secret\": \"hunter2\"", "hunter2"] {
        let layers = Layers::gather(None, environment(&[("VESTIBULE_OAUTH_OIDC", text)])).unwrap();
        let shown = shown(&layers, Key::OauthOidc).unwrap();
        assert!(shown.contains("********") && !shown.contains("hunter2"), "{shown}");
        assert!(!the_problem(Settings::read(&layers)).contains("hunter2"));
    }
    let layers = Layers::gather(None, environment(&[("VESTIBULE_GITHUB_CLIENT_SECRET", "hunter2")])).unwrap();
    assert_eq!(shown(&layers, Key::OauthGithubClientSecret).as_deref(), Some("********"));
    let (_dir, file) = written("from a file\n");
    let pairs = [("VESTIBULE_GITHUB_CLIENT_SECRET_FILE", file.to_str().unwrap()), ("VESTIBULE_GITHUB_CLIENT_ID", "id")];
    let github = load(&pairs).unwrap().engine.oauth.github.unwrap();
    assert_eq!(github.client_secret.expose_secret(), "from a file");
}

#[test]
fn what_would_be_unsafe_does_not_start() {
    refused(&[("VESTIBULE_GITHUB_CLIENT_ID", "id")], "oauth.github.client_secret");
    refused(&[("VESTIBULE_GITHUB_CLIENT_SECRET", "hush")], "oauth.github.client_id");
    let github = [("VESTIBULE_GITHUB_CLIENT_ID", "id"), ("VESTIBULE_GITHUB_CLIENT_SECRET", "hush")];
    for (name, value) in [
        ("VESTIBULE_GITHUB_BASE_URL", "http://git.example.com"),
        ("VESTIBULE_GITHUB_API_URL", "http://127.0.0.1:9"),
        ("VESTIBULE_GITHUB_BASE_URL", "git.example.com"),
        ("VESTIBULE_GITHUB_ALLOW_PRIVATE", "yes"),
    ] {
        refused(&[&github[..], &[(name, value)]].concat(), "oauth.github.");
    }
    for uri in
        ["https://*.example.com", "https://app.example.com/#x", "http://app.example.com", "javascript:x", "/back"]
    {
        refused(&[("VESTIBULE_OAUTH_REDIRECT_URIS", uri)], "oauth.redirect_uris (VESTIBULE_OAUTH_REDIRECT_URIS)");
    }
    for (from, to) in [
        ("https://login.example.com/realms/a", "http://login.example.com"),
        ("\"corp\"", "\"github\""),
        ("\"corp\"", "\"a/b\""),
        ("name = \"corp\"", "nmae = \"corp\""),
        ("client_id = \"us\"\n", ""),
        ("client_secret = \"hunter2\"\n", ""),
        ("client_id = \"us\"", "client_id = 7"),
        ("client_id = \"us\"", "client_id = \"us\"\nscopes = [\"email\"]"),
        ("client_id = \"us\"", "client_id = \"us\"\nallow_private = \"yes\""),
    ] {
        let problem = the_problem(load_file(&CORP.replace(from, to), &[]));
        assert!(problem.starts_with("oauth.oidc (VESTIBULE_OAUTH_OIDC)"), "{problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
    let twice = the_problem(load_file(&format!("{CORP}{CORP}"), &[]));
    assert!(twice.contains("two providers"), "{twice}");
    let table = the_problem(load_file("[oauth.oidc]\nname = \"corp\"\n", &[]));
    assert!(table.starts_with("oauth.oidc"), "{table}");
}
