//! What can go wrong: the rules say no (`Refusal`), or we failed (`Fault`). Both become replies at
//! the edge, in `web::reply`; a fault is logged there, once, with an id that the user sees too.

use std::borrow::Cow;

use http::StatusCode;

use crate::contracts;
use crate::contracts::view::status_key;
use crate::flood::{Kind, Reached};
use crate::i18n::Lang;
use crate::money::{Currency, PriceRefused};
use crate::orders::description::DescriptionRefused;
use crate::orders::{Order, Status};

/// The rules say no. Nothing was changed.
#[derive(Clone, PartialEq, Debug)]
pub enum Refusal {
    /// The request itself is malformed; the key says which rule, in words.
    BadRequest(&'static str),
    Unauthenticated,
    /// The headers that say who asks are not lawful.
    MalformedUser,
    ForeignSite,
    /// A form without the token of the session that sends it.
    StaleForm,
    /// No such name, or another password: nobody is told which.
    WrongPassword,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    /// What became of it instead is for those who may know it.
    OrderNotOpen {
        id: u32,
        status: Status,
    },
    OwnOrder,
    /// An order is not what somebody saw; how it is now.
    OrderChanged(Box<Order>),
    /// An executor has as many contracts to deliver as one may have.
    TooManyContracts {
        most: u32,
    },
    /// Where a contract stands does not allow it.
    ContractState {
        id: u32,
        status: contracts::Status,
    },
    WrongState,
    DuplicateRequest,
    TooLarge,
    InvalidField {
        field: &'static str,
        rule: FieldRule,
    },
    Overloaded,
    /// More than one user may do.
    Flood(Reached),
}

/// Which rule a field broke.
#[derive(Clone, PartialEq, Debug)]
pub enum FieldRule {
    Missing,
    NotText,
    Price(PriceRefused, Currency),
    Description(DescriptionRefused),
    Reason(DescriptionRefused),
    Note(DescriptionRefused),
    Currency {
        allowed: String,
    },
    OneOf {
        allowed: String,
    },
    Outcome,
    /// Amounts, and orders by price, only make sense within a currency.
    NeedsCurrency,
    BelowMin,
    Sort,
    Words {
        max: usize,
    },
    TooManyWords {
        max: usize,
    },
    /// It says more than one thing.
    Repeated,
    /// A search gives pages by their numbers only.
    Before,
    /// One whose sentence stands under this key.
    Says(&'static str),
    /// Of what was seen.
    Version,
}

/// Ours: something we need is away or did not answer in time.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The exchange could not reach its database; nothing was done.
    #[error("the exchange cannot reach its database: {0}")]
    Unavailable(String),
    /// The connection was lost while committing, and whether it was done is not known yet.
    #[error("the outcome of a commit is not known: {0}")]
    OutcomeUnknown(String),
    #[error("{0}")]
    Internal(String),
}

/// Either of the two; what handlers return.
#[derive(Debug)]
pub enum Refused {
    Refusal(Refusal),
    Fault(Fault),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Refused {
        Refused::Refusal(refusal)
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Refused {
        Refused::Fault(fault)
    }
}

impl From<Reached> for Refused {
    fn from(reached: Reached) -> Refused {
        Refused::Refusal(Refusal::Flood(reached))
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Refused {
        match reached(&error) {
            Some(reached) => reached.into(),
            None => Refused::Fault(Fault::Database(error)),
        }
    }
}

/// The limit because of which a statement was not sent at all.
fn reached(error: &sqlx::Error) -> Option<Reached> {
    match error {
        sqlx::Error::Io(error) => error.get_ref()?.downcast_ref().copied(),
        _ => None,
    }
}

impl Refusal {
    /// Status, the code that programs read, and the key of the title.
    pub fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Refusal::BadRequest(_) => {
                (StatusCode::BAD_REQUEST, "bad_request", "error-bad-request-title")
            }
            Refusal::Unauthenticated | Refusal::MalformedUser | Refusal::WrongPassword => {
                (StatusCode::UNAUTHORIZED, "unauthenticated", "error-unauthenticated-title")
            }
            Refusal::ForeignSite => {
                (StatusCode::FORBIDDEN, "forbidden", "error-foreign-site-title")
            }
            Refusal::StaleForm => (StatusCode::FORBIDDEN, "forbidden", "error-stale-form-title"),
            Refusal::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "error-forbidden-title"),
            Refusal::NotFound => (StatusCode::NOT_FOUND, "not_found", "error-not-found-title"),
            Refusal::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "error-method-not-allowed-title",
            ),
            Refusal::OrderNotOpen { .. } => {
                (StatusCode::CONFLICT, "order_not_open", "error-order-not-open-title")
            }
            Refusal::OwnOrder => (StatusCode::CONFLICT, "own_order", "error-own-order-title"),
            Refusal::OrderChanged(_) => {
                (StatusCode::CONFLICT, "order_changed", "error-order-changed-title")
            }
            Refusal::TooManyContracts { .. } => {
                (StatusCode::CONFLICT, "too_many_contracts", "error-too-many-contracts-title")
            }
            Refusal::ContractState { .. } | Refusal::WrongState => {
                (StatusCode::CONFLICT, "wrong_state", "error-wrong-state-title")
            }
            Refusal::DuplicateRequest => {
                (StatusCode::CONFLICT, "duplicate_request", "error-duplicate-request-title")
            }
            Refusal::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "error-too-large-title")
            }
            Refusal::InvalidField { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", "error-invalid-field-title")
            }
            Refusal::Overloaded => {
                (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "error-overloaded-title")
            }
            Refusal::Flood(_) => (StatusCode::TOO_MANY_REQUESTS, "flood", "error-flood-title"),
        }
    }

    /// What is wrong, in a sentence for the person who asked.
    pub fn detail(&self, lang: Lang) -> Cow<'static, str> {
        match self {
            Refusal::BadRequest(rule) => lang.text(rule),
            Refusal::Unauthenticated => lang.text("error-unauthenticated"),
            Refusal::MalformedUser => lang.text("user-malformed"),
            Refusal::ForeignSite => lang.text("foreign-site"),
            Refusal::StaleForm => lang.text("error-stale-form"),
            Refusal::WrongPassword => lang.text("error-wrong-password"),
            Refusal::Forbidden => lang.text("error-forbidden"),
            Refusal::NotFound => lang.text("error-not-found"),
            Refusal::MethodNotAllowed => lang.text("error-method-not-allowed"),
            Refusal::OrderNotOpen { id, .. } => {
                lang.format("error-order-not-open", [("id", id.to_string().into())])
            }
            Refusal::OwnOrder => lang.text("error-own-order"),
            Refusal::OrderChanged(_) => lang.text("error-order-changed"),
            Refusal::TooManyContracts { most } => {
                lang.format("error-too-many-contracts", [("most", (*most).into())])
            }
            Refusal::ContractState { id, status } => lang.format(
                "error-contract-state",
                [("id", id.to_string().into()), ("status", lang.text(status_key(*status)).into())],
            ),
            Refusal::WrongState => lang.text("error-wrong-state"),
            Refusal::DuplicateRequest => lang.text("error-duplicate-request"),
            Refusal::TooLarge => lang.text("error-too-large"),
            Refusal::InvalidField { field, rule } => rule.detail(field, lang),
            Refusal::Overloaded => lang.text("error-overloaded"),
            Refusal::Flood(reached) => {
                let text = match reached.kind {
                    Kind::Orders => "flood-orders",
                    Kind::Accepts => "flood-accepts",
                    Kind::Changes => "flood-changes",
                    Kind::Queries => "flood-queries",
                    Kind::Requests => "flood-requests",
                    Kind::Sockets => "flood-sockets",
                    Kind::LogIns => "flood-log-ins",
                    Kind::SignUps => "flood-sign-ups",
                };
                lang.format(text, [("most", reached.most.into())])
            }
        }
    }
}

impl FieldRule {
    fn detail(&self, field: &'static str, lang: Lang) -> Cow<'static, str> {
        match self {
            FieldRule::Missing => lang.format("field-missing", [("field", field.into())]),
            FieldRule::NotText => lang.format("field-not-text", [("field", field.into())]),
            FieldRule::Price(refused, currency) => match refused {
                PriceRefused::TooManyDigits { allowed } => {
                    lang.format(refused.rule(), [("allowed", (*allowed).into())])
                }
                PriceRefused::TooLarge { max } => {
                    // As it can be typed: spaces between the groups, whatever the language.
                    let max = max.to_grouped(*currency, lang.marks().0, '\u{a0}');
                    let args = [("max", max.into()), ("currency", lang.currency(*currency).into())];
                    lang.format(refused.rule(), args)
                }
                _ => lang.text(refused.rule()),
            },
            FieldRule::Description(refused) => refused_text(refused, refused.rule(), lang),
            FieldRule::Note(refused) => refused_text(refused, refused.rule_of_note(), lang),
            FieldRule::Reason(refused) => refused_text(refused, refused.rule_of_reason(), lang),
            FieldRule::Currency { allowed } => {
                lang.format("currency-unknown", [("allowed", allowed.clone().into())])
            }
            FieldRule::OneOf { allowed } => {
                lang.format("choice-unknown", [("allowed", allowed.clone().into())])
            }
            FieldRule::NeedsCurrency => lang.text("filter-needs-currency"),
            FieldRule::BelowMin => lang.text("filter-max-below-min"),
            FieldRule::Sort => lang.text("filter-sort-unknown"),
            FieldRule::Words { max } => lang.format("filter-words", [("max", (*max).into())]),
            FieldRule::TooManyWords { max } => {
                lang.format("filter-too-many-words", [("max", (*max).into())])
            }
            FieldRule::Repeated => lang.format("field-repeated", [("field", field.into())]),
            FieldRule::Before => lang.text("filter-before"),
            FieldRule::Says(rule) => lang.text(rule),
            FieldRule::Outcome => lang.text("outcome-unknown"),
            FieldRule::Version => lang.text("version-malformed"),
        }
    }
}

fn refused_text(refused: &DescriptionRefused, rule: &'static str, lang: Lang) -> Cow<'static, str> {
    match refused {
        DescriptionRefused::TooLong { max } => lang.format(rule, [("max", (*max).into())]),
        _ => lang.text(rule),
    }
}

impl Fault {
    /// Status, code and the keys of title and detail.
    pub fn kind(&self) -> (StatusCode, &'static str, &'static str, &'static str) {
        match self {
            Fault::Database(_) | Fault::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "database_unavailable",
                "error-database-unavailable-title",
                "error-database-unavailable",
            ),
            Fault::OutcomeUnknown(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "outcome_unknown",
                "error-outcome-unknown-title",
                "error-outcome-unknown",
            ),
            Fault::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "error-internal-title",
                "error-internal",
            ),
        }
    }
}
