//! The words of templates: those of the catalogue, and those that staff wrote in their place.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use platform::{
    app::App,
    error::{ApiResult, FieldErrors},
    locale::{Language, Sentence},
    phrase::{Phrase, PhraseFault, source, variables},
};
use strum::VariantArray as _;

use crate::{
    model::Template,
    render::Said,
    store::wordings::{self as store, Newest},
};

/// Every template whose words stand in the catalogue. What staff announce says what they wrote.
pub(crate) fn templates() -> impl Iterator<Item = Template> {
    Template::VARIANTS.iter().copied().filter(|template| is_worded(*template))
}

/// Whether its words stand in the catalogue.
pub(crate) fn is_worded(template: Template) -> bool {
    Language::En.has(&key(template, "title"))
}

/// What may stand in the words of a template: what the catalogue uses, in English.
pub(crate) fn placeholders(template: Template) -> BTreeSet<String> {
    ["title", "body"].into_iter().flat_map(|part| variables(Language::En, &key(template, part))).collect()
}

/// Title and body as the catalogue has them, unfilled.
pub(crate) fn of_catalogue(template: Template, language: Language) -> (String, String) {
    let of = |part| {
        let key = key(template, part);
        source(language, &key).or_else(|| source(Language::En, &key)).unwrap_or_default()
    };
    (of("title"), of("body"))
}

fn key(template: Template, part: &str) -> String {
    format!("notification-{}-{part}", template.name())
}

/// The words of a template in a language, as somebody wrote them.
pub(crate) struct Wording {
    title: Phrase,
    body: Phrase,
}

impl Wording {
    /// Reads them; where they cannot be used, says why for each field.
    pub(crate) fn read(
        template: Template,
        language: Language,
        title: &str,
        body: &str,
    ) -> Result<Self, FieldErrors> {
        let names = placeholders(template);
        let read = |text| Phrase::read(language, text, &names).map_err(|fault| complaint(fault, &names));
        match (read(title), read(body)) {
            (Ok(title), Ok(body)) => Ok(Self { title, body }),
            (title, body) => {
                let faults = [("title", title.err()), ("body", body.err())];
                let faults = faults.into_iter().filter_map(|(field, fault)| Some((field, fault?)));
                Err(faults.map(|(field, sentence)| (field.to_owned(), vec![sentence])).collect())
            }
        }
    }

    fn say(&self, named: &[(&str, &str)]) -> Option<Said> {
        Some(Said { title: self.title.render(named)?, body: self.body.render(named)? })
    }
}

fn complaint(fault: PhraseFault, names: &BTreeSet<String>) -> Sentence {
    match fault {
        PhraseFault::Syntax => Sentence::new("field-wording_syntax"),
        PhraseFault::ControlCharacter => Sentence::new("field-control_character"),
        PhraseFault::Reference(name) => Sentence::new("field-wording_reference").with("name", name),
        PhraseFault::UnknownVariable(name) if names.is_empty() => {
            Sentence::new("field-wording_without_variables").with("name", format!("${name}"))
        }
        PhraseFault::UnknownVariable(name) => {
            let known: Vec<String> = names.iter().map(|name| format!("${name}")).collect();
            let sentence = Sentence::new("field-wording_variable").with("name", format!("${name}"));
            sentence.with("known", known.join(", "))
        }
    }
}

/// What staff wrote, where it counts.
#[derive(Default)]
pub(crate) struct Wordings(BTreeMap<(Template, Language), Wording>);

/// The words in force, from memory.
pub(crate) async fn in_force(app: &App) -> ApiResult<Arc<Wordings>> {
    let read = async { Ok(Wordings::of(&store::newest(&app.db).await?)) };
    app.kept.get("notifications.wordings", read).await
}

impl Wordings {
    /// What can be used of these; one that is broken must not keep people from being told.
    fn of(rows: &[Newest]) -> Self {
        let mut all = Self::default();
        for row in rows {
            let Some((template, language)) = row.place() else { continue };
            let written = row.written();
            let Some((title, body)) = written.words else { continue };
            match Wording::read(template, language, title, body) {
                Ok(wording) => _ = all.0.insert((template, language), wording),
                Err(faults) => {
                    let (template, fields) = (template.name(), faults.into_keys().collect::<Vec<_>>());
                    let version = written.version;
                    tracing::warn!(template, %language, version, ?fields, "words of staff cannot be used any more");
                }
            }
        }
        all
    }

    /// Only these.
    pub(crate) fn only(template: Template, language: Language, wording: Wording) -> Self {
        Self(BTreeMap::from([((template, language), wording)]))
    }

    /// What a message says: in the words of staff where there are some, else of the catalogue; in English where neither
    /// has the language.
    pub(crate) fn say(&self, template: Template, language: Language, named: &[(&str, &str)]) -> Said {
        let [title, body] = ["title", "body"].map(|part| key(template, part));
        let catalogue = |language: Language| Said {
            title: language.text(&title, named),
            body: language.text(&body, named),
        };
        let of_staff = |language: Language| {
            let said = self.0.get(&(template, language))?.say(named);
            if said.is_none() {
                tracing::warn!(template = template.name(), %language, "words of staff lack a value");
            }
            said
        };
        let own = |language: Language| {
            of_staff(language).or_else(|| language.has(&title).then(|| catalogue(language)))
        };
        [language, Language::En].into_iter().find_map(own).unwrap_or_else(|| catalogue(language))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_catalogue_are_words_that_staff_may_write() {
        for template in templates() {
            for language in Language::ALL {
                let (title, body) = of_catalogue(template, language);
                let read = Wording::read(template, language, &title, &body);
                assert!(read.is_ok(), "{language} {}: {:?}", template.name(), read.err());
                let is_short = title.chars().count() <= 120 && body.chars().count() <= 1000;
                assert!(is_short && !title.contains('\n'), "{language} {}", template.name());
            }
        }
    }

    #[test]
    fn placeholders_are_those_of_the_english_title_and_body() {
        let names = |template| placeholders(template).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(names(Template::BookingConfirmed), "other service when");
        assert_eq!(names(Template::PaymentReceived), "amount named number service");
        assert_eq!(names(Template::MessageReceived), "count other");
        assert_eq!(names(Template::PayoutAccountChanged), "");
    }

    #[test]
    fn what_staff_announce_has_no_words_of_its_own() {
        assert!(!is_worded(Template::Announcement) && !is_worded(Template::Offer));
        assert_eq!(templates().count(), Template::VARIANTS.len() - 2);
    }

    #[test]
    fn words_of_staff_count_in_their_language_only_and_where_they_can_be_filled() {
        let (template, language) = (Template::BookingStarted, Language::De);
        let wording = Wording::read(template, language, "Los!", "{ $other } legt los.").unwrap();
        let wordings = Wordings::only(template, language, wording);
        let title = |language, named: &[(&str, &str)]| wordings.say(template, language, named).title;
        let named = [("other", "Bob"), ("service", "Fenster")];
        assert_eq!(title(Language::De, &named), "Los!");
        assert_eq!(title(Language::En, &named), "It has begun");
        assert_ne!(title(Language::De, &[]), "Los!");
    }
}
