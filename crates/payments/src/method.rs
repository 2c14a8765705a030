//! What is paid with: a method that the gateway keeps for the payer, or a token that the app got from it.

use std::sync::Arc;

use anyhow::Context as _;
use bookings::PaymentMethod;
use platform::{
    app::App,
    auth::Caller,
    error::ApiResult,
    ids::{MethodId, UserId},
    jobs::Job,
    ports::gateway::{Gateway, GatewayName, SavedMethod, Tender},
    validation::broken,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{jobs::failed, model::PaymentError, store};

/// Names of the gateway.
#[derive(Clone, Debug)]
pub(crate) struct Method {
    pub(crate) gateway: GatewayName,
    pub(crate) payer: Option<String>,
    /// None: the payer chooses.
    pub(crate) reference: Option<String>,
}

/// A method that somebody keeps.
#[derive(Clone, Debug)]
pub(crate) struct KeptMethod {
    pub(crate) id: MethodId,
    pub(crate) kind: String,
    pub(crate) brand: Option<String>,
    pub(crate) last4: Option<String>,
    pub(crate) exp_month: Option<i16>,
    pub(crate) exp_year: Option<i16>,
    pub(crate) is_default: bool,
}

/// Letters, digits and signs only; and no number of a card, which must never come here.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde calls it so")]
pub(crate) fn plain(text: &str, _context: &()) -> garde::Result {
    let is_number = text.len() >= 12 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    match text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true if is_number => Err(broken("card_number")),
        true => Ok(()),
        false => Err(broken("invalid")),
    }
}

/// Whether a request names a token of the gateway, and not a method that is kept.
pub(crate) fn is_token(named: Option<&str>) -> bool {
    named.is_some_and(|named| named.parse::<Uuid>().is_err())
}

/// What a request names: the id of a kept method, a token, or nothing.
pub(crate) async fn chosen(
    app: &App,
    caller: &Caller,
    gateway: GatewayName,
    named: Option<&str>,
) -> ApiResult<Method> {
    admit(app, caller, gateway, named)?;
    let user = caller.id;
    match named.map(|named| (named, named.parse::<Uuid>())) {
        Some((_, Ok(id))) => kept(app, user, gateway, Some(id)).await,
        other => {
            let token = other.map(|(token, _)| token.to_owned());
            Ok(Method { gateway, payer: None, reference: token })
        }
    }
}

/// The same for charges without the payer: a token is kept first, and where nothing is named it is the usual one.
pub(crate) async fn lasting(
    app: &App,
    caller: &Caller,
    gateway: &Arc<dyn Gateway>,
    named: Option<&str>,
) -> ApiResult<Method> {
    let (name, user) = (gateway.name(), caller.id);
    admit(app, caller, name, named)?;
    match named.map(|named| (named, named.parse::<Uuid>())) {
        Some((token, Err(_))) => {
            let (payer, saved) = keep(app, user, gateway, token).await?;
            let mut tx = app.db.begin().await?;
            store::methods::keep(&mut tx, user, name, (&payer, &saved), false, app.clock.now()).await?;
            tx.commit().await?;
            Ok(Method { gateway: name, payer: Some(payer), reference: Some(saved.reference) })
        }
        named => kept(app, user, name, named.and_then(|(_, id)| id.ok())).await,
    }
}

/// The gateway that takes cards, or PayPal; none takes credits or cash.
pub(crate) fn gateway_of(app: &App, method: PaymentMethod) -> Result<&Arc<dyn Gateway>, PaymentError> {
    let tender = match method {
        PaymentMethod::Card => Tender::Card,
        PaymentMethod::Paypal => Tender::Paypal,
        _ => return Err(PaymentError::PaymentMethodUnavailable),
    };
    app.gateways.taking(tender).ok_or(PaymentError::PaymentMethodUnavailable)
}

/// Holds back who tries one card after the other, or one card for everybody. The sandbox's test cards are everybody's.
pub(crate) fn admit(app: &App, caller: &Caller, gateway: GatewayName, named: Option<&str>) -> ApiResult<()> {
    app.limits.check_payment(&format!("account:{}", caller.id))?;
    app.limits.check_payment(&format!("session:{}", caller.session))?;
    match named {
        Some(card) if gateway != GatewayName::Sandbox => app.limits.check_payment(&format!("card:{card}")),
        _ => Ok(()),
    }
}

async fn kept(app: &App, user: UserId, gateway: GatewayName, id: Option<Uuid>) -> ApiResult<Method> {
    let kept = store::methods::kept(&mut *app.db.acquire().await?, user, id).await?;
    let kept = kept.filter(|kept| kept.gateway == gateway).ok_or(PaymentError::MethodNotFound)?;
    Ok(Method { gateway, payer: Some(kept.payer), reference: Some(kept.reference) })
}

/// Who somebody is to a gateway, told to it where they are new.
pub(crate) async fn payer(app: &App, user: UserId, gateway: &Arc<dyn Gateway>) -> ApiResult<String> {
    let name = gateway.name();
    let known = store::methods::payer(&mut *app.db.acquire().await?, user, name).await?;
    if let Some(known) = known {
        return Ok(known);
    }
    let person = store::methods::person(&mut *app.db.acquire().await?, user).await?;
    let reference = gateway.payer(&person).await?;
    store::methods::note_payer(&mut *app.db.acquire().await?, user, name, &reference).await?;
    Ok(reference)
}

/// Lets a gateway keep a method for somebody.
pub(crate) async fn keep(
    app: &App,
    user: UserId,
    gateway: &Arc<dyn Gateway>,
    token: &str,
) -> ApiResult<(String, SavedMethod)> {
    let payer = payer(app, user, gateway).await?;
    let saved = gateway.keep_method(&payer, token).await?;
    Ok((payer, saved))
}

/// Lets a gateway forget a method.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Forget {
    pub(crate) gateway: String,
    pub(crate) reference: String,
}

impl Job for Forget {
    const KIND: &'static str = "payments.forget_method";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let gateway = self.gateway.parse().ok().and_then(|name| app.gateways.named(name));
        let gateway = gateway.context("the gateway is not set up any more")?;
        gateway.drop_method(&self.reference).await.map_err(|error| failed(&error))
    }
}
