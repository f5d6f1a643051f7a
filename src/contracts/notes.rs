//! What the two parties of a contract write to each other; admins may read it.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Contract, store, web};
use crate::error::{FieldRule, Refusal, Refused};
use crate::exchange::command::{Command, WriteNote};
use crate::exchange::{Done, Receipt};
use crate::identity::Role;
use crate::moment::Moment;
use crate::orders::description;
use crate::page::form::Reason;
use crate::web::{Request, Response};

/// Longest note, in code points.
pub const MAX_CHARACTERS: usize = 2000;
/// Notes that are shown at once.
pub const SHOWN: u32 = 100;

/// One note. `number` counts those of its contract from 1.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Note {
    pub contract_id: u32,
    pub number: u32,
    /// One of the two parties.
    pub author: Role,
    pub text: String,
    pub revision: u64,
    pub created: Moment,
}

/// A note as programs see it.
#[derive(Serialize)]
struct Shape<'a> {
    number: u32,
    author: &'static str,
    text: &'a str,
    created: Moment,
}

impl Shape<'_> {
    fn new(note: &Note) -> Shape<'_> {
        let Note { number, author, text, created, .. } = note;
        Shape { number: *number, author: author.name(), text, created: *created }
    }
}

/// `GET /api/contracts/{id}/notes?before=NUMBER`: newest first.
pub async fn api_list(request: Request) -> Result<Response, Refused> {
    let before = match request.param("before") {
        Some(before) => before.parse().map_err(|_| Refusal::BadRequest("before-malformed"))?,
        None => u32::MAX,
    };
    let revision = request.app.board.position().revision;
    let Contract { id, notes: total, .. } = web::find_alone(&request).await?;
    let notes = store::list_notes(request.interactions(), id, before, SHOWN).await?;
    let notes: Vec<_> = notes.iter().map(Shape::new).collect();
    let body = json!({"revision": revision, "total": total, "notes": notes});
    Ok(request.json(request.source(), &body))
}

/// `POST /api/contracts/{id}/notes`
pub async fn api_write(request: Request) -> Result<Response, Refused> {
    let (receipt, note) = write_note(&request).await?;
    let body = json!({"note": Shape::new(&note), "revision": receipt.revision});
    Ok(request.done(StatusCode::CREATED, &receipt, &body))
}

/// `POST /contracts/{id}/notes`
pub async fn write(request: Request) -> Result<Response, Refused> {
    match write_note(&request).await {
        Ok((receipt, _)) => {
            let to = format!("/contracts/{}#notes", request.id);
            Ok(request.redirect(&to, None, Some(&receipt)))
        }
        // Nothing that somebody typed is lost.
        Err(Refused::Refusal(
            refusal @ (Refusal::InvalidField { .. } | Refusal::Overloaded | Refusal::Flood(_)),
        )) => {
            let text = request.fields()?.get("text").unwrap_or_default().to_owned();
            let problem = Some(refusal.detail(request.lang).into_owned());
            let found = web::find(&request).await?;
            let note = Reason { text, problem };
            let drafts = web::Drafts { note, ..web::Drafts::default() };
            let mut page = web::page_of(&request, refusal.kind().0, &found, &drafts);
            request.say_when_to_retry(&mut page, &refusal);
            Ok(page)
        }
        Err(refused) => Err(refused),
    }
}

async fn write_note(request: &Request) -> Result<(Receipt, Note), Refused> {
    let user = request.require(&[Role::Customer, Role::Executor])?;
    let fields = request.fields()?;
    let text = description::clean_up_to(fields.get("text")?, MAX_CHARACTERS);
    let text = text.map_err(|refused| Refusal::InvalidField {
        field: "text",
        rule: FieldRule::Note(refused),
    })?;
    let command = Command::WriteNote(WriteNote { contract_id: request.id, text });
    let receipt = request.submit(user, command).await?;
    match receipt.done.clone() {
        Done::Noted(note) => Ok((receipt, note)),
        done => unreachable!("writing a note was answered with {done:?}"),
    }
}
