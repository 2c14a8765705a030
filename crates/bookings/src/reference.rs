//! Short names for bookings, like `SB-7K3M9Q`, that people can read out.

use platform::ids::BookingId;

/// Digits and letters without I, L, O and U, which are misread or spell words.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Names for a booking, in the order in which they are tried; the first that is free is taken. There are
/// 2^30 of them, so with ten million bookings the first is taken once in a hundred.
pub(crate) fn candidates(id: BookingId) -> Vec<String> {
    let (high, low) = id.uuid().as_u64_pair();
    (1..=8).map(|n| reference(mix(low ^ high.rotate_left(32) ^ mix(n)))).collect()
}

/// The finalizer of SplitMix64: every bit of the id, most of which are random, reaches every letter.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn reference(bits: u64) -> String {
    let letter = |place: u64| {
        let digit = usize::try_from((bits >> (place * 5)) & 31).unwrap_or_default();
        ALPHABET.get(digit).copied().map_or('0', char::from)
    };
    ['S', 'B', '-'].into_iter().chain((0..6).map(letter)).collect()
}
