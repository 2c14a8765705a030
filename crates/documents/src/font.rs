//! Fonts, and how a text is made of them: each letter in the first font that has it, from the right where its script is
//! written so.

use std::{borrow::Cow, sync::LazyLock};

use krilla::text::Font;
use ttf_parser::Face;
use unicode_bidi::BidiInfo;

use crate::{DocumentError, fallback::fallbacks};

/// A font that texts are drawn with and measured in.
pub(crate) struct Typeface {
    pub(crate) font: Font,
    face: Face<'static>,
    shaper: rustybuzz::Face<'static>,
}

static OWN: LazyLock<Vec<Typeface>> = LazyLock::new(|| {
    let files: [&[u8]; 2] = [
        include_bytes!("../fonts/LiberationSans-Regular.ttf"),
        include_bytes!("../fonts/LiberationSans-Bold.ttf"),
    ];
    files.iter().filter_map(|file| Typeface::load(file.to_vec(), |_| true)).collect()
});

impl Typeface {
    /// Regular and bold, which come with the program.
    pub(crate) fn own() -> &'static [Self] {
        &OWN
    }

    /// Ours, then those of the system.
    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        OWN.iter().take(1).chain(fallbacks())
    }

    /// Reads a file; `None` where it is no font that can be used, or not wanted. What is used stays until the program ends.
    pub(crate) fn load(bytes: Vec<u8>, is_wanted: impl FnOnce(&Face<'_>) -> bool) -> Option<Self>
    where
        Self: Sized,
    {
        if !is_wanted(&Face::parse(&bytes, 0).ok()?) {
            return None;
        }
        let font = Font::new(bytes.clone().into(), 0)?;
        let bytes: &'static [u8] = bytes.leak();
        Some(Self { font, face: Face::parse(bytes, 0).ok()?, shaper: rustybuzz::Face::from_slice(bytes, 0)? })
    }

    pub(crate) fn has(&self, letter: char) -> bool {
        self.face.has(letter)
    }
}

/// Whether there is a picture of a letter.
pub(crate) trait HasLetter {
    fn has(&self, letter: char) -> bool;
}

impl HasLetter for Face<'_> {
    fn has(&self, letter: char) -> bool {
        self.glyph_index(letter).is_some_and(|glyph| glyph.0 != 0)
    }
}

/// A part of a line that is drawn with one font, in one direction.
pub(crate) struct Run<'a> {
    pub(crate) typeface: &'static Typeface,
    pub(crate) text: &'a str,
    pub(crate) is_from_right: bool,
}

impl Run<'_> {
    /// In points.
    pub(crate) fn width(&self, size: f32) -> f32 {
        let units = f32::from(self.typeface.face.units_per_em());
        // The letters of our own fonts do not join, and their digits are equally wide.
        if Typeface::own().iter().any(|own| std::ptr::eq(own, self.typeface)) {
            let face = &self.typeface.face;
            let advance = |letter| {
                let glyph = face.glyph_index(letter).unwrap_or_default();
                f32::from(face.glyph_hor_advance(glyph).unwrap_or_default())
            };
            return self.text.chars().map(advance).sum::<f32>() * size / units;
        }
        let mut buffer = rustybuzz::UnicodeBuffer::new();
        buffer.push_str(self.text);
        buffer.guess_segment_properties();
        buffer.set_direction(if self.is_from_right {
            rustybuzz::Direction::RightToLeft
        } else {
            rustybuzz::Direction::LeftToRight
        });
        let shaped = rustybuzz::shape(&self.typeface.shaper, &[], buffer);
        #[expect(clippy::cast_precision_loss, reason = "lengths on paper")]
        let advances = shaped.glyph_positions().iter().map(|glyph| glyph.x_advance as f32).sum::<f32>();
        advances * size / units
    }
}

/// The fonts of a text: regular or bold, and for what that has not, those of the system.
pub(crate) struct Letters {
    first: &'static Typeface,
}

impl Letters {
    pub(crate) fn regular() -> Result<Self, DocumentError> {
        Self::own(0)
    }

    pub(crate) fn bold() -> Result<Self, DocumentError> {
        Self::own(1)
    }

    fn own(place: usize) -> Result<Self, DocumentError> {
        let first = Typeface::own().get(place);
        Ok(Self { first: first.ok_or_else(|| DocumentError("our font is not one".to_owned()))? })
    }

    fn typeface_of(&self, letter: char) -> Option<&'static Typeface> {
        std::iter::once(self.first).chain(fallbacks()).find(|face| face.has(letter))
    }

    /// In points.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        self.runs(text).iter().map(|run| run.width(size)).sum()
    }

    /// A line in parts of one font and direction, from left to right as they are seen.
    pub(crate) fn runs<'a>(&self, line: &'a str) -> Vec<Run<'a>> {
        let bidi = BidiInfo::new(line, Some(unicode_bidi::Level::ltr()));
        let mut runs = Vec::new();
        for paragraph in &bidi.paragraphs {
            let (levels, pieces) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for piece in pieces {
                let is_from_right = levels.get(piece.start).is_some_and(unicode_bidi::Level::is_rtl);
                let mut parts = self.by_typeface(line.get(piece).unwrap_or_default(), is_from_right);
                if is_from_right {
                    parts.reverse();
                }
                runs.append(&mut parts);
            }
        }
        runs
    }

    fn by_typeface<'a>(&self, text: &'a str, is_from_right: bool) -> Vec<Run<'a>> {
        let mut runs: Vec<Run<'a>> = Vec::new();
        let (mut begin, mut current) = (0, None::<&'static Typeface>);
        for (at, letter) in text.char_indices() {
            // Marks and spaces stay with the letters that they belong to.
            let stays = current.filter(|face| !letter.is_alphanumeric() && face.has(letter));
            let typeface = stays.or_else(|| self.typeface_of(letter)).unwrap_or(self.first);
            match current {
                Some(face) if !std::ptr::eq(face, typeface) => {
                    runs.push(Run {
                        typeface: face,
                        text: text.get(begin..at).unwrap_or_default(),
                        is_from_right,
                    });
                    begin = at;
                }
                _ => {}
            }
            current = Some(typeface);
        }
        if let Some(typeface) = current {
            runs.push(Run { typeface, text: text.get(begin..).unwrap_or_default(), is_from_right });
        }
        runs
    }

    /// The text in lines that are at most so wide, broken between words, or within one that is wider than a line.
    pub(crate) fn lines(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split_whitespace() {
            let line = lines.last().map_or("", String::as_str);
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer, size) <= width {
                lines.pop();
                lines.push(longer);
                continue;
            }
            if line.is_empty() {
                lines.pop();
            }
            lines.extend(self.pieces(word, size, width));
        }
        lines
    }

    fn pieces(&self, word: &str, size: f32, width: f32) -> Vec<String> {
        let mut pieces = Vec::new();
        let (mut piece, mut so_far) = (String::new(), 0.0);
        for letter in word.chars() {
            let its = self.width(letter.encode_utf8(&mut [0; 4]), size);
            if so_far + its > width && !piece.is_empty() {
                pieces.push(std::mem::take(&mut piece));
                so_far = 0.0;
            }
            piece.push(letter);
            so_far += its;
        }
        pieces.push(piece);
        pieces
    }
}

/// A text that the fonts here have all letters of: others are written in Latin letters, or as `U+1F9FF`. Marks that nobody
/// sees are left out.
pub(crate) fn readable(text: &str) -> Cow<'_, str> {
    let has = |letter: char| Typeface::all().any(|face| face.has(letter));
    if text.chars().all(|letter| letter.is_ascii() && !letter.is_control())
        || text.chars().all(|letter| has(letter) && !is_invisible(letter))
    {
        return Cow::Borrowed(text);
    }
    let mut readable = String::new();
    for letter in text.chars() {
        if letter.is_whitespace() {
            readable.push(if letter == '\u{a0}' { letter } else { ' ' });
        } else if is_invisible(letter) {
            continue;
        } else if has(letter) {
            readable.push(letter);
        } else {
            match any_ascii::any_ascii_char(letter) {
                "" => readable.push_str(&format!("U+{:04X}", u32::from(letter))),
                latin => readable.push_str(latin),
            }
        }
    }
    Cow::Owned(readable)
}

/// Controls, joiners, marks of direction, selectors of variants.
fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{1f3fb}'..='\u{1f3ff}'
            | '\u{e0000}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_no_wider_than_they_may_be_and_lose_no_word() {
        let letters = Letters::regular().unwrap();
        let text = format!("Ein paar Worte, und {} eines, das zu lang ist", "w".repeat(100));
        let lines = letters.lines(&text, 10.0, 120.0);
        assert!(lines.iter().all(|line| letters.width(line, 10.0) <= 120.0), "{lines:?}");
        let kept: String = lines.concat().split_whitespace().collect();
        assert_eq!(kept, text.split_whitespace().collect::<String>());
    }

    #[test]
    fn digits_are_equally_wide() {
        let letters = Letters::regular().unwrap();
        assert!((letters.width("11,11 €", 9.0) - letters.width("88,88 €", 9.0)).abs() < 0.001);
    }

    /// Names in every script, and what nobody has a font of.
    pub(crate) const NAMES: [&str; 14] = [
        "Γιώργος Παπαδόπουλος",
        "Наталія Їжакевич",
        "محمد علي",
        "שרה לוי",
        "王小明",
        "山田 あかり",
        "김민준",
        "สมชาย ใจดี",
        "राम कुमार",
        "Աննա Պետրոսյան",
        "ანა ბერიძე",
        "Zoë 🧿😀 Ngũgĩ",
        "አበበ",
        "\u{1F9FF}\u{E0FF}\u{10FFFD}",
    ];

    #[test]
    fn every_name_is_drawn_with_letters_that_a_font_has() {
        let letters = Letters::regular().unwrap();
        for name in NAMES {
            let readable = readable(name);
            assert!(!readable.trim().is_empty(), "{name}");
            for run in letters.runs(&readable) {
                let has = |letter: char| run.typeface.has(letter);
                assert!(run.text.chars().all(has), "{name}: {readable}: {:?}", run.text);
            }
        }
        assert_eq!(readable("A\u{10FFFD}"), "AU+10FFFD");
        assert_eq!(readable("A\u{202e}b\u{200d}c\u{fe0f}"), "Abc");
        assert_eq!(readable("Łukasz Müller-O’Neil"), "Łukasz Müller-O’Neil");
    }

    #[test]
    fn what_is_written_from_the_right_is_drawn_so_beside_what_is_not() {
        let letters = Letters::regular().unwrap();
        let runs = letters.runs("Frau שרה לוי (Berlin)");
        let seen: Vec<_> = runs.iter().map(|run| (run.text, run.is_from_right)).collect();
        assert_eq!(seen.first(), Some(&("Frau ", false)));
        assert!(seen.contains(&("שרה לוי", true)), "{seen:?}");
        assert_eq!(runs.iter().map(|run| run.text.len()).sum::<usize>(), "Frau שרה לוי (Berlin)".len());
    }
}
