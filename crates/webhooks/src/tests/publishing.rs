//! What happens, and who hears of it.

use std::sync::Arc;

use bookings::{Event, State};
use payments::Status;
use platform::{jobs::Job as _, testing::Watched};
use serde_json::{Value, json};

use super::{World, of};
use crate::jobs::{HEARD, Publish};

#[tokio::test]
async fn an_endpoint_hears_what_it_asked_for() {
    let w = World::new().await;
    w.endpoint(json!({})).await;
    w.happens(Event::Accepted, State::Confirmed, 2).await;
    w.happens(Event::Started, State::InProgress, 3).await;
    w.happens(Event::Completed, State::Completed, 4).await;
    assert_eq!(w.sent(), ["booking.confirmed", "booking.completed"]);
    assert_eq!(w.deliveries().await, ["booking.confirmed delivered 1", "booking.completed delivered 1"]);
}

#[tokio::test]
async fn an_endpoint_for_a_provider_hears_of_nobody_else() {
    let w = World::new().await;
    let amy = w.t.provider("Amy Other").await;
    let types = json!(["booking.confirmed", "payment.completed"]);
    let only = |provider| json!({"event_types": types, "provider_id": provider});
    let (bobs, amys) = (w.endpoint(only(w.bob.id())).await, w.endpoint(only(amy.id())).await);
    w.confirmed().await;
    // Credits are for nobody's work.
    w.paid(Status::Completed).await;
    let told = |one: String| {
        let sue = w.sue.clone();
        async move {
            sue.get(&format!("/webhooks/deliveries/?endpoint_id={one}")).await.expect(200)["count"].clone()
        }
    };
    assert_eq!((told(bobs.str("id")).await, told(amys.str("id")).await), (json!(1), json!(0)));
}

#[tokio::test]
async fn a_payment_is_told_of() {
    let w = World::new().await;
    w.endpoint(json!({"event_types": ["payment.completed", "payment.refunded"]})).await;
    for status in [Status::Pending, Status::Processing, Status::Completed, Status::Refunded] {
        w.paid(status).await;
    }
    assert_eq!(w.sent(), ["payment.completed", "payment.refunded"]);
}

#[tokio::test]
async fn an_event_that_is_relayed_twice_is_told_once() {
    let w = World::new().await;
    w.endpoint(json!({})).await;
    w.confirmed().await;
    w.confirmed().await;
    assert_eq!(w.sent().len(), 1);
    w.delivery().await;
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_written_and_that_is_remembered() {
    let w = World::with(&["--database-connections", "2"]).await;
    let made = w.endpoint(json!({})).await;
    w.sue.patch(&of(&made), json!({"is_active": false})).await.expect(200);
    w.happens(Event::Accepted, State::Confirmed, 2).await;
    assert_eq!(w.t.app.kept.peek(HEARD), Some(Arc::new(false)), "the next one is no work for the queue");
    let publish = |state| Publish::try_from(w.changed(Event::Accepted, state, 2)).unwrap();
    let watched = Watched::start(&w.t.app.db).await;
    let (done, plans) = watched.plans_of(publish(State::Confirmed).run(&w.t.app)).await;
    done.unwrap();
    assert_eq!(plans.len(), 1, "{plans:#?}");
    assert!(w.deliveries().await.is_empty());
}

#[tokio::test]
async fn an_event_and_its_job_are_written_together() {
    let w = World::new().await;
    w.endpoint(json!({})).await;
    w.endpoint(json!({})).await;
    // As if the database had failed with the second job.
    sqlx::raw_sql(
        "create function refuse() returns trigger language plpgsql as $$ begin
           if (select count(*) from jobs where kind = 'webhooks.deliver') > 0 then raise 'full'; end if; return new;
         end $$;
         create trigger refuse before insert on jobs for each row when (new.kind = 'webhooks.deliver')
             execute function refuse();",
    )
    .execute(&w.t.app.db)
    .await
    .unwrap();
    let publish = Publish::try_from(w.changed(Event::Accepted, State::Confirmed, 2)).unwrap();
    publish.run(&w.t.app).await.unwrap_err();
    assert!(w.deliveries().await.is_empty());
}

#[tokio::test]
async fn a_real_booking_is_told_in_few_words() {
    let w = World::new().await;
    w.endpoint(json!({"event_types": ["booking.requested", "booking.confirmed"]})).await;
    let ann = w.t.user("Ann Lee").await;
    let category = catalog::testing::category(&w.t.app, "cleaning").await;
    let service = catalog::testing::service(&w.t.app, w.bob.id(), category, "Window cleaning").await;
    let weekly: Vec<_> =
        (1..=7).map(|day| json!({"weekday": day, "start": "08:00", "end": "20:00"})).collect();
    let schedule = json!({"timezone": "Europe/Berlin", "weekly": weekly});
    w.bob.put("/providers/schedule/", schedule).await.expect(200);
    let body = json!({"service_id": service, "scheduled_date": "2026-03-04", "scheduled_time": "10:00",
        "payment_method": "cash"});
    let booking = ann.post("/bookings/", body).await.expect(201).str("id");
    w.t.run_jobs().await;
    w.bob.put(&format!("/providers/jobs/{booking}/accept/"), json!({})).await.expect(200);
    w.t.run_jobs().await;
    let sent = w.t.webhooks.take();
    let said: Vec<Value> = sent.iter().map(|one| serde_json::from_str(&one.body).unwrap()).collect();
    let news = |kind: &str, sub_status: &str, version: u8| {
        json!({"type": kind, "timestamp": "2026-03-02T09:00:00Z", "data": {"booking_id": booking,
            "service_id": service, "customer_id": ann.id(), "provider_id": w.bob.id(), "status": "upcoming",
            "sub_status": sub_status, "version": version, "starts_at": "2026-03-04T09:00:00Z"}})
    };
    assert_eq!(
        said,
        [news("booking.requested", "pending_acceptance", 1), news("booking.confirmed", "confirmed", 2)]
    );
}

#[tokio::test]
async fn an_endpoint_hears_what_happens_once_it_is_there_and_switched_on() {
    let w = World::new().await;
    w.happens(Event::Accepted, State::Confirmed, 2).await;
    let one = w.endpoint(json!({"is_active": false})).await;
    w.happens(Event::Started, State::InProgress, 3).await;
    w.happens(Event::Cancelled, State::CancelledByCustomer, 4).await;
    assert!(w.sent().is_empty());
    let path = format!("/webhooks/endpoints/{}/", one.str("id"));
    w.sue.patch(&path, json!({"is_active": true})).await.expect(200);
    w.happens(Event::Completed, State::Completed, 5).await;
    assert_eq!(w.sent(), ["booking.completed"]);
}
