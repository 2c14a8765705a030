//! Where things stand on the pages. Lengths are in points, 72 to the inch, from the top left corner.

use krilla::{
    Document,
    color::luma,
    geom::{PathBuilder, Point, Rect, Size},
    page::PageSettings,
    paint::Fill,
    surface::Surface,
    text::TextDirection,
};

use crate::{DocumentError, Paper, Table, font::Letters};

/// A4.
const PAGE: (f32, f32) = (595.0, 842.0);
/// Nothing is drawn nearer to an edge.
const MARGIN: f32 = 56.0;
const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
/// Where the last line of a page stands.
const BOTTOM: f32 = PAGE.1 - MARGIN - 20.0;
const SMALL: f32 = 8.0;
const TEXT: f32 = 10.0;
const TITLE: f32 = 18.0;
/// From one line to the next, beside the size of the letters.
const LEADING: f32 = 1.4;
/// Between two columns.
const GAP: f32 = 8.0;
const GREY: u8 = 110;

/// What is drawn, and where; pages are made of it once it is known how many there are.
enum Mark {
    Text { x: f32, y: f32, size: f32, is_bold: bool, is_grey: bool, text: String },
    Rule { y: f32 },
}

struct Pages {
    regular: Letters,
    bold: Letters,
    sheets: Vec<Vec<Mark>>,
    y: f32,
}

/// Draws the paper.
pub(crate) fn draw(paper: &Paper, document: &mut Document) -> Result<(), DocumentError> {
    let (regular, bold) = (Letters::regular()?, Letters::bold()?);
    let mut pages = Pages { regular, bold, sheets: vec![Vec::new()], y: MARGIN };
    for line in &paper.issuer {
        pages.paragraph(line, SMALL, false, true);
    }
    pages.y += 24.0;
    pages.paragraph(&paper.title, TITLE, true, false);
    pages.y += 8.0;
    for (name, value) in &paper.facts {
        pages.fact(name, value);
    }
    pages.y += 16.0;
    pages.table(&paper.table);
    for (name, value) in &paper.sums {
        pages.sum(name, value);
    }
    pages.y += 16.0;
    for note in &paper.notes {
        pages.paragraph(note, SMALL, false, true);
        pages.y += 4.0;
    }
    pages.onto(document)
}

impl Pages {
    fn put(&mut self, mark: Mark) {
        if let Some(page) = self.sheets.last_mut() {
            page.push(mark);
        }
    }

    /// Begins another page where less than `height` is left of this one.
    fn make_room(&mut self, height: f32) -> bool {
        let is_full = self.y + height > BOTTOM;
        if is_full {
            self.sheets.push(Vec::new());
            self.y = MARGIN;
        }
        is_full
    }

    fn text(&mut self, x: f32, size: f32, is_bold: bool, is_grey: bool, text: String) {
        let y = self.y + size;
        self.put(Mark::Text { x, y, size, is_bold, is_grey, text });
    }

    fn paragraph(&mut self, text: &str, size: f32, is_bold: bool, is_grey: bool) {
        let letters = if is_bold { &self.bold } else { &self.regular };
        for line in letters.lines(text, size, WIDTH) {
            self.make_room(size * LEADING);
            self.text(MARGIN, size, is_bold, is_grey, line);
            self.y += size * LEADING;
        }
    }

    fn fact(&mut self, name: &str, value: &str) {
        let (names, values) = (WIDTH / 3.0, WIDTH * 2.0 / 3.0);
        let name = self.regular.lines(name, TEXT, names - GAP);
        let value = self.regular.lines(value, TEXT, values);
        for line in 0..name.len().max(value.len()) {
            self.make_room(TEXT * LEADING);
            self.text(MARGIN, TEXT, false, true, name.get(line).cloned().unwrap_or_default());
            self.text(MARGIN + names, TEXT, false, false, value.get(line).cloned().unwrap_or_default());
            self.y += TEXT * LEADING;
        }
    }

    fn table(&mut self, table: &Table) {
        if table.columns.is_empty() {
            return;
        }
        self.heading(table);
        for row in &table.rows {
            let height = self.height(table, row, false);
            if self.make_room(height) {
                self.heading(table);
            }
            self.row(table, row, false);
        }
        self.rule();
    }

    fn heading(&mut self, table: &Table) {
        let titles: Vec<_> = table.columns.iter().map(|column| column.title.clone()).collect();
        self.row(table, &titles, true);
        self.rule();
    }

    fn rule(&mut self) {
        let y = self.y + 2.0;
        self.put(Mark::Rule { y });
        self.y += 6.0;
    }

    fn height(&self, table: &Table, row: &[String], is_bold: bool) -> f32 {
        let lines = self.cells(table, row, is_bold).iter().map(|(_, _, lines)| lines.len()).max();
        // No cell has so many lines that this is not exact.
        f32::from(u16::try_from(lines.unwrap_or_default()).unwrap_or(u16::MAX)) * TEXT * LEADING
    }

    /// Where each cell begins, how wide it is, and its lines.
    fn cells(&self, table: &Table, row: &[String], is_bold: bool) -> Vec<(f32, f32, Vec<String>)> {
        let all: f32 = table.columns.iter().map(|column| column.share).sum();
        let letters = if is_bold { &self.bold } else { &self.regular };
        let mut x = MARGIN;
        let cells = table.columns.iter().zip(row).map(|(column, text)| {
            let (begin, width) = (x, WIDTH * column.share / all);
            x += width;
            (begin, width - GAP, letters.lines(text, TEXT, width - GAP))
        });
        cells.collect()
    }

    /// A row that is higher than a page goes on on the next.
    fn row(&mut self, table: &Table, row: &[String], is_bold: bool) {
        let cells = self.cells(table, row, is_bold);
        let height = cells.iter().map(|(_, _, lines)| lines.len()).max().unwrap_or_default();
        for line in 0..height {
            self.make_room(TEXT * LEADING);
            for ((x, width, lines), column) in cells.iter().zip(&table.columns) {
                let Some(text) = lines.get(line) else { continue };
                let letters = if is_bold { &self.bold } else { &self.regular };
                let indent = if column.is_number { width - letters.width(text, TEXT) } else { 0.0 };
                self.text(x + indent, TEXT, is_bold, false, text.clone());
            }
            self.y += TEXT * LEADING;
        }
    }

    fn sum(&mut self, name: &str, value: &str) {
        self.make_room(TEXT * LEADING);
        let right = MARGIN + WIDTH - GAP;
        let value_at = right - self.bold.width(value, TEXT);
        let name_at = (right - 120.0).min(value_at - GAP) - self.regular.width(name, TEXT);
        self.text(name_at, TEXT, false, true, name.to_owned());
        self.text(value_at, TEXT, true, false, value.to_owned());
        self.y += TEXT * LEADING;
    }

    fn onto(self, document: &mut Document) -> Result<(), DocumentError> {
        let (width, height) = PAGE;
        let size = Size::from_wh(width, height).ok_or_else(|| DocumentError("no size".to_owned()))?;
        let count = self.sheets.len();
        for (place, marks) in self.sheets.iter().enumerate() {
            let mut page = document.start_page_with(PageSettings::new(size));
            let mut surface = page.surface();
            for mark in marks {
                self.draw(&mut surface, mark);
            }
            if count > 1 {
                let text = format!("{} / {count}", place + 1);
                let x = MARGIN + WIDTH - self.regular.width(&text, SMALL);
                let y = PAGE.1 - MARGIN;
                self.draw(
                    &mut surface,
                    &Mark::Text { x, y, size: SMALL, is_bold: false, is_grey: true, text },
                );
            }
            surface.finish();
            page.finish();
        }
        Ok(())
    }

    fn draw(&self, surface: &mut Surface<'_>, mark: &Mark) {
        match mark {
            Mark::Text { x, y, size, is_bold, is_grey, text } => {
                surface.set_fill(Some(ink(*is_grey)));
                let letters = if *is_bold { &self.bold } else { &self.regular };
                let mut x = *x;
                for run in letters.runs(text) {
                    let (at, font) = (Point::from_xy(x, *y), run.typeface.font.clone());
                    let direction = if run.is_from_right {
                        TextDirection::RightToLeft
                    } else {
                        TextDirection::LeftToRight
                    };
                    surface.draw_text(at, font, *size, run.text, false, direction);
                    x += run.width(*size);
                }
            }
            Mark::Rule { y } => {
                surface.set_fill(Some(ink(true)));
                let mut path = PathBuilder::new();
                if let Some(line) = Rect::from_xywh(MARGIN, *y, WIDTH, 0.5) {
                    path.push_rect(line);
                }
                if let Some(path) = path.finish() {
                    surface.draw_path(&path);
                }
            }
        }
    }
}

fn ink(is_grey: bool) -> Fill {
    Fill { paint: luma::Color::new(if is_grey { GREY } else { 0 }).into(), ..Fill::default() }
}
