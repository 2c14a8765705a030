//! What all parts of the demo agree on: sizes, time, towns, texts, and who existed when.
use crate::{
    Options, categories,
    chance::{Chance, Subject},
    places::{Country, Towns},
    texts::Texts,
    time::{DAY, HISTORY_DAYS, HOUR, Zone},
};
use anyhow::Context as _;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Everything that rows are made from.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    /// Microseconds since 1970, like all times in here.
    pub(crate) now: i64,
    /// When the marketplace opened.
    pub(crate) start: i64,
    pub(crate) services: u64,
    pub(crate) providers: u64,
    pub(crate) password_hash: String,
    pub(crate) towns: Towns,
    pub(crate) texts: Texts,
    zones: Vec<Zone>,
    /// Ids of the child categories by slug, as the database has them.
    categories: BTreeMap<String, Uuid>,
}

/// A customer as others refer to them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Customer {
    pub(crate) id: Uuid,
    pub(crate) created_at: i64,
}

impl World {
    pub(crate) fn new(options: &Options, categories: BTreeMap<String, Uuid>) -> anyhow::Result<Self> {
        anyhow::ensure!(
            (20..=1_000_000).contains(&options.services),
            "the number of services must lie between 20 and 1,000,000, not {}",
            options.services
        );
        for (_, child) in categories::children()? {
            anyhow::ensure!(categories.contains_key(&child), "the category {child} is missing");
        }
        let towns = Towns::load()?;
        let zones = towns
            .zones()
            .into_iter()
            .map(|name| Zone::load(name, options.now))
            .collect::<anyhow::Result<_>>()?;
        let now = options.now.as_microsecond();
        let services = u64::from(options.services);
        Ok(Self {
            seed: options.seed,
            now,
            start: now - HISTORY_DAYS * DAY,
            services,
            providers: services / 4,
            password_hash: options.password_hash.clone(),
            towns,
            texts: Texts::load()?,
            zones,
            categories,
        })
    }

    pub(crate) fn chance(&self, subject: Subject, index: u64) -> Chance {
        Chance::of(self.seed, subject, index)
    }

    pub(crate) fn zone(&self, name: &str) -> anyhow::Result<&Zone> {
        self.zones.iter().find(|zone| zone.name == name).with_context(|| format!("no zone {name}"))
    }

    pub(crate) fn category(&self, slug: &str) -> anyhow::Result<Uuid> {
        self.categories.get(slug).copied().with_context(|| format!("no category {slug}"))
    }

    /// How many services the provider of that number offers: four on average, and all together exactly
    /// what was asked for, because each pair of providers has eight. The fixed ones have four each.
    pub(crate) fn services_of(&self, provider: u64) -> u64 {
        let rest = if provider + 1 == self.providers { self.services - self.providers * 4 } else { 0 };
        let is_paired = provider >= 4 && provider | 1 < self.providers;
        let more = if is_paired { self.chance(Subject::Services, provider / 2).below(4) } else { 0 };
        rest + if provider.is_multiple_of(2) { 4 + more } else { 4 - more }
    }

    /// Customers of a country. With the providers they make two and a half people for each service.
    pub(crate) fn customers(&self, country: Country) -> u64 {
        let all = self.services * 5 / 2 - self.providers;
        let elsewhere = || Country::ALL.into_iter().filter(|other| *other != country);
        match country {
            Country::Germany => all - elsewhere().map(|other| self.customers(other)).sum::<u64>(),
            Country::Italy | Country::UnitedKingdom => all * country.share() / 100,
        }
    }

    /// Customers join evenly over the years, in the order of their numbers.
    pub(crate) fn customer(&self, country: Country, number: u64) -> (Customer, Chance) {
        let mut chance = self.chance(Subject::Customer(country.number()), number);
        let each = self.pace(country);
        let late = if number == 0 { 0 } else { chance.between(0, each - 1) };
        let created_at = self.start + each * i64::try_from(number).unwrap_or(0) + late;
        (Customer { id: chance.id_at(created_at), created_at }, chance)
    }

    /// Somebody from that country who had joined by `time`. The first of each country always had.
    pub(crate) fn customer_by(&self, country: Country, time: i64, chance: &mut Chance) -> Customer {
        let joined = (time.min(self.now) - self.start).div_euclid(self.pace(country));
        let joined = u64::try_from(joined).unwrap_or(0).clamp(1, self.customers(country));
        self.customer(country, chance.below(joined)).0
    }

    pub(crate) fn first_customer(&self, country: Country) -> Customer {
        self.customer(country, 0).0
    }

    /// The time between two customers of a country.
    fn pace(&self, country: Country) -> i64 {
        let customers = i64::try_from(self.customers(country)).unwrap_or(i64::MAX).max(1);
        (self.now - HOUR - self.start) / customers
    }
}
