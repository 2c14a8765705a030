//! Pairs that write to each other at a steady rate, over any break.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::{Duration, Instant},
};

use anyhow::Result;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::LocalSet, time::MissedTickBehavior};
use tokio_tungstenite::tungstenite::Message;

use super::{
    breaks::Break,
    journal::{Journal, Verdict},
    nodes::Nodes,
    person::{Pair, Person, Socket},
};
use crate::random::Random;

/// An answer that does not come within this is asked for again.
const UNANSWERED: Duration = Duration::from_secs(3);
/// No app waits longer for its socket to open.
const TO_CONNECT: Duration = Duration::from_secs(10);
/// They write for so long before it is timed.
const WARM_UP: Duration = Duration::from_secs(3);
/// In the end, what has not come when for so long nothing has come is lost.
const SETTLED: Duration = Duration::from_secs(30);

/// Runs of this process.
static RUNS: AtomicU32 = AtomicU32::new(0);

type Shared = Rc<RefCell<Journal>>;

/// Somebody at their device.
struct Device {
    number: usize,
    person: Person,
    conversation: String,
    addresses: [std::net::SocketAddr; 2],
    journal: Shared,
    last: Option<i64>,
    ready: mpsc::UnboundedSender<()>,
    waiting: Vec<(String, Instant)>,
}

/// Lets them write, breaks things, and judges.
pub async fn run(
    nodes: &mut Nodes,
    pairs: &[Pair],
    rate: u32,
    length: Duration,
    plan: &[(Duration, Break)],
) -> Result<Verdict> {
    LocalSet::new().run_until(talk(nodes, pairs, rate, length, plan)).await
}

async fn talk(
    nodes: &mut Nodes,
    pairs: &[Pair],
    rate: u32,
    length: Duration,
    plan: &[(Duration, Break)],
) -> Result<Verdict> {
    let journal = Shared::default();
    let mut mouths = Vec::with_capacity(pairs.len() * 2);
    let (ready, mut seated) = mpsc::unbounded_channel();
    for (number, person) in pairs.iter().flat_map(|pair| &pair.people).enumerate() {
        let (say, said) = mpsc::unbounded_channel();
        mouths.push(say);
        let device = Device {
            number,
            person: person.clone(),
            conversation: pairs[number / 2].conversation.clone(),
            addresses: [nodes.address(number), nodes.address(number + 1)],
            journal: journal.clone(),
            last: None,
            ready: ready.clone(),
            waiting: Vec::new(),
        };
        tokio::task::spawn_local(device.live(said));
        // So many at the same time, and nobody speaks before all are there.
        if number >= 64 {
            seated.recv().await;
        }
    }
    for _ in 0..mouths.len().min(64) {
        seated.recv().await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let began = Instant::now();
    let run = format!("{}.{}", std::process::id(), RUNS.fetch_add(1, Relaxed));
    let mut chance = Random::new(7);
    let mut beat = tokio::time::interval(Duration::from_secs(1) / rate);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut plan = plan.iter().peekable();
    let mut count = 0_usize;
    let mut is_warm = false;
    while began.elapsed() < WARM_UP + length {
        beat.tick().await;
        if !is_warm && began.elapsed() >= WARM_UP {
            is_warm = true;
            journal.borrow_mut().time();
        }
        let number = (chance.below(mouths.len() as u64)) as usize;
        // The name says whose it is, and is new: one that was used in an earlier run would be a message that is sent
        // again, and rightly reach nobody.
        if mouths[number].send(format!("{number}-{run}-{count}")).is_ok() {
            count += 1;
        }
        if let Some((_, what)) = plan.next_if(|(at, _)| WARM_UP + *at <= began.elapsed()) {
            happen(nodes, *what)?;
        }
    }
    for (_, what) in plan {
        happen(nodes, *what)?;
    }
    let (mut missing, mut moved) = (journal.borrow().missing(two), Instant::now());
    while missing > 0 && moved.elapsed() < SETTLED {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = journal.borrow().missing(two);
        if now != missing {
            (missing, moved) = (now, Instant::now());
        }
    }
    // A double would come late.
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(journal.take().judge((WARM_UP + length).as_secs_f64(), two))
}

/// The two whom a message concerns, by its name.
fn two(name: &str) -> [usize; 2] {
    let number: usize = name.split('-').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    [number, number ^ 1]
}

fn happen(nodes: &mut Nodes, what: Break) -> Result<()> {
    match what {
        Break::KillNode(number) => nodes.kill_node(number),
        Break::StartNode(number) => nodes.start_node(number)?,
        Break::KillRedis => nodes.kill_redis(),
        Break::StartRedis => nodes.start_redis()?,
    }
    Ok(())
}

impl Device {
    /// Connects, writes and listens, and comes back after every break.
    async fn live(mut self, mut said: mpsc::UnboundedReceiver<String>) {
        let mut broken: Option<Instant> = None;
        let mut tries = self.number;
        loop {
            // At first always the same server, afterwards either.
            let address = self.addresses[(tries - self.number) % 2];
            tries += 1;
            self.journal.borrow_mut().is_at(self.number, "connecting");
            let connecting = tokio::time::timeout(TO_CONNECT, self.person.connect(address, self.last)).await;
            if connecting.is_err() {
                self.journal.borrow_mut().refuse(format!("no socket within {TO_CONNECT:?}"));
            }
            if let Ok(Ok(socket)) = connecting {
                if let Some(since) = broken.take() {
                    self.journal.borrow_mut().back(since.elapsed());
                }
                if self.converse(socket, &mut said).await.is_none() {
                    return;
                }
                broken = Some(Instant::now());
            }
            let spread = (self.number as u64).wrapping_mul(7919) % 1500;
            tokio::time::sleep(Duration::from_millis(100 + spread)).await;
        }
    }

    /// Until the socket breaks; `None` where nobody speaks any more.
    async fn converse(
        &mut self,
        mut socket: Socket,
        said: &mut mpsc::UnboundedReceiver<String>,
    ) -> Option<()> {
        self.journal.borrow_mut().is_at(self.number, "connected");
        // What was not answered is said again under the same name: it counts once.
        for (name, _) in self.waiting.clone() {
            if socket.send(self.frame(&name)).await.is_err() {
                return Some(());
            }
        }
        loop {
            tokio::select! {
                name = said.recv() => {
                    let name = name?;
                    self.journal.borrow_mut().say(&name);
                    let frame = self.frame(&name);
                    self.waiting.push((name, Instant::now()));
                    if socket.send(frame).await.is_err() {
                        return Some(());
                    }
                }
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(&text),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Some(()),
                    Some(Ok(_)) => {}
                },
                () = tokio::time::sleep(UNANSWERED), if !self.waiting.is_empty() => {
                    for (name, at) in self.waiting.clone() {
                        if at.elapsed() >= UNANSWERED && socket.send(self.frame(&name)).await.is_err() {
                            return Some(());
                        }
                    }
                }
            }
        }
    }

    fn frame(&self, name: &str) -> Message {
        Message::text(
            json!({"type": "message.send", "conversation_id": self.conversation, "client_message_id": name,
                "content": "See you on Thursday at nine, then. The key is with the neighbour."})
            .to_string(),
        )
    }

    fn hear(&mut self, text: &str) {
        let Ok(frame) = serde_json::from_str::<Value>(text) else { return };
        let mut journal = self.journal.borrow_mut();
        let id = frame["id"].as_i64();
        match frame["type"].as_str().unwrap_or_default() {
            "ready" => {
                journal.is_at(self.number, "ready");
                if self.last.is_none() {
                    self.last = frame["last_event_id"].as_i64();
                    // Whoever came back is not counted again; what they missed before is theirs, too.
                    let _nobody = self.ready.send(());
                }
            }
            "ack" => {
                let name = frame["message"]["client_message_id"].as_str().unwrap_or_default();
                journal.ack(name, frame["message"]["seq"].as_i64().unwrap_or_default());
                self.waiting.retain(|(waiting, _)| waiting != name);
            }
            "error" => {
                journal.refuse(frame["error"]["code"].as_str().unwrap_or_default().to_owned());
            }
            "resync" => {
                journal.resync();
                self.last = frame["last_event_id"].as_i64();
            }
            kind => {
                if let Some(id) = id {
                    journal.event(self.number, id);
                    self.last = Some(id);
                }
                if kind == "message.created" {
                    let data = &frame["data"];
                    let name = data["client_message_id"].as_str().unwrap_or_default();
                    let is_other = data["sender_id"] != self.person.id.as_str();
                    journal.hear(self.number, name, data["seq"].as_i64().unwrap_or_default(), is_other);
                }
            }
        }
    }
}
