//! What a cluster is for and where it lives.

use std::path::PathBuf;

/// Hears one short sentence per step ("Making a new database cluster"), for a person who waits.
pub type Progress = Box<dyn Fn(&str) + Send + Sync>;

/// Directories of throwaway clusters begin with this, so that a later run can sweep what a crash left behind.
pub(crate) const THROWAWAY_PREFIX: &str = "skillbuddy-pg-";

/// Settings of every cluster. UTC, because `initdb` would otherwise copy the machine's time zone.
const ALWAYS: &[(&str, &str)] = &[
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("log_checkpoints", "off"),
    ("jit", "off"),
    ("random_page_cost", "1.1"),
    ("work_mem", "8MB"),
    ("maintenance_work_mem", "128MB"),
];

const DURABLE: &[(&str, &str)] = &[
    ("shared_buffers", "256MB"),
    ("effective_cache_size", "1GB"),
    ("max_connections", "100"),
    ("max_wal_size", "2GB"),
];

/// A crash may lose everything, which is fine: nothing outlives the run.
const THROWAWAY: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("shared_buffers", "128MB"),
    ("max_connections", "200"),
];

/// Whether the data must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Data that somebody wants to find again: nothing is traded for speed.
    Durable,
    /// Tests: no `fsync`, and the directory is removed when the cluster stops.
    Throwaway,
}

/// How to start a [`Cluster`](crate::Cluster).
pub struct Options {
    /// The directory that holds the cluster, its log and its lock. It is made if missing, and belongs to the cluster
    /// alone.
    pub data_dir: PathBuf,
    /// Whether the data must survive.
    pub purpose: Purpose,
    /// Server settings that win over the defaults of the purpose, as in `("max_connections", "300")`.
    pub settings: Vec<(String, String)>,
    /// Hears what is being done; without it the steps are logged.
    pub progress: Option<Progress>,
}

impl Options {
    /// A cluster whose data stays.
    pub fn durable(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), purpose: Purpose::Durable, settings: Vec::new(), progress: None }
    }

    /// A cluster for one run of tests, in memory where there is room for it.
    pub fn throwaway() -> Self {
        let name = format!("{THROWAWAY_PREFIX}{}-{:x}", std::process::id(), nanoseconds());
        let data_dir = fast_place().join(name);
        Self { data_dir, purpose: Purpose::Throwaway, settings: Vec::new(), progress: None }
    }

    /// Adds a server setting.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Tells `listener` about each step instead of logging it.
    #[must_use]
    pub fn on_progress(mut self, listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.progress = Some(Box::new(listener));
        self
    }

    pub(crate) fn report(&self, step: &str) {
        if let Some(listener) = &self.progress {
            listener(step);
        } else {
            tracing::info!("{step}");
        }
    }

    /// The `name=value` pairs for `postgres -c`, in the order in which later ones win.
    pub(crate) fn server_settings(&self) -> impl Iterator<Item = String> + '_ {
        let purpose = match self.purpose {
            Purpose::Durable => DURABLE,
            Purpose::Throwaway => THROWAWAY,
        };
        let defaults = ALWAYS.iter().chain(purpose).map(|(name, value)| format!("{name}={value}"));
        defaults.chain(self.settings.iter().map(|(name, value)| format!("{name}={value}")))
    }
}

/// Memory, if this machine has a file system there with room for a database per test. Containers often have 64 MB.
#[cfg(target_os = "linux")]
fn fast_place() -> PathBuf {
    const ROOM_FOR_TESTS: u64 = 2 << 30;
    let memory = PathBuf::from("/dev/shm");
    let room = nix::sys::statvfs::statvfs(&memory)
        .map_or(0, |fs| fs.blocks_available().saturating_mul(fs.fragment_size()));
    if room >= ROOM_FOR_TESTS { memory } else { std::env::temp_dir() }
}

#[cfg(not(target_os = "linux"))]
fn fast_place() -> PathBuf {
    std::env::temp_dir()
}

/// Tells apart the clusters of one process; the process id does the rest.
fn nanoseconds() -> u128 {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_1970.map_or(0, |elapsed| elapsed.as_nanos())
}
