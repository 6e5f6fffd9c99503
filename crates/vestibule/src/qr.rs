//! QR codes: a text that is too long to type, as a picture for a camera. What is in it is as secret as the text.

use qrcode::QrCode;
use qrcode::render::svg;
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::{Error, Result};

/// How wide the picture of a code is at least, in pixels.
const WIDTH: u32 = 240;

/// A text as a QR code: an `<svg>` element to put into a page.
pub fn qr_svg(text: &SecretString) -> Result<String> {
    let code = QrCode::new(text.expose_secret()).map_err(Error::internal)?;
    let document = code.render::<svg::Color<'_>>().min_dimensions(WIDTH, WIDTH).build();
    let element = document.find("<svg").map_or("", |start| &document[start..]);
    Ok(element.to_owned())
}
