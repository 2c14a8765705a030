//! Webhooks by HTTP. Whoever enters an address decides where this server calls, so it calls nothing but HTTPS at
//! addresses of the public internet, whatever the name leads to at that moment.

use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use platform::ports::webhook::{SendError, Webhook, WebhookReply, WebhookSender};
use reqwest::{
    Client, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header,
    redirect::Policy,
};

use crate::public_address::is_public;

/// Name, connection, handshake and answer together.
const TIMEOUT: Duration = Duration::from_secs(5);
/// So much of an answer is read: then the connection can be used again.
const MOST_READ: usize = 64 * 1024;
/// So much of it is kept, for people to read.
const MOST_KEPT: usize = 1024;
/// Below, other protocols are spoken, and those who speak them must not hear from us.
const FIRST_FREE_PORT: u16 = 1024;

/// Sends webhooks by HTTP.
pub struct HttpWebhooks {
    client: Client,
    allow_private: bool,
}

impl HttpWebhooks {
    /// With the machine's DNS; `allow_private` lifts the rules on addresses, for development.
    pub fn new(allow_private: bool) -> reqwest::Result<Self> {
        Self::over(Arc::new(SystemDns), allow_private)
    }

    /// The same with another DNS.
    pub(crate) fn over(dns: Arc<dyn Resolve>, allow_private: bool) -> reqwest::Result<Self> {
        let client = Client::builder()
            // What is found is connected to, and not asked for again: a name cannot change its mind in between.
            .dns_resolver(Arc::new(PublicDns { dns, allow_private }))
            // A proxy would look the name up itself.
            .no_proxy()
            .https_only(!allow_private)
            .redirect(Policy::none())
            .no_gzip()
            .timeout(TIMEOUT)
            .user_agent(concat!("skillbuddy/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, allow_private })
    }

    /// The URL, where it may be called.
    fn url(&self, url: &str) -> Option<Url> {
        let url = Url::parse(url).ok()?;
        // In every way to write it: the parser knows them all.
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
        let literal = host.parse::<IpAddr>().ok();
        let is_free_port = url.port().is_none_or(|port| port >= FIRST_FREE_PORT);
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let is_public = url.scheme() == "https" && is_free_port && literal.is_none_or(is_public);
        let is_http = matches!(url.scheme(), "http" | "https");
        (is_plain && is_http && (is_public || self.allow_private)).then_some(url)
    }
}

#[async_trait]
impl WebhookSender for HttpWebhooks {
    fn accepts(&self, url: &str) -> bool {
        self.url(url).is_some()
    }

    async fn send(&self, webhook: Webhook) -> Result<WebhookReply, SendError> {
        // Addresses in numbers are not looked up, so they are looked at here.
        let url = self.url(&webhook.url).ok_or(SendError::AddressRefused)?;
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", webhook.id)
            .header("webhook-timestamp", webhook.timestamp)
            .header("webhook-signature", webhook.signature)
            .body(webhook.body);
        let response = request.send().await.map_err(|error| reason(&error))?;
        let status = response.status().as_u16();
        Ok(WebhookReply { status, beginning: beginning(response).await })
    }
}

fn reason(error: &reqwest::Error) -> SendError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return SendError::AddressRefused;
        }
        cause = error.source();
    }
    if error.is_timeout() { SendError::TimedOut } else { SendError::NotReached }
}

/// How an answer begins, without what a table or a terminal would trip over. It has been given by then: one that
/// breaks off, or does not end in time, counts all the same.
async fn beginning(mut response: Response) -> String {
    let (mut kept, mut read) = (Vec::new(), 0);
    while read < MOST_READ
        && let Ok(Some(chunk)) = response.chunk().await
    {
        read += chunk.len();
        kept.extend(chunk.iter().take(MOST_KEPT - kept.len()));
    }
    let is_odd = |c: char| c.is_control() && c != '\n';
    String::from_utf8_lossy(&kept).replace(is_odd, " ")
}

/// The machine's DNS.
struct SystemDns;

impl Resolve for SystemDns {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok::<Addrs, _>(Box::new(found.into_iter()))
        })
    }
}

/// A name leads nowhere but behind our own walls.
#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NotPublic;

/// Finds public addresses only.
pub(crate) struct PublicDns {
    pub(crate) dns: Arc<dyn Resolve>,
    pub(crate) allow_private: bool,
}

impl Resolve for PublicDns {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, allow_private) = (self.dns.resolve(name), self.allow_private);
        Box::pin(async move {
            let may_call = |address: &SocketAddr| allow_private || is_public(address.ip());
            let public: Vec<SocketAddr> = found.await?.filter(may_call).collect();
            if public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok::<Addrs, _>(Box::new(public.into_iter()))
        })
    }
}
