//! Outside services that remember what they were told, and can be told to fail.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    error::{ApiError, ApiResult, Kind},
    ports::{
        feedback::{Feedback, FeedbackSource, FeedbackSources, Report},
        gateway::WebhookError,
        mailer::{Mail, MailError, Mailer},
        push::{Push, PushError, PushSender},
        scanner::{Scanner, Verdict},
        sms::{Sms, SmsError, SmsSender},
        social::{SocialIdentity, SocialProvider, SocialToken, SocialVerifier},
        storage::Storage,
        webhook::{SendError, Webhook, WebhookReply, WebhookSender},
    },
    time::Instant,
};

/// A mailer that keeps the mails; it knows no mailbox whose address begins with `nobody`.
#[derive(Default)]
pub struct FakeMailer(Mutex<Vec<Mail>>);

impl FakeMailer {
    /// Takes out everything that was sent so far.
    pub fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Mailer for FakeMailer {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        if mail.to.starts_with("nobody") {
            return Err(MailError::NoMailbox);
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
        Ok(())
    }
}

/// A sender that keeps the messages.
#[derive(Default)]
pub struct FakeSms {
    sent: Mutex<Vec<Sms>>,
    stopped: Mutex<HashSet<String>>,
}

impl FakeSms {
    /// Takes out everything that was sent so far.
    pub fn take(&self) -> Vec<Sms> {
        std::mem::take(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on `number` wants no messages.
    pub fn stop(&self, number: &str) {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).insert(number.to_owned());
    }

    /// From now on it does again.
    pub fn start(&self, number: &str) {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).remove(number);
    }
}

#[async_trait]
impl SmsSender for FakeSms {
    async fn send(&self, sms: Sms) -> Result<(), SmsError> {
        if self.stopped.lock().unwrap_or_else(PoisonError::into_inner).contains(&sms.to) {
            return Err(SmsError::OptedOut);
        }
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(sms);
        Ok(())
    }
}

/// A push service that keeps the notifications; it knows no device whose token begins with `gone`, and one
/// whose token begins with `down` does not answer.
#[derive(Default)]
pub struct FakePush(Mutex<Vec<Push>>);

impl FakePush {
    /// Takes out everything that was sent so far.
    pub fn take(&self) -> Vec<Push> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl PushSender for FakePush {
    async fn send(&self, push: Push) -> Result<String, PushError> {
        if push.token.starts_with("gone") {
            return Err(PushError::DeviceGone);
        }
        if push.token.starts_with("down") {
            return Err(PushError::Other(anyhow::anyhow!("the device does not answer")));
        }
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push(push);
        Ok(format!("push-{}", sent.len()))
    }
}

/// Reads reports that are what they say, as JSON; those with the header `x-signed` are signed.
struct FakeFeedback;

impl FeedbackSource for FakeFeedback {
    fn read(&self, report: &Report<'_>) -> Result<Vec<Feedback>, WebhookError> {
        if !report.headers.contains_key("x-signed") {
            return Err(WebhookError::WebhookNotSigned);
        }
        serde_json::from_slice(report.body).map_err(|_where| WebhookError::WebhookNotReadable)
    }
}

/// A service for SMS, and none for mails.
pub(super) fn feedback() -> FeedbackSources {
    FeedbackSources { twilio: Some(Arc::new(FakeFeedback)), sendgrid: None }
}

/// Partners who take everything, unless they were told to answer otherwise.
#[derive(Default)]
pub struct FakeWebhooks {
    sent: Mutex<Vec<Webhook>>,
    answers: Mutex<VecDeque<Result<u16, SendError>>>,
    through: Mutex<Option<Arc<dyn WebhookSender>>>,
}

impl FakeWebhooks {
    /// Takes out everything that was sent so far.
    pub fn take(&self) -> Vec<Webhook> {
        std::mem::take(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next one is answered so; afterwards everything is taken again.
    pub fn answer(&self, answer: Result<u16, SendError>) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push_back(answer);
    }

    /// From now on a real one does the work.
    pub fn through(&self, sender: Arc<dyn WebhookSender>) {
        *self.through.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    }

    fn real(&self) -> Option<Arc<dyn WebhookSender>> {
        self.through.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl WebhookSender for FakeWebhooks {
    fn accepts(&self, url: &str) -> bool {
        self.real().map_or_else(|| url.starts_with("https://"), |real| real.accepts(url))
    }

    async fn send(&self, webhook: Webhook) -> Result<WebhookReply, SendError> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(webhook.clone());
        if let Some(real) = self.real() {
            return real.send(webhook).await;
        }
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        answer.unwrap_or(Ok(200)).map(|status| WebhookReply { status, beginning: "heard".to_owned() })
    }
}

/// Knows the identities that it was told of, by token. What follows a `#` in a token makes it another token of the
/// same identity: a token is good once.
#[derive(Default)]
pub struct FakeSocial(Mutex<HashMap<String, SocialIdentity>>);

impl FakeSocial {
    /// From now on `token` stands for `identity`.
    pub fn vouch(&self, token: &str, identity: SocialIdentity) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned(), identity);
    }
}

#[async_trait]
impl SocialVerifier for FakeSocial {
    async fn verify(
        &self,
        provider: SocialProvider,
        token: &SocialToken,
        _now: Instant,
    ) -> ApiResult<SocialIdentity> {
        let (SocialToken::IdToken { token, .. } | SocialToken::AccessToken(token)) = token;
        let vouched = token.split('#').next().unwrap_or_default();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(vouched).cloned();
        known
            .filter(|identity| identity.provider == provider)
            .ok_or_else(|| ApiError::new(Kind::Unauthenticated, "social_token_invalid"))
    }
}

/// Files in memory.
#[derive(Default)]
pub struct MemoryStorage(Mutex<HashMap<String, Bytes>>);

impl MemoryStorage {
    /// The names of all files, sorted.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        keys.sort();
        keys
    }
}

#[async_trait]
impl Storage for MemoryStorage {
    async fn put(&self, key: &str, _content_type: &str, bytes: Bytes) -> anyhow::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), bytes);
        Ok(())
    }
    async fn get(&self, key: &str) -> anyhow::Result<Option<Bytes>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }
    async fn delete(&self, key: &str) -> anyhow::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        Ok(())
    }
    fn public_url(&self, key: &str) -> String {
        format!("http://files.test/{key}")
    }
}

const EICAR: &[u8] = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE";

/// A scanner that knows the test file of EICAR, unless another one looks in its place.
#[derive(Default)]
pub struct FakeScanner(Mutex<Option<Arc<dyn Scanner>>>);

impl FakeScanner {
    /// From now on this one does the work.
    pub fn through(&self, scanner: impl Scanner + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(scanner));
    }
}

#[async_trait]
impl Scanner for FakeScanner {
    async fn scan(&self, file: &Bytes) -> anyhow::Result<Verdict> {
        let other = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(other) = other {
            return other.scan(file).await;
        }
        let is_clean = !file.windows(EICAR.len()).any(|window| window == EICAR);
        Ok(if is_clean { Verdict::Clean } else { Verdict::Infected { signature: "Test.Eicar".to_owned() } })
    }
}
