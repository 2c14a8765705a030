//! The words of messages, changed by support.

use platform::{
    auth::StaffRole,
    bus::{Bus, Signal},
    testing::Client,
};
use serde_json::{Value, json};
use strum::VariantArray as _;

use super::{World, shape};
use crate::model::Template;

const ACCEPTED: &str = "/notifications/templates/booking_accepted/";
const ENGLISH: &str = "/notifications/templates/booking_accepted/en/";

impl World {
    async fn support(&self) -> Client {
        self.t.staff("Sue Support", StaffRole::Support).await
    }

    /// Another booking, which Bob has agreed to, and everybody was told.
    async fn confirmed_again(&self) {
        let body = json!({"service_id": self.service, "scheduled_date": "2026-03-05", "scheduled_time": "14:00",
            "payment_method": "cash"});
        let booking = self.ann.post("/bookings/", body).await.expect(201).str("id");
        self.bob.put(&format!("/providers/jobs/{booking}/accept/"), json!({})).await.expect(200);
        self.t.run_jobs().await;
    }

    /// A version as another node, or another release, might have written it.
    async fn written_elsewhere(&self, sue: &Client, place: (&str, &str), version: i32, body: &str) {
        let (template, language) = place;
        sqlx::query!(
            "insert into notification_wordings (template, language, version, title, body, created_by, created_at)
             values ($1, $2, $3, 'Elsewhere', $4, $5, $6)",
            template,
            language,
            version,
            body,
            sue.id() as _,
            self.t.now() as _,
        )
        .execute(&self.t.app.db)
        .await
        .unwrap();
    }

    /// What Ann's newest notification says in her list, in this language.
    async fn newest(&self, language: &str) -> String {
        let list = self.ann.get(&format!("/notifications/?lang={language}")).await.expect(200);
        let newest = &list["results"][0];
        format!("{}: {}", newest["title"].as_str().unwrap(), newest["message"].as_str().unwrap())
    }
}

fn words(title: &str, body: &str, version: i32) -> Value {
    json!({"title": title, "body": body, "version": version})
}

#[tokio::test]
async fn support_sees_every_message_with_its_words_and_placeholders() {
    let w = World::new().await;
    let sue = w.support().await;
    let list = sue.get("/notifications/templates/?page_size=100").await.expect(200);
    let all = list["results"].as_array().unwrap();
    // Announcements and offers say what staff write.
    assert_eq!(all.len(), Template::VARIANTS.len() - 2);
    let named = |name: &str| all.iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(named("booking_started")["channels"], json!(["in_app", "push", "sms"]));
    assert_eq!(named("payment_received")["variables"], json!(["amount", "named", "number", "service"]));
    assert!(
        named("message_received")["wordings"][0]["body"].as_str().unwrap().contains("[one] { $count } new")
    );
    sue.put(ENGLISH, words("Yes!", "{ $other } comes.", 0)).await.expect(200);
    shape!(sue.get(ACCEPTED).await);
}

#[tokio::test]
async fn words_of_support_are_said_from_then_on_in_their_language_alone() {
    let w = World::new().await;
    let sue = w.support().await;
    w.confirmed().await;
    w.t.mailer.take();
    let english = w.newest("en").await;
    sue.put(ENGLISH, words("Yes!", "{ $other } comes for { $service }.", 0)).await.expect(200);
    assert_eq!(w.newest("en").await, "Yes!: Bob Weber comes for Window cleaning.");
    assert!(
        english.starts_with("Booking accepted: ") && w.newest("de").await.starts_with("Buchung angenommen: ")
    );
    w.device(&w.ann, "phone").await;
    w.confirmed_again().await;
    assert_eq!(w.pushes(), ["phone: Yes! | Bob Weber comes for Window cleaning."]);
    let mails = w.t.mailer.take();
    let mail = mails.iter().find(|mail| mail.to == "ann.lee@example.com").unwrap();
    assert_eq!(mail.subject, "Yes!");
    assert!(mail.html.contains("Bob Weber comes for Window cleaning."), "{}", mail.html);
}

#[tokio::test]
async fn a_delivery_says_what_counts_when_it_is_sent() {
    let w = World::new().await;
    let sue = w.support().await;
    w.phone(&w.bob, "+4915112345678").await;
    let booking = w.confirmed().await;
    w.cancel(&w.ann, &booking).await;
    let cancelled = "/notifications/templates/booking_cancelled/en/";
    sue.put(cancelled, words("Off", "{ $other } is off.", 0)).await.expect(200);
    w.later(600).await;
    assert_eq!(w.t.sms.take()[0].text, "SkillBuddy: Ann Lee is off.");
}

#[tokio::test]
async fn plural_forms_are_chosen() {
    let w = World::new().await;
    let sue = w.support().await;
    let body = "{ $count ->\n    [one] one message\n   *[other] { $count } messages\n}";
    let path = "/notifications/templates/message_received/de/preview/";
    let preview = sue.post(path, json!({"title": "{ $other }", "body": body})).await.expect(200);
    assert_eq!(preview["push"], json!({"title": "Bob Weber", "body": "3 messages"}));
}

#[tokio::test]
async fn a_change_of_an_old_version_is_refused() {
    let w = World::new().await;
    let sue = w.support().await;
    sue.put(ENGLISH, words("One", "One.", 1)).await.refused(409, "wording_changed");
    let first = sue.put(ENGLISH, words("One", "One.", 0)).await.expect(200);
    assert_eq!(first["version"], 1);
    sue.put(ENGLISH, words("Two", "Two.", 0)).await.refused(409, "wording_changed");
    sue.put(ENGLISH, words("Two", "Two.", i32::MAX)).await.refused(409, "wording_changed");
    sue.put(ENGLISH, words("Two", "Two.", 1)).await.expect(200);
    // Each language counts by itself.
    sue.put(&format!("{ACCEPTED}de/"), words("Eins", "Eins.", 0)).await.expect(200);
}

#[tokio::test]
async fn of_two_changes_at_once_one_counts() {
    let w = World::new().await;
    let sue = w.support().await;
    for version in 0..5 {
        let (one, two) = tokio::join!(
            sue.put(ENGLISH, words("One", "One.", version)),
            sue.put(ENGLISH, words("Two", "Two.", version))
        );
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", one.text(), two.text());
    }
}

#[tokio::test]
async fn an_old_version_and_the_words_of_the_catalogue_come_back() {
    let w = World::new().await;
    let sue = w.support().await;
    w.confirmed().await;
    let catalogue = w.newest("en").await;
    let revert = format!("{ENGLISH}revert/");
    sue.put(ENGLISH, words("One", "One.", 0)).await.expect(200);
    sue.put(ENGLISH, words("Two", "Two.", 1)).await.expect(200);
    let third = sue.post(&revert, json!({"version": 1})).await.expect(201);
    assert_eq!((&third["version"], &third["reverted_to"]), (&json!(3), &json!(1)));
    assert_eq!(w.newest("en").await, "One: One.");
    let fourth = sue.post(&revert, json!({"version": 0})).await.expect(201);
    assert_eq!(
        (&fourth["version"], &fourth["title"], &fourth["source"]),
        (&json!(4), &Value::Null, &json!("catalogue"))
    );
    assert_eq!(w.newest("en").await, catalogue);
    // That was a version, too.
    sue.post(&revert, json!({"version": 4})).await.expect(201);
    assert_eq!(w.newest("en").await, catalogue);
    sue.put(ENGLISH, words("Six", "Six.", 5)).await.expect(200);
}

#[tokio::test]
async fn a_version_that_never_was_does_not_come_back() {
    let w = World::new().await;
    let sue = w.support().await;
    sue.put(&format!("{ACCEPTED}de/"), words("Eins", "Eins.", 0)).await.expect(200);
    let refused =
        sue.post(&format!("{ENGLISH}revert/"), json!({"version": 1})).await.refused_field("version");
    assert_eq!(refused, "This is not one of the possible choices.");
    sue.post(&format!("{ENGLISH}revert/"), json!({"version": -1})).await.refused_field("version");
}

#[tokio::test]
async fn a_revert_that_is_repeated_is_one() {
    let w = World::new().await;
    let sue = w.support().await.with("idempotency-key", "once");
    let revert = format!("{ENGLISH}revert/");
    for _ in 0..2 {
        assert_eq!(sue.post(&revert, json!({"version": 0})).await.expect(201)["version"], 1);
    }
    assert_eq!(sue.get(ACCEPTED).await["versions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn every_change_is_kept_with_its_author() {
    let w = World::new().await;
    let (sue, sam) = (w.support().await, w.t.staff("Sam Super", StaffRole::Superuser).await);
    let mut one = words("One", "One.", 0);
    one["note"] = json!("Shorter");
    sue.put(ENGLISH, one).await.expect(200);
    w.later(1).await;
    sam.post(&format!("{ENGLISH}revert/"), json!({"version": 0})).await.expect(201);
    let history = sue.get(ACCEPTED).await.expect(200);
    let of =
        |version: &Value| format!("{} {} {}", version["version"], version["author_name"], version["note"]);
    let versions: Vec<String> = history["versions"].as_array().unwrap().iter().map(of).collect();
    assert_eq!(versions, ["2 \"Sam Super\" null", "1 \"Sue Support\" \"Shorter\""]);
    // Nobody rewrites what was.
    for change in ["update notification_wordings set title = 'x'", "delete from notification_wordings"] {
        let refused = sqlx::raw_sql(change).execute(&w.t.app.db).await.unwrap_err();
        assert!(refused.to_string().contains("versions are written once"), "{refused}");
    }
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_with_its_field() {
    let w = World::new().await;
    let sue = w.support().await;
    let unreadable = "This cannot be read. Please check the braces: a placeholder looks like { $name }.";
    let hidden = "This contains a character that is not allowed.";
    for (title, body, field, sentence) in [
        ("Yes", "{ $other", "body", unreadable),
        ("{ $other", "Yes", "title", unreadable),
        ("Yes", "Yes\n.title = No", "body", unreadable),
        (
            "Yes",
            "{ $surname } comes",
            "body",
            "This message has no $surname. It has $other, $service, $when.",
        ),
        ("{ $amount }", "Yes", "title", "This message has no $amount. It has $other, $service, $when."),
        ("Yes", "{ NUMBER($other) }", "body", "Only placeholders can be used here, not “NUMBER”."),
        ("Yes", "{ -brand }", "body", "Only placeholders can be used here, not “-brand”."),
        ("Yes", "{ not_found }", "body", "Only placeholders can be used here, not “not_found”."),
        ("Yes\nNo", "Yes", "title", hidden),
        ("Yes", "Yes\tNo", "body", hidden),
        ("Yes", "Yes{\"\\u001B\"}", "body", hidden),
        ("{\"\"}", "Yes", "title", "This is required."),
        ("Yes", " \n ", "body", "This is required."),
        (&"x".repeat(121), "Yes", "title", "Please enter at most 120 characters."),
        ("Yes", &"x".repeat(1001), "body", "Please enter at most 1,000 characters."),
    ] {
        let put = sue.put(ENGLISH, words(title, body, 0)).await.refused_field(field);
        let previewed = sue.post(&format!("{ENGLISH}preview/"), json!({"title": title, "body": body})).await;
        assert_eq!(
            (put.as_str(), previewed.refused_field(field).as_str()),
            (sentence, sentence),
            "{title} {body}"
        );
    }
    let path = "/notifications/templates/payout_account_changed/en/";
    let refused = sue.put(path, words("Hi", "{ $other }", 0)).await.refused_field("body");
    assert_eq!(refused, "This message has no placeholders, so not $other either.");
    assert_eq!(sue.get(ACCEPTED).await["versions"], json!([]));
}

#[tokio::test]
async fn fields_that_nobody_knows_are_refused() {
    let w = World::new().await;
    let sue = w.support().await;
    let mut body = words("Yes", "Yes", 0);
    body["subject"] = json!("No");
    sue.put(ENGLISH, body).await.refused(422, "validation_failed");
}

#[tokio::test]
async fn a_preview_shows_every_channel_and_keeps_nothing() {
    let w = World::new().await;
    let sue = w.support().await;
    let body = json!({"title": "Yes, { $other }!", "body": "{ $service } <b> & { $when }."});
    let preview = sue.post(&format!("{ENGLISH}preview/"), body).await.expect(200);
    assert!(preview["email"]["html"].as_str().unwrap().contains("Window cleaning &#60;b&#62; &#38; "));
    shape!(&preview);
    assert_eq!(sue.get(ACCEPTED).await["versions"], json!([]));
    assert!(w.t.mailer.take().is_empty());
}

#[tokio::test]
async fn what_people_are_called_is_never_read_as_a_placeholder() {
    let w = World::new().await;
    let sue = w.support().await;
    sqlx::query!("update users set name = '{ $service } { -brand }' where id = $1", w.bob.id() as _)
        .execute(&w.t.app.db)
        .await
        .unwrap();
    sue.put(ENGLISH, words("Yes", "{ $other } comes.", 0)).await.expect(200);
    w.confirmed().await;
    assert_eq!(w.newest("en").await, "Yes: { $service } { -brand } comes.");
}

#[tokio::test]
async fn words_that_cannot_be_used_any_more_give_way_to_the_catalogue() {
    let w = World::new().await;
    let sue = w.support().await;
    // A release took a placeholder away, one a message; and another syntax was never right.
    w.written_elsewhere(&sue, ("booking_accepted", "en"), 1, "{ $gone } comes.").await;
    w.written_elsewhere(&sue, ("booking_no_more", "en"), 1, "Hello.").await;
    w.written_elsewhere(&sue, ("booking_requested", "en"), 1, "{ $other").await;
    w.confirmed().await;
    assert!(w.newest("en").await.starts_with("Booking accepted: Bob Weber has accepted"));
    let mails = w.t.mailer.take();
    let mut subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["Booking accepted", "New request"]);
    let history = sue.get(ACCEPTED).await.expect(200);
    assert_eq!(
        (&history["wordings"][0]["source"], &history["wordings"][0]["version"]),
        (&json!("catalogue"), &json!(1))
    );
    sue.get("/notifications/templates/").await.expect(200);
    // Nor do they come back.
    sue.put(ENGLISH, words("Yes", "{ $other } comes.", 1)).await.expect(200);
    let refused = sue.post(&format!("{ENGLISH}revert/"), json!({"version": 1})).await.refused_field("body");
    assert_eq!(refused, "This message has no $gone. It has $other, $service, $when.");
}

#[tokio::test]
async fn every_node_hears_of_new_words() {
    let w = World::new().await;
    let (sue, app) = (w.support().await, w.t.app.clone());
    let node = tokio::spawn(async move {
        tokio::join!(platform::cache::listen(&app), app.bus.clone().run(app.db.clone()));
    });
    w.confirmed().await;
    assert!(w.newest("en").await.starts_with("Booking accepted: "));
    // The bus says at first that everything may be old, and from then on what is.
    for version in 1..=2 {
        let body = format!("Version {version}.");
        w.written_elsewhere(&sue, ("booking_accepted", "en"), version, &body).await;
        let mut db = w.t.app.db.acquire().await.unwrap();
        Bus::publish(&mut db, &Signal::KeptChanged).await.unwrap();
        drop(db);
        let heard = async {
            while w.newest("en").await != format!("Elsewhere: {body}") {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(5), heard).await.expect("it is heard of");
    }
    node.abort();
}

#[tokio::test]
async fn words_are_in_memory() {
    let w = World::new().await;
    let sue = w.support().await;
    w.confirmed().await;
    w.newest("en").await;
    w.written_elsewhere(&sue, ("booking_accepted", "en"), 1, "Nobody was told.").await;
    assert!(w.newest("en").await.starts_with("Booking accepted: "));
}

#[tokio::test]
async fn only_support_sees_and_changes_words() {
    let w = World::new().await;
    let finance = w.t.staff("Finn Finance", StaffRole::Finance).await;
    for other in [&w.ann, &w.bob, &finance] {
        other.get("/notifications/templates/").await.refused(403, "forbidden");
        other.get(ACCEPTED).await.refused(403, "forbidden");
        other.put(ENGLISH, words("Yes", "Yes.", 0)).await.refused(403, "forbidden");
        let preview = json!({"title": "Yes", "body": "Yes."});
        other.post(&format!("{ENGLISH}preview/"), preview).await.refused(403, "forbidden");
        other.post(&format!("{ENGLISH}revert/"), json!({"version": 0})).await.refused(403, "forbidden");
    }
}

#[tokio::test]
async fn messages_and_languages_that_are_not_there_are_not_found() {
    let w = World::new().await;
    let sue = w.support().await;
    for name in ["nothing", "announcement", "offer", "Booking_Accepted"] {
        sue.get(&format!("/notifications/templates/{name}/")).await.refused(404, "not_found");
        let path = format!("/notifications/templates/{name}/en/");
        sue.put(&path, words("Yes", "Yes.", 0)).await.refused(404, "not_found");
        sue.post(&format!("{path}revert/"), json!({"version": 0})).await.refused(404, "not_found");
        let preview = json!({"title": "Yes", "body": "Yes."});
        sue.post(&format!("{path}preview/"), preview).await.refused(404, "not_found");
    }
    sue.put(&format!("{ACCEPTED}fr/"), words("Oui", "Oui.", 0)).await.refused(404, "not_found");
}

#[tokio::test]
async fn developers_see_the_words_of_support_too() {
    let w = World::new().await;
    let sue = w.support().await;
    sue.put(ENGLISH, words("Hooray!", "{ $other } comes.", 0)).await.expect(200);
    let page = w.t.anonymous().get("/dev/templates/").await.expect(200).text();
    assert!(
        page.contains("en: Hooray!")
            && page.contains("Bob Weber comes.")
            && page.contains("Buchung angenommen")
    );
}
