//! The link in a mail that ends mails of its kind, with one click and without a sign-in (RFC 8058).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use platform::{app::App, ids::UserId, locale::Language};
use strum::VariantArray as _;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::model::Category;

const MAC_LENGTH: usize = 32;

/// The link for mails of this kind to this person. It holds for ever, as mails are kept for ever.
pub(crate) fn link(app: &App, user: UserId, category: Category, language: Language) -> String {
    let mut token = payload(user, category);
    token.extend(mac(app, &token));
    let token = URL_SAFE_NO_PAD.encode(token);
    app.url(&format!("/notifications/unsubscribe/?token={token}&lang={language}"))
}

/// Whose mails of which kind a token ends; `None` where it is none of ours.
pub(crate) fn read(app: &App, token: &str) -> Option<(UserId, Category)> {
    let token = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (payload, given) = token.split_at_checked(token.len().checked_sub(MAC_LENGTH)?)?;
    if !bool::from(mac(app, payload).as_slice().ct_eq(given)) {
        return None;
    }
    let (user, category) = payload.split_at_checked(16)?;
    let category = std::str::from_utf8(category).ok()?;
    let category = Category::VARIANTS.iter().find(|known| <&str>::from(**known) == category)?;
    Some((UserId::from(Uuid::from_slice(user).ok()?), *category))
}

fn payload(user: UserId, category: Category) -> Vec<u8> {
    [user.uuid().as_bytes().as_slice(), <&str>::from(category).as_bytes()].concat()
}

fn mac(app: &App, payload: &[u8]) -> Vec<u8> {
    app.secrets.fingerprint(&[b"unsubscribe", payload])
}
