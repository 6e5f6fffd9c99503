//! Leafing through lists: from the newest page to older ones, with the filters kept in the address.

use serde::Deserialize;
use url::form_urlencoded;
use vestibule::PageRequest;

use crate::app::App;
use crate::error::Result;

/// Which page is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    cursor: Option<String>,
}

/// Where the neighbouring pages are.
pub(crate) struct Turn {
    /// The address of the next older page.
    pub older: Option<String>,
    /// The address of the newest page, unless this is it.
    pub newest: Option<String>,
}

impl Place {
    /// The first page.
    pub(super) fn first() -> Place {
        Place { cursor: None }
    }

    /// The page that is asked for.
    pub(super) fn page(&self) -> Result<PageRequest> {
        Ok(PageRequest::parse(None, self.cursor.as_deref())?)
    }

    /// The neighbours of this page, in the list at `path` with these filters.
    pub(super) fn turn(&self, app: &App, path: &str, filters: &[(&str, &str)], next: Option<&str>) -> Turn {
        let filters = || filters.iter().filter(|(_, value)| !value.is_empty());
        let address = |cursor: Option<&str>| {
            let path = format!("{}{path}?", app.base());
            let start = path.len();
            let mut query = form_urlencoded::Serializer::for_suffix(path, start);
            query.extend_pairs(filters()).extend_pairs(cursor.map(|cursor| ("cursor", cursor)));
            query.finish().trim_end_matches('?').to_owned()
        };
        let is_first = self.cursor.as_deref().is_none_or(str::is_empty);
        Turn { older: next.map(|next| address(Some(next))), newest: (!is_first).then(|| address(None)) }
    }
}
