//! What the parties and admins do with a contract, for pages and programs alike.

use http::StatusCode;
use serde_json::json;

use super::web::{Drafts, Shape, find, page_of};
use super::{Contract, Status};
use crate::error::{FieldRule, Refusal, Refused};
use crate::exchange::command::{
    Command, CompleteContract, DeliverContract, DisputeContract, GiveUpContract, Outcome,
    RuleContract,
};
use crate::exchange::{Done, Receipt};
use crate::identity::Role;
use crate::orders::description;
use crate::page::Flash;
use crate::page::form::Reason;
use crate::web::{Request, Response};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    Deliver,
    Complete,
    GiveUp,
    Dispute,
    Rule,
}

/// `POST /contracts/{id}/…`
pub async fn page(request: Request, act: Act) -> Result<Response, Refused> {
    let contract = request.id;
    let to = format!("/contracts/{contract}");
    match ask(&request, act).await {
        Ok((receipt, changed)) => {
            let flash = match changed.status {
                Status::Delivered => Flash::Delivered { contract },
                Status::Completed => Flash::Completed { contract },
                Status::Disputed => Flash::Disputed { contract },
                Status::Accepted | Status::Cancelled => Flash::Cancelled { contract },
            };
            Ok(request.redirect(&to, Some(flash), Some(&receipt)))
        }
        // Its page says where it stands, and what can be done now.
        Err(Refused::Refusal(Refusal::ContractState { .. })) => {
            Ok(request.redirect(&to, Some(Flash::ContractChanged { contract }), None))
        }
        Err(Refused::Refusal(refusal @ Refusal::InvalidField { .. })) => {
            let fields = request.fields()?;
            let text = fields.get("reason").unwrap_or_default().to_owned();
            let problem = Some(refusal.detail(request.lang).into_owned());
            let found = find(&request).await?;
            let drafts = Drafts { reason: Reason { text, problem }, ..Drafts::default() };
            Ok(page_of(&request, refusal.kind().0, &found, &drafts))
        }
        Err(refused) => Err(refused),
    }
}

/// `POST /api/contracts/{id}/…`
pub async fn api(request: Request, act: Act) -> Result<Response, Refused> {
    let (receipt, contract) = ask(&request, act).await?;
    let body = json!({"contract": Shape::new(&contract), "revision": receipt.revision});
    Ok(request.done(StatusCode::OK, &receipt, &body))
}

async fn ask(request: &Request, act: Act) -> Result<(Receipt, Contract), Refused> {
    let contract_id = request.id;
    let roles: &[Role] = match act {
        Act::Deliver | Act::GiveUp => &[Role::Executor],
        Act::Complete => &[Role::Customer],
        Act::Dispute => &[Role::Customer, Role::Executor],
        Act::Rule => &[Role::Admin],
    };
    let user = request.require(roles)?;
    let command = match act {
        Act::Deliver => Command::DeliverContract(DeliverContract { contract_id }),
        Act::Complete => Command::CompleteContract(CompleteContract { contract_id, after: None }),
        Act::GiveUp => Command::GiveUpContract(GiveUpContract { contract_id }),
        Act::Dispute => {
            let reason = reason(request)?;
            Command::DisputeContract(DisputeContract { contract_id, reason })
        }
        Act::Rule => {
            let (outcome, reason) = (outcome(request)?, reason(request)?);
            Command::RuleContract(RuleContract { contract_id, outcome, reason })
        }
    };
    let receipt = request.submit(user, command).await?;
    match receipt.done.clone() {
        Done::Changed(contract) => Ok((receipt, contract)),
        done => unreachable!("{act:?} was answered with {done:?}"),
    }
}

fn reason(request: &Request) -> Result<String, Refusal> {
    let fields = request.fields()?;
    description::clean_up_to(fields.get("reason")?, description::MAX_REASON_CHARACTERS).map_err(
        |refused| Refusal::InvalidField { field: "reason", rule: FieldRule::Reason(refused) },
    )
}

fn outcome(request: &Request) -> Result<Outcome, Refusal> {
    let fields = request.fields()?;
    let refused = Refusal::InvalidField { field: "outcome", rule: FieldRule::Outcome };
    Outcome::from_name(fields.get("outcome")?).ok_or(refused)
}
