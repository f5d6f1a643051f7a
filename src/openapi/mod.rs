//! The API as OpenAPI describes it: one document, for programs and, as a page, for people. Tests hold
//! it against the table of routes, and a tool that sends what it allows and what it forbids holds it
//! against the running server (`bin/test`).

mod view;
pub mod web;

/// The document, as it is served.
pub const DOCUMENT: &str = include_str!("openapi.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::error::{Fault, Refusal};
    use crate::routes;

    #[test]
    fn every_route_of_the_api_is_described_and_no_other() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let described: BTreeSet<String> = paths
            .iter()
            .flat_map(|(path, operations)| {
                let methods = operations.as_object().unwrap().keys();
                methods.map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        let routes: BTreeSet<String> = routes::table()
            .iter()
            .filter(|route| route.pattern.starts_with("api/") && route.pattern != "api/docs")
            .map(|route| format!("{} /{}", route.method, route.pattern))
            .collect();
        assert_eq!(described, routes);
    }

    #[test]
    fn codes_of_errors_are_all_described() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
            .as_array()
            .unwrap();
        let refusals = [
            Refusal::BadRequest("body-incomplete"),
            Refusal::Unauthenticated,
            Refusal::Forbidden,
            Refusal::NotFound,
            Refusal::MethodNotAllowed,
            Refusal::OwnOrder,
            Refusal::TooManyContracts { most: 1 },
            Refusal::WrongState,
            Refusal::DuplicateRequest,
            Refusal::TooLarge,
            Refusal::Overloaded,
        ];
        let faults = [
            Fault::Unavailable(String::new()),
            Fault::OutcomeUnknown(String::new()),
            Fault::Internal(String::new()),
        ];
        let refusals = refusals.iter().map(|refusal| refusal.kind().1);
        for code in refusals.chain(faults.iter().map(|fault| fault.kind().1)) {
            assert!(codes.contains(&Value::from(code)), "{code} is not described");
        }
    }
}
