//! One person comes and goes, and thousands are told.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures_util::{SinkExt as _, StreamExt as _, stream};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use super::{ms, nodes::Nodes, percentile, person::Pair};

/// How often they come and go.
const ROUNDS: usize = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// How long until all know.
pub async fn measure(nodes: &Nodes, pairs: &[Pair], count: usize) -> Result<String> {
    let star = &pairs.first().context("nobody is there")?.people[1];
    let address = nodes.address(0);
    let (told, mut heard) = mpsc::unbounded_channel::<Instant>();
    let people = pairs.iter().skip(1).flat_map(|pair| &pair.people).cycle().take(count);
    let watch = Message::text(json!({"type": "presence.watch", "user_ids": [star.id]}).to_string());
    let opened: Vec<_> = stream::iter(people.map(|person| {
        let watch = watch.clone();
        async move {
            let mut socket = person.connect(address, None).await?;
            socket.next().await;
            socket.send(watch).await?;
            // How it is now, and that the frame was heard.
            socket.next().await;
            socket.next().await;
            anyhow::Ok(socket)
        }
    }))
    .buffer_unordered(64)
    .collect()
    .await;
    for socket in opened {
        let (mut socket, told) = (socket?, told.clone());
        tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                // Reading JSON here would be measured, too.
                let is_presence = message.to_text().is_ok_and(|text| text.contains("presence"));
                if is_presence && told.send(Instant::now()).is_err() {
                    return;
                }
            }
        });
    }
    let mut times = Vec::with_capacity(count * ROUNDS);
    for _ in 0..ROUNDS / 2 {
        let mut began = Instant::now();
        let mut socket = star.connect(address, None).await?;
        times.extend(collect(&mut heard, count, began).await?);
        tokio::time::sleep(PAUSE).await;
        began = Instant::now();
        socket.close(None).await?;
        times.extend(collect(&mut heard, count, began).await?);
        tokio::time::sleep(PAUSE).await;
    }
    let deliveries = times.len();
    Ok(format!(
        "One to many: {count} watchers are told {ROUNDS} times ({deliveries} deliveries): p50 {}, p99 {}.",
        ms(percentile(times.clone(), 50)),
        ms(percentile(times, 99)),
    ))
}

async fn collect(
    heard: &mut mpsc::UnboundedReceiver<Instant>,
    count: usize,
    began: Instant,
) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(count);
    let all = async {
        while times.len() < count {
            let Some(at) = heard.recv().await else { break };
            times.push(at.saturating_duration_since(began));
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all).await.context("not all watchers were told")?;
    Ok(times)
}
