//! A socket from its first frame to its last.

use std::{pin::pin, time::Duration};

use axum::extract::ws::WebSocket;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult, Kind},
    locale::Language,
    stream::Delivery,
};
use tokio::time::{Instant, sleep_until, timeout};

use crate::{
    allowance::Allowance,
    follower::{Follower, Frame},
    protocol::{Answer, Auth, MessageRead, Ping, PresenceWatch, Resume, Said, Typing, Verb, close, refusal},
    wire::{Ending, Heard, Wire},
};

/// Whoever is not signed in by then is shown out.
const TO_SIGN_IN: Duration = Duration::from_secs(5);
/// So long a client has to say that it missed something, before events flow; any other frame lets them flow at once.
const TO_RESUME: Duration = Duration::from_secs(1);
/// A silent client is asked for a sign of life after 20 to 30 seconds…
const SILENCE: Duration = Duration::from_secs(20);
/// …and has this long for it.
const TO_ANSWER: Duration = Duration::from_secs(10);
/// So long before its token ends a client is told.
const WARNING: Duration = Duration::from_mins(1);
/// So long afterwards it is shown out.
const GRACE: Duration = Duration::from_secs(30);
/// When it could not be asked whether a session lives, it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// How a client came.
pub struct Opening {
    /// Who, if they have said it already.
    pub caller: Option<Caller>,
    /// Events after this one were missed.
    pub last_event_id: Option<i64>,
    /// What errors are written in, until we know better.
    pub language: Language,
    /// Of the request that opened the socket; it is in errors and logs.
    pub request_id: String,
}

/// A socket of somebody.
pub struct Session {
    app: App,
    wire: Wire,
    follower: Follower,
    caller: Caller,
    request_id: String,
    allowance: Allowance,
    times: Times,
}

/// When the socket has to be looked after.
struct Times {
    /// Nothing was heard until then: ask, or show out where it was asked.
    life: Instant,
    is_asked: bool,
    /// Events flow from then on.
    flow: Option<Instant>,
    token_warning: Option<Instant>,
    token_end: Instant,
    recheck: Option<Instant>,
}

impl Times {
    fn next(&self) -> Instant {
        let others = [self.flow, self.token_warning, self.recheck];
        others.into_iter().flatten().chain([self.life, self.token_end]).min().unwrap_or(self.life)
    }
}

impl Session {
    /// Serves a socket until it ends.
    pub async fn run(app: App, socket: WebSocket, opening: Opening) {
        let mut wire = Wire::new(socket);
        // What only the beginning needs is not kept for as long as the socket lasts.
        let began = Box::pin(begin(&app, &mut wire, opening)).await;
        let (follower, caller, request_id) = match began {
            Ok(began) => began,
            Err(ending) => return wire.end(ending).await,
        };
        let times = Times {
            life: Instant::now() + silence(&caller),
            is_asked: false,
            flow: follower.is_held().then(|| Instant::now() + TO_RESUME),
            token_warning: None,
            token_end: Instant::now(),
            recheck: None,
        };
        let allowance = Allowance::new(Instant::now());
        let mut session = Self { app, wire, follower, caller, request_id, allowance, times };
        session.time_token();
        let ending = session.live().await;
        let Self { wire, follower, .. } = session;
        drop(follower);
        Box::pin(wire.end(ending)).await;
    }

    async fn live(&mut self) -> Ending {
        let line = self.follower.line();
        let mut alarm = pin!(sleep_until(self.next()));
        loop {
            let next = self.next();
            if alarm.deadline() != next {
                alarm.as_mut().reset(next);
            }
            let done = tokio::select! {
                delivery = line.next() => match delivery {
                    Ok(delivery) => self.deliver(delivery).await,
                    Err(end) => Err(end.into()),
                },
                heard = self.wire.hear() => match heard {
                    Ok(heard) => Box::pin(self.hear(heard)).await,
                    Err(ending) => Err(ending),
                },
                () = &mut alarm => Box::pin(self.look_after()).await,
            };
            if let Err(ending) = done {
                return ending;
            }
        }
    }

    /// When something has to be looked after.
    fn next(&self) -> Instant {
        let next = self.times.next();
        self.follower.rings_at().map_or(next, |rings| rings.min(next))
    }

    async fn deliver(&mut self, delivery: Delivery) -> Result<(), Ending> {
        if matches!(delivery, Delivery::Recheck) {
            self.times.recheck = Some(Instant::now());
            return Ok(());
        }
        let frames = self.follower.take(delivery).await;
        self.send(frames).await
    }

    async fn send(&mut self, frames: ApiResult<Vec<Frame>>) -> Result<(), Ending> {
        let frames = frames.map_err(|error| {
            let _logged = error.problem(self.caller.language, &self.request_id);
            Ending::of(&error)
        })?;
        for frame in frames {
            self.wire.send(frame.text).await?;
        }
        Ok(())
    }

    async fn hear(&mut self, heard: Heard) -> Result<(), Ending> {
        self.times.life = Instant::now() + silence(&self.caller);
        self.times.is_asked = false;
        if !self.allowance.take(Instant::now()) {
            return Err(Ending::Closed(close::TOO_MANY, "too_many_requests"));
        }
        let Heard::Text(text) = heard else { return Ok(()) };
        let said = match Said::parse(&text) {
            Ok(said) => said,
            Err(error) => return self.refuse(&error, None, None).await,
        };
        let reference = said.reference.clone();
        let client_message_id = said.client_message_id();
        if said.verb != Verb::Resume {
            self.flow().await?;
        }
        match self.obey(said).await? {
            Ok(answer) => self.answer(answer, reference.as_deref()).await,
            Err(error) => self.refuse(&error, reference.as_deref(), client_message_id.as_deref()).await,
        }
    }

    async fn obey(&mut self, said: Said) -> Result<ApiResult<Done>, Ending> {
        Ok(match said.verb {
            Verb::Ping => said.into::<Ping>().map(|_| Done::Pong),
            Verb::Auth => match said.into::<Auth>() {
                Ok(auth) => self.renew(&auth.token).await.map(|()| Done::Ack("auth", None)),
                Err(error) => Err(error),
            },
            Verb::Resume => match said.into::<Resume>() {
                Ok(resume) => {
                    self.times.flow = None;
                    let missed = self.follower.resume(resume.last_event_id).await;
                    self.send(missed).await?;
                    Ok(Done::Nothing)
                }
                Err(error) => Err(error),
            },
            Verb::MessageSend | Verb::MessageRead | Verb::Typing | Verb::PresenceWatch => {
                self.chat(said).await
            }
        })
    }

    async fn chat(&mut self, said: Said) -> ApiResult<Done> {
        let (app, caller) = (&self.app, &self.caller);
        let of = <&str>::from(said.verb);
        match said.verb {
            Verb::MessageSend => {
                let sent = chat::send(app, caller, said.into()?).await?;
                let message = serde_json::to_value(sent.message).map_err(anyhow::Error::from)?;
                Ok(Done::Ack(of, Some(message)))
            }
            Verb::MessageRead => {
                let MessageRead { conversation_id, up_to_seq } = said.into()?;
                chat::read(app, caller, conversation_id, up_to_seq).await?;
                Ok(Done::Ack(of, None))
            }
            Verb::Typing => {
                let Typing { conversation_id, is_typing } = said.into()?;
                chat::typing(app, caller, conversation_id, is_typing).await?;
                Ok(Done::Nothing)
            }
            _ => {
                let PresenceWatch { user_ids } = said.into()?;
                let visible = chat::visible_people(&app.db, caller, &user_ids).await?;
                let was_visible = visible.len();
                self.follower.seat().watch(visible);
                // Somebody may have blocked somebody meanwhile, when nothing was watched yet.
                let visible = chat::visible_people(&app.db, caller, &user_ids).await?;
                if visible.len() < was_visible {
                    self.follower.seat().watch(visible);
                }
                Ok(Done::Ack(of, None))
            }
        }
    }

    async fn answer(&mut self, done: Done, reference: Option<&str>) -> Result<(), Ending> {
        let answer = match done {
            Done::Nothing => return Ok(()),
            Done::Pong => Answer::Pong { reference, at: self.app.clock.now() },
            Done::Ack(of, message) => Answer::Ack { of, reference, message },
        };
        self.wire.send(answer.text()).await
    }

    async fn refuse(
        &mut self,
        error: &ApiError,
        reference: Option<&str>,
        client_message_id: Option<&str>,
    ) -> Result<(), Ending> {
        let voice = (self.caller.language, self.request_id.as_str());
        let text = refusal(error, reference, client_message_id, voice);
        self.wire.send(text).await
    }

    async fn flow(&mut self) -> Result<(), Ending> {
        self.times.flow = None;
        let waited = self.follower.open().await;
        self.send(waited).await
    }

    /// Another token of the same session, before the old one ends.
    async fn renew(&mut self, token: &str) -> ApiResult<()> {
        let caller = self.app.authenticator.authenticate(&self.app, token).await?;
        if (caller.id, caller.session) != (self.caller.id, self.caller.session) {
            return Err(ApiError::new(Kind::Forbidden, "forbidden"));
        }
        self.caller = caller;
        self.time_token();
        Ok(())
    }

    fn time_token(&mut self) {
        let left = self.caller.expires_at.since(self.app.clock.now());
        let end = Instant::now() + Duration::try_from(left).unwrap_or_default();
        self.times.token_warning = Some(end.checked_sub(WARNING).unwrap_or(end));
        self.times.token_end = end + GRACE;
    }

    async fn look_after(&mut self) -> Result<(), Ending> {
        let now = Instant::now();
        let is_due = |time: Option<Instant>| time.is_some_and(|time| time <= now);
        if self.times.token_end <= now {
            return Err(Ending::Closed(close::UNAUTHENTICATED, "token_expired"));
        }
        if is_due(self.times.flow) {
            self.flow().await?;
        }
        if is_due(self.times.token_warning) {
            self.times.token_warning = None;
            self.wire.send(Answer::RefreshRequired { expires_at: self.caller.expires_at }.text()).await?;
        }
        if is_due(self.follower.rings_at()) {
            self.follower.ring().await;
        }
        if is_due(self.times.recheck) {
            self.recheck().await?;
        }
        if self.times.life <= now {
            if self.times.is_asked {
                return Err(Ending::Closed(close::SLOW, "no sign of life"));
            }
            self.wire.ping().await?;
            self.times.is_asked = true;
            self.times.life = now + TO_ANSWER;
        }
        Ok(())
    }

    async fn recheck(&mut self) -> Result<(), Ending> {
        self.times.recheck = None;
        match self.follower.recheck(&self.caller).await {
            Ok(caller) => self.caller = caller,
            Err(error) if matches!(error.kind(), Kind::Unavailable | Kind::Internal) => {
                self.times.recheck = Some(Instant::now() + ASK_AGAIN);
            }
            Err(error) => return Err(Ending::of(&error)),
        }
        Ok(())
    }
}

/// What a frame came to.
enum Done {
    Nothing,
    Pong,
    Ack(&'static str, Option<serde_json::Value>),
}

/// Until a silent client is asked for a sign of life; not the same for all, so that they do not answer together.
fn silence(caller: &Caller) -> Duration {
    let spread = caller.session.uuid().as_bytes().last().copied().unwrap_or_default() % 10;
    SILENCE + Duration::from_secs(spread.into())
}

/// Signs in, takes a seat, and says that it is ready.
async fn begin(app: &App, wire: &mut Wire, opening: Opening) -> Result<(Follower, Caller, String), Ending> {
    let Opening { caller, last_event_id, language, request_id } = opening;
    let (caller, last_event_id) = match caller {
        Some(caller) => (caller, last_event_id),
        None => match sign_in(app, wire).await? {
            Ok((caller, missed)) => (caller, missed.or(last_event_id)),
            Err(error) => {
                wire.send(refusal(&error, None, None, (language, &request_id))).await?;
                return Err(Ending::Closed(close::UNAUTHENTICATED, error.code()));
            }
        },
    };
    let joined = Follower::join(app, caller.id, caller.session, last_event_id).await;
    let (follower, missed) = joined.map_err(|error| {
        let _logged = error.problem(language, &request_id);
        Ending::of(&error)
    })?;
    let ready = Answer::Ready { session: caller.session, last_event_id: follower.sent() };
    wire.send(ready.text()).await?;
    for frame in missed {
        wire.send(frame.text).await?;
    }
    Ok((follower, caller, request_id))
}

/// Who it is, and after which event they missed something.
async fn sign_in(app: &App, wire: &mut Wire) -> Result<ApiResult<(Caller, Option<i64>)>, Ending> {
    let late = Ending::Closed(close::UNAUTHENTICATED, "unauthenticated");
    let auth = match timeout(TO_SIGN_IN, first_frame(wire)).await.map_err(|_elapsed| late)?? {
        Ok(auth) => auth,
        Err(error) => return Ok(Err(error)),
    };
    let signed_in = app.authenticator.authenticate(app, &auth.token).await;
    Ok(signed_in.map(|caller| (caller, auth.last_event_id)))
}

/// The `auth` frame: nothing else is heard before.
async fn first_frame(wire: &mut Wire) -> Result<ApiResult<Auth>, Ending> {
    loop {
        if let Heard::Text(text) = wire.hear().await? {
            let auth = Said::parse(&text).and_then(|said| match said.verb {
                Verb::Auth => said.into::<Auth>(),
                _ => Err(ApiError::new(Kind::Unauthenticated, "unauthenticated")),
            });
            return Ok(auth);
        }
    }
}
