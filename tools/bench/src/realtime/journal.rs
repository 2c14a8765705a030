//! What was said, acknowledged and heard, by everybody: the judge of the whole.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::{ms, percentile};

/// One sided view of everything.
#[derive(Debug, Default)]
pub struct Journal {
    /// When each message was first said.
    said: HashMap<String, Instant>,
    /// Messages that were said before are not timed: new connections to the database plan each statement first.
    timed_from: Option<Instant>,
    /// The number of each message that was acknowledged.
    acked: HashMap<String, i64>,
    ack_times: Vec<Duration>,
    arrival_times: Vec<Duration>,
    /// Per person: the numbers of the log as they came.
    logs: HashMap<usize, Vec<i64>>,
    /// Per person and message: how often it came, and under which number.
    heard: HashMap<(usize, String), (u32, i64)>,
    /// Resumes that could not tell.
    resyncs: usize,
    /// Sockets that broke.
    breaks: usize,
    /// From a break until the socket was back.
    backs: Vec<Duration>,
    refusals: Vec<String>,
    /// What everybody is at.
    states: HashMap<usize, &'static str>,
}

/// What came of it.
#[derive(Debug)]
pub struct Verdict {
    seconds: f64,
    journal: Journal,
    lost: usize,
    /// Which, and by whom, one of them.
    example: Option<String>,
    doubled: usize,
    disordered: usize,
}

impl Journal {
    /// A message is said, perhaps again.
    pub fn say(&mut self, name: &str) {
        self.said.entry(name.to_owned()).or_insert_with(Instant::now);
    }

    /// Somebody begins with something else.
    pub fn is_at(&mut self, person: usize, what: &'static str) {
        self.states.insert(person, what);
    }

    /// From now on messages are timed.
    pub fn time(&mut self) {
        self.timed_from = Some(Instant::now());
    }

    /// How long ago a message was said, where it is timed.
    fn since(&self, name: &str) -> Option<Duration> {
        let said = self.said.get(name)?;
        (*said >= self.timed_from?).then(|| said.elapsed())
    }

    /// It was acknowledged.
    pub fn ack(&mut self, name: &str, seq: i64) {
        if self.said.contains_key(name) && self.acked.insert(name.to_owned(), seq).is_none() {
            self.ack_times.extend(self.since(name));
        }
    }

    /// It came to somebody; `is_other`: who did not write it.
    pub fn hear(&mut self, person: usize, name: &str, seq: i64, is_other: bool) {
        let heard = self.heard.entry((person, name.to_owned())).or_insert((0, seq));
        heard.0 += 1;
        if is_other && heard.0 == 1 {
            self.arrival_times.extend(self.since(name));
        }
    }

    /// An event of somebody's log came.
    pub fn event(&mut self, person: usize, id: i64) {
        self.logs.entry(person).or_default().push(id);
    }

    /// A socket broke, and was back after a while.
    pub fn back(&mut self, after: Duration) {
        self.breaks += 1;
        self.backs.push(after);
    }

    /// A resume could not tell what was missed.
    pub fn resync(&mut self) {
        self.resyncs += 1;
    }

    /// A frame was refused.
    pub fn refuse(&mut self, why: String) {
        self.refusals.push(why);
    }

    /// How many acknowledged messages have not come to both yet; `pair` gives the two of a message.
    pub fn missing(&self, pair: impl Fn(&str) -> [usize; 2]) -> usize {
        let has_come = |name: &String| {
            pair(name).into_iter().all(|person| self.heard.contains_key(&(person, name.clone())))
        };
        self.said.keys().filter(|name| !self.acked.contains_key(*name) || !has_come(name)).count()
    }

    /// Judges.
    pub fn judge(self, seconds: f64, pair: impl Fn(&str) -> [usize; 2]) -> Verdict {
        let mut lost = 0;
        let mut example = None;
        let mut doubled = 0;
        for (name, seq) in &self.acked {
            for person in pair(name) {
                match self.heard.get(&(person, name.clone())) {
                    None => {
                        lost += 1;
                        let log = self.logs.get(&person).and_then(|log| log.last());
                        let state = self.states.get(&person).unwrap_or(&"away");
                        example = Some(format!(
                            "{name} (number {seq}) by {person}, who is {state}, and whose last event was {log:?}"
                        ));
                    }
                    Some((1, heard)) if heard == seq => {}
                    Some(_) => doubled += 1,
                }
            }
        }
        // Numbers of a log grow by one, whatever broke.
        let is_broken = |log: &&Vec<i64>| log.windows(2).any(|two| two[1] != two[0] + 1);
        let disordered = self.logs.values().filter(is_broken).count();
        Verdict { seconds, journal: self, lost, example, doubled, disordered }
    }
}

impl Verdict {
    /// Whether everything came once and in order.
    pub fn is_whole(&self) -> bool {
        let unanswered = self.journal.said.len() - self.journal.acked.len();
        self.lost + self.doubled + self.disordered + unanswered + self.journal.resyncs == 0
    }

    /// In words.
    pub fn report(&self, name: &str) -> String {
        let journal = &self.journal;
        let times = |times: &[Duration]| {
            let of = |hundredths| ms(percentile(times.to_vec(), hundredths));
            format!("p50 {}, p99 {}", of(50), of(99))
        };
        let mut parts = vec![format!(
            "{name}: {} messages said, {} acknowledged ({:.0}/s), ack {}; heard by the other side {}.",
            journal.said.len(),
            journal.acked.len(),
            journal.acked.len() as f64 / self.seconds,
            times(&journal.ack_times),
            times(&journal.arrival_times),
        )];
        if journal.breaks > 0 {
            let last = ms(percentile(journal.backs.clone(), 100));
            parts.push(format!("{} sockets broke; the last was back after {last}.", journal.breaks));
        }
        parts.push(format!(
            "Lost {}, doubled {}, out of order {}, resyncs {}.",
            self.lost, self.doubled, self.disordered, journal.resyncs
        ));
        if let Some(example) = &self.example {
            parts.push(format!("Lost: {example}."));
        }
        if let Some(refusal) = journal.refusals.first() {
            parts.push(format!("{} refusals, like {refusal}.", journal.refusals.len()));
        }
        parts.join(" ")
    }
}
