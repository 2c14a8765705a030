//! The index of words, read from the most popular services on: tier after tier until a page is full, so that
//! the cost of a search does not grow with the data. Cells of a grid stand among the words, so that places
//! are looked for in the same way.

use std::fmt::Write as _;

use platform::{locale::Language, page::Order};
use sqlx::PgPool;

use crate::{
    cells,
    filters::{Around, Ordering},
    geo::chord,
    keys::{SEARCHED, from_bits, run},
    query::{Page, Search, Slice, in_passing},
    sql::{Param, Params},
    terms::{Place, TIERS, Terms, Wanted},
};

impl Search<'_> {
    /// In which places, best first, the index of words is read tier by tier; `None` where another order than
    /// those is wanted.
    pub(crate) fn places(&self) -> Option<&'static [Place]> {
        match self.ordering {
            Ordering::Relevance if self.terms.is_some() => Some(&Place::ALL),
            Ordering::Popularity if self.terms.is_some() || self.radius().is_some() => {
                Some(&[Place::Anywhere])
            }
            _ => None,
        }
    }

    fn radius(&self) -> Option<(Around, f64)> {
        let around = self.filters.around?;
        Some((around, around.radius_km?))
    }

    /// The cells of the circle that is asked about.
    pub(crate) fn cells(&self) -> Option<Vec<String>> {
        self.radius().map(|(around, km)| cells::touched(around.point, km))
    }

    /// What the index of words is asked for.
    pub(crate) fn wanted<'a>(&'a self, cells: Option<&'a [String]>) -> Wanted<'a> {
        Wanted { terms: self.terms, categories: self.filters.categories.as_deref(), cells }
    }

    /// Place by place and in each the popular ones first; branches behind the one that fills the page are
    /// never executed.
    pub(crate) fn tier_by_tier(&self, params: &mut Params, slice: Slice, places: &[Place]) -> Page {
        let (comparison, direction) = run(Order::Descending, slice.back);
        let cells = self.cells();
        let wanted = self.wanted(cells.as_deref());
        let words_alone = Wanted { terms: self.terms, ..Wanted::default() };
        let key = slice.key.map(|(packed, id)| {
            let step = i16::try_from(packed >> 32).unwrap_or(i16::MAX);
            (params.add(step), params.add(from_bits(packed)), params.add(id))
        });
        let filters = self.conditions_beside_words(params);
        // The minus keeps the planner off the index on popularity, which would read everything.
        let by =
            if slice.back { "-popularity desc, service_id asc" } else { "-popularity asc, service_id desc" };
        let rows = slice.limit + slice.offset;
        let steps = places.iter().flat_map(|place| (0..TIERS).map(|tier| (*place, tier)));
        let mut branches = Vec::new();
        for (step, (place, tier)) in (0_i16..).zip(steps) {
            let words = params.add(wanted.in_tier(tier, place));
            let mut condition = format!("{}{filters}", in_index(words));
            if let Some(better) = place.better().filter(|better| places.contains(better)) {
                let better = params.add(words_alone.in_tier(tier, better));
                let _infallible = write!(condition, " and not {}", in_index(better));
            }
            if let Some((at, popularity, id)) = key {
                // What lies before the cursor is skipped as a whole.
                let (later, sign) = if slice.back { (">", "<") } else { ("<", ">") };
                let _infallible = write!(
                    condition,
                    " and {at} {later}= {step}::int2
                      and ({step}::int2 {sign} {at} or (popularity, service_id) {comparison} ({popularity}, {id}))"
                );
            }
            let kind = step + SEARCHED;
            branches.push(format!(
                "(select service_id, {kind}::int2 as kind, popularity as key from service_search
                   where {condition} order by {by} limit {rows})"
            ));
        }
        if slice.back {
            branches.reverse();
        }
        let (limit, offset) = (slice.limit, slice.offset);
        let text =
            format!("select * from ({}) b limit {limit} offset {offset}", branches.join(" union all "));
        let steps = if slice.back { "desc" } else { "asc" };
        let order = format!("page.kind {steps}, page.key {direction}, page.service_id {direction}");
        let kept = self.filters.provider.is_none() && self.filters.ids.is_none();
        Page { text, order, kept }
    }

    /// All filters but words, categories and cells, which are looked for together.
    pub(crate) fn conditions_beside_words(&self, params: &mut Params) -> String {
        let mut text =
            if self.filters.has_numbers() { self.numbers_in_passing(params) } else { String::new() };
        text.push_str(&self.whose(params));
        if let Some((around, km)) = self.radius() {
            // The cells have found it; a circle is rounder than they are.
            let (centre, farthest) = (params.add(around.point.position()), params.add(chord(km)));
            let limit =
                if around.must_reach { format!("least(reach, {farthest})") } else { farthest.to_string() };
            text.push_str(&in_passing(&format!("(position <-> {centre}) <= {limit}")));
        }
        text
    }
}

/// Documents with these words. The planner may not look at them: it would take the words of all tiers for as
/// frequent as those of the largest, and rather read everything.
pub(crate) fn in_index(words: Param) -> String {
    format!("words @@ (select {words}::text::tsquery)")
}

/// Titles that have all the words, those of popular services first.
pub(crate) async fn titles(db: &PgPool, terms: &Terms, language: Language) -> sqlx::Result<Vec<String>> {
    let mut params = Params::default();
    let wanted = Wanted { terms: Some(terms), ..Wanted::default() };
    let tiers: Vec<String> = (0..TIERS)
        .map(|tier| {
            let words = params.add(wanted.in_tier(tier, Place::Title));
            format!(
                "(select service_id, {tier}::int2 as tier, popularity from service_search
                   where {} order by -popularity, service_id desc limit 60)",
                in_index(words)
            )
        })
        .collect();
    let language = language.code();
    let text = format!(
        "select coalesce(s.translations -> '{language}' ->> 'title', s.title)
           from (select * from ({}) b limit 60) page join services s on s.id = page.service_id
          order by page.tier, page.popularity desc, page.service_id desc",
        tiers.join(" union all ")
    );
    let rows: Vec<(String,)> = params.fetch(db, text, true).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}
