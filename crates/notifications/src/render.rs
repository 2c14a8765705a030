//! The words of a message, in a language, for each channel.

use askama::Template as _;
use jiff::tz::TimeZone;
use platform::{
    app::App,
    locale::Language,
    money::Money,
    ports::{mailer::Mail, sms::Sms},
    time::Instant,
};

use crate::{
    model::{Args, Template},
    wording::Wordings,
};

/// SMS of more than two parts are too dear for what they say.
const SMS_LONGEST: usize = 300;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) title: String,
    pub(crate) body: String,
}

/// The words of a message; `count` is how many messages a burst has.
pub(crate) fn words(
    wordings: &Wordings,
    template: Template,
    args: &Args,
    count: usize,
    language: Language,
) -> Said {
    if let Some(words) = &args.words {
        let said = |texts: &crate::model::Texts| texts.of(language).to_owned();
        return Said { title: said(&words.title), body: said(&words.message) };
    }
    let named = arguments(args, count, language);
    let named: Vec<(&str, &str)> = named.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut said = wordings.say(template, language, &named);
    if let (Some(preview), ..=1) = (&args.preview, count) {
        said.body = match args.attachment.as_deref().and_then(attachment_key) {
            Some(key) => language.text(key, &[]),
            None => preview.clone(),
        };
    }
    said
}

/// The words for a message that has none of its own.
fn attachment_key(attachment: &str) -> Option<&'static str> {
    match attachment {
        "image" => Some("notification-attachment-image"),
        "document" => Some("notification-attachment-document"),
        "audio" => Some("notification-attachment-audio"),
        "video" => Some("notification-attachment-video"),
        "location" => Some("notification-attachment-location"),
        "booking_card" => Some("notification-attachment-booking_card"),
        _ => None,
    }
}

/// One push in place of several that waited.
pub(crate) fn gathered(count: i32, language: Language) -> Said {
    let count = count.to_string();
    let text = |part: &str| language.text(&format!("notification-gathered-{part}"), &[("count", &count)]);
    Said { title: text("title"), body: text("body") }
}

fn arguments(args: &Args, count: usize, language: Language) -> Vec<(&'static str, String)> {
    // Sentences leave out what has no name.
    let is_named = u8::from(args.service.is_some()).to_string();
    let mut named = vec![("count", count.to_string()), ("named", is_named)];
    let optional = [
        ("service", &args.service),
        ("other", &args.other),
        ("number", &args.number),
        ("reason", &args.reason),
    ];
    named.extend(optional.into_iter().map(|(name, value)| (name, value.clone().unwrap_or_default())));
    let zone = args.timezone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    named.extend(args.starts_at.map(|at| ("when", moment(at, &zone, language))));
    named
        .extend(args.amount.map(|(minor, currency)| ("amount", language.money(Money::new(minor, currency)))));
    named
}

/// A day and a time as people write them, on the clock of where the work is done.
fn moment(at: Instant, zone: &TimeZone, language: Language) -> String {
    let local = zone.to_datetime(at.timestamp());
    let time = local.strftime("%H:%M").to_string();
    language.text("notification-moment", &[("date", &language.date(local.date())), ("time", &time)])
}

#[derive(askama::Template)]
#[template(path = "mail/frame.html")]
struct Frame<'a> {
    language: &'a str,
    subject: &'a str,
    lead: &'a str,
    /// Notifications have none.
    code: &'a str,
    link: &'a str,
    button: &'a str,
    end: &'a str,
    footer: &'a str,
}

#[derive(askama::Template)]
#[template(path = "mail/frame.txt")]
struct TextFrame<'a> {
    frame: &'a Frame<'a>,
}

/// The mail; `route` is where its link leads.
pub(crate) fn mail(
    app: &App,
    said: &Said,
    to: String,
    language: Language,
    route: &str,
    unsubscribe: Option<String>,
) -> anyhow::Result<Mail> {
    // One line, whatever is in a name.
    let subject: String = said.title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let end = if unsubscribe.is_some() { "notification-mail-end" } else { "notification-mail-end_needed" };
    let frame = Frame {
        language: language.code(),
        subject: &subject,
        lead: &said.body,
        code: "",
        link: &app.url(route),
        button: &language.text("notification-mail-button", &[]),
        end: &language.text(end, &[]),
        footer: &language.text("mail-footer", &[]),
    };
    let text = TextFrame { frame: &frame }.render()?;
    let html = frame.render()?;
    Ok(Mail { to, text, html, subject: subject.clone(), unsubscribe })
}

/// The SMS.
pub(crate) fn sms(said: &Said, to: String) -> Sms {
    let text: String = said.body.chars().take(SMS_LONGEST).collect();
    Sms { to, text: format!("SkillBuddy: {text}") }
}
