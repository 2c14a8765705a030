//! What is measured: each endpoint with its requests, its ceiling and its budget.

use std::cell::{Cell, RefCell};

use crate::{
    http,
    random::Random,
    sample::{Person, Sample},
};

/// One endpoint.
#[derive(Debug)]
pub struct Endpoint {
    /// How the table calls it.
    pub name: &'static str,
    /// The best SQL for the same answer, for `pgbench`; see ceiling.rs for what stands in braces.
    pub ceiling: Option<&'static str>,
    /// What of the ceiling it must reach when it is not answered from memory.
    pub budget: Option<f64>,
    /// The same URL each time, where answers may come from memory.
    pub memory: Option<Make>,
    /// Another URL or another person each time.
    pub uncached: Option<Make>,
    /// Pointers to what the first answer must have.
    pub fields: &'static [&'static str],
}

/// Makes a request.
pub type Make = fn(&World, &mut Random) -> Ask;

/// What requests are made from.
#[derive(Debug)]
pub struct World {
    /// What they ask for.
    pub sample: Sample,
    /// Access tokens of the customers of the sample.
    pub customers: Vec<String>,
    /// Access tokens of its workers.
    pub workers: Vec<String>,
    /// Bodies of bookings to be made, each once.
    pub bookings: RefCell<Vec<String>>,
    /// Bookings to be paid, each once, by the customer of this number.
    pub payable: RefCell<Vec<(usize, String)>>,
    /// Password of every account.
    pub password: &'static str,
    /// Requests so far: no query string comes twice.
    pub serial: Cell<u64>,
}

/// A request before it is bytes.
#[derive(Debug)]
pub struct Ask {
    path: String,
    who: Who,
    body: Option<String>,
    /// There was nothing left to ask for.
    is_last: bool,
}

#[derive(Clone, Copy, Debug)]
enum Who {
    Nobody,
    Customer(usize),
    Worker(usize),
}

impl Ask {
    fn public(path: impl Into<String>) -> Self {
        Self { path: path.into(), who: Who::Nobody, body: None, is_last: false }
    }

    const fn by(mut self, who: Who) -> Self {
        self.who = who;
        self
    }

    /// Writes the request, unless there is none left.
    pub fn write(&self, world: &World, out: &mut Vec<u8>) -> bool {
        if self.is_last {
            return false;
        }
        let token = match self.who {
            Who::Nobody => None,
            Who::Customer(number) => world.customers.get(number),
            Who::Worker(number) => world.workers.get(number),
        };
        let token = token.map(String::as_str);
        match &self.body {
            None => http::get(out, &self.path, token),
            Some(body) => http::post(out, &self.path, token, body),
        }
        true
    }
}

impl World {
    /// Goes behind a path so that it was not asked before. The server does not know the parameter.
    fn fresh(&self, path: &str) -> String {
        self.serial.set(self.serial.get() + 1);
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("{path}{joint}fresh={}", self.serial.get())
    }
}

fn customer(world: &World, chance: &mut Random) -> Who {
    Who::Customer(number_of(&world.sample.customers, chance))
}

fn worker(world: &World, chance: &mut Random) -> Who {
    Who::Worker(number_of(&world.sample.workers, chance))
}

fn number_of(people: &[Person], chance: &mut Random) -> usize {
    let count = u64::try_from(people.len()).unwrap_or(1);
    usize::try_from(chance.below(count)).unwrap_or_default()
}

fn filtered(world: &World, chance: &mut Random) -> String {
    let category = chance.pick(&world.sample.categories);
    let lowest: u64 = chance.pick(&world.sample.prices).parse().unwrap_or(50);
    format!("/services/?category={category}&min_price={}&max_price={}", lowest / 2, lowest * 2 + 1)
}

fn search(world: &World, chance: &mut Random) -> String {
    format!("/services/?search={}", http::escape(chance.pick::<String>(&world.sample.searches)))
}

fn nearby(world: &World, chance: &mut Random) -> String {
    let (latitude, longitude) = chance.pick(&world.sample.towns);
    format!("/services/nearby/?lat={latitude}&lng={longitude}")
}

fn slots(world: &World, chance: &mut Random) -> String {
    let service = chance.pick(&world.sample.offers);
    format!("/services/{}/slots/", service.service)
}

/// Chance that always begins at the same place, for requests that are the same each time.
const fn same() -> Random {
    Random::new(7)
}

const LIST: &[&str] = &["/count", "/count_exact", "/next", "/previous", "/results"];
const SERVICES: &[&str] = &[
    "/count",
    "/count_exact",
    "/next",
    "/previous",
    "/results/0/id",
    "/results/0/provider_name",
    "/results/0/category_name",
    "/results/0/price",
    "/results/0/images",
    "/results/0/average_rating",
    "/results/0/distance_km",
    "/results/0/is_favourite",
    "/results/0/updated_at",
];

/// Everything that is measured, in the order of the table.
#[expect(clippy::too_many_lines, reason = "a table")]
pub fn all() -> Vec<Endpoint> {
    vec![
        Endpoint {
            name: "categories",
            ceiling: Some(include_str!("../ceilings/categories.sql")),
            budget: Some(0.45),
            memory: Some(|_, _| Ask::public("/categories/")),
            // One key whatever the query string: it is always in memory.
            uncached: None,
            fields: &[
                "/results/0/id",
                "/results/0/slug",
                "/results/0/services_count",
                "/results/0/parent_id",
            ],
        },
        Endpoint {
            name: LIST_PAGE,
            ceiling: Some(include_str!("../ceilings/list.sql")),
            budget: Some(0.8),
            memory: Some(|_, _| Ask::public("/services/")),
            uncached: Some(|world, _| Ask::public(world.fresh("/services/"))),
            fields: SERVICES,
        },
        Endpoint {
            name: "category and price",
            ceiling: Some(include_str!("../ceilings/filtered.sql")),
            budget: Some(0.8),
            memory: Some(|world, _| Ask::public(filtered(world, &mut same()))),
            uncached: Some(|world, chance| Ask::public(world.fresh(&filtered(world, chance)))),
            fields: LIST,
        },
        Endpoint {
            name: "full-text search",
            ceiling: Some(include_str!("../ceilings/search.sql")),
            budget: Some(0.8),
            memory: Some(|world, _| Ask::public(search(world, &mut same()))),
            uncached: Some(|world, chance| Ask::public(world.fresh(&search(world, chance)))),
            fields: SERVICES,
        },
        Endpoint {
            name: "one service",
            ceiling: Some(include_str!("../ceilings/service.sql")),
            budget: Some(0.45),
            memory: Some(|world, _| {
                Ask::public(format!("/services/{}/", same().pick(&world.sample.services)))
            }),
            uncached: Some(|world, chance| {
                Ask::public(world.fresh(&format!("/services/{}/", chance.pick(&world.sample.services))))
            }),
            fields: &[
                "/id",
                "/title",
                "/price",
                "/provider/id",
                "/provider/rating",
                "/provider/availability",
                "/category/name",
                "/cancellation_policy",
                "/location",
                "/version",
                "/images",
            ],
        },
        Endpoint {
            name: "popular",
            ceiling: Some(include_str!("../ceilings/popular.sql")),
            budget: Some(0.8),
            memory: Some(|_, _| Ask::public("/services/popular/")),
            uncached: Some(|world, _| Ask::public(world.fresh("/services/popular/"))),
            fields: SERVICES,
        },
        Endpoint {
            name: "nearby",
            ceiling: Some(include_str!("../ceilings/nearby.sql")),
            budget: Some(0.8),
            memory: Some(|world, _| Ask::public(nearby(world, &mut same()))),
            uncached: Some(|world, chance| Ask::public(world.fresh(&nearby(world, chance)))),
            fields: SERVICES,
        },
        Endpoint {
            name: "suggest",
            ceiling: Some(include_str!("../ceilings/suggest.sql")),
            budget: None,
            memory: Some(|world, _| {
                Ask::public(format!(
                    "/services/suggest/?q={}",
                    http::escape(same().pick::<String>(&world.sample.beginnings))
                ))
            }),
            uncached: Some(|world, chance| {
                let beginning = http::escape(chance.pick::<String>(&world.sample.beginnings));
                Ask::public(world.fresh(&format!("/services/suggest/?q={beginning}")))
            }),
            fields: &["/results/0/text"],
        },
        Endpoint {
            name: "slots of a service",
            ceiling: Some(include_str!("../ceilings/slots.sql")),
            budget: None,
            memory: None,
            uncached: Some(|world, chance| Ask::public(slots(world, chance))),
            fields: &["/timezone", "/count", "/results"],
        },
        Endpoint {
            name: "provider profile",
            ceiling: Some(include_str!("../ceilings/provider.sql")),
            budget: Some(0.45),
            memory: Some(|world, _| {
                Ask::public(format!("/providers/{}/", same().pick(&world.sample.providers)))
            }),
            uncached: Some(|world, chance| {
                Ask::public(world.fresh(&format!("/providers/{}/", chance.pick(&world.sample.providers))))
            }),
            fields: &[
                "/id",
                "/name",
                "/account_type",
                "/skills",
                "/rating",
                "/rating_count",
                "/jobs_completed",
                "/total_earnings",
                "/availability",
                "/completion_rate",
                "/member_since",
            ],
        },
        Endpoint {
            name: "current user",
            ceiling: Some(include_str!("../ceilings/current_user.sql")),
            budget: Some(0.45),
            memory: None,
            uncached: Some(|world, chance| Ask::public("/auth/current-user/").by(customer(world, chance))),
            fields: &[
                "/id",
                "/email",
                "/first_name",
                "/phone_number",
                "/is_email_verified",
                "/last_login_at",
            ],
        },
        Endpoint {
            name: "my bookings",
            ceiling: Some(include_str!("../ceilings/my_bookings.sql")),
            budget: Some(0.45),
            memory: None,
            uncached: Some(|world, chance| Ask::public("/bookings/").by(customer(world, chance))),
            fields: &[
                "/count",
                "/results/0/id",
                "/results/0/provider_name",
                "/results/0/sub_status",
                "/results/0/reschedule",
                "/results/0/can_cancel",
                "/results/0/total_amount",
            ],
        },
        Endpoint {
            name: "a provider's jobs",
            ceiling: Some(include_str!("../ceilings/jobs.sql")),
            budget: Some(0.8),
            memory: None,
            uncached: Some(|world, chance| {
                Ask::public("/providers/jobs/?type=all").by(worker(world, chance))
            }),
            fields: &["/count", "/results/0/id", "/results/0/customer_name", "/results/0/status"],
        },
        Endpoint {
            name: "favourites",
            ceiling: Some(include_str!("../ceilings/favourites.sql")),
            budget: Some(0.45),
            memory: None,
            uncached: Some(|world, chance| Ask::public("/favourites/").by(customer(world, chance))),
            fields: SERVICES,
        },
        Endpoint {
            name: "one booking",
            ceiling: Some(include_str!("../ceilings/booking.sql")),
            budget: Some(0.45),
            memory: None,
            uncached: Some(|world, chance| {
                let (owner, booking) = chance.pick(&world.sample.bookings);
                Ask::public(format!("/bookings/{booking}/")).by(Who::Customer(*owner))
            }),
            fields: &["/id", "/reference", "/provider_name", "/status", "/history/0/event", "/version"],
        },
        Endpoint {
            name: "services, signed in",
            ceiling: Some(include_str!("../ceilings/list_signed_in.sql")),
            budget: Some(0.8),
            memory: None,
            uncached: Some(|world, chance| Ask::public("/services/").by(customer(world, chance))),
            fields: SERVICES,
        },
        Endpoint {
            name: CREATE,
            ceiling: Some(include_str!("../ceilings/create_booking.sql")),
            budget: Some(0.5),
            memory: None,
            uncached: Some(|world, chance| {
                let body = world.bookings.borrow_mut().pop();
                let is_last = body.is_none();
                Ask { path: "/bookings/".to_owned(), who: customer(world, chance), body, is_last }
            }),
            fields: &["/id", "/reference", "/status", "/starts_at", "/total_amount", "/history", "/version"],
        },
        Endpoint {
            name: PAY,
            ceiling: Some(include_str!("../ceilings/pay_booking.sql")),
            budget: None,
            memory: None,
            uncached: Some(|world, _| {
                let next = world.payable.borrow_mut().pop();
                let is_last = next.is_none();
                let (who, body) = next.map_or((Who::Nobody, None), |(customer, booking)| {
                    (Who::Customer(customer), Some(payment(&booking)))
                });
                Ask { path: "/payments/process/".to_owned(), who, body, is_last }
            }),
            fields: &["/id", "/status", "/transaction_id", "/paid_amount", "/booking/id"],
        },
        Endpoint {
            name: SIGN_IN,
            ceiling: None,
            budget: None,
            memory: None,
            uncached: Some(|world, chance| {
                let email = chance.pick(&world.sample.accounts);
                Ask {
                    path: "/auth/signin/".to_owned(),
                    who: Who::Nobody,
                    body: Some(sign_in(email, world.password)),
                    is_last: false,
                }
            }),
            fields: &["/user/id", "/access", "/refresh", "/expires_in"],
        },
    ]
}

/// The endpoint that most people begin with.
pub const LIST_PAGE: &str = "services, page of 20";
/// The endpoint that writes.
pub const CREATE: &str = "create a booking";
/// The endpoint that takes money.
pub const PAY: &str = "pay a booking by card";
/// The endpoint whose cost is the password's hash.
pub const SIGN_IN: &str = "sign in (argon2id)";

/// The body of a sign-in.
pub fn sign_in(email: &str, password: &str) -> String {
    serde_json::json!({"email": email, "password": password}).to_string()
}

/// The body of a payment.
fn payment(booking: &str) -> String {
    serde_json::json!({
        "booking_id": booking,
        "payment_type": "immediate",
        "payment_method": "card",
        "payment_method_id": "pm_sandbox_visa",
    })
    .to_string()
}

/// The body of a booking that is paid in cash.
pub fn booking(service: &str, starts_at: &str) -> String {
    serde_json::json!({
        "service_id": service,
        "starts_at": starts_at,
        "payment_method": "cash",
        "notes": "Please ring twice.",
        "address": {
            "street_address": "Birkenweg 135", "city": "Berlin", "postal_code": "10115", "country": "DE"
        },
    })
    .to_string()
}
