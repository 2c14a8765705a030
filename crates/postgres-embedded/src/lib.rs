//! A private Postgres cluster for development and tests, made from the binaries installed on the machine.
//!
//! [`Cluster::start`] finds Postgres 15 or newer, makes a cluster in a directory of its own and runs it. The server
//! listens on a Unix socket in a directory that only its owner can enter: no port, no password, no clash.
//!
//! - **Root**: Postgres refuses to run as root, so root hands the server to the owner of the place, or to `postgres`,
//!   or to `nobody`. Where that account cannot reach the place (a clone under `/root`), the cluster moves to
//!   `/var/lib/skillbuddy` and a symbolic link stays behind.
//! - **Death**: the server hangs on a pipe held by this process. When the process ends, even by `kill -9`, the pipe
//!   closes and the server shuts down by itself. What nevertheless survives is stopped at the next start.
//! - **Two at once**: a second process that starts the same directory shares the running server.

mod account;
mod cluster;
mod find;
mod home;
mod options;
mod pidfile;
mod server;

pub use self::{
    cluster::{Cluster, PORT, USER},
    find::{Binaries, OLDEST_MAJOR},
    options::{Options, Progress, Purpose},
};
