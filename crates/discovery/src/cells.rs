//! A grid over the earth, so that an index of words can look for places too: which cells a circle touches.
//! `search_cell` in the migration has the same arithmetic.
#![expect(clippy::float_arithmetic, reason = "geography, not money")]

use crate::geo::Point;

/// Circles up to this many kilometres are covered with fine cells.
const FINE_UP_TO: f64 = 60.0;
/// Kilometres of a degree of latitude; a little less than any, so that circles come out a little larger.
const DEGREE: f64 = 111.0;

pub(crate) struct Grid {
    /// What the words of its cells begin with, behind the tier.
    kind: char,
    /// Degrees of a band.
    size: f64,
    /// Cells of a band at the equator.
    columns: i32,
}

pub(crate) const FINE: Grid = Grid { kind: 'f', size: 0.25, columns: 1440 };
pub(crate) const COARSE: Grid = Grid { kind: 'h', size: 2.0, columns: 180 };

/// The words of all cells that a circle touches, without the tier.
pub(crate) fn touched(centre: Point, km: f64) -> Vec<String> {
    let grid = if km <= FINE_UP_TO { FINE } else { COARSE };
    let reach = km / DEGREE + 1e-9;
    let (first, last) = (grid.band(centre.latitude - reach), grid.band(centre.latitude + reach));
    let mut words = Vec::new();
    for band in first..=last {
        let columns = grid.columns_of(band);
        let column = |longitude: f64| whole(((longitude + 180.0) / 360.0 * f64::from(columns)).floor());
        let (west, east) = match half_width(centre.latitude, reach) {
            Some(width) => (column(centre.longitude - width), column(centre.longitude + width)),
            None => (0, columns - 1),
        };
        // All around at most once.
        let east = east.min(west + columns - 1);
        words.extend(
            (west..=east).map(|column| format!("{}{band}x{}", grid.kind, column.rem_euclid(columns))),
        );
    }
    words
}

/// Degrees of longitude from the centre of a circle to its edge; `None` where it holds a pole.
fn half_width(latitude: f64, reach: f64) -> Option<f64> {
    if latitude.abs() + reach >= 90.0 {
        return None;
    }
    let ratio = reach.to_radians().sin() / latitude.to_radians().cos();
    (ratio < 1.0).then(|| ratio.asin().to_degrees() + 1e-9)
}

impl Grid {
    fn band(&self, latitude: f64) -> i32 {
        let highest = whole(180.0 / self.size) - 1;
        whole(((latitude + 90.0) / self.size).floor()).clamp(0, highest)
    }

    fn columns_of(&self, band: i32) -> i32 {
        let edge = |band: i32| (f64::from(band) * self.size - 90.0).abs();
        let nearest = edge(band).min(edge(band + 1));
        let fewer = [(88.25, 32), (86.5, 16), (82.75, 8), (75.5, 4), (60.0, 2)];
        let fewer =
            fewer.into_iter().find(|(latitude, _)| nearest >= *latitude).map_or(1, |(_, fewer)| fewer);
        (self.columns / fewer).max(45)
    }

    #[cfg(test)]
    pub(crate) fn cell(&self, place: Point) -> String {
        let band = self.band(place.latitude);
        let columns = self.columns_of(band);
        let column = whole(((place.longitude + 180.0) / 360.0 * f64::from(columns)).floor());
        format!("{}{band}x{}", self.kind, column.rem_euclid(columns))
    }
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "a small whole number already")]
fn whole(value: f64) -> i32 {
    value as i32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geo::{Cube, chord, kilometres};

    fn distance(a: Point, b: Point) -> f64 {
        kilometres(Cube::between(a.position(), b.position()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, max_global_rejects: 50_000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn whatever_lies_in_a_circle_lies_in_a_cell_that_it_touches(
            latitude in prop_oneof![-90.0..=90.0_f64, 85.0..=90.0_f64, Just(90.0), Just(-90.0), Just(0.0)],
            longitude in prop_oneof![-180.0..=180.0_f64, Just(180.0), Just(-180.0)],
            km in prop_oneof![0.1..60.0_f64, 60.0..=200.0_f64], north in -1.0..1.0_f64, east in -1.0..1.0_f64,
        ) {
            let centre = Point { latitude, longitude };
            let away = km / 111.0;
            let other = Point {
                latitude: (latitude + north * away).clamp(-90.0, 90.0),
                longitude: (longitude + east * (away / latitude.to_radians().cos().max(0.01)).min(180.0) + 540.0).rem_euclid(360.0) - 180.0,
            };
            prop_assume!(distance(centre, other) <= km && chord(km) > 0.0);
            let grid = if km <= FINE_UP_TO { FINE } else { COARSE };
            let words = touched(centre, km);
            prop_assert!(words.contains(&grid.cell(other)), "{other:?} {}", grid.cell(other));
            prop_assert!(words.len() <= 400, "{}", words.len());
            let mut once = words.clone();
            once.sort();
            once.dedup();
            prop_assert_eq!(once.len(), words.len());
        }
    }
}
