//! What happens by itself: hearing events, sending, reminding, sweeping up.

use bookings::{BookingChanged, State};
use catalog::{ServiceCreated, ServiceModerated};
use chat::{ConversationRead, ReportDecided, ReportOverdue};
use identity::{AccountClosing, AccountRestored, SessionsEnded};
use jiff::SignedDuration;
use payments::PaymentChanged;
use payouts::{PayoutAccountChanged, WithdrawalChanged};
use platform::{
    app::App,
    ids::{BookingId, CampaignId, ConversationId, DeliveryId, NotificationId, UserId},
    jobs::{self, Job, Registry, Timing},
    time::Instant,
};
use realtime::MessagesUnheeded;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    announce::{announce, fall_back, is_here, release_held},
    deliver::{self, DEVICE_LIFE},
    model::{Args, Channel, Intent},
    retract::retract,
    rules::{self, BookingFacts, Reminder},
    store,
};

/// Nobody hears of more new services than this a day.
const MOST_SERVICES_A_DAY: i64 = 3;
/// So many unread messages of a conversation are counted.
const MOST_MESSAGES: i64 = 20;
/// How long notifications are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(180 * 24);
/// How many people get a message of staff in one go.
const BATCH: i64 = 200;

/// Adds the jobs of this feature.
pub fn register(registry: Registry) -> Registry {
    registry
        .on::<BookingChanged, TellOfBooking>()
        .on::<PaymentChanged, TellOfPayment>()
        .on::<WithdrawalChanged, TellOfWithdrawal>()
        .on::<PayoutAccountChanged, TellOfPayoutAccount>()
        .on::<ServiceCreated, TellOfService>()
        .on::<ServiceModerated, NotifyOfModeration>()
        .on::<AccountClosing, FallSilent>()
        .on::<AccountRestored, WelcomeBack>()
        .on::<SessionsEnded, RemoveDevicesOfSessions>()
        // Whoever is connected has the message already; `MessagesUnheeded` says when they do not read it.
        .on_if::<chat::MessageSent, HearMessage>(|app, event| !is_here(app, event.recipient_id))
        .on::<MessagesUnheeded, RingForMessages>()
        .on::<ConversationRead, HearReading>()
        .on::<ReportDecided, TellOfDecision>()
        .on::<ReportOverdue, TellModerators>()
        .job::<Deliver>()
        .job::<ReleaseHeld>()
        .job::<FallBack>()
        .job::<Retract>()
        .job::<TellOfMailbox>()
        .job::<Remind>()
        .job::<SendCampaign>()
        .every(SignedDuration::from_hours(24), &Sweep {})
}

macro_rules! tells {
    ($(#[$doc:meta])* $job:ident of $event:ty as $kind:literal: $run:path) => {
        $(#[$doc])*
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) struct $job {
            pub(crate) event: $event,
        }

        impl From<$event> for $job {
            fn from(event: $event) -> Self {
                Self { event }
            }
        }

        impl Job for $job {
            const KIND: &'static str = $kind;

            async fn run(self, app: &App) -> anyhow::Result<()> {
                $run(app, self.event).await
            }
        }
    };
}

tells! {
    /// A booking has changed.
    TellOfBooking of BookingChanged as "notifications.tell_of_booking": tell_of_booking
}
tells! {
    /// A payment has changed.
    TellOfPayment of PaymentChanged as "notifications.tell_of_payment": tell_of_payment
}
tells! {
    /// A withdrawal has changed.
    TellOfWithdrawal of WithdrawalChanged as "notifications.tell_of_withdrawal": tell_of_withdrawal
}
tells! {
    /// A provider will be paid somewhere else.
    TellOfPayoutAccount of PayoutAccountChanged as "notifications.tell_of_payout_account": tell_of_payout_account
}
tells! {
    /// A service was made.
    TellOfService of ServiceCreated as "notifications.tell_of_service": tell_of_service
}
tells! {
    /// A moderator did something to somebody's service.
    NotifyOfModeration of ServiceModerated as "notifications.notify_of_moderation": notify_of_moderation
}
tells! {
    /// Somebody leaves: nothing is sent to their devices any more.
    FallSilent of AccountClosing as "notifications.fall_silent": fall_silent
}
tells! {
    /// Somebody stays after all.
    WelcomeBack of AccountRestored as "notifications.welcome_back": welcome_back
}
tells! {
    /// Somebody has signed out: nothing is sent to what that sign-in registered.
    RemoveDevicesOfSessions of SessionsEnded as "notifications.remove_devices_of_sessions": remove_devices_of_sessions
}
tells! {
    /// Somebody wrote to somebody.
    HearMessage of chat::MessageSent as "notifications.hear_message": hear_message
}
tells! {
    /// Somebody is connected, and does not read.
    RingForMessages of MessagesUnheeded as "notifications.ring_for_messages": ring_for_messages
}
tells! {
    /// Somebody has read what others wrote.
    HearReading of ConversationRead as "notifications.hear_reading": hear_reading
}

tells! {
    /// The staff have decided on a report.
    TellOfDecision of ReportDecided as "notifications.tell_of_decision": tell_of_decision
}
tells! {
    /// Nobody has decided on a report in time.
    TellModerators of ReportOverdue as "notifications.tell_moderators": tell_moderators
}

/// What a reader is told of a message.
#[derive(Clone, Debug)]
pub(crate) struct MessageSent {
    /// Where.
    pub conversation_id: Uuid,
    /// What.
    pub message_id: Uuid,
    /// Its place in the conversation.
    pub seq: i64,
    /// Who is to read it.
    pub recipient_id: UserId,
    /// The name of the writer.
    pub sender_name: String,
    /// How it begins.
    pub preview: String,
    /// What it is, or has beside words.
    pub attachment: Option<String>,
}

impl MessageSent {
    fn of(waiting: chat::Waiting, conversation: ConversationId, recipient_id: UserId) -> Self {
        let chat::Waiting { id, seq, sender_name, preview, attachment } = waiting;
        let (conversation_id, message_id) = (conversation.uuid(), id.uuid());
        Self { conversation_id, message_id, seq, recipient_id, sender_name, preview, attachment }
    }
}

/// Whoever has read the message, or come back meanwhile, needs no notification.
async fn hear_message(app: &App, event: chat::MessageSent) -> anyhow::Result<()> {
    let reader = event.recipient_id;
    if is_here(app, reader) {
        return Ok(());
    }
    match chat::waiting(&app.db, reader, event.message_id, app.clock.now()).await? {
        Some(waiting) => tell_of_message(app, MessageSent::of(waiting, event.conversation_id, reader)).await,
        None => Ok(()),
    }
}

/// What reached a device that nobody looks at is told of as if there were no device.
async fn ring_for_messages(app: &App, event: MessagesUnheeded) -> anyhow::Result<()> {
    let (now, rings_at) = (app.clock.now(), event.rings_at);
    if now < rings_at {
        let timing = Timing { at: Some(rings_at), key: None };
        let job = RingForMessages { event };
        return Ok(jobs::schedule(&mut *app.db.acquire().await?, &job, now, timing).await?);
    }
    for conversation in event.conversations {
        let reader = event.user_id;
        for waiting in chat::waiting_in(&app.db, reader, conversation, MOST_MESSAGES, now).await? {
            tell_of_message(app, MessageSent::of(waiting, conversation, reader)).await?;
        }
    }
    Ok(())
}

pub(crate) async fn tell_of_message(app: &App, event: MessageSent) -> anyhow::Result<()> {
    announce(app, vec![rules::message_sent(&event)]).await
}

/// What was read in the conversation needs no notification any more.
async fn hear_reading(app: &App, event: ConversationRead) -> anyhow::Result<()> {
    let burst = rules::burst_of(event.conversation_id.uuid());
    let now = app.clock.now();
    if store::notifications::read_burst(&app.db, event.user_id, &burst, event.up_to_seq, now).await? {
        retract(app, event.user_id).await?;
    }
    Ok(())
}

async fn tell_of_booking(app: &App, event: BookingChanged) -> anyhow::Result<()> {
    let facts = store::facts::booking(&mut *app.db.acquire().await?, event.booking_id).await?;
    let Some(facts) = facts else { return Ok(()) };
    // Before it was agreed on there was nothing to remind of.
    if !matches!(facts.state, State::AwaitingPayment | State::PendingAcceptance) {
        set_reminders(app, &event, &facts).await?;
    }
    announce(app, rules::booking_changed(&event, &facts)).await
}

/// By how the booking is now, so that events may come in any order.
async fn set_reminders(app: &App, event: &BookingChanged, facts: &BookingFacts) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let mut needless = Vec::new();
    for reminder in Reminder::ALL {
        let key = Remind::key(event.booking_id, reminder);
        let at = facts.starts_at.minus(SignedDuration::from_hours(reminder.hours()));
        if facts.state == State::Confirmed && now < at {
            let job = Remind { booking_id: event.booking_id, reminder, starts_at: facts.starts_at };
            jobs::schedule(&mut tx, &job, now, Timing { at: Some(at), key: Some(key) }).await?;
        } else {
            needless.push(key);
        }
    }
    if !needless.is_empty() {
        jobs::cancel_all(&mut tx, &needless).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn tell_of_payment(app: &App, event: PaymentChanged) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    let Some(mut facts) = store::facts::payment(&mut tx, event.payment_id).await? else { return Ok(()) };
    if matches!(
        event.status,
        payments::Status::Completed | payments::Status::Refunded | payments::Status::PartiallyRefunded
    ) {
        let issued = payments::issue(&mut tx, event.payment_id, &app.settings.market, app.clock.now()).await;
        facts.papers = issued.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    }
    tx.commit().await?;
    announce(app, rules::payment_changed(&event, &facts)).await
}

async fn tell_of_withdrawal(app: &App, event: WithdrawalChanged) -> anyhow::Result<()> {
    announce(app, rules::withdrawal_changed(&event).into_iter().collect()).await
}

async fn tell_of_payout_account(app: &App, event: PayoutAccountChanged) -> anyhow::Result<()> {
    announce(app, vec![rules::payout_account_changed(&event)]).await
}

async fn tell_of_service(app: &App, event: ServiceCreated) -> anyhow::Result<()> {
    let since = app.clock.now().minus(SignedDuration::from_hours(24));
    let mut db = app.db.acquire().await?;
    let near = store::facts::near(&mut db, event.service_id, since, MOST_SERVICES_A_DAY).await?;
    drop(db);
    let intent = |near: store::facts::Near| {
        rules::service_nearby(event.service_id, &near.title, &near.area, near.user_id)
    };
    announce(app, near.into_iter().map(intent).collect()).await
}

async fn notify_of_moderation(app: &App, event: ServiceModerated) -> anyhow::Result<()> {
    announce(app, vec![rules::service_moderated(&event)]).await
}

async fn tell_of_decision(app: &App, event: ReportDecided) -> anyhow::Result<()> {
    announce(app, vec![rules::report_decided(&event)]).await
}

async fn tell_moderators(app: &App, event: ReportOverdue) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    let moderators = store::facts::moderators(&mut db).await?;
    drop(db);
    announce(app, moderators.into_iter().map(|user| rules::report_overdue(&event, user)).collect()).await
}

async fn fall_silent(app: &App, event: AccountClosing) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    store::devices::delete_all(&mut tx, event.user_id).await?;
    store::areas::delete_all(&mut tx, event.user_id).await?;
    tx.commit().await?;
    Ok(())
}

async fn remove_devices_of_sessions(app: &App, event: SessionsEnded) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    if event.is_everywhere {
        // Whoever has signed in again meanwhile has registered their devices anew.
        store::devices::delete_seen_until(&mut db, event.user_id, event.at).await?;
    } else {
        let sessions: Vec<Uuid> = event.sessions.iter().map(|session| session.uuid()).collect();
        store::devices::delete_of_sessions(&mut db, event.user_id, &sessions).await?;
    }
    Ok(())
}

async fn welcome_back(app: &App, event: AccountRestored) -> anyhow::Result<()> {
    announce(app, vec![rules::account_restored(event.user_id, app.clock.now())]).await
}

/// Hands a message to the outside.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Deliver {
    pub(crate) delivery_id: DeliveryId,
}

impl Job for Deliver {
    const KIND: &'static str = "notifications.deliver";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        deliver::deliver(app, self.delivery_id).await
    }
}

/// Takes pushes off the screens of somebody who has read them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Retract {
    pub(crate) user_id: UserId,
}

impl Job for Retract {
    const KIND: &'static str = "notifications.retract";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        retract(app, self.user_id).await
    }
}

/// Tells somebody that mail does not reach them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TellOfMailbox {
    pub(crate) user_id: UserId,
    /// When a mail came back.
    pub(crate) since: Instant,
}

impl Job for TellOfMailbox {
    const KIND: &'static str = "notifications.tell_of_mailbox";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        announce(app, vec![rules::mailbox_unreachable(self.user_id, self.since)]).await
    }
}

/// Somebody's quiet hours are over.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReleaseHeld {
    pub(crate) user_id: UserId,
}

impl ReleaseHeld {
    pub(crate) fn key(user: UserId) -> String {
        format!("held:{user}")
    }
}

impl Job for ReleaseHeld {
    const KIND: &'static str = "notifications.release_held";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        release_held(app, self.user_id).await
    }
}

/// A critical message was not read in ten minutes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FallBack {
    pub(crate) notification_id: NotificationId,
    pub(crate) user_id: UserId,
}

impl Job for FallBack {
    const KIND: &'static str = "notifications.fall_back";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let mut tx = app.db.begin().await?;
        fall_back(&mut tx, self.notification_id, self.user_id, app.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// A booking is near.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Remind {
    pub(crate) booking_id: BookingId,
    pub(crate) reminder: Reminder,
    /// When it was to start.
    pub(crate) starts_at: Instant,
}

impl Remind {
    pub(crate) fn key(booking: BookingId, reminder: Reminder) -> String {
        format!("booking:{booking}:remind_{}h", reminder.hours())
    }
}

impl Job for Remind {
    const KIND: &'static str = "notifications.remind";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let mut db = app.db.acquire().await?;
        let facts = store::facts::booking(&mut db, self.booking_id).await?;
        drop(db);
        // One that was moved has a reminder of its own.
        let Some(facts) = facts.filter(|facts| facts.starts_at == self.starts_at) else { return Ok(()) };
        announce(app, rules::booking_near(self.booking_id, &facts, self.reminder)).await
    }
}

/// Tells the next of those that staff wrote to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SendCampaign {
    pub(crate) campaign_id: CampaignId,
    /// The last one who was told.
    pub(crate) after: Option<UserId>,
}

impl SendCampaign {
    pub(crate) fn key(id: CampaignId) -> String {
        format!("campaign:{id}")
    }
}

impl Job for SendCampaign {
    const KIND: &'static str = "notifications.send_campaign";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        let mut db = app.db.acquire().await?;
        let Some(campaign) = store::campaigns::find(&mut db, self.campaign_id).await? else { return Ok(()) };
        let category = campaign.template.nature().category;
        let next = (self.after, BATCH);
        let people = store::campaigns::recipients(
            &mut db,
            &campaign.audience,
            category,
            &campaign.channels,
            now,
            next,
        );
        let people = people.await?;
        drop(db);
        let channels = Channel::named(&campaign.channels);
        let intent = |user: &UserId| Intent {
            args: Args { words: Some(campaign.words.clone()), ..Args::default() },
            channels: Some(channels.clone()),
            ..Intent::new(*user, campaign.template, format!("campaign:{}", campaign.id))
        };
        announce(app, people.iter().map(intent).collect()).await?;
        if i64::try_from(people.len()).is_ok_and(|told| told == BATCH) {
            let rest = Self { campaign_id: campaign.id, after: people.last().copied() };
            let timing = Timing { at: None, key: Some(Self::key(campaign.id)) };
            jobs::schedule(&mut *app.db.acquire().await?, &rest, now, timing).await?;
        }
        Ok(())
    }
}

/// Forgets devices that are dead, and what nobody looks at any more.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sweep {}

impl Job for Sweep {
    const KIND: &'static str = "notifications.sweep";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        store::devices::delete_old(&app.db, now.minus(DEVICE_LIFE)).await?;
        store::mail_stops::delete_old(&mut *app.db.acquire().await?, now).await?;
        while store::notifications::delete_old(&app.db, now.minus(KEPT)).await? > 0 {}
        Ok(())
    }
}
