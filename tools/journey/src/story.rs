//! What is known at each point of the journey: the server, the people, and what they made.

use std::{
    sync::atomic::{AtomicI64, AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;

use crate::{answer::Answer, client::Client, people::Person};

/// Where the provider lives; all their times of day are in it.
pub const ZONE: &str = "Europe/Berlin";
/// An edit is visible to everybody after this time.
const SPREADING: Duration = Duration::from_secs(1);
/// What happens in the background is looked for so often…
pub const PATIENCE: u32 = 100;
/// … with so much time between.
pub const BETWEEN: Duration = Duration::from_millis(100);

/// The state of the journey.
pub struct Story {
    /// Talks to the server.
    pub client: Client,
    /// Books.
    pub anna: Person,
    /// Offers.
    pub marco: Person,
    /// Looks, and has no business with either.
    pub tom: Person,
    /// A word that is in no other text: six letters, new in every run.
    pub tag: String,
    /// Where the provider works; no other service is at exactly this place.
    pub place: Place,
    /// The category that the services are in, as the server lists it.
    pub category: Category,
    /// The service that is booked by request.
    pub lessons: Service,
    /// The service that is booked at once.
    pub tuning: Service,
    /// Mail address and password of somebody who may look at the books and into conversations.
    pub staff: Option<(String, String)>,
    steps: AtomicUsize,
}

/// A point on the map.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Degrees north, in text, so that no float is needed.
    pub latitude: &'static str,
    /// Millionths of a degree east.
    pub longitude_millionths: u32,
}

impl Place {
    /// Degrees east.
    pub fn longitude(self) -> String {
        format!("{}.{:06}", self.longitude_millionths / 1_000_000, self.longitude_millionths % 1_000_000)
    }
}

/// A category of the server.
#[derive(Clone, Debug, Default)]
pub struct Category {
    /// Its id.
    pub id: String,
    /// Its slug.
    pub slug: String,
}

/// A service of the provider.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// Its id.
    pub id: String,
    /// Its path, `/services/<id>/`.
    pub path: String,
}

impl Service {
    /// The service that an answer shows.
    pub fn of(answer: &Answer) -> anyhow::Result<Self> {
        let id = answer.text("id")?;
        Ok(Self { path: format!("/services/{id}/"), id })
    }
}

impl Story {
    /// Everybody before they know of the marketplace.
    pub fn begin(url: &str, verbose: bool) -> anyhow::Result<Self> {
        let tag: String = (0..6).map(|_| char::from(rand::random_range(b'a'..=b'z'))).collect();
        let person = |first, last, language| Person::new(first, last, language, &tag, rand::random());
        Ok(Self {
            client: Client::new(url, verbose)?,
            anna: person("Anna", "Weber", "de"),
            marco: person("Marco", "Rossi", "de"),
            tom: person("Tom", "Baker", "en"),
            place: Place {
                latitude: "52.520000",
                longitude_millionths: rand::random_range(13_300_000..13_500_000),
            },
            category: Category::default(),
            lessons: Service::default(),
            tuning: Service::default(),
            tag,
            staff: None,
            steps: AtomicUsize::new(1),
        })
    }

    /// The token of a member of staff, where one is known.
    pub async fn sign_staff_in(&self) -> anyhow::Result<Option<String>> {
        let Some((email, password)) = &self.staff else {
            println!(
                "   (Nobody of staff is known: --staff-email and --staff-password let the journey look.)"
            );
            return Ok(None);
        };
        let sign_in = json!({"email": email, "password": password, "device_name": "Journey"});
        let tokens = self.client.post("/auth/signin/").json(sign_in).expect(200).await?;
        Ok(Some(tokens.text("access")?))
    }

    /// Asks what time it is on the server, whose clock an earlier journey may have put forward.
    pub async fn set_clock(&self) -> anyhow::Result<()> {
        let server = self.client.get("/dev/clock/").expect(200).await?.instant("now")?;
        AHEAD_SECONDS.store(server.duration_since(now()).as_secs(), Ordering::Relaxed);
        Ok(())
    }

    /// Puts the server's clock forward, and refreshes everybody's tokens, which have ended meanwhile.
    pub async fn advance(&mut self, by: SignedDuration) -> anyhow::Result<()> {
        let step = json!({"advance_seconds": by.as_secs()});
        self.client.post("/dev/clock/").json(step).expect(200).await?;
        AHEAD_SECONDS.fetch_add(by.as_secs(), Ordering::Relaxed);
        for person in [&mut self.anna, &mut self.marco, &mut self.tom] {
            let refresh = self.client.post("/auth/token/refresh/").json(json!({"refresh": person.refresh}));
            person.keep_tokens(&refresh.expect(200).await?)?;
        }
        Ok(())
    }

    /// Says what happens next.
    pub fn tell(&self, sentence: &str) {
        println!("\n{}. {sentence}", self.steps.fetch_add(1, Ordering::Relaxed));
    }
}

/// Waits until everybody sees what somebody has changed.
pub async fn let_it_spread() {
    tokio::time::sleep(SPREADING).await;
}

/// How far the server's clock is ahead of ours.
static AHEAD_SECONDS: AtomicI64 = AtomicI64::new(0);

/// The server's present.
#[expect(clippy::disallowed_methods, reason = "the server's clock goes as the real one does")]
pub fn now() -> Timestamp {
    let ahead = SignedDuration::from_secs(AHEAD_SECONDS.load(Ordering::Relaxed));
    Timestamp::now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
}

/// The provider's time zone.
pub fn zone() -> anyhow::Result<TimeZone> {
    TimeZone::get(ZONE).context("the time zone database has no Europe/Berlin")
}
