//! Providers: who they are, where they work and when; with everything that hangs on them.
use crate::{
    chance::{Chance, Subject},
    diary, favourites,
    hours::Hours,
    logins::{self, FixedProvider},
    offers, people,
    places::Town,
    rows::{Booking, Favourite, Person, Provider, Record, Schedule, Service},
    texts::{Blanks, Language, Trade},
    time::{DAY, HOUR, Zone},
    world::World,
};
use anyhow::Context as _;

/// A provider with everything that belongs to them.
#[derive(Debug)]
pub(crate) struct Business {
    pub(crate) owner: Person,
    pub(crate) provider: Provider,
    pub(crate) schedule: Schedule,
    pub(crate) services: Vec<Service>,
    pub(crate) bookings: Vec<Booking>,
    pub(crate) favourites: Vec<Favourite>,
}

/// What a provider's parts are drawn from.
pub(crate) struct Setting<'a> {
    pub(crate) world: &'a World,
    pub(crate) number: u64,
    pub(crate) town: &'a Town,
    pub(crate) zone: &'a Zone,
    pub(crate) trade: &'a Trade,
    pub(crate) years: i64,
    pub(crate) is_fixed: bool,
}

impl Setting<'_> {
    pub(crate) fn language(&self) -> Language {
        self.town.country.language()
    }
}

/// The provider of that number with services, diary and favourites.
pub(crate) fn business(world: &World, number: u64) -> anyhow::Result<Business> {
    let mut chance = world.chance(Subject::Provider, number);
    let fixed = logins::fixed_provider(number);
    let town = match fixed {
        Some(fixed) => world.towns.named(fixed.town)?,
        None => world.towns.by_population(&mut chance),
    };
    let trade = match fixed {
        Some(fixed) => world.texts.trade(fixed.trade)?,
        None => &chance.pick(&world.texts.trades).1,
    };
    let setting = Setting {
        world,
        number,
        town,
        zone: world.zone(town.zone)?,
        trade,
        years: chance.between(if fixed.is_some() { 8 } else { 3 }, 24),
        is_fixed: fixed.is_some(),
    };
    let (owner, mut provider) = introduce(&setting, &mut chance);
    let schedule = schedule(&setting, fixed, &provider);
    let mut services = offers::draw(&setting, &provider)?;
    provider.skills = services.iter().map(|service| service.category_id).collect();
    provider.skills.sort_unstable();
    provider.skills.dedup();
    let (bookings, record) = diary::fill(&setting, &provider, &schedule.hours, &mut services)?;
    provider.record = record;
    let last_change = services.iter().map(|service| service.created_at).max();
    provider.updated_at = last_change.context("a provider without services")?;
    let favourites = favourites::draw(&setting, &services);
    Ok(Business { owner, provider, schedule, services, bookings, favourites })
}

fn introduce(setting: &Setting, chance: &mut Chance) -> (Person, Provider) {
    let &Setting { world, town, .. } = setting;
    let latest = world.now - 45 * DAY;
    let created_at = if setting.is_fixed {
        world.start + 200 * DAY + 9 * HOUR
    } else {
        chance.between(world.start + 30 * DAY, latest)
    };
    let (owner, last_name) = people::owner(world, town.country, setting.number, created_at, chance);
    let account_type =
        *chance.pick(&["individual", "individual", "individual", "business", "business", "company"]);
    let business_name = (account_type != "individual")
        .then(|| setting.trade.business.to(setting.language()).replace("{name}", &last_name));
    let radius_km = i32::try_from(chance.between(2, 10) * 5).unwrap_or(25);
    let blanks = Blanks { city: town.name, years: setting.years, radius: radius_km.into() };
    let introduction = chance.pick(&world.texts.phrases.introductions).to(setting.language());
    let provider = Provider {
        id: owner.id,
        account_type,
        business_name,
        description: blanks.fill(introduction),
        skills: Vec::new(),
        languages: languages(setting.language(), chance),
        is_verified: setting.is_fixed || chance.percent(70),
        is_available: setting.is_fixed || chance.percent(97),
        country: town.country,
        city: town.name,
        position: town.somewhere(chance),
        radius_km,
        record: Record::default(),
        created_at,
        updated_at: created_at,
    };
    (owner, provider)
}

fn languages(own: Language, chance: &mut Chance) -> Vec<&'static str> {
    let others = Language::ALL.into_iter().filter(|language| *language != own);
    let others =
        others.filter(|language| chance.percent(if *language == Language::English { 60 } else { 12 }));
    std::iter::once(own).chain(others).map(Language::code).collect()
}

fn schedule(setting: &Setting, fixed: Option<FixedProvider>, provider: &Provider) -> Schedule {
    let mut chance = setting.world.chance(Subject::Schedule, setting.number);
    let mut hours = Hours::draw(setting.zone, setting.language(), &setting.world.texts.phrases, &mut chance);
    if let Some(fixed) = fixed {
        hours.auto_accept = fixed.auto_accept;
    }
    Schedule { provider_id: provider.id, timezone: setting.zone.name, hours, updated_at: provider.created_at }
}
