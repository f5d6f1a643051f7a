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

const ASSETS: [Asset; 11] = [
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
        name: "dark.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../assets/dark.css"),
    },
    Asset {
        name: "live.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/live.js"),
    },
    Asset {
        name: "arrivals.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/arrivals.js"),
    },
    Asset {
        name: "desk.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/desk.js"),
    },
    Asset {
        name: "dashboard.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/dashboard.js"),
    },
    Asset {
        name: "uplot.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/vendor/uplot/uPlot.iife.min.js"),
    },
    Asset {
        name: "uplot.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../assets/vendor/uplot/uPlot.min.css"),
    },
    Asset {
        name: "icon-news.svg",
        content_type: "image/svg+xml",
        bytes: include_bytes!("../../assets/icon-news.svg"),
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

/// The asset at this path. Only under the version that it has may it be kept: in a rolling upgrade
/// an old server is asked for the new server's assets.
pub fn find(path: &str, query: &str) -> Option<Response> {
    let name = path.strip_prefix("/assets/")?;
    let asset = ASSETS.iter().find(|asset| asset.name == name)?;
    let mut response = reply(StatusCode::OK, asset.content_type, asset.bytes);
    let is_ours = query.strip_prefix("v=") == Some(version());
    let keep = if is_ours { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    Some(response)
}
