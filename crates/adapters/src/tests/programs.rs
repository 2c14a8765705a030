//! Real servers that a test starts for itself. They listen on a port of their own choice, and end when their
//! input ends: when the test drops them, and also when the test is killed.

use std::{path::PathBuf, process::Stdio, time::Duration};

use platform::testing::{tool, tools};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// A running server.
pub struct Program {
    pub port: u16,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// Killed on drop.
    _child: Child,
}

impl Program {
    /// moto, an S3 server with the bucket `pictures`.
    pub async fn s3() -> Self {
        Self::python("s3.py", &[]).await
    }

    /// aiosmtpd, an SMTP server that writes a Maildir below the directory.
    pub async fn smtp(directory: &std::path::Path, mode: &str) -> Self {
        Self::python("smtp.py", &[directory.to_str().expect("a path in UTF-8"), mode]).await
    }

    /// localstripe, which plays Stripe.
    pub async fn stripe() -> Self {
        Self::python("stripe.py", &[]).await
    }

    /// PayPal's own library, which knows the shapes of requests. It listens to [`Program::ask`] only.
    pub async fn paypal() -> Self {
        let tools = tools("node_modules/@paypal/paypal-server-sdk/package.json");
        Self::start(Command::new("node").args([script("paypal.mjs"), tools])).await
    }

    /// oauth2-mock-server, an OpenID provider.
    pub async fn oidc() -> Self {
        let tools = tools("node_modules/oauth2-mock-server/dist/index.mjs");
        let arguments = [script("oidc.mjs"), tools];
        Self::start(Command::new("node").args(arguments)).await
    }

    /// clamd, which knows two viruses of our own, with its socket in the directory. It is not to be had everywhere.
    pub async fn clamd(directory: &std::path::Path) -> Option<Self> {
        let Some(clamd) = tool("clamd") else {
            eprintln!("clamd is missing, so this test passes without it: bin/test installs it");
            return None;
        };
        let arguments = [clamd.to_str(), directory.to_str()].map(|path| path.expect("a path in UTF-8"));
        Some(Self::python("clamd.py", &arguments).await)
    }

    async fn python(name: &str, arguments: &[&str]) -> Self {
        let python = tools("venv/bin/python").join("venv/bin/python");
        Self::start(Command::new(python).arg(script(name)).args(arguments)).await
    }

    async fn start(command: &mut Command) -> Self {
        let command =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?} cannot be started: {e}"));
        let input = child.stdin.take().expect("its input");
        let mut output = BufReader::new(child.stdout.take().expect("its output")).lines();
        let first = tokio::time::timeout(Duration::from_mins(1), output.next_line()).await;
        let Some(port) = first.expect("it starts within a minute").expect("its first line") else {
            let output = child.wait_with_output().await.expect("what it said");
            panic!("{command:?} ended: {}", String::from_utf8_lossy(&output.stderr));
        };
        // A program whose log nobody reads would stop when the pipe is full.
        let mut log = child.stderr.take().expect("its log");
        tokio::spawn(async move { tokio::io::copy(&mut log, &mut tokio::io::sink()).await });
        Self { port: port.parse().expect("a port"), input, output, _child: child }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sends a line, and waits for the line that answers it.
    pub async fn ask(&mut self, line: &str) -> String {
        self.input.write_all(format!("{line}\n").as_bytes()).await.expect("the program listens");
        self.output.next_line().await.expect("its output").expect("the program still runs")
    }
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/tests/programs").join(name)
}
