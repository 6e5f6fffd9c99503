//! What a client calls itself, in two words that its owner recognises. A guess for people; nothing rests on it.

/// Programs by what they write, the most telling first: every browser also claims to be an older one.
const PROGRAMS: [(&str, &str); 8] = [
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// The longest a name of its own is shown.
const LONGEST: usize = 60;

/// A device as its owner knows it.
pub fn device_name(user_agent: Option<&str>) -> String {
    let Some(text) = user_agent.filter(|text| !text.trim().is_empty()) else {
        return "Unknown device".to_owned();
    };
    match (find(&PROGRAMS, text), find(&SYSTEMS, text)) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(program), None) => program.to_owned(),
        (None, Some(system)) => format!("Browser on {system}"),
        (None, None) => text.chars().take(LONGEST).collect(),
    }
}

fn find(table: &[(&str, &'static str)], text: &str) -> Option<&'static str> {
    table.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_by_its_most_telling_mark() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        let safari =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Safari/604.1";
        assert_eq!(device_name(Some(chrome)), "Chrome on Linux");
        assert_eq!(device_name(Some(&format!("{chrome} Edg/140.0"))), "Edge on Linux");
        assert_eq!(device_name(Some(safari)), "Safari on iPhone");
        assert_eq!(device_name(Some("curl/8.5.0")), "curl");
        assert_eq!(device_name(Some("my-script")), "my-script");
        assert_eq!(device_name(Some(&"é".repeat(400))).chars().count(), LONGEST);
        assert_eq!([device_name(None), device_name(Some(" "))], ["Unknown device", "Unknown device"]);
    }
}
