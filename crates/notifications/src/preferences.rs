//! What somebody wishes to hear on which channel, and what follows for a message.

use jiff::SignedDuration;
use platform::time::Instant;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Category, Channel, DeliveryState, Priority, Template},
    quiet::QuietHours,
};

/// Whoever has the app open sees a message there; their phone rings only when they have not read it by then.
const HEAD_START: SignedDuration = SignedDuration::from_secs(5);

/// The channels of one kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ChannelChoices)]
#[expect(clippy::struct_excessive_bools, reason = "one for each channel")]
pub(crate) struct Choices {
    pub(crate) in_app: bool,
    pub(crate) push: bool,
    pub(crate) email: bool,
    pub(crate) sms: bool,
}

impl Choices {
    pub(crate) fn wants(self, channel: Channel) -> bool {
        match channel {
            Channel::InApp => self.in_app,
            Channel::Push => self.push,
            Channel::Email => self.email,
            Channel::Sms => self.sms,
        }
    }

    pub(crate) fn is_any(self) -> bool {
        self.in_app || self.push || self.email || self.sms
    }
}

/// The channels of every kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = NotificationChoices)]
pub(crate) struct Matrix {
    pub(crate) booking: Choices,
    pub(crate) payment: Choices,
    pub(crate) review: Choices,
    pub(crate) message: Choices,
    pub(crate) system: Choices,
    /// Any of these is the consent to offers.
    pub(crate) marketing: Choices,
}

impl Default for Matrix {
    fn default() -> Self {
        let weighty = Choices { in_app: true, push: true, email: true, sms: false };
        let light = Choices { email: false, ..weighty };
        let nothing = Choices { in_app: false, push: false, email: false, sms: false };
        Self {
            booking: weighty,
            payment: weighty,
            review: light,
            message: light,
            system: weighty,
            marketing: nothing,
        }
    }
}

impl Matrix {
    pub(crate) fn of(&self, category: Category) -> Choices {
        match category {
            Category::Booking => self.booking,
            Category::Payment => self.payment,
            Category::Review => self.review,
            Category::Message => self.message,
            Category::System => self.system,
            Category::Marketing => self.marketing,
        }
    }

    pub(crate) fn of_mut(&mut self, category: Category) -> &mut Choices {
        match category {
            Category::Booking => &mut self.booking,
            Category::Payment => &mut self.payment,
            Category::Review => &mut self.review,
            Category::Message => &mut self.message,
            Category::System => &mut self.system,
            Category::Marketing => &mut self.marketing,
        }
    }
}

/// What decides on the ways of a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) choices: Matrix,
    pub(crate) quiet_hours: Option<QuietHours>,
    /// There is a verified number, and it wants SMS.
    pub(crate) can_sms: bool,
    /// There is a device that shows push notifications.
    pub(crate) can_push: bool,
    /// The app is open.
    pub(crate) is_connected: bool,
}

/// One way of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) channel: Channel,
    pub(crate) state: DeliveryState,
    pub(crate) due_at: Instant,
}

/// The ways of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) in_feed: bool,
    pub(crate) deliveries: Vec<Planned>,
}

impl Plan {
    pub(crate) fn is_empty(&self) -> bool {
        !self.in_feed && self.deliveries.is_empty()
    }
}

/// By which ways somebody gets a message, and when.
pub(crate) fn plan(template: Template, only: Option<&[Channel]>, wishes: &Wishes, now: Instant) -> Plan {
    let nature = template.nature();
    let choices = wishes.choices.of(nature.category);
    let is_critical = nature.priority == Priority::Critical;
    let goes = |channel| {
        let cannot_be_muted = is_critical && matches!(channel, Channel::InApp | Channel::Push);
        let is_possible = match channel {
            Channel::Email => nature.is_mailed,
            Channel::Sms => wishes.can_sms,
            Channel::Push => wishes.can_push,
            Channel::InApp => true,
        };
        let is_meant = only.is_none_or(|only| only.contains(&channel));
        is_possible && is_meant && (cannot_be_muted || choices.wants(channel))
    };
    let allowed = match &wishes.quiet_hours {
        Some(quiet) if !is_critical => quiet.next_allowed(now),
        _ => now,
    };
    let planned = |channel| {
        let (state, due_at) = match channel {
            Channel::Push | Channel::Sms if now < allowed => (DeliveryState::Held, allowed),
            Channel::Push if wishes.is_connected => (DeliveryState::Pending, now.plus(HEAD_START)),
            _ => (DeliveryState::Pending, now),
        };
        Planned { channel, state, due_at }
    };
    let channels = [Channel::Push, Channel::Email, Channel::Sms].into_iter();
    Plan {
        in_feed: goes(Channel::InApp),
        deliveries: channels.filter(|channel| goes(*channel)).map(planned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quiet::QuietSpan;

    fn now() -> Instant {
        "2026-03-02T23:00:00Z".parse::<jiff::Timestamp>().unwrap().into()
    }

    fn with_device() -> Wishes {
        Wishes { can_push: true, ..Wishes::default() }
    }

    fn told(template: Template, wishes: &Wishes) -> String {
        let plan = plan(template, None, wishes, now());
        let ways = plan.deliveries.iter().map(|way| {
            let wait = way.due_at.since(now()).as_secs();
            format!(" {}:{}+{wait}", <&str>::from(way.channel), <&str>::from(way.state))
        });
        format!("{}{}", if plan.in_feed { "in_app" } else { "" }, ways.collect::<String>())
    }

    fn muted() -> Wishes {
        let nothing = Matrix::default().marketing;
        let mut choices = Matrix::default();
        *choices.of_mut(Category::Booking) = nothing;
        Wishes { choices, ..with_device() }
    }

    fn night() -> Wishes {
        let weekly = (1..=7).map(|weekday| QuietSpan {
            weekday,
            start: "22:00".parse().unwrap(),
            end: "06:00".parse().unwrap(),
        });
        let quiet = QuietHours { timezone: "UTC".into(), weekly: weekly.collect() };
        Wishes { quiet_hours: Some(quiet), ..with_device() }
    }

    #[test]
    fn defaults_are_few() {
        let wishes = Wishes { can_sms: true, ..with_device() };
        assert_eq!(told(Template::BookingAccepted, &wishes), "in_app push:pending+0 email:pending+0");
        assert_eq!(told(Template::BookingStarted, &wishes), "in_app push:pending+0");
        assert_eq!(told(Template::MessageReceived, &wishes), "in_app push:pending+0");
    }

    #[test]
    fn offers_need_consent() {
        assert_eq!(told(Template::Offer, &with_device()), "");
        let mut wishes = Wishes::default();
        wishes.choices.marketing.email = true;
        assert_eq!(told(Template::Offer, &wishes), " email:pending+0");
    }

    #[test]
    fn what_is_critical_cannot_be_muted() {
        assert_eq!(told(Template::BookingAccepted, &muted()), "");
        assert_eq!(told(Template::BookingCancelled, &muted()), "in_app push:pending+0");
    }

    #[test]
    fn what_is_critical_does_not_wait_for_the_morning() {
        assert_eq!(told(Template::BookingStarted, &night()), "in_app push:held+25200");
        assert_eq!(told(Template::BookingCancelled, &night()), "in_app push:pending+0 email:pending+0");
    }

    #[test]
    fn mails_disturb_nobody_at_night() {
        assert_eq!(told(Template::BookingAccepted, &night()), "in_app push:held+25200 email:pending+0");
    }

    #[test]
    fn whoever_has_the_app_open_has_five_seconds_to_see_it_there() {
        let wishes = Wishes { is_connected: true, ..with_device() };
        assert_eq!(told(Template::BookingStarted, &wishes), "in_app push:pending+5");
    }

    #[test]
    fn sms_go_to_numbers_that_want_them() {
        let mut wishes = with_device();
        wishes.choices.booking.sms = true;
        assert_eq!(told(Template::BookingStarted, &wishes), "in_app push:pending+0");
        wishes.can_sms = true;
        assert_eq!(told(Template::BookingStarted, &wishes), "in_app push:pending+0 sms:pending+0");
    }

    #[test]
    fn without_a_device_there_is_no_push() {
        let told = told(Template::BookingAccepted, &Wishes::default());
        assert_eq!(told, "in_app email:pending+0");
    }

    #[test]
    fn staff_choose_the_channels_of_an_announcement() {
        let plan = plan(Template::Announcement, Some(&[Channel::Push]), &with_device(), now());
        assert!(!plan.in_feed && plan.deliveries.len() == 1);
    }
}
