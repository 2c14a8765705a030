//! Signed messages: what is taken, and that nothing else is.

use jiff::SignedDuration;
use platform::ports::gateway::WebhookError;
use proptest::prelude::*;
use rstest::rstest;
use secrecy::SecretString;

use super::gateways::now;
use crate::webhook_signature::{sign, verify};

const BODY: &[u8] = br#"{"id":"evt_1"}"#;

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn holds(header: &str, body: &[u8], secrets: &[&str], after: i64) -> bool {
    let secrets: Vec<_> = secrets.iter().map(|text| secret(text)).collect();
    verify(Some(header), body, &secrets, now().plus(SignedDuration::from_secs(after))).is_ok()
}

/// Made with openssl: `printf '1772442000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test`.
#[test]
fn the_signature_is_the_documented_one() {
    let header = "t=1772442000,v1=58a127a24fe905b327df81e4529bf4d9ebb3032e3fcedf32d3e5d221f6848b33";
    assert_eq!(sign(&secret("whsec_test"), BODY, now()), header);
    assert!(holds(header, BODY, &["whsec_test"], 0));
}

#[rstest]
#[case::just_in_time(300, true)]
#[case::stale(301, false)]
#[case::from_ahead(-300, true)]
#[case::from_too_far_ahead(-301, false)]
fn a_message_is_good_for_five_minutes(#[case] after: i64, #[case] is_good: bool) {
    let header = sign(&secret("a"), BODY, now());
    assert_eq!(holds(&header, BODY, &["a"], after), is_good);
}

#[test]
fn while_a_secret_is_changed_both_are_good() {
    let (old, new) = (sign(&secret("old"), BODY, now()), sign(&secret("new"), BODY, now()));
    assert!(holds(&old, BODY, &["new", "old"], 0) && holds(&new, BODY, &["new", "old"], 0));
    assert!(!holds(&old, BODY, &["new"], 0));
    let both = format!("{old},{}", new.split(',').next_back().unwrap());
    assert!(
        holds(&both, BODY, &["new"], 0) && holds(&both, BODY, &["old"], 0),
        "the sender may sign with both"
    );
    assert!(!holds(&old, BODY, &[], 0));
}

#[rstest]
#[case("")]
#[case("t=,v1=")]
#[case("v1=00")]
#[case("t=1772442000")]
#[case("t=1772442000,v1=")]
#[case("t=1772442000,v1=zz")]
#[case("t=1772442000,v0=00")]
#[case("t=99999999999999999999,v1=00")]
#[case("t=-9223372036854775808,v1=00")]
#[case("=,=,,,=")]
fn what_is_no_signature_is_refused(#[case] header: &str) {
    assert!(!holds(header, BODY, &["a"], 0));
}

#[test]
fn an_unsigned_message_is_refused() {
    assert!(matches!(verify(None, BODY, &[secret("a")], now()), Err(WebhookError::WebhookNotSigned)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn no_flipped_bit_is_taken(place in 0_usize..2000, bit in 0_u8..8, body in prop::collection::vec(any::<u8>(), 1..200)) {
        let header = sign(&secret("whsec_test"), &body, now());
        prop_assert!(holds(&header, &body, &["whsec_test"], 0));
        let (mut header, mut body) = (header.into_bytes(), body);
        let place = place % (header.len() + body.len());
        let at_body = place.checked_sub(header.len());
        let byte = at_body.map_or_else(|| &mut header[place], |place| &mut body[place]);
        let before = *byte;
        *byte ^= 1 << bit;
        // Hexadecimal digits count the same in both cases.
        let is_other = !before.eq_ignore_ascii_case(byte);
        if let (Ok(header), true) = (String::from_utf8(header), is_other) {
            prop_assert!(!holds(&header, &body, &["whsec_test"], 0));
        }
    }

    #[test]
    fn no_rubbish_breaks_it(header in ".{0,200}", body in prop::collection::vec(any::<u8>(), 0..50)) {
        prop_assert!(!holds(&header, &body, &["whsec_test"], 0));
    }
}
