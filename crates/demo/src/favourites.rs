//! Services that customers have saved.
use crate::{
    chance::Subject,
    providers::Setting,
    rows::{Favourite, Service},
};

/// Providers up to this number may be favourites of the fixed customers, whose lists stay short that way.
const NEAR_THE_FRONT: u64 = 40;

pub(crate) fn draw(setting: &Setting, services: &[Service]) -> Vec<Favourite> {
    let world = setting.world;
    let country = setting.town.country;
    let mut chance = world.chance(Subject::Favourites, setting.number);
    let mut favourites = Vec::new();
    for service in services.iter().filter(|service| service.is_active) {
        let mut fans = Vec::new();
        if setting.number < NEAR_THE_FRONT && chance.percent(15) {
            fans.push(world.first_customer(country));
        }
        for _ in 0..chance.below(5) {
            let fan = world.customer_by(country, world.now, &mut chance);
            if fans.iter().all(|other| other.id != fan.id) {
                fans.push(fan);
            }
        }
        favourites.extend(fans.into_iter().map(|fan| Favourite {
            user_id: fan.id,
            service_id: service.id,
            created_at: chance.between(fan.created_at.max(service.created_at), world.now),
        }));
    }
    favourites
}
