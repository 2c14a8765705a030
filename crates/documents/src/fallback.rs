//! Fonts of the system, for letters that our own have not.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::font::{HasLetter as _, Typeface};

/// Where systems keep fonts.
const FONT_DIRS: [&str; 5] = [
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/texmf/fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
];
/// So many files are looked at, the most promising first.
const MAX_FONT_FILES: usize = 500;
/// Larger files are no text fonts of a usual kind.
const MAX_FONT_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// So deep directories are searched.
const MAX_DEPTH: usize = 6;

/// Scripts in which people write their names, each with a few of its letters.
const SCRIPTS: [(&str, &str); 24] = [
    ("Latin", "Aßőșđ"),
    ("Greek", "Ωλή"),
    ("Cyrillic", "ЖяїЂ"),
    ("Armenian", "Աբ"),
    ("Georgian", "აბ"),
    ("Hebrew", "אש"),
    ("Arabic", "مگپے"),
    ("Devanagari", "कि"),
    ("Bengali", "কি"),
    ("Gurmukhi", "ਕ"),
    ("Gujarati", "ક"),
    ("Tamil", "க"),
    ("Telugu", "క"),
    ("Kannada", "ಕ"),
    ("Malayalam", "ക"),
    ("Sinhala", "ක"),
    ("Thai", "กำ"),
    ("Lao", "ກ"),
    ("Khmer", "ក"),
    ("Myanmar", "က"),
    ("Ethiopic", "አ"),
    ("Han", "王龍东"),
    ("Kana", "あア"),
    ("Hangul", "김"),
];

static FALLBACKS: OnceLock<Vec<Typeface>> = OnceLock::new();

/// Loads the fonts of the system, and those in `extra` directories first; only the first call does. It reads files.
pub fn load_fonts(extra: &[PathBuf]) {
    FALLBACKS.get_or_init(|| find(extra));
}

/// The scripts that no font here has: names in them are written in Latin letters on papers.
pub fn missing_scripts() -> Vec<&'static str> {
    let missing = |letters: &str| letters.chars().any(|letter| !Typeface::all().any(|face| face.has(letter)));
    SCRIPTS.iter().filter(|(_, letters)| missing(letters)).map(|(name, _)| *name).collect()
}

pub(crate) fn fallbacks() -> &'static [Typeface] {
    FALLBACKS.get_or_init(|| find(&[]))
}

/// For each script the first font that has it, from files in the order of how well they usually look.
fn find(extra: &[PathBuf]) -> Vec<Typeface> {
    let mut files = Vec::new();
    for directory in extra.iter().map(PathBuf::as_path).chain(FONT_DIRS.iter().map(Path::new)) {
        collect(directory, MAX_DEPTH, &mut files);
    }
    files.sort_by_key(|path| (rank(path), path.clone()));
    files.truncate(MAX_FONT_FILES);
    let mut left: Vec<char> = SCRIPTS.iter().flat_map(|(_, letters)| letters.chars()).collect();
    left.extend(['☺', '→', '№', '₹', '😀']);
    left.retain(|letter| !Typeface::own().iter().any(|face| face.has(*letter)));
    let mut found = Vec::new();
    for path in files {
        if left.is_empty() {
            break;
        }
        let Ok(bytes) = fs::read(&path) else { continue };
        if let Some(face) = Typeface::load(bytes, |face| left.iter().any(|letter| face.has(*letter))) {
            left.retain(|letter| !face.has(*letter));
            found.push(face);
        }
    }
    found
}

fn collect(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(about) = fs::metadata(&path) else { continue };
        if about.is_dir() {
            collect(&path, depth, files);
        } else if is_font(&path) && about.len() <= MAX_FONT_FILE_BYTES {
            files.push(path);
        }
    }
}

fn is_font(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ["ttf", "otf", "ttc"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Plain sans fonts first; what is made for other things last.
fn rank(path: &Path) -> u8 {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    let has = |word: &str| name.contains(word);
    if ["bold", "italic", "oblique", "light", "thin", "black", "condensed", "mono", "math"]
        .iter()
        .any(|word| has(word))
    {
        return 9;
    }
    match () {
        () if has("notosans") || has("noto sans") => 0,
        () if has("dejavusans") => 1,
        () if has("sans") || has("gothic") => 2,
        () if has("emoji") => 4,
        () => 3,
    }
}
