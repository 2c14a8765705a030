//! What other parts of the house do with accounts.

use platform::{auth::StaffRole, bus::Signal};
use secrecy::SecretString;

use super::*;
use crate::{NewStaff, create_staff, make_provider};

fn new(email: &str, name: &str, password: &str) -> NewStaff {
    NewStaff {
        email: email.to_owned(),
        name: name.to_owned(),
        role: StaffRole::Finance,
        password: SecretString::from(password.to_owned()),
    }
}

#[tokio::test]
async fn staff_sign_in_like_everybody_and_their_tokens_say_so() {
    let w = World::start().await;
    let id = create_staff(&w.t.app, new("desk@example.com", "Front Desk", PASSWORD)).await.unwrap();
    let answer = w.sign_in("desk@example.com", PASSWORD).await.expect(200);
    assert_eq!(answer["user"]["id"], id.to_string());
    let claims: crate::keys::Claims =
        jsonwebtoken::dangerous::insecure_decode_claims(answer.str("access")).unwrap();
    assert_eq!(claims.roles, ["customer", "finance"]);
    for (email, name, password, expected) in [
        ("desk@example.com", "Front Desk", PASSWORD, "exists"),
        ("nonsense", "Front Desk", PASSWORD, "mail address"),
        ("new@example.com", " ", PASSWORD, "name"),
        ("new@example.com", "Front Desk", "short", "10 to 128"),
        ("new@example.com", "Front Desk", "password123", "easy to guess"),
    ] {
        let error = create_staff(&w.t.app, new(email, name, password)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_new_provider_is_one_with_the_token_that_they_have() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let caller = || w.t.app.authenticator.authenticate(&w.t.app, &ada.access);
    assert!(!caller().await.unwrap().is_provider);
    let mut tx = w.t.app.db.begin().await.unwrap();
    make_provider(&mut tx, ada.id, w.t.now()).await.unwrap();
    tx.commit().await.unwrap();
    w.t.app.authenticator.forget(&Signal::AccountChanged { user: ada.id });
    assert!(caller().await.unwrap().is_provider);
}
