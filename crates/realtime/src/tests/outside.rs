//! Clients that others wrote.

use std::{path::Path, process::Stdio};

use platform::testing::tools;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

use super::*;

/// So many events are heard before the break, and so many in all.
const FIRST: usize = 40;
const TOTAL: usize = 100;

/// Lets a client break off and come back while things happen to Ann; it must hear of each once and in order.
async fn hears_everything_once(program: &Path, arguments: &[&Path]) {
    let w = World::new().await;
    let mut command = Command::new(program);
    command.args(arguments).arg(format!("ws://{}/ws/", w.address)).arg(w.ann.id().to_string());
    command.args([FIRST.to_string(), TOTAL.to_string()]).stdout(Stdio::piped()).kill_on_drop(true);
    let mut client = command.spawn().unwrap();
    let mut said = BufReader::new(client.stdout.take().unwrap()).lines();
    assert_eq!(said.next_line().await.unwrap().as_deref(), Some("ready"));
    for number in 1..=TOTAL {
        w.happen(i64::try_from(number).unwrap()).await;
    }
    let end = async {
        assert_eq!(said.next_line().await.unwrap().as_deref(), Some("ready"));
        said.next_line().await.unwrap().unwrap()
    };
    let heard = tokio::time::timeout(Duration::from_secs(20), end).await.expect("it hears everything");
    assert_eq!(serde_json::from_str::<Vec<usize>>(&heard).unwrap(), (1..=TOTAL).collect::<Vec<_>>());
}

fn client(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/clients").join(name)
}

#[tokio::test]
async fn the_library_ws_of_node_hears_everything_once() {
    let library = tools("node_modules/ws/wrapper.mjs").join("node_modules/ws/wrapper.mjs");
    let library = library.canonicalize().unwrap();
    hears_everything_once(Path::new("node"), &[&client("client.mjs"), &library]).await;
}

#[tokio::test]
async fn the_library_websockets_of_python_hears_everything_once() {
    let python = tools("venv/bin/python").join("venv/bin/python");
    hears_everything_once(&python, &[&client("client.py")]).await;
}
