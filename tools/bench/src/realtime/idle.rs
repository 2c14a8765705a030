//! Connections on which nothing happens: how many, how quickly, and what each of them costs.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::{StreamExt as _, stream};

use super::{ms, nodes::Nodes, percentile, person::Pair};
use crate::cpu::{self, Watch};

/// Connections that are opened at the same time.
const AT_ONCE: usize = 64;
/// How long they are watched.
const WATCHED: Duration = Duration::from_secs(40);

/// Opens them, waits, and says what they cost.
pub async fn measure(nodes: &Nodes, pairs: &[Pair], count: usize) -> Result<String> {
    let (address, process) = (nodes.address(0), nodes.process(0));
    let people = pairs.iter().flat_map(|pair| &pair.people).cycle().take(count);
    let before = cpu::memory(process)?.0;
    let began = Instant::now();
    let connects = stream::iter(people.map(|person| async move {
        let started = Instant::now();
        let mut socket = person.connect(address, None).await?;
        // `ready`.
        socket.next().await;
        anyhow::Ok((socket, started.elapsed()))
    }));
    let opened: Vec<_> = connects.buffer_unordered(AT_ONCE).collect().await;
    let took = began.elapsed();
    let mut sockets = Vec::with_capacity(count);
    let mut times = Vec::with_capacity(count);
    for opened in opened {
        let (socket, time) = opened?;
        sockets.push(socket);
        times.push(time);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let after = cpu::memory(process)?.0;
    let watch = Watch { server: process, database: 0 };
    let usage = watch.read();
    // Reading answers pings.
    let closed = stream::iter(sockets.iter_mut().map(|socket| async move {
        tokio::time::timeout(WATCHED, async { while socket.next().await.is_some_and(|m| m.is_ok()) {} })
            .await
            .is_ok()
    }));
    let closed =
        closed.buffer_unordered(count.max(1)).filter(|closed| std::future::ready(*closed)).count().await;
    let usage = watch.read().since(usage);
    let each = |amount: f64| amount / count as f64;
    Ok(format!(
        "Idle: {count} connections to one server in {:.1} s ({:.0}/s, p99 {}); {:.1} KB of memory each; {:.2} µs of \
         processor time a second each; {closed} closed within {} s.",
        took.as_secs_f64(),
        count as f64 / took.as_secs_f64(),
        ms(percentile(times, 99)),
        each((after - before) * 1000.0),
        each(usage.server * 1e6) / WATCHED.as_secs_f64(),
        WATCHED.as_secs(),
    ))
}
