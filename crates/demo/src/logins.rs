//! The fixed accounts that a visitor signs in with.
use crate::{places::Country, texts::Language};

/// An account that is the same in every demo; its password is the one that the caller chose.
#[derive(Clone, Copy, Debug)]
pub struct Login {
    /// What to sign in with.
    pub email: &'static str,
    /// First and last name.
    pub name: &'static str,
    /// Whether the account offers services.
    pub is_provider: bool,
    en: &'static str,
    de: &'static str,
    it: &'static str,
}

impl Login {
    /// Who this is, in one sentence; English where the language is another than `de` or `it`.
    pub fn role(&self, language: &str) -> &'static str {
        match language {
            "de" => self.de,
            "it" => self.it,
            _ => self.en,
        }
    }
}

/// All fixed accounts: one customer and one provider from each country.
pub const LOGINS: &[Login] = &[ANNA, MAX, GIULIA, PAOLO, JAMES, KATE];

const ANNA: Login = Login {
    email: "anna@demo.skillbuddy.app",
    name: "Anna Weber",
    is_provider: false,
    en: "A customer in Berlin with past and upcoming bookings.",
    de: "Eine Kundin in Berlin mit vergangenen und anstehenden Buchungen.",
    it: "Una cliente di Berlino con prenotazioni passate e future.",
};
const MAX: Login = Login {
    email: "max@demo.skillbuddy.app",
    name: "Max Schneider",
    is_provider: true,
    en: "A craftsman in Berlin who answers requests himself.",
    de: "Ein Handwerker in Berlin, der Anfragen selbst beantwortet.",
    it: "Un artigiano di Berlino che risponde di persona alle richieste.",
};
const GIULIA: Login = Login {
    email: "giulia@demo.skillbuddy.app",
    name: "Giulia Ricci",
    is_provider: false,
    en: "A customer in Rome with saved services and bookings.",
    de: "Eine Kundin in Rom mit gemerkten Angeboten und Buchungen.",
    it: "Una cliente di Roma con servizi salvati e prenotazioni.",
};
const PAOLO: Login = Login {
    email: "paolo@demo.skillbuddy.app",
    name: "Paolo Conti",
    is_provider: true,
    en: "A photographer, musician and cook for parties in Rome, with a full diary.",
    de: "Fotograf, Musiker und Koch für Feste in Rom, mit vollem Kalender.",
    it: "Fotografo, musicista e cuoco per feste a Roma, con l'agenda piena.",
};
const JAMES: Login = Login {
    email: "james@demo.skillbuddy.app",
    name: "James Taylor",
    is_provider: false,
    en: "A customer in London who pays in pounds.",
    de: "Ein Kunde in London, der in Pfund bezahlt.",
    it: "Un cliente di Londra che paga in sterline.",
};
const KATE: Login = Login {
    email: "kate@demo.skillbuddy.app",
    name: "Kate Wilson",
    is_provider: true,
    en: "A pet sitter in London whose customers book instantly.",
    de: "Eine Tiersitterin in London, die sofort gebucht werden kann.",
    it: "Una pet sitter di Londra che si prenota all'istante.",
};

/// A fixed provider: where, with what, and whether a booking needs no answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FixedProvider {
    pub(crate) login: Login,
    pub(crate) town: &'static str,
    pub(crate) trade: &'static str,
    pub(crate) auto_accept: bool,
}

/// The first providers of every demo.
const PROVIDERS: [FixedProvider; 3] = [
    FixedProvider { login: MAX, town: "Berlin", trade: "trades", auto_accept: false },
    FixedProvider { login: PAOLO, town: "Roma", trade: "events", auto_accept: false },
    FixedProvider { login: KATE, town: "London", trade: "pets", auto_accept: true },
];

pub(crate) fn fixed_provider(index: u64) -> Option<FixedProvider> {
    PROVIDERS.get(usize::try_from(index).ok()?).copied()
}

/// The first customer of each country.
pub(crate) fn fixed_customer(country: Country) -> Login {
    match country.language() {
        Language::German => ANNA,
        Language::Italian => GIULIA,
        Language::English => JAMES,
    }
}
