//! The description of the API, for programs and for people: anybody may read it.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::{DOCUMENT, view};
use crate::config::Config;
use crate::error::Refused;
use crate::page::Source;
use crate::web::{Request, Response};

/// `GET /api/openapi.json`
pub async fn document(request: Request) -> Result<Response, Refused> {
    Ok(request.json(Source::None, described(&request.app.config)))
}

/// `GET /api/docs`
pub async fn page(request: Request) -> Result<Response, Refused> {
    let document = described(&request.app.config);
    Ok(request.page(&request.lang.text("api-title"), |context| view::main(context, document)))
}

/// The document with what is configured, made once: a server's settings never change.
fn described(config: &Config) -> &'static Value {
    static DESCRIBED: OnceLock<Value> = OnceLock::new();
    DESCRIBED.get_or_init(|| describe(config))
}

/// Which currencies there are, and the digits of each.
fn describe(config: &Config) -> Value {
    let mut document: Value = serde_json::from_str(DOCUMENT).expect("the document is JSON");
    let orders = config.currencies.iter().map(|currency| {
        let price = match currency.digits() {
            0 => "^[1-9][0-9]{0,7}$".to_owned(),
            digits => format!("^(?=.*[1-9])(0|[1-9][0-9]{{0,7}})(\\.[0-9]{{1,{digits}}})?$"),
        };
        json!({
            "type": "object",
            "properties": {
                "description": {"$ref": "#/components/schemas/Description"},
                "price": {"type": "string", "pattern": price},
                "currency": {"enum": [currency.code()]},
            },
            "required": ["description", "price", "currency"],
        })
    });
    document["components"]["schemas"]["NewOrder"]["anyOf"] = orders.collect();
    document
}
