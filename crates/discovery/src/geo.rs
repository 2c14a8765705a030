//! Points on the earth as points on the unit sphere: straight-line distances order like those over ground,
//! and nothing special happens at the poles or the date line.
#![expect(clippy::float_arithmetic, reason = "geography, not money")]

use sqlx::{Postgres, encode::IsNull, error::BoxDynError, postgres::PgTypeInfo};

/// Mean radius of the earth in kilometres; the migration has the same number.
const EARTH: f64 = 6371.0088;

/// A place by its coordinates in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub latitude: f64,
    pub longitude: f64,
}

impl Point {
    /// Where it is on the unit sphere.
    pub(crate) fn position(self) -> Cube {
        let (latitude, longitude) = (self.latitude.to_radians(), self.longitude.to_radians());
        let at = [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()];
        Cube { low: at, high: at }
    }
}

/// A box in space, or a point where both corners are one; PostgreSQL's `cube`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cube {
    low: [f64; 3],
    high: [f64; 3],
}

impl Cube {
    /// The straight line from one point to another.
    #[cfg(test)]
    pub(crate) fn between(a: Self, b: Self) -> f64 {
        a.low.iter().zip(b.low).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
    }

    /// The box around this point that holds everything within a straight-line distance.
    pub(crate) fn around(self, chord: f64) -> Self {
        // A hair more, so that rounding never leaves out what lies on the edge.
        let by = chord * 1.000_001 + 1e-12;
        Self { low: self.low.map(|x| x - by), high: self.high.map(|x| x + by) }
    }
}

/// Kilometres over ground as a straight line on the unit sphere.
pub(crate) fn chord(km: f64) -> f64 {
    2.0 * (km / (2.0 * EARTH)).sin()
}

/// A straight line on the unit sphere as kilometres over ground, to the decimetre.
pub(crate) fn kilometres(chord: f64) -> f64 {
    let km = 2.0 * EARTH * (chord / 2.0).clamp(0.0, 1.0).asin();
    (km * 10_000.0).round() / 10_000.0
}

impl sqlx::Type<Postgres> for Cube {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("cube")
    }
}

impl sqlx::Encode<'_, Postgres> for Cube {
    /// As `cube_recv` reads it: dimensions, the top bit for a point, then the corners.
    fn encode_by_ref(&self, buf: &mut sqlx::postgres::PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let is_point = self.low.iter().zip(self.high).all(|(low, high)| low.total_cmp(&high).is_eq());
        let header: u32 = if is_point { 0x8000_0003 } else { 3 };
        buf.extend(header.to_be_bytes());
        let corners = self.low.iter().chain(self.high.iter().filter(|_| !is_point));
        for value in corners {
            buf.extend(value.to_be_bytes());
        }
        Ok(IsNull::No)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The textbook way, from the coordinates themselves.
    fn haversine(a: Point, b: Point) -> f64 {
        let half = |x: f64, y: f64| ((y - x).to_radians() / 2.0).sin().powi(2);
        let cos = a.latitude.to_radians().cos() * b.latitude.to_radians().cos();
        let h = half(a.latitude, b.latitude) + cos * half(a.longitude, b.longitude);
        2.0 * EARTH * h.clamp(0.0, 1.0).sqrt().asin()
    }

    fn straight(a: Point, b: Point) -> f64 {
        Cube::between(a.position(), b.position())
    }

    fn point() -> impl Strategy<Value = Point> {
        (-90.0..=90.0, -180.0..=180.0).prop_map(|(latitude, longitude)| Point { latitude, longitude })
    }

    proptest! {
        #[test]
        fn straight_lines_give_the_great_circle(a in point(), b in point()) {
            let (ours, theirs) = (kilometres(straight(a, b)), haversine(a, b));
            prop_assert!((ours - theirs).abs() <= 0.001 + theirs * 0.0001, "{ours} {theirs}");
        }

        #[test]
        fn a_chord_is_its_kilometres(km in 0.0..20_000.0) {
            prop_assert!((kilometres(chord(km)) - km).abs() < 0.001);
        }

        #[test]
        fn the_box_holds_the_ball(a in point(), b in point()) {
            let around = a.position().around(straight(a, b));
            let inside = b.position().low.into_iter().zip(around.low.into_iter().zip(around.high));
            prop_assert!(inside.into_iter().all(|(x, (low, high))| low <= x && x <= high));
        }
    }

    #[test]
    fn the_date_line_is_no_edge() {
        let (fiji, samoa) =
            (Point { latitude: -17.0, longitude: 179.9 }, Point { latitude: -17.0, longitude: -179.9 });
        assert!((kilometres(straight(fiji, samoa)) - 21.27).abs() < 0.1);
        let (pole, near) =
            (Point { latitude: 90.0, longitude: 13.0 }, Point { latitude: 89.9, longitude: -100.0 });
        assert!((kilometres(straight(pole, near)) - 11.12).abs() < 0.1);
    }
}
