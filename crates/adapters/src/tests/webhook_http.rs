//! Webhooks by HTTP: what may be called, and that nothing else is, against servers that count who comes.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use platform::ports::webhook::{SendError, Webhook, WebhookReply, WebhookSender as _};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::webhook_http::{HttpWebhooks, PublicDns};

/// A server on this machine that nobody may reach, and how many did.
struct Canary {
    port: u16,
    visits: Arc<AtomicUsize>,
}

impl Canary {
    /// On both of this machine's own addresses, on the same port.
    async fn start() -> Self {
        let visits = Arc::<AtomicUsize>::default();
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = v4.local_addr().unwrap().port();
        // A machine without IPv6 has no door there.
        let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
        for listener in [Some(v4), v6].into_iter().flatten() {
            let visits = visits.clone();
            tokio::spawn(async move {
                while let Ok((_visitor, _from)) = listener.accept().await {
                    visits.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { port, visits }
    }

    async fn visits(&self) -> usize {
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.visits.load(Ordering::SeqCst)
    }
}

/// Every name leads here.
struct StubDns(Vec<IpAddr>);

impl Resolve for StubDns {
    fn resolve(&self, _name: Name) -> Resolving {
        let found: Vec<_> = self.0.iter().map(|address| SocketAddr::new(*address, 0)).collect();
        Box::pin(async move { Ok::<Addrs, _>(Box::new(found.into_iter())) })
    }
}

fn webhook(url: &str) -> Webhook {
    let (id, signature, body) =
        ("id".to_owned(), "v1,c2ln".to_owned(), r#"{"type":"webhook.test"}"#.to_owned());
    Webhook { url: url.to_owned(), id, timestamp: 1_700_000_000, signature, body }
}

async fn send(sender: &HttpWebhooks, url: &str) -> Result<WebhookReply, SendError> {
    sender.send(webhook(url)).await
}

#[tokio::test]
async fn no_way_to_write_an_address_leads_to_this_machine() {
    let canary = Canary::start().await;
    let sender = HttpWebhooks::new(false).unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "127.0.0.1.",
        "127.255.255.254",
        "１２７.0.0.1",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "localhost",
        "LOCALHOST",
        "localhost.",
    ] {
        for url in [format!("https://{host}:{}/", canary.port), format!("http://{host}:{}/", canary.port)] {
            // A name may lead nowhere on this machine.
            let refused = send(&sender, &url).await.unwrap_err();
            let is_name = host.to_lowercase().starts_with("localhost") && url.starts_with("https");
            let is_right =
                refused == SendError::AddressRefused || is_name && refused == SendError::NotReached;
            assert!(is_right, "{url}: {refused}");
        }
    }
    assert_eq!(canary.visits().await, 0);
    // It does listen.
    send(&HttpWebhooks::new(true).unwrap(), &format!("http://127.0.0.1:{}/", canary.port)).await.unwrap_err();
    assert_eq!(canary.visits().await, 1);
}

#[rstest]
#[case::this_machine("127.0.0.1")]
#[case::this_machine_v6("::1")]
#[case::mapped("::ffff:127.0.0.1")]
#[case::unspecified("0.0.0.0")]
#[case::private("10.1.2.3")]
#[case::secrets_of_clouds("169.254.169.254")]
#[case::carrier("100.64.0.1")]
#[case::unique_local("fd00::1")]
#[case::link_local("fe80::1")]
#[case::nat64("64:ff9b::a01:203")]
#[tokio::test]
async fn a_name_that_leads_behind_our_walls_is_not_followed(#[case] address: &str) {
    let canary = Canary::start().await;
    let dns = Arc::new(StubDns(vec![address.parse().unwrap()]));
    let sender = HttpWebhooks::over(dns, false).unwrap();
    let url = format!("https://partner.example.com:{}/", canary.port);
    // Without a look at the name there is nothing against it.
    assert!(sender.accepts(&url));
    assert_eq!(send(&sender, &url).await, Err(SendError::AddressRefused));
    assert_eq!(canary.visits().await, 0);
}

#[tokio::test]
async fn of_a_name_with_many_addresses_only_the_public_ones_are_tried() {
    let addresses = ["127.0.0.1", "93.184.215.14", "::1", "2606:4700::1111", "10.0.0.1"];
    let dns = Arc::new(StubDns(addresses.iter().map(|one| one.parse().unwrap()).collect()));
    let guarded = PublicDns { dns, allow_private: false };
    let found = guarded.resolve("partner.example.com".parse().unwrap()).await.ok().unwrap();
    let found: Vec<String> = found.map(|address| address.ip().to_string()).collect();
    assert_eq!(found, ["93.184.215.14", "2606:4700::1111"]);
}

#[rstest]
#[case("https://partner.example.com", true)]
#[case("https://partner.example.com:443/hook?a=b", true)]
#[case("https://partner.example.com:1024/", true)]
#[case("https://partner.example.com:8443/", true)]
#[case("https://1.1.1.1/", true)]
#[case("https://[2606:4700::1111]/", true)]
#[case::unencrypted("http://partner.example.com/", false)]
#[case::mail("https://partner.example.com:25/", false)]
#[case::shell("https://partner.example.com:22/", false)]
#[case::unencrypted_port("https://partner.example.com:80/", false)]
#[case::password("https://us:secret@partner.example.com/", false)]
#[case::user("https://us@partner.example.com/", false)]
#[case::fragment("https://partner.example.com/#here", false)]
#[case::other_scheme("ftp://partner.example.com/", false)]
#[case::file("file:///etc/passwd", false)]
#[case::gopher("gopher://partner.example.com:6379/", false)]
#[case::no_host("https:///", false)]
#[case::nonsense("partner.example.com", false)]
#[case::private("https://192.168.0.1/", false)]
#[tokio::test]
async fn what_may_be_entered(#[case] url: &str, #[case] accepted: bool) {
    assert_eq!(HttpWebhooks::new(false).unwrap().accepts(url), accepted);
}

/// A server that answers every connection with this, byte by byte of a slow one.
async fn server(answer: Vec<u8>, pause: Option<Duration>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let written = Arc::<AtomicUsize>::default();
    let count = written.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _from)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let _heard = socket.read(&mut request).await;
            for piece in answer.chunks(if pause.is_some() { 1 } else { 4096 }) {
                if socket.write_all(piece).await.is_err() {
                    break;
                }
                count.fetch_add(piece.len(), Ordering::SeqCst);
                if let Some(pause) = pause {
                    tokio::time::sleep(pause).await;
                }
            }
        }
    });
    (url, written)
}

#[tokio::test]
async fn nobody_keeps_us_longer_than_five_seconds() {
    let sender = HttpWebhooks::new(true).unwrap();
    let started = Instant::now();
    let slow = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n".to_vec();
    // It has a name, and then never ends its headers.
    let (url, _written) = server(slow, Some(Duration::from_millis(500))).await;
    assert_eq!(send(&sender, &url).await, Err(SendError::TimedOut));
    assert!(started.elapsed() < Duration::from_secs(7), "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let sender = HttpWebhooks::new(true).unwrap();
    let mut endless = b"HTTP/1.1 200 OK\r\ncontent-length: 67108864\r\n\r\n".to_vec();
    endless.resize(64 * 1024 * 1024, b'x');
    let (url, written) = server(endless, None).await;
    let reply = send(&sender, &url).await.unwrap();
    assert_eq!((reply.status, reply.beginning.len()), (200, 1024));
    // What lies in the buffers of the two is more than what is read.
    assert!(written.load(Ordering::SeqCst) < 16 * 1024 * 1024, "{written:?}");
}

#[tokio::test]
async fn what_is_no_answer_is_none() {
    let sender = HttpWebhooks::new(true).unwrap();
    for nonsense in ["", "hello", "HTTP/1.1 abc\r\n\r\n"] {
        let (url, _written) = server(nonsense.as_bytes().to_vec(), None).await;
        let outcome = tokio::time::timeout(Duration::from_secs(6), send(&sender, &url)).await.unwrap();
        assert!(
            matches!(outcome, Err(SendError::NotReached | SendError::TimedOut)),
            "{nonsense}: {outcome:?}"
        );
    }
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
    assert_eq!(send(&sender, &format!("http://{free}/")).await, Err(SendError::NotReached));
}
