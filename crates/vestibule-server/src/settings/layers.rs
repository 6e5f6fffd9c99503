//! Three layers of settings, the later over the earlier: the embedded defaults, one TOML file, the environment.
//! A value is text until its section reads it, so that every layer obeys the same rules. An unknown name, in the
//! file or in the environment, is a problem: a misspelt setting must never pass for a default.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::key::Key;
use super::problem::{Problem, Problems};

/// The defaults, which are the reference too.
pub const DEFAULTS: &str = include_str!("../settings.default.toml");

const PREFIX: &str = "VESTIBULE_";
/// Variables that begin like settings and are none: the file's own name, and what tests tell each other.
const EXEMPT: [&str; 2] = ["VESTIBULE_CONFIG", "VESTIBULE_TEST_"];

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The embedded defaults.
    Default,
    /// The settings file.
    File,
    /// An environment variable, or the file that one names.
    Environment,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Source::Default => "default",
            Source::File => "file",
            Source::Environment => "environment",
        })
    }
}

/// A value and where it comes from. It may be a secret, hence no `Debug`.
#[derive(Clone)]
pub struct Entry {
    /// The value as text.
    pub text: String,
    /// Where it comes from.
    pub source: Source,
}

/// Every setting that has a value.
#[derive(Clone, Default)]
pub struct Layers(BTreeMap<Key, Entry>);

impl Layers {
    /// Lays the file over the defaults and the environment over both.
    pub fn gather(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Layers, Problems> {
        let mut layers = Layers::default();
        let mut problems = Vec::new();
        layers.lay_toml(DEFAULTS, Source::Default, &mut problems);
        if let Some(path) = file {
            match std::fs::read_to_string(path) {
                Ok(text) => layers.lay_toml(&text, Source::File, &mut problems),
                Err(why) => problems.push(Problem::new(path.display().to_string(), format!("cannot be read: {why}"))),
            }
        }
        layers.lay_environment(environment, &mut problems);
        layers.spread_off();
        layers.follow_mail();
        if problems.is_empty() { Ok(layers) } else { Err(Problems(problems)) }
    }

    /// The value of a setting, if it has one.
    pub fn get(&self, key: Key) -> Option<&Entry> {
        self.0.get(&key)
    }

    /// The text of a setting, empty when it has no value.
    pub fn text(&self, key: Key) -> &str {
        self.get(key).map_or("", |entry| &entry.text)
    }

    /// The text of a setting that may be absent; one that is there and empty is refused.
    pub fn given(&self, key: Key) -> Result<Option<&str>, Problem> {
        match self.get(key).map(|entry| entry.text.as_str()) {
            Some(text) if text.trim().is_empty() => Err(Problem::of(key, "is empty: give it a value, or unset it")),
            given => Ok(given),
        }
    }

    /// Reads a setting with a parser of its own.
    pub fn read<T>(&self, key: Key, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<T, Problem> {
        parse(self.text(key)).map_err(|why| Problem::of(key, why))
    }

    fn lay_toml(&mut self, text: &str, source: Source, problems: &mut Vec<Problem>) {
        match text.parse::<toml::Table>() {
            Ok(table) => self.lay_table("", &table, source, problems),
            // The parser's own rendering quotes the line, which may hold a secret.
            Err(why) => problems.push(Problem::new(place(text, &why), why.message())),
        }
    }

    fn lay_table(&mut self, prefix: &str, table: &toml::Table, source: Source, problems: &mut Vec<Problem>) {
        for (last, value) in table {
            let name = format!("{prefix}{last}");
            match (Key::named(&name), value) {
                (Some(key), value) => match text_of(key, value) {
                    Ok(text) => drop(self.0.insert(key, Entry { text, source })),
                    Err(why) => problems.push(Problem::of(key, why)),
                },
                (None, toml::Value::Table(inner)) if Key::is_table(&name) => {
                    self.lay_table(&format!("{name}."), inner, source, problems);
                }
                (None, _) => problems.push(Problem::new(name, "there is no such setting")),
            }
        }
    }

    fn lay_environment(
        &mut self,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        problems: &mut Vec<Problem>,
    ) {
        let mut seen: BTreeMap<Key, String> = BTreeMap::new();
        for (variable, value) in environment {
            let Some(variable) = variable.to_str().filter(|name| is_ours(name)) else { continue };
            match Variable::of(variable).and_then(|variable| Ok((variable.key(), variable.text(value)?))) {
                Err(problem) => problems.push(problem),
                Ok((key, text)) => {
                    if let Some(other) = seen.insert(key, variable.to_owned()) {
                        let why = format!("{other} and {variable} are both set: keep one");
                        problems.push(Problem::of(key, why));
                    }
                    self.0.insert(key, Entry { text, source: Source::Environment });
                }
            }
        }
    }

    /// `off` on the short name of a limit turns its three off.
    fn spread_off(&mut self) {
        let trios = [
            (Key::LimitsSignIn, [Key::LimitsSignInIdentifier, Key::LimitsSignInGlobal]),
            (Key::LimitsSignUp, [Key::LimitsSignUpIdentifier, Key::LimitsSignUpGlobal]),
            (Key::LimitsPasswordReset, [Key::LimitsPasswordResetIdentifier, Key::LimitsPasswordResetGlobal]),
        ];
        for (short, others) in trios {
            let Some(off) = self.get(short).filter(|entry| entry.text.trim() == "off").cloned() else { continue };
            for other in others {
                self.0.insert(other, off.clone());
            }
        }
    }

    /// Addresses must be proven by default as soon as there is mail to prove them with.
    fn follow_mail(&mut self) {
        let has_mail = self.get(Key::SmtpUrl).is_some();
        let entry = Entry { text: has_mail.to_string(), source: Source::Default };
        self.0.entry(Key::RequireVerifiedEmail).or_insert(entry);
    }
}

/// What an environment variable says: the value itself, or the file that holds it.
enum Variable {
    Value(Key),
    File(Key),
}

impl Variable {
    fn of(name: &str) -> Result<Variable, Problem> {
        if let Some(key) = Key::of_env(name) {
            return Ok(Variable::Value(key));
        }
        let file = name.strip_suffix("_FILE").and_then(Key::of_env).filter(|key| key.is_secret());
        file.map(Variable::File).ok_or_else(|| {
            Problem::new(
                name,
                "there is no such setting (`vestibule config show` lists them; unset it if it is not ours)",
            )
        })
    }

    fn key(&self) -> Key {
        match *self {
            Variable::Value(key) | Variable::File(key) => key,
        }
    }

    fn text(&self, value: OsString) -> Result<String, Problem> {
        match *self {
            Variable::Value(key) => value.into_string().map_err(|_| Problem::of(key, "is not UTF-8")),
            Variable::File(key) => {
                let path = Path::new(&value);
                let text = std::fs::read_to_string(path)
                    .map_err(|why| Problem::of(key, format!("{} cannot be read: {why}", path.display())))?;
                let line = text.strip_suffix('\n').unwrap_or(&text);
                Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
            }
        }
    }
}

fn is_ours(variable: &str) -> bool {
    let [config, tests] = EXEMPT;
    variable.starts_with(PREFIX) && variable != config && !variable.starts_with(tests)
}

/// A value of the file as text; tables of providers become JSON, as in the environment.
fn text_of(key: Key, value: &toml::Value) -> Result<String, String> {
    match key == Key::OauthOidc && value.is_array() {
        true => serde_json::to_string(value).map_err(|_| "must be tables [[oauth.oidc]]".to_owned()),
        false => text(value),
    }
}

/// A value of the file as text; a list becomes a comma-separated one, as in the environment.
fn text(value: &toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(flag) => Ok(flag.to_string()),
        toml::Value::Array(items) => {
            let items: Result<Vec<String>, String> = items.iter().map(item).collect();
            Ok(items?.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => {
            Err(format!("must be text, a whole number, true or false, or a list, not a {}", value.type_str()))
        }
    }
}

fn item(value: &toml::Value) -> Result<String, String> {
    match value.as_str() {
        Some(text) if !text.trim().is_empty() && !text.contains(',') => Ok(text.to_owned()),
        Some(_) | None => Err("must be a list of texts, none of them empty or with a comma".to_owned()),
    }
}

fn place(text: &str, why: &toml::de::Error) -> String {
    let start = why.span().map_or(0, |span| span.start);
    let line = text.get(..start).map_or(1, |before| before.matches('\n').count() + 1);
    format!("settings file, line {line}")
}
