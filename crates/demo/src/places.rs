//! Real towns, and places in and around them.
#![expect(clippy::float_arithmetic, reason = "coordinates on a sphere")]
use crate::{chance::Chance, texts::Language};
use anyhow::Context as _;

/// From `GeoNames`, CC BY 4.0; see data/LICENCE-towns.txt.
const TOWNS: &str = include_str!("../data/towns.tsv");
const KM_PER_DEGREE: f64 = 111.195;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Country {
    Germany,
    Italy,
    UnitedKingdom,
}

impl Country {
    pub(crate) const ALL: [Self; 3] = [Self::Germany, Self::Italy, Self::UnitedKingdom];

    fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|country| country.code() == code)
    }

    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Germany => 0,
            Self::Italy => 1,
            Self::UnitedKingdom => 2,
        }
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Germany => "DE",
            Self::Italy => "IT",
            Self::UnitedKingdom => "GB",
        }
    }

    pub(crate) fn language(self) -> Language {
        match self {
            Self::Germany => Language::German,
            Self::Italy => Language::Italian,
            Self::UnitedKingdom => Language::English,
        }
    }

    pub(crate) fn currency(self) -> &'static str {
        match self {
            Self::Germany | Self::Italy => "EUR",
            Self::UnitedKingdom => "GBP",
        }
    }

    /// Where most of its people live, for accounts that are in no town.
    pub(crate) fn zone(self) -> &'static str {
        match self {
            Self::Germany => "Europe/Berlin",
            Self::Italy => "Europe/Rome",
            Self::UnitedKingdom => "Europe/London",
        }
    }

    /// Its share of the customers, in percent.
    pub(crate) fn share(self) -> u64 {
        match self {
            Self::Germany => 45,
            Self::Italy => 25,
            Self::UnitedKingdom => 30,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Town {
    pub(crate) name: &'static str,
    pub(crate) country: Country,
    pub(crate) zone: &'static str,
    position: Position,
    population: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Position {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

impl Town {
    fn parse(line: &'static str) -> Option<Self> {
        let mut fields = line.split('\t');
        Some(Self {
            name: fields.next()?,
            country: Country::parse(fields.next()?)?,
            position: Position {
                latitude: fields.next()?.parse().ok()?,
                longitude: fields.next()?.parse().ok()?,
            },
            population: fields.next()?.parse().ok()?,
            zone: fields.next()?,
        })
    }

    /// Somewhere in town: large towns are wider than small ones.
    pub(crate) fn somewhere(&self, chance: &mut Chance) -> Position {
        let radius_km = 1.5 + f64::from(self.population).sqrt() / 250.0;
        self.position.within(radius_km, chance)
    }
}

impl Position {
    /// Evenly spread over the disc of that radius.
    pub(crate) fn within(self, radius_km: f64, chance: &mut Chance) -> Self {
        let distance = radius_km * chance.unit().sqrt() / KM_PER_DEGREE;
        let bearing = chance.unit() * std::f64::consts::TAU;
        let narrowing = self.latitude.to_radians().cos();
        Self {
            latitude: rounded(self.latitude + distance * bearing.cos()),
            longitude: rounded(self.longitude + distance * bearing.sin() / narrowing),
        }
    }
}

/// Six decimals (11 cm), so that the last bits of a platform's `cos` do not show.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}

/// All towns, to be drawn by population.
#[derive(Debug)]
pub(crate) struct Towns {
    all: Vec<Town>,
    /// The populations of the towns up to and including this one.
    reach: Vec<u64>,
}

impl Towns {
    pub(crate) fn load() -> anyhow::Result<Self> {
        let all = TOWNS
            .lines()
            .map(|line| Town::parse(line).with_context(|| format!("not a town: {line}")))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let reach = all
            .iter()
            .scan(0, |sum, town| {
                *sum += u64::from(town.population);
                Some(*sum)
            })
            .collect();
        Ok(Self { all, reach })
    }

    #[expect(clippy::indexing_slicing, reason = "a number below the last sum lies in a town")]
    pub(crate) fn by_population(&self, chance: &mut Chance) -> &Town {
        let point = chance.below(self.reach.last().copied().unwrap_or(1));
        &self.all[self.reach.partition_point(|reach| *reach <= point)]
    }

    pub(crate) fn named(&self, name: &str) -> anyhow::Result<&Town> {
        self.all.iter().find(|town| town.name == name).with_context(|| format!("no town {name}"))
    }

    /// Every zone that a town lies in, once.
    pub(crate) fn zones(&self) -> Vec<&'static str> {
        let mut zones: Vec<_> =
            self.all.iter().map(|town| town.zone).chain(Country::ALL.map(Country::zone)).collect();
        zones.sort_unstable();
        zones.dedup();
        zones
    }
}
