//! What people do with their contracts: the work, and what they say of it.

use fastrand::Rng;
use serde_json::{Value, json};

use super::call::NoAnswer;
use super::market::Market;
use super::tally::one_more;

/// In a hundred contracts: those that somebody cannot deliver after all.
const GIVEN_UP: u8 = 6;
/// Those about which something is written first.
const TALKED_OF: u8 = 25;

const EXECUTORS_SAY: [&str; 4] =
    ["I am on my way.", "Nearly done.", "Буду через час.", "May I come tomorrow?"];
const CUSTOMERS_SAY: [&str; 4] =
    ["Thank you, that looks good.", "The key is under the mat.", "Спасибо!", "Very neat work."];

/// An executor delivers one of their newest contracts, or gives it up.
pub async fn deliver(market: &Market, id: u32, rng: &mut Rng) -> Result<(), NoAnswer> {
    let who = ("executor", id);
    let Some(contract) = pick(market, who, "accepted", rng).await? else { return Ok(()) };
    market.linger(rng, 1.0..6.0).await;
    if rng.u8(..100) < GIVEN_UP {
        return act(market, who, contract, "give-up", json!({})).await;
    }
    if rng.u8(..100) < TALKED_OF {
        let text = rng.choice(EXECUTORS_SAY).unwrap_or_default();
        act(market, who, contract, "notes", json!({"text": text})).await?;
        market.linger(rng, 1.0..4.0).await;
    }
    act(market, who, contract, "deliver", json!({})).await
}

/// A customer confirms what was delivered.
pub async fn confirm(market: &Market, id: u32, rng: &mut Rng) -> Result<(), NoAnswer> {
    let who = ("customer", id);
    let Some(contract) = pick(market, who, "delivered", rng).await? else { return Ok(()) };
    market.linger(rng, 1.0..5.0).await;
    if rng.u8(..100) < TALKED_OF {
        let text = rng.choice(CUSTOMERS_SAY).unwrap_or_default();
        act(market, who, contract, "notes", json!({"text": text})).await?;
    }
    act(market, who, contract, "complete", json!({})).await
}

/// One of the contracts in this state on the first page of one's own, if there is any.
async fn pick(
    market: &Market,
    who: (&str, u32),
    status: &str,
    rng: &mut Rng,
) -> Result<Option<u64>, NoAnswer> {
    let (answered, mine) = market.get(who, "/api/my/contracts?page=1&per_page=20").await?;
    if answered != 200 {
        market.refused(answered, &mine).await;
        return Ok(None);
    }
    let rows = mine["rows"].as_array().map_or(&[][..], Vec::as_slice);
    let fitting = rows.iter().filter(|contract| contract["status"] == status);
    let fitting: Vec<u64> = fitting.filter_map(|contract| contract["id"].as_u64()).collect();
    Ok(rng.choice(fitting))
}

async fn act(
    market: &Market,
    who: (&str, u32),
    contract: u64,
    act: &str,
    body: Value,
) -> Result<(), NoAnswer> {
    let path = format!("/api/contracts/{contract}/{act}");
    match (market.post(who, &path, &body).await?, act) {
        ((200, _), "deliver") => one_more(&market.tally.delivered),
        ((200, _), "complete") => one_more(&market.tally.confirmed),
        ((200, _), _) => one_more(&market.tally.given_up),
        ((201, _), _) => {}
        // Time, or the same person elsewhere, was faster.
        ((409, body), _) if body["code"] == "wrong_state" => {}
        ((status, body), _) => market.refused(status, &body).await,
    }
    Ok(())
}
