//! Rules without a database.

use proptest::prelude::*;
use rstest::rstest;

use crate::Rating;

#[rstest]
#[case(0, 0, "null")]
#[case(14, 3, "4.67")]
#[case(5, 1, "5.0")]
#[case(9, 2, "4.5")]
#[case(7, 6, "1.17")]
fn a_rating_is_a_mean_of_two_decimals(#[case] sum: i32, #[case] count: i32, #[case] json: &str) {
    assert_eq!(serde_json::to_string(&Rating::mean(sum, count)).unwrap(), json);
}

proptest! {
    #[test]
    fn a_rating_has_two_decimals_at_most_and_stays_in_range(ratings in prop::collection::vec(1..=5, 1..200)) {
        let count = i32::try_from(ratings.len()).unwrap();
        let json = serde_json::to_string(&Rating::mean(ratings.iter().sum(), count)).unwrap();
        prop_assert!(json.split_once('.').is_none_or(|(_, decimals)| decimals.len() <= 2), "{}", json);
        let number: f64 = json.parse().unwrap();
        prop_assert!((1.0..=5.0).contains(&number));
    }
}

#[test]
fn every_code_has_a_sentence_in_every_language() {
    use platform::locale::Language;
    use strum::VariantNames as _;
    let codes = crate::CatalogError::VARIANTS.iter().chain(pictures::PictureError::VARIANTS);
    for code in codes {
        assert!(Language::ALL.iter().all(|language| language.has(code)), "{code}");
    }
}
