//! What is broken, and when.

use std::time::Duration;

/// Something that happens to the servers.
#[derive(Clone, Copy, Debug)]
pub enum Break {
    /// Kills a server.
    KillNode(usize),
    /// Starts it again.
    StartNode(usize),
    /// Kills Redis.
    KillRedis,
    /// Starts it again.
    StartRedis,
}

/// Each server and Redis once, spread over the time.
pub fn plan(length: Duration) -> Vec<(Duration, Break)> {
    let at = |tenths: u32| length * tenths / 10;
    vec![
        (at(2), Break::KillNode(0)),
        (at(3), Break::StartNode(0)),
        (at(4), Break::KillRedis),
        (at(5), Break::StartRedis),
        (at(6), Break::KillNode(1)),
        (at(7), Break::StartNode(1)),
    ]
}
