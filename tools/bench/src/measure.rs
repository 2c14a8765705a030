//! One endpoint after the other: ceiling, memory, uncached, in rounds that follow each other closely, since the
//! machine does not stay the same.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    ceiling::{Ceilings, Reached},
    cpu::{Usage, Watch},
    endpoints::{Endpoint, Make, World},
    load::{self, Model, Outcome, Plan, percentile},
    random::Random,
    server::{Client, Server},
};

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds of everything.
    pub rounds: u32,
    /// Length of one measurement.
    pub seconds: u64,
    /// Connections of the load generator.
    pub connections: usize,
}

/// What was measured of one endpoint in one way.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The endpoint.
    pub name: &'static str,
    /// Whether its answers came from memory.
    pub from_memory: bool,
    /// Answers a second at the peak.
    pub rate: f64,
    /// Transactions a second of the best SQL.
    pub ceiling: Option<f64>,
    /// One over the other, round by round.
    pub ratio: Option<f64>,
    /// What the ratio has to be.
    pub budget: Option<f64>,
    /// Milliseconds at the peak.
    pub median: f64,
    /// Milliseconds at the peak.
    pub p99: f64,
    /// Milliseconds at half of the peak, in the open model.
    pub p99_at_half: f64,
    /// Where the peak leaves work for later: answers a second if that is counted, too, so what can be held for long, and
    /// milliseconds at half of it.
    pub held: Option<(f64, f64)>,
    /// Microseconds of processor time a request.
    pub server: f64,
    /// The same of the database.
    pub database: f64,
    /// The same of the database at the ceiling.
    pub database_at_ceiling: f64,
    /// The same of the load generator.
    pub generator: f64,
    /// Share of the used processor time that others used meanwhile.
    pub others: f64,
    /// Something that spoils the figures.
    pub remark: Option<&'static str>,
}

/// Everything that a measurement needs.
#[derive(Debug)]
pub struct Bench<'a> {
    /// The server.
    pub server: &'a Server,
    /// What requests are made from.
    pub world: &'a World,
    /// The ceilings.
    pub ceilings: &'a Ceilings,
    /// Whose processor time is read.
    pub watch: Watch,
    /// How long and how often.
    pub effort: Effort,
}

/// Figures of one measurement.
struct Measured {
    outcome: Outcome,
    usage: Usage,
    /// How long the server worked on it afterwards, in seconds.
    afterwards: f64,
}

impl Bench<'_> {
    /// Measures an endpoint: a row for memory, a row for uncached.
    pub fn endpoint(&self, endpoint: &Endpoint) -> Result<Vec<Row>> {
        let ways: Vec<(bool, Make)> = [(true, endpoint.memory), (false, endpoint.uncached)]
            .into_iter()
            .filter_map(|(from_memory, make)| Some((from_memory, make?)))
            .collect();
        for (_, make) in &ways {
            self.check(endpoint, *make).with_context(|| endpoint.name)?;
        }
        let mut ceilings = Vec::new();
        let mut measured: Vec<Vec<Measured>> = ways.iter().map(|_| Vec::new()).collect();
        for _ in 0..self.effort.rounds {
            if let Some(sql) = endpoint.ceiling {
                let reached = self.ceilings.measure(sql, self.effort.seconds, self.watch);
                ceilings.push(reached.with_context(|| endpoint.name)?);
            }
            for ((_, make), measured) in ways.iter().zip(&mut measured) {
                let mut load = self.load(*make, Model::Closed).with_context(|| endpoint.name)?;
                load.afterwards = self.ceilings.wait_for_jobs()?.as_secs_f64();
                measured.push(load);
            }
        }
        let mut rows = Vec::new();
        for ((from_memory, make), measured) in ways.iter().zip(measured) {
            let mut row = summary(endpoint, *from_memory, &ceilings, &measured);
            row.p99_at_half = self.at_half(*make, row.rate)?;
            if let Some(held) = held(&measured) {
                row.held = Some((held, self.at_half(*make, held)?));
            }
            rows.push(row);
        }
        Ok(rows)
    }

    /// The median of p99 at half of a rate.
    fn at_half(&self, make: Make, rate: f64) -> Result<f64> {
        let mut each = Vec::new();
        for _ in 0..self.effort.rounds.min(3) {
            each.push(self.load(make, Model::Open(rate / 2.0))?.outcome.percentile(0.99));
            self.ceilings.wait_for_jobs()?;
        }
        Ok(middle(each))
    }

    /// The median of p99 under one load while another one goes on beside it.
    pub fn beside(&self, make: Make, rate: f64, other: Option<Make>) -> Result<f64> {
        let mut each = Vec::new();
        for _ in 0..self.effort.rounds {
            each.push(match other {
                None => self.load(make, Model::Open(rate))?.outcome.percentile(0.99),
                Some(other) => self.two_loads(make, rate, other)?,
            });
        }
        Ok(middle(each))
    }

    fn two_loads(&self, make: Make, rate: f64, other: Make) -> Result<f64> {
        let plan = self.plan(Model::Open(rate));
        let flood =
            Plan { connections: 8, model: Model::Closed, measured: plan.measured + plan.warm_up, ..plan };
        // The world is not shared between threads: what the flood asks for is written before.
        let mut chance = Random::new(11);
        let requests: Vec<Vec<u8>> = (0..2000).map(|_| self.bytes(other, &mut chance)).collect();
        std::thread::scope(|scope| {
            let flooding = scope.spawn(move || {
                let mut requests = requests.into_iter().cycle();
                let mut source = |out: &mut Vec<u8>| {
                    requests.next().is_some_and(|next| {
                        out.extend_from_slice(&next);
                        true
                    })
                };
                load::run(flood, &mut source, &mut || {})
            });
            let outcome = self.load(make, Model::Open(rate))?.outcome;
            let Ok(flooded) = flooding.join() else { bail!("the flood ended with a panic") };
            ensure!(flooded?.refused == 0, "sign-ins were refused");
            Ok(outcome.percentile(0.99))
        })
    }

    fn bytes(&self, make: Make, chance: &mut Random) -> Vec<u8> {
        let mut request = Vec::new();
        make(self.world, chance).write(self.world, &mut request);
        request
    }

    /// The first answer has what the contract promises.
    fn check(&self, endpoint: &Endpoint, make: Make) -> Result<()> {
        let request = self.bytes(make, &mut Random::new(3));
        let (status, body) = Client::connect(self.server.address)?.send(&request)?;
        let shown = String::from_utf8_lossy(&body);
        let asked = String::from_utf8_lossy(&request);
        let asked = asked.lines().next().unwrap_or_default().to_owned();
        ensure!((200..300).contains(&status), "{asked}: {status} {shown}");
        let json: serde_json::Value =
            serde_json::from_slice(&body).with_context(|| format!("{asked}: {shown}"))?;
        for field in endpoint.fields {
            ensure!(json.pointer(field).is_some(), "{asked}: there is no {field} in {shown}");
        }
        Ok(())
    }

    fn load(&self, make: Make, model: Model) -> Result<Measured> {
        let mut chance = Random::new(5);
        let mut source = |out: &mut Vec<u8>| make(self.world, &mut chance).write(self.world, out);
        let mut marks = Vec::with_capacity(2);
        let outcome = load::run(self.plan(model), &mut source, &mut || marks.push(self.watch.read()))?;
        if outcome.refused > 0 {
            bail!("{} answers were not 2xx, like {}", outcome.refused, outcome.refusal.unwrap_or_default());
        }
        let usage = match marks.as_slice() {
            [before, after] => after.since(*before),
            _ => Usage::default(),
        };
        Ok(Measured { outcome, usage, afterwards: 0.0 })
    }

    fn plan(&self, model: Model) -> Plan {
        let measured = Duration::from_secs(self.effort.seconds);
        // In the open model more than the usual connections would be there, as of many clients.
        let connections = match model {
            Model::Closed => self.effort.connections,
            Model::Open(_) => self.effort.connections * 4,
        };
        let address = self.server.address;
        Plan { address, connections, model, warm_up: Duration::from_millis(400), measured }
    }
}

fn summary(endpoint: &Endpoint, from_memory: bool, ceilings: &[Reached], measured: &[Measured]) -> Row {
    let each = |figure: &dyn Fn(&Measured) -> f64| middle(measured.iter().map(figure).collect());
    let a_request =
        |seconds: f64, measured: &Measured| seconds * 1e6 / (measured.outcome.answers.max(1) as f64);
    let mut latencies: Vec<u32> =
        measured.iter().flat_map(|one| one.outcome.latencies.iter().copied()).collect();
    latencies.sort_unstable();
    let ratios: Vec<f64> =
        measured.iter().zip(ceilings).map(|(one, ceiling)| one.outcome.rate() / ceiling.rate).collect();
    let budget = if from_memory { endpoint.budget.map(|_| FROM_MEMORY) } else { endpoint.budget };
    let mut row = Row {
        name: endpoint.name,
        from_memory,
        rate: each(&|one| one.outcome.rate()),
        ceiling: (!ceilings.is_empty()).then(|| middle(ceilings.iter().map(|one| one.rate).collect())),
        ratio: (!ratios.is_empty()).then(|| middle(ratios)),
        budget,
        median: percentile(&latencies, 0.5),
        p99: percentile(&latencies, 0.99),
        p99_at_half: 0.0,
        held: None,
        server: each(&|one| a_request(one.usage.server, one)),
        database: each(&|one| a_request(one.usage.database, one)),
        database_at_ceiling: middle(ceilings.iter().map(|one| one.cost).collect()),
        generator: each(&|one| a_request(one.usage.generator, one)),
        others: each(&|one| one.usage.others() / one.usage.machine.max(0.01)),
        remark: None,
    };
    if !from_memory && !ceilings.is_empty() && row.database < row.database_at_ceiling * 0.2 {
        row.remark = Some("answered from memory?");
    } else if row.others > 0.1 {
        row.remark = Some("machine busy");
    }
    row
}

/// Answers a second if the work that they leave for later is counted; `None` where they leave next to none.
fn held(measured: &[Measured]) -> Option<f64> {
    let peak = middle(measured.iter().map(|one| one.outcome.rate()).collect());
    let held = |one: &Measured| one.outcome.answers as f64 / (one.outcome.seconds + one.afterwards);
    let held = middle(measured.iter().map(held).collect());
    (held < peak * 0.95).then_some(held)
}

/// Budget of what is answered from memory.
const FROM_MEMORY: f64 = 1.5;

/// The median.
pub fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
