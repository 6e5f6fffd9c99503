//! `/docs`: the OpenAPI document as a page, made on the server, without a script.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::Value;
use vestibule::Error;

use crate::app::App;
use crate::error::Result;
use crate::pages::Frame;

/// Text in pieces, each plain or code.
type Prose = Vec<(bool, String)>;

/// The page.
#[derive(Template)]
#[template(path = "docs.html")]
struct Docs {
    frame: Frame,
    about: Prose,
    sections: Vec<Section>,
    shapes: Vec<Shape>,
}

/// The operations of one tag.
struct Section {
    name: String,
    operations: Vec<Operation>,
}

struct Operation {
    anchor: String,
    method: String,
    path: String,
    summary: String,
    description: Prose,
    guarded: bool,
    parameters: Vec<Member>,
    body: Option<String>,
    answers: Vec<Answer>,
}

struct Answer {
    status: String,
    description: Prose,
    shape: Option<String>,
}

/// A schema, by name.
struct Shape {
    name: String,
    description: Prose,
    members: Vec<Member>,
}

/// A field of a schema or a parameter of an operation.
struct Member {
    name: String,
    kind: String,
    required: bool,
    description: Prose,
}

impl Docs {
    fn of(app: &App, document: &Value) -> Docs {
        let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
        Docs {
            frame: Frame::signed_out(app, &format!("API {}", text(document, "/info/version"))),
            about: prose(document, "/info/description"),
            sections: sections(document),
            shapes: schemas.into_iter().flatten().map(|(name, schema)| Shape::of(document, name, schema)).collect(),
        }
    }
}

/// The operations, by tag, in the order in which the tags first occur.
fn sections(document: &Value) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for (path, item) in object(document, "/paths") {
        for (method, operation) in object(item, "") {
            let name = text(operation, "/tags/0");
            let operation = Operation::of(path, method, operation);
            match sections.iter_mut().find(|section| section.name == name) {
                Some(section) => section.operations.push(operation),
                None => sections.push(Section { name, operations: vec![operation] }),
            }
        }
    }
    sections
}

impl Operation {
    fn of(path: &str, method: &str, operation: &Value) -> Operation {
        let parameters = operation.pointer("/parameters").and_then(Value::as_array);
        let parameter = |value: &Value| Member {
            name: text(value, "/name"),
            kind: format!("{}, in the {}", kind(&value["schema"]), text(value, "/in")),
            required: value["required"] == true,
            description: prose(value, "/description"),
        };
        Operation {
            anchor: format!("{method}{}", path.replace(['/', '{', '}'], "-")),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(operation, "/summary"),
            description: prose(operation, "/description"),
            guarded: is_guarded(operation),
            parameters: parameters.into_iter().flatten().map(parameter).collect(),
            body: shape_of(&operation["requestBody"]),
            answers: object(operation, "/responses").map(|(status, answer)| Answer::of(status, answer)).collect(),
        }
    }
}

/// Whether it needs a session; one that may also come without lists an empty requirement.
fn is_guarded(operation: &Value) -> bool {
    let mut requirements = operation["security"].as_array().into_iter().flatten().peekable();
    requirements.peek().is_some() && requirements.all(|one| one.as_object().is_some_and(|names| !names.is_empty()))
}

impl Answer {
    fn of(status: &str, answer: &Value) -> Answer {
        Answer { status: status.to_owned(), description: prose(answer, "/description"), shape: shape_of(answer) }
    }
}

impl Shape {
    fn of(document: &Value, name: &str, schema: &Value) -> Shape {
        Shape {
            name: name.to_owned(),
            description: prose(schema, "/description"),
            members: parts(document, schema).flat_map(members).collect(),
        }
    }
}

/// A schema, and those that it is made of besides.
fn parts<'a>(document: &'a Value, schema: &'a Value) -> impl Iterator<Item = &'a Value> {
    let found = |part: &'a Value| match part["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap_or(part),
        None => part,
    };
    std::iter::once(schema).chain(schema["allOf"].as_array().into_iter().flatten().map(found))
}

fn members(schema: &Value) -> impl Iterator<Item = Member> {
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    object(schema, "/properties").map(move |(name, schema)| Member {
        required: is_required(name),
        name: name.clone(),
        kind: kind(schema),
        description: prose(schema, "/description"),
    })
}

/// The name of the schema that a body or an answer has, if it is one of ours.
fn shape_of(holder: &Value) -> Option<String> {
    let (_, content) = object(holder, "/content").next()?;
    content.pointer("/schema/$ref")?.as_str()?.rsplit('/').next().map(str::to_owned)
}

/// A schema in a few words.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let word = match &schema["type"] {
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        Value::String(word) if word == "array" => format!("array of {}", kind(&schema["items"])),
        Value::String(word) => word.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "object".to_owned(),
    };
    match schema["format"].as_str() {
        Some(format) => format!("{word} ({format})"),
        None => word,
    }
}

fn object<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    value.pointer(pointer).and_then(Value::as_object).into_iter().flatten()
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Text in which code stands between backticks.
fn prose(value: &Value, pointer: &str) -> Prose {
    text(value, pointer).split('`').enumerate().map(|(n, piece)| (n % 2 == 1, piece.to_owned())).collect()
}

async fn show(State(app): State<App>, Extension(document): Extension<Arc<Value>>) -> Result<Html<String>> {
    let page = Docs::of(&app, &document).render().map_err(Error::internal)?;
    Ok(Html(page))
}

/// `/docs`.
pub(super) fn router(document: Value) -> Router<App> {
    Router::new().route("/docs", get(show)).layer(Extension(Arc::new(document)))
}
