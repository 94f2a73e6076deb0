//! The list of system headers that are answered with nothing.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// One known system header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct KnownHeader {
    /// The name between `<` and `>`; one that ends in `/` stands for a whole folder.
    pub name: String,
    /// The section of the Metal specification that describes what it declares.
    pub cites: String,
}

#[derive(Deserialize)]
struct HeaderFile {
    header: Vec<KnownHeader>,
}

static HEADERS: OnceLock<BTreeMap<String, KnownHeader>> = OnceLock::new();

fn headers() -> &'static BTreeMap<String, KnownHeader> {
    HEADERS.get_or_init(|| {
        // The list is part of the program and a unit test reads it, so it parses.
        toml::from_str::<HeaderFile>(include_str!("../../../models/headers.toml"))
            .map(|f| f.header)
            .unwrap_or_default()
            .into_iter()
            .map(|h| (h.name.clone(), h))
            .collect()
    })
}

/// The known system header of that name (what stands between `<` and `>`), if it is one.
pub fn known_header(name: &str) -> Option<&'static KnownHeader> {
    let all = headers();
    if let Some(found) = all.get(name) {
        return Some(found);
    }
    if name.split('/').any(|part| part == "..") {
        return None;
    }
    name.char_indices()
        .filter(|(_, c)| *c == '/')
        .find_map(|(i, _)| all.get(name.get(..=i)?))
}

/// All known names, for messages.
pub(super) fn similar_header(name: &str) -> Option<&'static str> {
    headers().keys().map(String::as_str).find(|known| {
        known.eq_ignore_ascii_case(name) || known.strip_prefix("metal_") == Some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_list_parses_and_every_entry_cites() {
        let parsed: Result<HeaderFile, _> =
            toml::from_str(include_str!("../../../models/headers.toml"));
        let list = parsed.map(|f| f.header).unwrap_or_default();
        assert!(list.len() > 30);
        assert_eq!(list.len(), headers().len(), "a name is listed twice");
        assert!(list.iter().all(|h| !h.cites.is_empty()));
        assert!(known_header("metal_stdlib").is_some());
        assert!(known_header("simd/simd.h").is_some());
        assert!(known_header("MetalPerformancePrimitives/a/b.h").is_some());
        assert!(known_header("simd/../secret").is_none());
        assert!(known_header("vector").is_none());
    }
}
