//! The two fonts, and how wide a text is in them.

use krilla::text::Font;
use ttf_parser::Face;

use crate::DocumentError;

/// A font that texts are drawn with and measured in.
pub(crate) struct Letters {
    pub(crate) font: Font,
    face: Face<'static>,
}

impl Letters {
    pub(crate) fn regular() -> Result<Self, DocumentError> {
        Self::load(include_bytes!("../fonts/LiberationSans-Regular.ttf"))
    }

    pub(crate) fn bold() -> Result<Self, DocumentError> {
        Self::load(include_bytes!("../fonts/LiberationSans-Bold.ttf"))
    }

    fn load(bytes: &'static [u8]) -> Result<Self, DocumentError> {
        let font = Font::new(bytes.to_vec().into(), 0);
        let font = font.ok_or_else(|| DocumentError("the font is not one".to_owned()))?;
        let face = Face::parse(bytes, 0).map_err(|error| DocumentError(error.to_string()))?;
        Ok(Self { font, face })
    }

    /// In points.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        let advance = |letter| {
            let glyph = self.face.glyph_index(letter).unwrap_or_default();
            f32::from(self.face.glyph_hor_advance(glyph).unwrap_or_default())
        };
        text.chars().map(advance).sum::<f32>() * size / f32::from(self.face.units_per_em())
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
}
