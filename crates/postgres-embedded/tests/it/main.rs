//! Runs real clusters through starts, crashes and the places and users that they have to cope with.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, Uid},
};
use postgres_embedded::{Cluster, Options};

mod place;
mod process;

use place::Place;
use process::Running;

#[tokio::test]
async fn data_survives_a_restart() -> Result<()> {
    let place = Place::new("restart")?;
    let cluster = Cluster::start(Options::durable(place.join("pg"))).await?;
    cluster.create_database("shop").await?;
    cluster.create_database("shop").await?;
    let url = cluster.url("shop");
    sql(&url, "create table t (n int); insert into t values (7)")?;
    cluster.stop().await?;
    ensure!(sql(&url, "select 1").is_err(), "the server still answers");

    let cluster = Cluster::start(Options::durable(place.join("pg"))).await?;
    ensure!(sql(&cluster.url("shop"), "select n from t")? == "7");
    cluster.stop().await
}

#[tokio::test]
async fn settings_win_over_defaults_and_no_port_is_open() -> Result<()> {
    let place = Place::new("settings")?;
    let options = Options::durable(place.join("pg")).set("max_connections", "17");
    let cluster = Cluster::start(options).await?;
    let url = cluster.url("postgres");
    ensure!(sql(&url, "show max_connections")? == "17");
    ensure!(sql(&url, "show listen_addresses")?.is_empty());
    ensure!(sql(&url, "show fsync")? == "on");
    ensure!(sql(&url, "show server_encoding")? == "UTF8");
    ensure!(fs::metadata(cluster.socket_dir())?.mode() & 0o777 == 0o700);
    cluster.stop().await
}

#[tokio::test]
async fn strange_database_names_are_only_names() -> Result<()> {
    let cluster = Cluster::start(Options::throwaway()).await?;
    let name = "it's \"a\" name/with %41 ü";
    cluster.create_database(name).await?;
    ensure!(sql(&cluster.url(name), "select current_database()")? == name);
    cluster.stop().await
}

#[tokio::test]
async fn a_killed_server_starts_again_with_its_data() -> Result<()> {
    let place = Place::new("killed-server")?;
    let dir = place.join("pg");
    let cluster = Cluster::start(Options::durable(&dir)).await?;
    let url = cluster.url("postgres");
    sql(&url, "create table t as select 7 as n")?;
    kill(postmaster(&dir)?, Signal::SIGKILL)?;
    drop(cluster);

    let cluster = Cluster::start(Options::durable(&dir)).await?;
    ensure!(sql(&url, "select n from t")? == "7");
    cluster.stop().await
}

#[tokio::test]
async fn the_server_ends_when_its_process_is_killed() -> Result<()> {
    let place = Place::new("killed-parent")?;
    let dir = place.join("pg");
    let mut parent = Running::with_postgres(&["--data".as_ref(), dir.as_os_str()])?;
    let url = parent.first_line()?;
    sql(&url, "create table t as select 7 as n")?;
    let server = postmaster(&dir)?;
    parent.kill()?;
    gone(server).await?;

    let cluster = Cluster::start(Options::durable(&dir)).await?;
    ensure!(sql(&cluster.url("skillbuddy"), "select n from t")? == "7");
    cluster.stop().await
}

#[tokio::test]
async fn a_server_that_outlived_everybody_is_replaced() -> Result<()> {
    let place = Place::new("orphan")?;
    let dir = place.join("pg");
    let mut parent = Running::with_postgres(&["--data".as_ref(), dir.as_os_str()])?;
    let url = parent.first_line()?;
    let orphan = postmaster(&dir)?;
    for guard in guards_of(orphan)? {
        kill(guard, Signal::SIGKILL)?;
    }
    parent.kill()?;
    sql(&url, "create table t as select 7 as n")?;

    let cluster = Cluster::start(Options::durable(&dir)).await?;
    gone(orphan).await?;
    ensure!(!cluster.is_shared());
    ensure!(sql(&url, "select n from t")? == "7");
    cluster.stop().await
}

#[tokio::test]
async fn a_note_with_the_number_of_another_process_does_not_stop_the_start() -> Result<()> {
    let place = Place::new("stranger")?;
    let dir = place.join("pg");
    Cluster::start(Options::durable(&dir)).await?.stop().await?;
    let note = format!("{}\n{}\n1\n5432\n\n\n0 0\nready\n", std::process::id(), dir.join("data").display());
    fs::write(dir.join("data/postmaster.pid"), note)?;
    Cluster::start(Options::durable(&dir)).await?.stop().await
}

#[tokio::test]
async fn an_interrupted_initdb_is_begun_again() -> Result<()> {
    let place = Place::new("initdb")?;
    let dir = place.join("pg");
    Cluster::start(Options::durable(&dir)).await?.stop().await?;
    fs::rename(dir.join("data"), dir.join("data.new"))?;
    let cluster = Cluster::start(Options::durable(&dir)).await?;
    ensure!(!dir.join("data.new").exists());
    cluster.stop().await
}

#[tokio::test]
async fn two_clusters_do_not_disturb_each_other() -> Result<()> {
    let place = Place::new("two")?;
    let (one, two) = tokio::try_join!(
        Cluster::start(Options::durable(place.join("one"))),
        Cluster::start(Options::throwaway())
    )?;
    sql(&one.url("postgres"), "create table t ()")?;
    sql(&two.url("postgres"), "create table t ()")?;
    one.stop().await?;
    sql(&two.url("postgres"), "select * from t")?;
    two.stop().await
}

#[tokio::test]
async fn processes_that_start_the_same_cluster_share_it() -> Result<()> {
    let place = Place::new("shared")?;
    let dir = place.join("pg");
    let (one, two) =
        tokio::try_join!(Cluster::start(Options::durable(&dir)), Cluster::start(Options::durable(&dir)))?;
    let (owner, guest) = if one.is_shared() { (two, one) } else { (one, two) };
    ensure!(guest.is_shared() && !owner.is_shared());
    ensure!(guest.url("x") == owner.url("x"));
    let url = guest.url("postgres");
    guest.stop().await?;
    sql(&url, "select 1")?;
    owner.stop().await
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_works() -> Result<()> {
    let place = Place::new("long")?;
    let dir = place.join("a rather long & strange name ü/".repeat(6));
    let cluster = Cluster::start(Options::durable(&dir)).await?;
    let sockets = cluster.socket_dir().to_owned();
    ensure!(!sockets.starts_with(&dir));
    ensure!(sql(&cluster.url("postgres"), "select 1")? == "1");
    cluster.stop().await?;
    ensure!(!sockets.exists());
    Ok(())
}

#[tokio::test]
async fn a_throwaway_cluster_leaves_nothing() -> Result<()> {
    let options = Options::throwaway();
    let dir = options.data_dir.clone();
    let cluster = Cluster::start(options).await?;
    ensure!(sql(&cluster.url("postgres"), "show fsync")? == "off");
    cluster.stop().await?;
    ensure!(!dir.exists());
    Ok(())
}

#[tokio::test]
async fn a_throwaway_cluster_leaves_nothing_when_its_process_is_killed() -> Result<()> {
    let mut parent = Running::with_postgres(&["--throwaway".as_ref()])?;
    let url = parent.first_line()?;
    let (_, sockets) = url.split_once("?host=").context("no host in the address")?;
    let dir = Path::new(sockets).parent().context("no parent")?;
    ensure!(dir.join("data").exists());
    parent.kill()?;
    eventually("the directory stays", || Ok(!dir.exists())).await
}

#[tokio::test]
async fn a_directory_with_other_things_is_left_alone() -> Result<()> {
    let place = Place::new("foreign")?;
    fs::write(place.join("thesis.txt"), "chapter 1")?;
    let refusal = refusal(Options::durable(place.join(""))).await?;
    ensure!(refusal.contains("is not empty and is not a cluster of ours"), "{refusal}");
    Ok(())
}

#[tokio::test]
async fn a_throwaway_cluster_does_not_take_over_data() -> Result<()> {
    let place = Place::new("taken")?;
    let dir = place.join("pg");
    Cluster::start(Options::durable(&dir)).await?.stop().await?;
    let mut options = Options::throwaway();
    options.data_dir.clone_from(&dir);
    let refusal = refusal(options).await?;
    ensure!(refusal.contains("already holds a cluster"), "{refusal}");
    ensure!(dir.join("data/PG_VERSION").exists());
    Ok(())
}

#[tokio::test]
async fn data_of_another_version_is_refused() -> Result<()> {
    let place = Place::new("version")?;
    let dir = place.join("pg");
    Cluster::start(Options::durable(&dir)).await?.stop().await?;
    fs::write(dir.join("data/PG_VERSION"), "9\n")?;
    let refusal = refusal(Options::durable(&dir)).await?;
    ensure!(
        refusal.contains("The data was made by PostgreSQL 9, and other versions cannot read it"),
        "{refusal}"
    );
    Ok(())
}

#[tokio::test]
async fn a_wrong_setting_is_named() -> Result<()> {
    let options = Options::throwaway().set("max_conections", "1");
    let dir = options.data_dir.clone();
    let refusal = refusal(options).await?;
    ensure!(refusal.contains("max_conections"), "{refusal}");
    eventually("the directory stays", || Ok(!dir.exists())).await
}

#[tokio::test]
async fn with_postgres_passes_on_the_exit_code_and_signals() -> Result<()> {
    let script = r#"psql -XAtc "select 'in ' || current_database()" && exit 7"#;
    let mut command = process::with_postgres_command();
    let output = command.args(["--database", "shop", "--", "sh", "-c", script]).output()?;
    ensure!(output.status.code() == Some(7), "{output:?}");
    ensure!(output.stdout == b"in shop\n", "{output:?}");

    let waiting = ["--", "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done"];
    let mut running = Running::with_postgres(&waiting.map(AsRef::as_ref))?;
    ensure!(running.first_line()? == "ready");
    kill(running.pid()?, Signal::SIGTERM)?;
    ensure!(running.wait()?.code() == Some(9));
    Ok(())
}

#[tokio::test]
async fn root_moves_a_cluster_that_no_other_account_can_reach() -> Result<()> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let place = Place::new("unreachable")?;
    fs::set_permissions(place.join(""), Permissions::from_mode(0o700))?;
    let dir = place.join("pg");
    let steps = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&steps);
    let options = Options::durable(&dir).on_progress(move |step| {
        heard.lock().expect("no panic while it was held").push(step.to_owned());
    });
    let cluster = Cluster::start(options).await?;
    sql(&cluster.url("postgres"), "create table t as select 7 as n")?;
    cluster.stop().await?;
    let steps = steps.lock().expect("no panic while it was held").join("\n");
    ensure!(steps.contains("cannot reach"), "{steps}");

    let moved = fs::read_link(&dir)?;
    let _remove_later = Place::existing(moved);
    let cluster = Cluster::start(Options::durable(&dir)).await?;
    ensure!(sql(&cluster.url("postgres"), "select n from t")? == "7");
    cluster.stop().await
}

#[tokio::test]
async fn root_hands_a_cluster_to_the_owner_of_its_place() -> Result<()> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let place = Place::new("owner")?;
    chown(place.join(""), Some(process::NOBODY), Some(process::NOBODY))?;
    let dir = place.join("pg");
    let cluster = Cluster::start(Options::durable(&dir)).await?;
    cluster.create_database("skillbuddy").await?;
    ensure!(fs::metadata(dir.join("data"))?.uid() == process::NOBODY);
    cluster.stop().await?;

    // Later the owner starts it without root.
    let mut owner = process::with_postgres_as_nobody(&place)?;
    let output =
        owner.arg("--data").arg(&dir).args(["--", "psql", "-XAtc", "select current_user"]).output()?;
    ensure!(output.status.success() && output.stdout == b"skillbuddy\n", "{output:?}");
    Ok(())
}

#[tokio::test]
async fn an_ordinary_user_needs_no_help() -> Result<()> {
    if !Uid::effective().is_root() {
        // Then all the other tests have just shown it.
        return Ok(());
    }
    let place = Place::new("ordinary")?;
    chown(place.join(""), Some(process::NOBODY), Some(process::NOBODY))?;
    for expected in ["", "7"] {
        let mut command = process::with_postgres_as_nobody(&place)?;
        let script = "psql -XAtqc 'create table if not exists t (n int)' -c 'select n from t' -c 'insert into t values (7)'";
        let output = command.arg("--data").arg(place.join("pg")).args(["--", "sh", "-c", script]).output()?;
        ensure!(output.status.success(), "{output:?}");
        ensure!(String::from_utf8(output.stdout)?.trim() == expected);
    }
    let mut command = process::with_postgres_as_nobody(&place)?;
    let output = command.args(["--throwaway", "--", "psql", "-XAtc", "show fsync"]).output()?;
    ensure!(output.stdout == b"off\n", "{output:?}");
    Ok(())
}

async fn refusal(options: Options) -> Result<String> {
    match Cluster::start(options).await {
        Ok(cluster) => {
            cluster.stop().await?;
            bail!("the cluster started")
        }
        Err(error) => Ok(format!("{error:#}")),
    }
}

fn sql(url: &str, sql: &str) -> Result<String> {
    let output = Command::new("psql").args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, url]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn postmaster(dir: &Path) -> Result<Pid> {
    let note = fs::read_to_string(dir.join("data/postmaster.pid"))?;
    Ok(Pid::from_raw(note.lines().next().context("an empty note")?.parse()?))
}

/// The shell that would end the server, and its watcher.
fn guards_of(server: Pid) -> Result<Vec<Pid>> {
    let ps = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output()?;
    let text = String::from_utf8(ps.stdout)?;
    let mut all = Vec::new();
    for line in text.lines() {
        let (pid, parent) = line.trim().split_once(' ').context("ps prints two columns")?;
        all.push((Pid::from_raw(pid.parse()?), Pid::from_raw(parent.trim().parse()?)));
    }
    let (_, shell) = *all.iter().find(|(pid, _)| *pid == server).context("no server")?;
    let watcher = all.iter().filter(|(pid, parent)| *parent == shell && *pid != server).map(|(pid, _)| *pid);
    Ok(std::iter::once(shell).chain(watcher).collect())
}

async fn gone(pid: Pid) -> Result<()> {
    eventually("the server still runs", || Ok(kill(pid, None).is_err())).await
}

async fn eventually(complaint: &str, done: impl Fn() -> Result<bool>) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(30);
    while !done()? {
        ensure!(Instant::now() < until, "{complaint}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
