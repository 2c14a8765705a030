//! What an uploaded file is, by its first bytes: names and declared types say nothing.

use crate::media::MediaKind;

/// A file that is taken as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sniffed {
    pub kind: MediaKind,
    pub content_type: &'static str,
    pub extension: &'static str,
}

#[expect(clippy::unnecessary_wraps, reason = "every branch below is an option")]
const fn is(kind: MediaKind, content_type: &'static str, extension: &'static str) -> Option<Sniffed> {
    Some(Sniffed { kind, content_type, extension })
}

/// What a file is; `None` for what is not taken. Pictures are written anew, so theirs is what they become.
pub(crate) fn sniff(bytes: &[u8]) -> Option<Sniffed> {
    let at = |from: usize, tag: &[u8]| bytes.get(from..).is_some_and(|rest| rest.starts_with(tag));
    let has = |tag: &[u8]| bytes.windows(tag.len()).any(|window| window == tag);
    if at(0, b"\xff\xd8\xff") || at(0, b"\x89PNG\r\n\x1a\n") || (at(0, b"RIFF") && at(8, b"WEBP")) {
        is(MediaKind::Image, "image/webp", "webp")
    } else if at(0, b"%PDF-") {
        is(MediaKind::Document, "application/pdf", "pdf")
    } else if at(0, b"ID3")
        || (at(0, b"\xff") && bytes.get(1).is_some_and(|b| matches!(b, 0xfa | 0xfb | 0xf2 | 0xf3)))
    {
        is(MediaKind::Audio, "audio/mpeg", "mp3")
    } else if at(0, b"OggS") {
        is(MediaKind::Audio, "audio/ogg", "ogg")
    } else if at(0, b"RIFF") && at(8, b"WAVE") {
        is(MediaKind::Audio, "audio/wav", "wav")
    } else if at(4, b"ftyp") && !at(8, b"qt  ") && !at(8, b"heic") && !at(8, b"avif") {
        // Recorders and cameras write the same container: the tracks tell.
        if has(b"vide") {
            is(MediaKind::Video, "video/mp4", "mp4")
        } else if has(b"soun") {
            is(MediaKind::Audio, "audio/mp4", "m4a")
        } else {
            None
        }
    } else if at(0, b"\x1a\x45\xdf\xa3") && bytes.get(..64).unwrap_or(bytes).windows(4).any(|w| w == b"webm")
    {
        is(MediaKind::Video, "video/webm", "webm")
    } else {
        None
    }
}

/// How long a recording takes, where that is easily found: WAV and MP4 files say so.
pub(crate) fn duration_ms(sniffed: Sniffed, bytes: &[u8]) -> Option<i32> {
    let millis = match sniffed.extension {
        "wav" => wav_millis(bytes),
        "mp4" | "m4a" => mp4_millis(bytes),
        _ => None,
    };
    millis.and_then(|millis| i32::try_from(millis).ok())
}

/// The bytes of the data over the bytes of a second.
fn wav_millis(bytes: &[u8]) -> Option<u64> {
    let number = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let per_second = find(bytes, b"fmt ").and_then(|at| number(at + 16))?;
    let length = find(bytes, b"data").and_then(|at| number(at + 4))?;
    (u64::from(length) * 1000).checked_div(u64::from(per_second))
}

/// The movie header: its time scale and its duration, of 32 or 64 bits.
fn mp4_millis(bytes: &[u8]) -> Option<u64> {
    let header = bytes.get(find(bytes, b"mvhd")? + 4..)?;
    let number = |at: usize| Some(u64::from(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?)));
    let (scale, duration) = match header.first()? {
        0 => (number(12)?, number(16)?),
        1 => (number(20)?, u64::from_be_bytes(header.get(24..32)?.try_into().ok()?)),
        _ => return None,
    };
    duration.checked_mul(1000)?.checked_div(scale)
}

fn find(bytes: &[u8], tag: &[u8]) -> Option<usize> {
    bytes.windows(tag.len()).position(|window| window == tag)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn files_are_known_by_their_first_bytes() {
        for (bytes, expected) in [
            (&b"%PDF-1.7\n"[..], Some("application/pdf")),
            (b"ID3\x04rest", Some("audio/mpeg")),
            (b"\xff\xfb\x90\x00", Some("audio/mpeg")),
            (b"OggS\x00\x02", Some("audio/ogg")),
            (b"RIFF\x24\x00\x00\x00WAVEfmt ", Some("audio/wav")),
            (b"\x00\x00\x00\x20ftypM4A \x00hdlrsoun", Some("audio/mp4")),
            (b"\x00\x00\x00\x20ftypisom\x00hdlrvide", Some("video/mp4")),
            (b"\x00\x00\x00\x20ftypisom\x00nothing", None),
            (b"\x00\x00\x00\x20ftypheic\x00hdlrvide", None),
            (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", Some("video/webm")),
            (b"\xff\xd8\xff\xe0", Some("image/webp")),
            (b"<html><script>", None),
            (b"<svg xmlns=", None),
            (b"MZ\x90", None),
            (b"", None),
        ] {
            assert_eq!(sniff(bytes).map(|s| s.content_type), expected, "{bytes:?}");
        }
    }

    #[test]
    fn recordings_say_how_long_they_are() {
        let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        wav.extend(8000_u32.to_le_bytes());
        wav.extend(16000_u32.to_le_bytes());
        wav.extend(b"\x02\0\x10\0data");
        wav.extend(24000_u32.to_le_bytes());
        assert_eq!(duration_ms(sniff(&wav).unwrap(), &wav), Some(1500));
        let mut mp4 = b"\0\0\0\x20ftypM4A soun mvhd\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        mp4.extend(1000_u32.to_be_bytes());
        mp4.extend(2345_u32.to_be_bytes());
        assert_eq!(duration_ms(sniff(&mp4).unwrap(), &mp4), Some(2345));
    }

    proptest! {
        #[test]
        fn no_file_is_too_strange(mut bytes in proptest::collection::vec(any::<u8>(), 0..80), n in 0_usize..5) {
            let start: &[u8] = [&b"RIFF0000WAVEfmt data"[..], b"0000ftypsounmvhd", b"0000ftypsounmvhd\x01", b"OggS", b""][n];
            bytes.splice(0..0, start.iter().copied());
            if let Some(sniffed) = sniff(&bytes) {
                duration_ms(sniffed, &bytes);
            }
        }
    }
}
