//! The API as a page. What it says of itself is English, as its names are.

use maud::{Markup, html};
use serde_json::Value;

use crate::page::Context;

/// Everything that can be asked for, by its part of the API.
pub fn main(ctx: &Context, document: &Value) -> Markup {
    let lang = ctx.lang;
    let tags = document["tags"].as_array().into_iter().flatten().filter_map(name);
    html! {
        article.api {
            h1 { (lang.text("api-title")) }
            div lang="en" {
                p { (code(text(&document["info"]["description"]))) }
            }
            p { a href="/api/openapi.json" { (lang.text("api-document")) } }
            div lang="en" {
                @for tag in tags {
                    h2 { (tag) }
                    @for (path, method, operation) in operations(document, tag) {
                        (one(document, path, method, operation))
                    }
                }
                h2 { "shapes" }
                @for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
                    details id={ "shape-" (name) } {
                        summary { strong { (name) } " " (text(&schema["description"])) }
                        (fields(schema))
                    }
                }
            }
        }
    }
}

fn name(tag: &Value) -> Option<&str> {
    tag["name"].as_str()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A text with what stands in backticks as code.
fn code(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn operations<'a>(
    document: &'a Value,
    tag: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .filter(move |(_, _, operation)| operation["tags"][0] == tag)
}

/// What a reference names.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
        Some(path) => document.pointer(path).unwrap_or(&Value::Null),
        None => value,
    }
}

fn one(document: &Value, path: &str, method: &str, operation: &Value) -> Markup {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    html! {
        details {
            summary {
                code { (method.to_uppercase()) " " (path) } " " (text(&operation["summary"]))
            }
            dl {
                @for parameter in parameters.map(|parameter| resolve(document, parameter)) {
                    dt { code { (text(&parameter["name"])) } " " small { (text(&parameter["in"])) } }
                    dd { (code(text(&parameter["description"]))) }
                }
                @if body.is_object() {
                    dt { "JSON" }
                    dd { (fields(body)) }
                }
                @for (status, response) in operation["responses"].as_object().into_iter().flatten() {
                    @let response = resolve(document, response);
                    dt { (status) }
                    dd {
                        (code(text(&response["description"]))) " "
                        @for media in response["content"].as_object().into_iter().flat_map(|it| it.values()) {
                            (shape(&media["schema"]))
                        }
                    }
                }
            }
        }
    }
}

/// The names and kinds of an object's fields.
fn fields(schema: &Value) -> Markup {
    let required = |name: &str| {
        schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
    };
    html! {
        @if let Some(properties) = schema["properties"].as_object() {
            ul {
                @for (name, property) in properties {
                    li {
                        code { (name) } @if !required(name) { "?" } ": " (shape(property)) " "
                        (code(text(&property["description"])))
                    }
                }
            }
        } @else { p { (shape(schema)) } }
    }
}

/// What a value is, in few words.
fn shape(schema: &Value) -> Markup {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    let kind = &schema["type"];
    html! {
        @if let Some(name) = name { a href={ "#shape-" (name) } { (name) } }
        @else if let Some(values) = schema["enum"].as_array() {
            @for (place, value) in values.iter().enumerate() {
                @if place > 0 { " | " } code { (value) }
            }
        }
        @else if let Some(any) = schema["anyOf"].as_array() {
            @for (place, one) in any.iter().enumerate() { @if place > 0 { " or " } (shape(one)) }
        }
        @else if kind == "array" { "list of " (shape(&schema["items"])) }
        @else if kind == "object" && schema["properties"].is_object() { (fields(schema)) }
        @else if let Some(kinds) = kind.as_array() {
            (kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "))
        }
        @else if let Some(kind) = kind.as_str() { (kind) }
        @else { code { (schema["const"]) } }
        @if let Some(form) = schema["format"].as_str() { " (" (form) ")" }
        @if let Some(pattern) = schema["pattern"].as_str() { " " code { (pattern) } }
    }
}
