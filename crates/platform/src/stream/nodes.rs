//! What nodes tell each other of events: over Redis where it is set, else over PostgreSQL's NOTIFY.
//!
//! Nothing depends on it being whole. What is lost is in the log, where every connection is compared with it every ten
//! seconds; presence is said anew with every sign of life.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::body::Bytes;
use futures_util::StreamExt as _;
use redis::{AsyncCommands as _, aio::MultiplexedConnection, aio::PubSub};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Told, log};
use crate::{app::App, crypto, ids::UserId};

const CHANNEL: &str = "skillbuddy_stream";
/// Notes that wait to be sent; more are left out.
const MOST_WAITING: usize = 4096;
/// Notes that go together.
const MOST_TOGETHER: usize = 256;
/// NOTIFY takes less than 8,000 bytes.
const MOST_NOTIFIED: usize = 7900;
/// How often a node says that it lives, and who is there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// How often connections are compared with the log.
const COMPARISON: Duration = Duration::from_secs(8);
/// Redis answers within this, or is taken for gone.
const PATIENCE: Duration = Duration::from_secs(2);
/// People in one comparison with the log.
const CHUNK: usize = 5000;

/// Something for the other nodes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Note {
    /// An event was written.
    Told(Arc<Told>),
    /// Something was written into the logs of these people.
    Look(Vec<UserId>),
    /// A frame that is nowhere else.
    Passing(Vec<UserId>, String),
    /// These people are online now.
    Came(Vec<UserId>),
    /// These are not any more.
    Went(Vec<UserId>),
    /// One of these two has blocked the other.
    Parted([UserId; 2]),
    /// This node lives; `true`: it would like to know who is where.
    Alive(bool),
}

#[derive(Serialize, Deserialize)]
struct Letter<N> {
    from: Uuid,
    notes: N,
}

/// This node's end.
#[derive(Clone, Debug)]
pub struct Nodes {
    id: Uuid,
    outgoing: mpsc::Sender<Note>,
    waiting: Arc<tokio::sync::Mutex<mpsc::Receiver<Note>>>,
}

impl Nodes {
    /// A new node; fails where the system gives no random bytes for its name.
    pub fn new() -> anyhow::Result<Self> {
        let (outgoing, waiting) = mpsc::channel(MOST_WAITING);
        let id = Uuid::from_bytes(crypto::random()?);
        Ok(Self { id, outgoing, waiting: Arc::new(tokio::sync::Mutex::new(waiting)) })
    }

    /// Sends a note to all other nodes. Where too many wait it is left out: the log has what matters.
    pub fn send(&self, note: Note) {
        if self.outgoing.try_send(note).is_err() {
            metrics::counter!("stream_notes_left_out_total").increment(1);
        }
    }

    /// A frame for these people that is nowhere else, here and on other nodes.
    pub fn pass(&self, app: &App, people: Vec<UserId>, frame: &str) {
        app.hub.pass(&people, &Bytes::copy_from_slice(frame.as_bytes()));
        self.send(Note::Passing(people, frame.to_owned()));
    }

    /// Neither of the two sees any more whether the other is here, wherever they are connected.
    pub fn part(&self, app: &App, people: [UserId; 2]) {
        app.hub.part(people);
        self.send(Note::Parted(people));
    }

    /// Carries notes, and compares connections with the log, for as long as the process lives.
    pub async fn run(&self, app: &App) {
        tokio::join!(self.carry(app), compare(app));
    }

    async fn carry(&self, app: &App) {
        // One task carries; a second one would wait here.
        let mut waiting = self.waiting.lock().await;
        loop {
            if let Err(error) = self.carry_while_connected(app, &mut waiting).await {
                tracing::warn!(error = format!("{error:#}"), "the connection between nodes broke");
            }
            // What waited is old, and may have been told of already.
            while waiting.try_recv().is_ok() {}
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn carry_while_connected(
        &self,
        app: &App,
        waiting: &mut mpsc::Receiver<Note>,
    ) -> anyhow::Result<()> {
        let mut wire = Wire::connect(app).await?;
        wire.publish(&self.letter(&[Note::Alive(true), Note::Came(app.hub.visible())])?).await?;
        // Something may have been missed while there was no connection.
        look_all(app);
        let mut life = tokio::time::interval(SIGN_OF_LIFE);
        let mut notes = Vec::new();
        loop {
            tokio::select! {
                count = waiting.recv_many(&mut notes, MOST_TOGETHER) => {
                    anyhow::ensure!(count > 0, "nobody sends any more");
                    if app.hub.has_others() {
                        for letter in self.letters(&notes, wire.limit())? {
                            wire.publish(&letter).await?;
                        }
                    }
                    notes.clear();
                }
                letter = wire.next() => {
                    if let Some(answer) = self.read(app, &letter?) {
                        wire.publish(&self.letter(&answer)?).await?;
                    }
                }
                _ = life.tick() => {
                    app.hub.has_others();
                    wire.publish(&self.letter(&[Note::Alive(false)])?).await?;
                }
            }
        }
    }

    fn letter(&self, notes: &[Note]) -> anyhow::Result<String> {
        Ok(serde_json::to_string(&Letter { from: self.id, notes })?)
    }

    /// As few letters as fit.
    fn letters(&self, notes: &[Note], limit: usize) -> anyhow::Result<Vec<String>> {
        let whole = self.letter(notes)?;
        if whole.len() <= limit {
            return Ok(vec![whole]);
        }
        match notes {
            // What is too large for the wire is in the log.
            [Note::Told(told)] => {
                let people = told.places.iter().map(|(user, _)| *user).collect();
                self.letters(&[Note::Look(people)], usize::MAX)
            }
            [Note::Came(people)] if people.len() > 1 => {
                let (some, others) = people.split_at(people.len() / 2);
                self.letters(&[Note::Came(some.to_vec()), Note::Came(others.to_vec())], limit)
            }
            [_] => Ok(Vec::new()),
            _ => {
                let (some, others) = notes.split_at(notes.len() / 2);
                Ok([self.letters(some, limit)?, self.letters(others, limit)?].concat())
            }
        }
    }

    /// Does what another node says, and gives what it asks for.
    fn read(&self, app: &App, letter: &str) -> Option<Vec<Note>> {
        // A newer node may say what this one does not know: the log has what matters.
        let Ok(Letter { from, notes }) = serde_json::from_str::<Letter<Vec<Note>>>(letter) else {
            look_all(app);
            return None;
        };
        if from == self.id {
            return None;
        }
        app.hub.alive(from);
        let mut answer = None;
        for note in notes {
            match note {
                Note::Told(told) => app.hub.deliver(&told),
                Note::Look(people) => app.hub.look(&people),
                Note::Passing(people, frame) => app.hub.pass(&people, &frame.into()),
                Note::Came(people) => app.hub.came(from, people),
                Note::Went(people) => app.hub.went(from, people),
                Note::Parted(people) => app.hub.part(people),
                Note::Alive(true) => answer = Some(vec![Note::Came(app.hub.visible())]),
                Note::Alive(false) => {}
            }
        }
        answer
    }
}

fn look_all(app: &App) {
    app.hub.look(&app.hub.positions().0);
}

/// Makes connections look whose log has more than they were sent: a note of it was lost.
async fn compare(app: &App) {
    loop {
        tokio::time::sleep(COMPARISON).await;
        let (people, sent) = app.hub.positions();
        for (people, sent) in people.chunks(CHUNK).zip(sent.chunks(CHUNK)) {
            match log::behind(&app.db, people, sent).await {
                Ok(behind) => app.hub.look(&behind),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "connections cannot be compared");
                }
            }
        }
    }
}

/// A connection to Redis for the notes between nodes.
struct Redis {
    publisher: MultiplexedConnection,
    subscriber: PubSub,
}

impl Redis {
    async fn connect(url: &str) -> anyhow::Result<Self> {
        let client = redis::Client::open(url).context("REDIS_URL")?;
        let config = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let publisher = client.get_multiplexed_async_connection_with_config(&config).await?;
        let subscriber = tokio::time::timeout(PATIENCE, async {
            let mut subscriber = client.get_async_pubsub().await?;
            subscriber.subscribe(CHANNEL).await?;
            anyhow::Ok(subscriber)
        });
        Ok(Self { publisher, subscriber: subscriber.await.context("Redis does not answer")?? })
    }
}

enum Wire {
    Redis(Box<Redis>),
    Postgres(Box<PgListener>, PgPool),
}

impl Wire {
    async fn connect(app: &App) -> anyhow::Result<Self> {
        if let Some(url) = &app.settings.nodes.redis_url {
            return Ok(Self::Redis(Box::new(Redis::connect(url.expose_secret()).await?)));
        }
        let mut listener = PgListener::connect_with(&app.db).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self::Postgres(Box::new(listener), app.db.clone()))
    }

    fn limit(&self) -> usize {
        match self {
            Self::Redis(_) => usize::MAX,
            Self::Postgres(..) => MOST_NOTIFIED,
        }
    }

    async fn publish(&mut self, letter: &str) -> anyhow::Result<()> {
        match self {
            Self::Redis(redis) => redis.publisher.publish::<_, _, ()>(CHANNEL, letter).await?,
            Self::Postgres(_, db) => {
                sqlx::query!("select pg_notify($1, $2)", CHANNEL, letter).execute(&*db).await?;
            }
        }
        Ok(())
    }

    async fn next(&mut self) -> anyhow::Result<String> {
        match self {
            Self::Redis(redis) => {
                let message = redis.subscriber.on_message().next().await.context("Redis has gone")?;
                Ok(message.get_payload()?)
            }
            // The listener would reconnect by itself, and say nothing of what was lost.
            Self::Postgres(listener, _) => {
                Ok(listener.try_recv().await?.context("PostgreSQL has gone")?.payload().to_owned())
            }
        }
    }
}
