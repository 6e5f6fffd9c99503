//! Style sheets, scripts and pictures, inside the binary. Each is served under a name that carries the hash of its
//! content, so a browser may keep it for ever and never sees an old one. They hold no secrets, so they alone are
//! compressed.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::Embed;
use tower_http::compression::CompressionLayer;
use vestibule::Code;

use crate::app::App;
use crate::error::Result;
use crate::extract::Path;

#[derive(Embed)]
#[folder = "assets/"]
struct Folder;

/// The files by the names they are served under, and those names by their own.
struct Assets {
    served: HashMap<String, Asset>,
    hashed_names: HashMap<String, String>,
}

#[derive(Clone)]
struct Asset {
    content: Bytes,
    media_type: HeaderValue,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::read);

/// The address of an asset, such as `vestibule.css`, below the base of the public URL.
pub(crate) fn url(base: &str, name: &str) -> String {
    let served_as = ASSETS.hashed_names.get(name).map_or(name, String::as_str);
    format!("{base}/assets/{served_as}")
}

async fn show(Path(name): Path<String>) -> Result<Response> {
    let asset = ASSETS.served.get(&name).cloned().ok_or(Code::NotFound)?;
    let mut response = asset.content.into_response();
    response.headers_mut().insert(CONTENT_TYPE, asset.media_type);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Ok(response)
}

impl Assets {
    fn read() -> Assets {
        let mut assets = Assets { served: HashMap::new(), hashed_names: HashMap::new() };
        for name in Folder::iter() {
            let Some(file) = Folder::get(&name) else { continue };
            let served_as = hashed_name(&name, &file.metadata.sha256_hash());
            let media_type = media_type(file.metadata.mimetype());
            assets.served.insert(served_as.clone(), Asset { content: file.data.into_owned().into(), media_type });
            assets.hashed_names.insert(name.into_owned(), served_as);
        }
        assets
    }
}

/// `vestibule.css` becomes `vestibule-0123456789abcdef.css`.
fn hashed_name(name: &str, hash: &[u8; 32]) -> String {
    let hash: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
        None => format!("{name}-{hash}"),
    }
}

fn media_type(essence: &str) -> HeaderValue {
    let is_text = essence.starts_with("text/") || essence == "image/svg+xml";
    let text = if is_text { format!("{essence}; charset=utf-8") } else { essence.to_owned() };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// `/assets/{name}`.
pub(crate) fn router() -> Router<App> {
    Router::new().route("/assets/{name}", get(show)).layer(CompressionLayer::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_carries_the_hash_of_its_content() {
        assert_eq!(hashed_name("a.min.css", &[0xab; 32]), "a.min-abababababababab.css");
        assert_eq!(hashed_name("a", &[1; 32]), "a-0101010101010101");
        for (name, served_as) in &ASSETS.hashed_names {
            assert_ne!(name, served_as);
            assert!(url("/auth", name).starts_with("/auth/assets/") && ASSETS.served.contains_key(served_as));
        }
    }
}
