//! Balances and histories as their readers get them.

use std::sync::Arc;

use axum::{Json, extract::State, routing::get};
use platform::{
    app::App,
    error::ApiResult,
    extract::Query,
    ids::LotId,
    jobs::Registry,
    page::{Link, Page, PageQuery},
    testing::{TestApp, TokenIsUserId},
};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;

use super::{Books, EUR, GATEWAY, euros, held};
use crate::{Account, Purpose, balances, history, post};

async fn lines(
    State(app): State<App>,
    Query(query): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<Value>>> {
    let mut db = app.db.acquire().await?;
    let account = Account::Escrow(uuid::Uuid::nil().into());
    let paging = query.paging(link)?;
    let (lines, count) = history(&mut db, account, EUR, &paging).await?;
    let view = |line: crate::Line| json!([line.number, line.kind, line.amount, line.balance_after]);
    Ok(Json(paging.finish(lines, count, |line| line.number, view)))
}

#[tokio::test]
async fn a_history_has_every_line_once_with_what_there_was_then() {
    let router = OpenApiRouter::new().route("/lines/", get(lines));
    let t = TestApp::with(router, Registry::default(), Arc::new(TokenIsUserId), &[]).await;
    let books = Books { pool: t.app.db.clone(), ..Books::open().await };
    let escrow = Account::Escrow(uuid::Uuid::nil().into());
    books.give(escrow, 1000).await;
    for n in 0..7_i64 {
        let posting = books.posting(&format!("{n}")).transfer(escrow, books.bob, euros(n + 1));
        post(&mut *books.db().await, &posting).await.unwrap();
    }
    let client = t.anonymous();
    let first = client.get("/lines/?page_size=3").await.expect(200);
    assert_eq!(first["count"], 8);
    assert_eq!(
        first["results"],
        json!([[8, "test", -0.07, 9.72], [7, "test", -0.06, 9.79], [6, "test", -0.05, 9.85]])
    );
    let (mut numbers, mut page) = (Vec::new(), first);
    loop {
        numbers.extend(page["results"].as_array().unwrap().iter().map(|line| line[0].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        let (_, rest) = next.split_once("/lines/").unwrap();
        page = client.get(&format!("/lines/{rest}")).await.expect(200);
    }
    assert_eq!(numbers, [8, 7, 6, 5, 4, 3, 2, 1]);
    let by_number = client.get("/lines/?page_size=3&page=3").await.expect(200);
    assert_eq!(by_number["results"], json!([[2, "test", -0.01, 9.99], [1, "test", 10.00, 10.00]]));
    books.are_right().await;
}

#[tokio::test]
async fn an_owner_sees_all_accounts_of_some_purposes() {
    let books = Books::open().await;
    let Account::Credits { user, .. } = books.ann else { unreachable!() };
    let other = Account::Credits { user, lot: LotId::at(books.now) };
    let mut db = books.db().await;
    assert_eq!(balances(&mut db, user, &[Purpose::Credits]).await.unwrap(), []);
    books.give(books.ann, 10).await;
    books.give(other, 5).await;
    held(&mut db, &books, "hold", 4).await.unwrap();
    let mut lots = balances(&mut db, user, &[Purpose::Credits, Purpose::ProviderOwed]).await.unwrap();
    lots.sort_by_key(|(_, balance)| balance.posted.minor);
    assert_eq!(lots.iter().map(|(account, _)| *account).collect::<Vec<_>>(), [other, books.ann]);
    assert_eq!(lots.iter().map(|(_, balance)| balance.available().minor).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(balances(&mut db, user, &[Purpose::Escrow]).await.unwrap(), []);
}

#[tokio::test]
async fn a_shared_account_is_right_whatever_is_sealed() {
    let books = Books::open().await;
    for n in 1..=10 {
        books.give(books.ann, n).await;
        if n % 3 == 0 {
            assert_eq!(books.seal().await, 3);
        }
        assert_eq!(books.has(GATEWAY).await, (n * (n + 1) / 2, 0));
    }
    assert_eq!((books.seal().await, books.seal().await), (1, 0));
    assert_eq!(books.has(GATEWAY).await, (55, 0));
    books.are_right().await;
}
