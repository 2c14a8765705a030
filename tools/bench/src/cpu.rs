//! Who used how much of the processors, from /proc.

use std::fs;

use anyhow::{Context as _, Result};

/// What the kernel counts in. It is 100 on every Linux that Rust runs on.
const TICKS_A_SECOND: f64 = 100.0;

/// Processor time used so far, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// The server with all its threads.
    pub server: f64,
    /// PostgreSQL with all its processes.
    pub database: f64,
    /// This process: the load generator.
    pub generator: f64,
    /// Everything on this machine.
    pub machine: f64,
}

impl Usage {
    /// What was used since an earlier moment.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            server: self.server - earlier.server,
            database: self.database - earlier.database,
            generator: self.generator - earlier.generator,
            machine: self.machine - earlier.machine,
        }
    }

    /// What others than the server, the database and the generator used.
    pub fn others(self) -> f64 {
        (self.machine - self.server - self.database - self.generator).max(0.0)
    }
}

/// The processes that are watched.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// The server.
    pub server: u32,
    /// PostgreSQL's first process, parent of all others.
    pub database: u32,
}

impl Watch {
    /// The usage up to now. A process that has just ended counts as nothing.
    pub fn read(self) -> Usage {
        let own = Stat::of(std::process::id()).unwrap_or_default();
        Usage {
            server: Stat::of(self.server).unwrap_or_default().own,
            database: family(self.database),
            generator: own.own,
            machine: machine().unwrap_or_default(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Stat {
    parent: u32,
    own: f64,
    /// Of children that have ended.
    ended_children: f64,
}

impl Stat {
    fn of(process: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    /// proc(5): after the name in brackets come the state, the parent, and from the twelfth on the times.
    fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.rsplit_once(')')?;
        let fields: Vec<_> = rest.split_ascii_whitespace().collect();
        let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: (ticks(11)? + ticks(12)?) / TICKS_A_SECOND,
            ended_children: (ticks(13)? + ticks(14)?) / TICKS_A_SECOND,
        })
    }
}

/// A process and its children, those included that have ended.
fn family(parent: u32) -> f64 {
    let first = Stat::of(parent).unwrap_or_default();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let children = numbers.filter_map(Stat::of).filter(|stat| stat.parent == parent);
    first.own + first.ended_children + children.map(|child| child.own).sum::<f64>()
}

/// All processors: user, nice, system, irq, softirq; not idle, waiting or stolen time.
fn machine() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<f64> =
        text.lines().next()?.split_ascii_whitespace().skip(1).flat_map(str::parse).collect();
    Some([0, 1, 2, 5, 6].iter().filter_map(|index| fields.get(*index)).sum::<f64>() / TICKS_A_SECOND)
}

/// How much memory a process holds now, and held at most, in MB.
pub fn memory(process: u32) -> Result<(f64, f64)> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).context("the server is gone")?;
    let kilobytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace().nth(1)?.parse::<f64>().ok()
    };
    let both =
        kilobytes("VmRSS").zip(kilobytes("VmHWM")).context("/proc/<pid>/status has no memory in it")?;
    Ok((both.0 / 1024.0, both.1 / 1024.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let line = "77 (a) b (c) S 42 77 77 0 -1 4194304 1 2 3 4 150 50 7 3 20 0 9 0 1 2 3";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.parent, stat.own, stat.ended_children), (42, 2.0, 0.1));
    }

    #[test]
    fn this_process_has_used_some_memory() {
        let (now, most) = memory(std::process::id()).unwrap();
        assert!(now > 0.5 && most >= now);
    }
}
