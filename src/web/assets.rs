//! Styles and scripts, built into the binary. Their URLs name their content, so they may be kept
//! for ever.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use http::{HeaderValue, StatusCode, header};

use super::reply::{Response, reply};

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const ASSETS: [Asset; 4] = [
    Asset {
        name: "bootstrap.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../assets/vendor/bootstrap/bootstrap.min.css"),
    },
    Asset {
        name: "app.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../assets/app.css"),
    },
    Asset {
        name: "live.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/live.js"),
    },
    Asset {
        name: "icon.svg",
        content_type: "image/svg+xml",
        bytes: include_bytes!("../../assets/icon.svg"),
    },
];

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    for asset in &ASSETS {
        asset.bytes.hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
});

/// Changes whenever any asset does.
pub fn version() -> &'static str {
    &VERSION
}

/// Where an asset is found.
pub fn url(name: &str) -> String {
    format!("/assets/{name}?v={}", version())
}

/// The asset at this path.
pub fn find(path: &str) -> Option<Response> {
    let name = path.strip_prefix("/assets/")?;
    let asset = ASSETS.iter().find(|asset| asset.name == name)?;
    let mut response = reply(StatusCode::OK, asset.content_type, asset.bytes);
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    Some(response)
}
