//! How and what to log.

use tracing_subscriber::EnvFilter;

use super::key::Key;
use super::layers::Layers;
use super::parse;
use super::problem::Problem;

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How and what to log.
#[derive(Clone, Debug)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// Which lines there are, as a filter that was checked.
    pub filter: String,
}

/// The log's settings.
pub fn read(layers: &Layers) -> Result<Log, Problem> {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let format = layers.read(Key::LogFormat, |text| parse::word(&formats, text))?;
    let filter = layers.read(Key::LogFilter, |text| match text.trim() {
        "" => Err("is empty: a level such as info, or off".to_owned()),
        text => EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|why| why.to_string()),
    })?;
    Ok(Log { format, filter })
}
