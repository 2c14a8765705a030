//! Services: title, description, price and place, composed from the trade's phrases.
use crate::{
    chance::{Chance, Subject},
    places::{Country, Position},
    providers::Setting,
    rows::{Provider, Rating, Service},
    texts::{Blanks, Language, Offer, Wording},
    time::{DAY, HOUR},
};
use serde_json::json;

/// Half of all services are flexible.
const POLICIES: [&str; 6] = ["flexible", "flexible", "flexible", "moderate", "moderate", "strict"];

/// The provider's services, the oldest first; all titles differ.
pub(crate) fn draw(setting: &Setting, provider: &Provider) -> anyhow::Result<Vec<Service>> {
    // Stream 0 to providers/2 of this subject decides the numbers of services.
    let mut chance = setting.world.chance(Subject::Services, u64::MAX - setting.number);
    let mut choices: Vec<(&str, &Offer, &Wording)> = setting
        .trade
        .categories
        .iter()
        .flat_map(|(slug, offer)| offer.titles.iter().map(move |title| (slug.as_str(), offer, title)))
        .collect();
    chance.shuffle(&mut choices);
    let latest = setting.world.now - 20 * DAY;
    let count = usize::try_from(setting.world.services_of(setting.number))?;
    let mut times: Vec<i64> = (1..count).map(|_| chance.between(provider.created_at + DAY, latest)).collect();
    times.push(provider.created_at + HOUR / 2);
    times.sort_unstable();
    times
        .into_iter()
        .zip(choices)
        .map(|(created_at, (slug, offer, title))| {
            let category_id = setting.world.category(slug)?;
            let text = Composition::draw(setting, offer, title, provider.radius_km.into(), &mut chance);
            let mut service = blank(setting, provider, created_at, &mut chance);
            service.category_id = category_id;
            price(&mut service, provider.country, offer, &mut chance);
            text.write(setting.language(), &mut service, &mut chance);
            Ok(service)
        })
        .collect()
}

/// A service that has no texts and no price yet.
fn blank(setting: &Setting, provider: &Provider, created_at: i64, chance: &mut Chance) -> Service {
    let is_active = setting.is_fixed || chance.percent(96);
    let ended_at = chance.between(created_at, setting.world.now - HOUR);
    let is_withdrawn = !is_active && chance.percent(50);
    Service {
        id: chance.id_at(created_at),
        provider_id: provider.id,
        category_id: uuid::Uuid::nil(),
        language: setting.language().code(),
        title: String::new(),
        description: String::new(),
        translations: "{}".to_owned(),
        price_minor: 0,
        currency: provider.country.currency(),
        credits_required: 0,
        duration_minutes: 60,
        cancellation_policy: chance.pick::<&str>(&POLICIES),
        position: position(setting, provider, chance),
        city: provider.city,
        radius_km: provider.radius_km,
        min_notice_minutes: chance.percent(5).then_some(2880),
        is_active,
        withdrawn_at: is_withdrawn.then_some(ended_at),
        rating: Rating::default(),
        popularity: 0.0,
        appeal: chance.between(1, 4).unsigned_abs().pow(2),
        created_at,
        updated_at: if is_active { created_at } else { ended_at },
    }
}

/// Mostly the provider's own address, sometimes a second one in the same town.
fn position(setting: &Setting, provider: &Provider, chance: &mut Chance) -> Position {
    if chance.percent(70) { provider.position } else { setting.town.somewhere(chance) }
}

fn price(service: &mut Service, country: Country, offer: &Offer, chance: &mut Chance) {
    let [low, high] = offer.price;
    let step = chance.index(offer.minutes.len());
    let longest = i64::try_from(offer.minutes.len()).unwrap_or(1).max(2) - 1;
    let minutes = offer.minutes.get(step).copied().unwrap_or(60);
    let usual = low + (high - low) * i64::try_from(step).unwrap_or(0) / longest;
    let wanted = usual * chance.between(85, 120) / 100;
    let wanted = if country.currency() == "GBP" { wanted * 86 / 100 } else { wanted };
    // Prices end on 0 or 5, or just below.
    let round = (wanted / 500).max(2) * 500;
    service.price_minor = if chance.percent(35) { round - 10 } else { round };
    service.duration_minutes = i32::try_from(minutes).unwrap_or(60);
    if chance.percent(30) {
        service.credits_required = i32::try_from(round / 100).unwrap_or(0);
    }
}

/// The parts of a text, chosen once and then written in each language.
struct Composition<'a> {
    title: &'a Wording,
    suffix: Option<&'a Wording>,
    sentences: Vec<&'a Wording>,
    blanks: Blanks<'a>,
}

impl<'a> Composition<'a> {
    fn draw(
        setting: &Setting<'a>,
        offer: &'a Offer,
        title: &'a Wording,
        radius: i64,
        chance: &mut Chance,
    ) -> Self {
        let phrases = &setting.world.texts.phrases;
        let mut details: Vec<_> = offer.details.iter().collect();
        chance.shuffle(&mut details);
        details.truncate(2);
        let mut general: Vec<_> = phrases.sentences.iter().collect();
        chance.shuffle(&mut general);
        let more = if chance.percent(50) { 2 } else { 3 };
        Self {
            title,
            suffix: chance.percent(60).then(|| chance.pick(&phrases.suffixes)),
            sentences: details.into_iter().chain(general.into_iter().take(more)).collect(),
            blanks: Blanks { city: setting.town.name, years: setting.years, radius },
        }
    }

    fn title(&self, language: Language) -> String {
        let suffix = self.suffix.map_or("", |suffix| suffix.to(language));
        self.blanks.fill(&format!("{}{suffix}", self.title.to(language)))
    }

    fn description(&self, language: Language) -> String {
        let sentences: Vec<_> = self.sentences.iter().map(|sentence| sentence.to(language)).collect();
        self.blanks.fill(&sentences.join(" "))
    }

    /// Own language in the service, and for some the others as translations.
    fn write(&self, own: Language, service: &mut Service, chance: &mut Chance) {
        service.title = self.title(own);
        service.description = self.description(own);
        let others = Language::ALL.into_iter().filter(|language| *language != own);
        let others =
            others.filter(|language| chance.percent(if *language == Language::English { 35 } else { 15 }));
        let translations: serde_json::Value = others
            .map(|language| {
                let text = json!({"title": self.title(language), "description": self.description(language)});
                (language.code(), text)
            })
            .collect();
        service.translations = translations.to_string();
    }
}
