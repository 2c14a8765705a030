//! The load generator: one thread, one epoll, requests as ready-made bytes. It shares the cores with the server
//! that it measures, so it does as little as it can.
//!
//! Closed model: every connection asks again as soon as it is answered; that finds the peak. Open model: requests
//! are due at fixed moments, whether or not the server keeps up, and are timed from when they were due; that shows
//! what waiting feels like at a given rate.

use std::{
    collections::VecDeque,
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::sys::{
    epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
    time::TimeSpec,
    timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
};

use crate::http;

/// When requests are made.
#[derive(Clone, Copy, Debug)]
pub enum Model {
    /// By each connection, one after the other.
    Closed,
    /// At a fixed rate a second.
    Open(f64),
}

/// How to load.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Where the server listens.
    pub address: SocketAddr,
    /// How many connections are kept open.
    pub connections: usize,
    /// When requests are made.
    pub model: Model,
    /// Not counted: connections, caches and branch predictors settle.
    pub warm_up: Duration,
    /// Counted.
    pub measured: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Answers in the time that counts.
    pub answers: u64,
    /// The time that counts, in seconds.
    pub seconds: f64,
    /// From the request, or from when it was due, to the last byte of its answer; in microseconds, sorted.
    pub latencies: Vec<u32>,
    /// Answers that were not 2xx.
    pub refused: u64,
    /// One of them.
    pub refusal: Option<String>,
}

impl Outcome {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.answers as f64 / self.seconds.max(1e-9)
    }

    /// The latency that a share of the answers stayed below, in milliseconds.
    pub fn percentile(&self, share: f64) -> f64 {
        percentile(&self.latencies, share)
    }
}

/// The same of any sorted microseconds.
pub fn percentile(sorted: &[u32], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * share).round() as usize;
    sorted.get(index).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
}

/// Where requests come from: each call appends one, or says that there are no more.
pub type Source<'a> = dyn FnMut(&mut Vec<u8>) -> bool + 'a;

/// Loads the server. `mark` is called when the time that counts begins, and when it ends.
pub fn run(plan: Plan, source: &mut Source<'_>, mark: &mut dyn FnMut()) -> Result<Outcome> {
    let mut generator = Generator::connect(plan, source)?;
    generator.until(Instant::now() + plan.warm_up)?;
    generator.is_counting = true;
    mark();
    let began = Instant::now();
    generator.until(began + plan.measured)?;
    generator.outcome.seconds = began.elapsed().as_secs_f64();
    mark();
    generator.finish()
}

struct Generator<'a, 'b> {
    plan: Plan,
    source: &'a mut Source<'b>,
    /// The source has no more requests.
    is_dry: bool,
    is_counting: bool,
    connections: Vec<Connection>,
    idle: Vec<usize>,
    /// Open model: requests that wait for a connection.
    waiting: VecDeque<Instant>,
    next_due: Instant,
    epoll: Epoll,
    timer: TimerFd,
    request: Vec<u8>,
    buffer: Vec<u8>,
    outcome: Outcome,
}

struct Connection {
    stream: TcpStream,
    began: Instant,
    /// What has arrived of an answer whose head is not complete.
    partial: Vec<u8>,
    status: u16,
    /// How much of the body is still to come.
    missing: usize,
}

/// Marks the timer among the events; the others are numbers of connections.
const TIMER: u64 = u64::MAX;
const LARGEST_READ: usize = 64 * 1024;
const LONGEST_WAIT: Duration = Duration::from_secs(15);

impl<'a, 'b> Generator<'a, 'b> {
    fn connect(plan: Plan, source: &'a mut Source<'b>) -> Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let timer =
            TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        epoll.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN, TIMER))?;
        let mut connections = Vec::with_capacity(plan.connections);
        for number in 0..plan.connections {
            let stream = TcpStream::connect(plan.address).context("cannot connect to the server")?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, u64::try_from(number)?))?;
            let (began, partial) = (Instant::now(), Vec::new());
            connections.push(Connection { stream, began, partial, status: 0, missing: 0 });
        }
        Ok(Self {
            plan,
            source,
            is_dry: false,
            is_counting: false,
            idle: (0..connections.len()).collect(),
            connections,
            waiting: VecDeque::new(),
            next_due: Instant::now(),
            epoll,
            timer,
            request: Vec::with_capacity(4096),
            buffer: vec![0; LARGEST_READ],
            outcome: Outcome::default(),
        })
    }

    fn until(&mut self, end: Instant) -> Result<()> {
        loop {
            let now = Instant::now();
            if now >= end || (self.is_dry && self.is_quiet()) {
                return Ok(());
            }
            self.dispatch(now)?;
            let wake = if matches!(self.plan.model, Model::Open(_)) { self.next_due.min(end) } else { end };
            self.set_timer(wake.saturating_duration_since(now))?;
            self.turn()?;
        }
    }

    /// Waits for the answers that are still out. In the open model they count: their requests were due in time.
    fn finish(mut self) -> Result<Outcome> {
        self.is_counting = matches!(self.plan.model, Model::Open(_));
        self.plan.model = Model::Open(0.0);
        let until = Instant::now() + LONGEST_WAIT;
        while !self.is_quiet() {
            if Instant::now() > until {
                bail!("the server did not answer within {LONGEST_WAIT:?}");
            }
            self.start_waiting()?;
            self.set_timer(LONGEST_WAIT)?;
            self.turn()?;
        }
        self.outcome.latencies.sort_unstable();
        Ok(self.outcome)
    }

    fn is_quiet(&self) -> bool {
        self.waiting.is_empty() && self.idle.len() == self.connections.len()
    }

    /// Makes the requests that are due.
    fn dispatch(&mut self, now: Instant) -> Result<()> {
        match self.plan.model {
            Model::Closed => {
                while let Some(number) = self.idle.pop() {
                    if !self.start(number, now)? {
                        return Ok(());
                    }
                }
            }
            Model::Open(rate) if rate > 0.0 => {
                let gap = Duration::from_secs_f64(1.0 / rate);
                while self.next_due <= now && !self.is_dry {
                    self.waiting.push_back(self.next_due);
                    self.next_due += gap;
                }
                self.start_waiting()?;
            }
            Model::Open(_) => self.start_waiting()?,
        }
        Ok(())
    }

    fn start_waiting(&mut self) -> Result<()> {
        while let Some(due) = self.waiting.front().copied() {
            let Some(number) = self.idle.pop() else { return Ok(()) };
            self.waiting.pop_front();
            if !self.start(number, due)? {
                self.waiting.clear();
            }
        }
        Ok(())
    }

    /// Sends the next request, if there is one.
    fn start(&mut self, number: usize, began: Instant) -> Result<bool> {
        self.request.clear();
        if self.is_dry || !(self.source)(&mut self.request) {
            self.is_dry = true;
            self.idle.push(number);
            return Ok(false);
        }
        let connection = &mut self.connections[number];
        connection.began = began;
        // A request is small, and nothing else is under way on its connection: it always fits.
        connection.stream.write_all(&self.request).context("cannot send a request")?;
        Ok(true)
    }

    fn set_timer(&self, wait: Duration) -> Result<()> {
        // Zero would switch the timer off.
        let wait = TimeSpec::from_duration(wait.max(Duration::from_nanos(1)));
        Ok(self.timer.set(Expiration::OneShot(wait), TimerSetTimeFlags::empty())?)
    }

    /// Waits for something to happen, and deals with it.
    fn turn(&mut self) -> Result<()> {
        let mut events = [EpollEvent::empty(); 64];
        let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
            Ok(count) => count,
            Err(nix::errno::Errno::EINTR) => 0,
            Err(error) => return Err(error.into()),
        };
        for event in events.iter().take(count).filter(|event| event.data() != TIMER) {
            let number = usize::try_from(event.data())?;
            if self.read(number)? {
                self.idle.push(number);
                self.dispatch(Instant::now())?;
            }
        }
        Ok(())
    }

    /// Reads what is there. True when the answer is complete.
    fn read(&mut self, number: usize) -> Result<bool> {
        let connection = &mut self.connections[number];
        let length = match connection.stream.read(&mut self.buffer) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error).context("cannot read an answer"),
        };
        let mut arrived = &self.buffer[..length];
        if connection.missing == 0 {
            if !connection.partial.is_empty() {
                connection.partial.extend_from_slice(arrived);
                arrived = &connection.partial;
            }
            let Some(head) = http::head(arrived)? else {
                connection.partial = arrived.to_vec();
                return Ok(false);
            };
            connection.status = head.status;
            connection.missing = head.length + head.body;
            if !(200..300).contains(&head.status) && self.outcome.refusal.is_none() {
                self.outcome.refusal = Some(String::from_utf8_lossy(arrived).into_owned());
            }
        }
        let missing = connection.missing.checked_sub(arrived.len());
        connection.missing = missing.context("the server sent more than one answer")?;
        connection.partial.clear();
        if connection.missing > 0 {
            return Ok(false);
        }
        let (status, took) = (connection.status, connection.began.elapsed());
        if !(200..300).contains(&status) {
            self.outcome.refused += 1;
        } else if self.is_counting {
            self.outcome.answers += 1;
            self.outcome.latencies.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
        Ok(true)
    }
}
