//! What proxies are told that ask whether to let somebody pass.

use vestibule_web::{ForwardAuth, ReturnOrigin};

use super::address;
use super::key::Key;
use super::layers::Layers;
use super::parse;
use super::problem::Problem;

/// Whether to redirect, and where signing in may lead back to.
pub fn read(layers: &Layers) -> Result<ForwardAuth, Problem> {
    let redirect = layers.read(Key::ForwardAuthRedirect, parse::flag)?;
    let return_origins = layers.read(Key::ForwardAuthReturnOrigins, |text| {
        parse::list(text)?.into_iter().map(|origin| origin.parse::<ReturnOrigin>().map_err(address::why)).collect()
    })?;
    Ok(ForwardAuth { redirect, return_origins })
}
