//! Where Vestibule is reached: what it listens on, what people type, which proxies may speak for a client,
//! how far its cookie goes. What would let anybody forge an address or widen a cookie by mistake is refused.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use url::Url;
use vestibule_web::WebConfig;

use super::key::Key;
use super::layers::Layers;
use super::parse;
use super::problem::Problem;

/// The socket to listen on.
pub fn listen(layers: &Layers) -> Result<SocketAddr, Problem> {
    layers.read(Key::Listen, |text| {
        text.trim().parse().map_err(|_| "must be an IP address and a port, such as 127.0.0.1:8080".to_owned())
    })
}

/// What people type.
pub fn public_url(layers: &Layers) -> Result<Url, Problem> {
    layers.read(Key::PublicUrl, |text| {
        let url = Url::parse(text.trim()).map_err(|why| why.to_string())?;
        WebConfig::default().check(&url).map_err(why)?;
        Ok(url)
    })
}

/// What the router needs to know of the outside, at this public URL.
pub fn web(layers: &Layers, public_url: &Url) -> Result<WebConfig, Problem> {
    let trusted_proxies = layers.read(Key::TrustedProxies, proxies)?;
    layers.read(Key::SessionCookieDomain, |text| {
        let cookie_domain = Some(text.trim().to_owned()).filter(|domain| !domain.is_empty());
        let config = WebConfig { trusted_proxies, cookie_domain, ..WebConfig::default() };
        config.check(public_url).map_err(why)?;
        Ok(config)
    })
}

/// The reason alone: the setting's name is said with it anyway.
pub fn why(refused: vestibule::Error) -> String {
    let text = refused.to_string();
    text.split_once(": ").map_or(text.clone(), |(_, why)| why.to_owned())
}

fn proxies(text: &str) -> Result<Vec<IpNet>, String> {
    parse::list(text)?.into_iter().map(proxy).collect()
}

fn proxy(text: &str) -> Result<IpNet, String> {
    let net: IpNet = text
        .parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| format!("{text:?} is neither an address nor a CIDR block such as 10.0.0.0/8"))?;
    if net.prefix_len() == 0 {
        return Err(format!("{text} trusts everybody, so anybody could forge an address: name your proxies"));
    }
    Ok(net)
}
