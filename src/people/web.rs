//! Profiles: somebody's own statistics, as a page and as data.

use serde_json::{Value, json};

use super::{Profile, Totals, days, store, view};
use crate::error::Refused;
use crate::identity::{Role, User};
use crate::page::Source;
use crate::page::paging::Window;
use crate::web::reply::Provenance;
use crate::web::{Request, Response};

/// A profile as programs see it. Admins' tables show when the person was first counted, too.
pub fn shape(profile: &Profile) -> Value {
    let totals: Vec<Value> =
        profile.totals.iter().map(|totals| shape_totals(profile.user.role, totals)).collect();
    json!({
        "user_type": profile.user.role.name(),
        "user_id": profile.user.id,
        "registered": profile.registered,
        "totals": totals,
        "as_of_revision": profile.as_of_revision,
    })
}

fn shape_totals(role: Role, totals: &Totals) -> Value {
    let money = totals.money.to_decimal(totals.currency);
    let gain = totals.gain.to_decimal(totals.currency);
    let currency = totals.currency.code();
    if role == Role::Customer {
        return json!({
            "currency": currency,
            "orders_created": totals.count,
            "money_in_orders": money,
            "gain": gain,
        });
    }
    let mut shape = json!({
        "currency": currency,
        "orders_accepted": totals.count,
        "orders_completed": totals.completed,
        "money_received": money,
        "gain": gain,
    });
    // As elsewhere, what does not happen is not spoken of.
    if totals.given_up > 0 {
        shape["orders_given_up"] = totals.given_up.into();
    }
    shape
}

/// `GET /profile`
pub async fn profile(request: Request) -> Result<Response, Refused> {
    let (profile, behind, source) = find(&request).await?;
    let title = request.lang.text("profile-title");
    let data = Provenance { source, revision: profile.as_of_revision + behind };
    Ok(request.live_page(&title, data, |context| view::profile(context, &profile, behind)))
}

/// `GET /api/profile`
pub async fn api_profile(request: Request) -> Result<Response, Refused> {
    let (profile, _, source) = find(&request).await?;
    Ok(request.json(source, &shape(&profile)))
}

/// Who asks for it, and how many revisions that concern them it lacks.
async fn find(request: &Request) -> Result<(Profile, u64, Source), Refused> {
    let user = request.require(&[Role::Customer, Role::Executor])?;
    let (profile, source) = request
        .personal(user, "profile", Window::parse(None, None), || load(request, user))
        .await?;
    let head = request.app.board.position().revision;
    let changed = request.app.board.changed(user).min(head);
    let behind = if profile.as_of_revision < changed { head - profile.as_of_revision } else { 0 };
    Ok((profile, behind, source))
}

/// Somebody's totals, and what they did lately. Without the board's database the totals are shown
/// alone; it is asked after theirs, so that what a person just did is in both.
pub async fn load(request: &Request, user: User) -> Result<Profile, sqlx::Error> {
    let mut profile = store::find(request.users(), user).await?;
    if !profile.totals.is_empty() {
        profile.days = days::read(request.interactions(), user).await.ok();
    }
    Ok(profile)
}
