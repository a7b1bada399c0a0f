//! The lines of a text: positions of bytes in steps that do not grow with the length of a line, and what of a line is shown.

use std::ops::Range;

/// How many bytes lie between two marks.
const STEP: usize = 1024;
/// How many bytes of lines are shown at most, and how many of them before what is meant.
const SHOWN: usize = 400;
const BEFORE: usize = 100;

/// Where lines begin, and how many characters there are.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// How many characters begin before every `STEP`th byte.
    marks: Vec<usize>,
}

/// A place in a text, in lines and columns from 1; columns count characters.
pub(super) struct Spot {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let mut marks = vec![0];
        let mut count = 0;
        for chunk in text.as_bytes().chunks(STEP) {
            count += characters(chunk);
            marks.push(count);
        }
        Self { text, starts: std::iter::once(0).chain(newlines).collect(), marks }
    }

    pub(super) fn spot(&self, at: usize) -> Spot {
        let line = self.line_at(at);
        Spot { line: line + 1, column: self.before(at) - self.before(self.starts[line]) + 1 }
    }

    /// Where the lines are that a stretch is on, without the last line break; of long ones what is around its beginning.
    pub(super) fn shown(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.starts[self.line_at(range.start)];
        let end = self.end_of_line(range.end);
        if end - start <= SHOWN {
            return start..end;
        }
        let first = if range.start - start > BEFORE { range.start - BEFORE } else { start };
        // A long stretch of many lines is shown by its first one.
        let last = self.end_of_line(range.start).min(first + SHOWN);
        floor(self.text, first)..floor(self.text, last)
    }

    /// Whether a stretch that is shown begins within a line.
    pub(super) fn is_cut(&self, shown: &Range<usize>) -> bool {
        self.starts[self.line_at(shown.start)] != shown.start
    }

    fn line_at(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at) - 1
    }

    fn end_of_line(&self, at: usize) -> usize {
        self.starts.get(self.line_at(at) + 1).map_or(self.text.len(), |next| next - 1)
    }

    /// How many characters begin before a byte.
    fn before(&self, at: usize) -> usize {
        let mark = at / STEP;
        self.marks[mark] + characters(&self.text.as_bytes()[mark * STEP..at])
    }
}

/// The character border at or before a byte.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// How many characters of UTF-8 begin in these bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_on_lines_of_any_length() {
        let text = format!("ab\n{}x\n", "管é".repeat(2000));
        let lines = Lines::of(&text);
        let at = text.find('x').expect("it is there");
        let spot = lines.spot(at);
        assert_eq!((spot.line, spot.column), (2, 4001));
        let shown = lines.shown(&(at..at + 1));
        assert!(lines.is_cut(&shown) && shown.len() <= SHOWN && shown.contains(&at), "{shown:?}");
        assert!(text.get(shown).is_some());
        let end = lines.spot(text.len());
        assert_eq!((end.line, end.column), (3, 1));
        assert_eq!(lines.shown(&(0..1)), 0..2);
    }

    #[test]
    fn a_long_stretch_is_shown_by_its_first_line() {
        let text = "key: |\n".to_owned() + &"  line\n".repeat(200);
        let lines = Lines::of(&text);
        assert_eq!(lines.shown(&(0..text.len())), 0..6);
        assert_eq!(lines.shown(&(0..20)), 0..20);
    }
}
