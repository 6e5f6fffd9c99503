//! `/openapi.json`, `/docs`: the document and the router say the same.

use axum::http::Method;
use serde_json::Value;
use testkit::{TestApp, db_test};
use vestibule::Code;
use vestibule_web::Problem;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

async fn document(app: &TestApp) -> Value {
    let answer = app.get("/openapi.json").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    answer.json()
}

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            all.push((method.clone(), path.clone(), operation));
        }
    }
    all
}

/// The credentials that a route takes, any one of them.
fn schemes(operation: &Value) -> Vec<String> {
    let requirements = operation["security"].as_array().into_iter().flatten();
    requirements.filter_map(Value::as_object).flat_map(|one| one.keys().cloned()).collect()
}

/// A credential in the list of routes: a session by what it needs, and who comes besides.
fn credential(operation: &Value, scheme: &str) -> Option<String> {
    let either = operation["security"].as_array().expect("requirements");
    let role = either.iter().find_map(|one| one.get(scheme)).and_then(|roles| roles[0].as_str());
    match scheme {
        "bearer" => Some(role.unwrap_or("session").to_owned()),
        "program" => Some("or program".to_owned()),
        "wallet" => Some("a wallet".to_owned()),
        "service_key" => Some(format!("service {}", role.unwrap_or_default())),
        _ => None,
    }
}

/// Whether the refusals of a route are documented.
fn is_documented(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/access/")
}

db_test!(what_is_documented_is_served_and_what_is_not_is_not, |db| async move {
    let app = TestApp::new(&db).await;
    let document = document(&app).await;
    let ann = app.sign_up("ann@example.com").await;
    let org = crate::organizations::make(&app, &ann, "Harbour Works").await;
    let invited = app.post(&format!("{org}/invitations")).bearer(&ann.token).json(serde_json::json!({})).await.json();
    let code = invited["code"].as_str().expect("a code");
    let documented: Vec<_> = operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    for path in document["paths"].as_object().expect("paths").keys() {
        let nobody = "00000000-0000-7000-8000-000000000000";
        let real = path.split('/').map(|part| match part {
            "{provider}" => "github", // of another there is none
            "{code}" => code,         // of another there is none either
            part if part.starts_with('{') => nobody,
            part => part,
        });
        let real = real.collect::<Vec<_>>().join("/");
        let real = if path.ends_with("/reset/status") { format!("{real}?token=x") } else { real };
        for method in METHODS {
            let call = app.call(Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method"), &real);
            let answer = call.await;
            let is_documented = documented.contains(&(method.to_owned(), path.clone()));
            assert_eq!(answer.status != 405, is_documented, "{method} {path}: {}", answer.status);
            assert_ne!(answer.status, 404, "{method} {path}");
        }
    }
});

#[test]
fn nothing_of_the_api_is_routed_beside_the_document() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api");
    for entry in std::fs::read_dir(folder).expect("the API's folder") {
        let path = entry.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("source text");
        assert!(!text.contains(".route("), "{} routes what it does not document", path.display());
    }
}

db_test!(the_routes_of_the_api_are_these, |db| async move {
    let app = TestApp::new(&db).await;
    let document = document(&app).await;
    let line = |(method, path, operation): (String, String, &Value)| {
        let who = match operation.get("security").and_then(Value::as_array) {
            None => "public".to_owned(),
            Some(either) if either.contains(&serde_json::json!({})) => "public, or in a session".to_owned(),
            Some(_) => schemes(operation)
                .iter()
                .filter_map(|scheme| credential(operation, scheme))
                .collect::<Vec<_>>()
                .join(", "),
        };
        format!("{:6} {path} {who}", method.to_uppercase())
    };
    let lines: Vec<_> = operations(&document).into_iter().map(line).collect();
    insta::assert_snapshot!("routes", lines.join("\n"));
});

db_test!(every_route_is_explained_and_so_is_every_answer, |db| async move {
    let app = TestApp::new(&db).await;
    let document = document(&app).await;
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    let mut ids = std::collections::BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name} has no summary");
        assert!(operation["tags"][0].is_string(), "{name} has no tag");
        assert!(ids.insert(operation["operationId"].to_string()), "{name}: its id is another's too");
        let responses = operation["responses"].as_object().expect("responses");
        for (status, answer) in responses {
            assert!(answer["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} {status}");
            if status.as_str() >= "400" && is_documented(&path) {
                let problem = &answer["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(problem, "#/components/schemas/Problem", "{name} {status}");
            }
        }
        if path.contains("/admin/") || path.contains("/me") || path.starts_with("/access/") {
            assert!(responses.contains_key("401"), "{name}");
            let schemes = schemes(operation);
            assert_eq!(schemes.get(..2), Some(["bearer".to_owned(), "cookie".to_owned()].as_slice()), "{name}");
        }
        let mut parameters = std::collections::BTreeSet::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameters.insert(parameter["name"].to_string()), "{name}: {} twice", parameter["name"]);
        }
    }
    for reference in references(&document) {
        let name = reference.rsplit('/').next().expect("a name");
        assert!(schemas.contains_key(name), "{reference} leads nowhere");
    }
    assert_eq!(document["components"]["securitySchemes"].as_object().map(serde_json::Map::len), Some(6));
});

db_test!(every_documented_code_exists_and_stands_under_its_own_status, |db| async move {
    let app = TestApp::new(&db).await;
    let document = document(&app).await;
    let mut known = 0;
    for (method, path, operation) in operations(&document) {
        for (status, answer) in operation["responses"].as_object().expect("responses") {
            if status.as_str() < "400" || !is_documented(&path) {
                continue;
            }
            let text = answer["description"].as_str().expect("a description");
            for word in text.split('`').skip(1).step_by(2).filter(|word| !word.ends_with('…')) {
                let code = Code::ALL.iter().find(|code| code.as_str() == word);
                let code = *code.unwrap_or_else(|| panic!("{method} {path}: there is no code {word}"));
                let is_changing_factors = code == Code::InvalidMfaCode && path.starts_with("/api/v1/me/mfa/");
                let expected =
                    if is_changing_factors { "422".into() } else { Problem::from(code).status().to_string() };
                assert!(expected.starts_with(status), "{method} {path} {word}: {status}, not {expected}");
                known += 1;
            }
        }
    }
    assert!(known > 100, "{known}");
});

db_test!(what_null_does_is_told_where_it_does_not_clear, |db| async move {
    let app = TestApp::new(&db).await;
    let document = document(&app).await;
    for name in ["UserBody", "AdministratorBody"] {
        let schema = &document["components"]["schemas"][name];
        let about = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
        assert!(about.contains("null clears `username` and `name` and leaves the rest as it is"), "{name}: {about}");
        assert_eq!(schema["properties"]["email"]["description"], "Null leaves it as it is.", "{name}");
    }
});

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

db_test!(the_documentation_is_a_page_without_a_script, |db| async move {
    let app = TestApp::at(&db, "https://id.example.com/auth").await;
    let document = document(&app).await;
    assert_eq!(document["servers"][0]["url"], "/auth");
    let page = app.get("/docs").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(!page.text.contains("<script") && !page.text.contains(" style="));
    assert!(page.text.contains("href=\"/auth/openapi.json\"") && page.text.contains("href=\"/auth/assets/"));
    for (method, path, _) in operations(&document) {
        assert!(page.text.contains(&format!("{} {path}", method.to_uppercase())), "{method} {path}");
    }
    let made = page.text.split("id=\"schema-CreatedUser\"").nth(1).and_then(|rest| rest.split("</section>").next());
    for field in ["email_verified_at", "mfa_enabled", "invite_email_sent", "invite_url"] {
        assert!(made.is_some_and(|shape| shape.contains(&format!("<code>{field}</code>"))), "{field}");
    }
    let anchors = page.text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
    for anchor in anchors {
        assert!(page.text.contains(&format!("id=\"{anchor}\"")), "#{anchor} leads nowhere");
    }
});
