//! The typeface of the page: Inter (SIL Open Font License, `Inter-LICENSE.txt`), cut down to Latin, Greek and Cyrillic,
//! with figures of one width. It is measured here, so that text can be cut to the room it has.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ttf_parser::Face;

use crate::view::escape::printable;

/// Both weights, as files.
pub const FILES: [&[u8]; 2] = [include_bytes!("Inter-Regular.ttf"), include_bytes!("Inter-SemiBold.ttf")];

static FACES: LazyLock<[Option<Face<'static>>; 2]> = LazyLock::new(|| FILES.map(|file| Face::parse(file, 0).ok()));

/// How thick letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Regular,
    SemiBold,
}

/// The style sheet that brings the typeface along.
pub fn style() -> String {
    let face = |(file, weight): (&[u8], u16)| {
        let data = STANDARD.encode(file);
        format!("@font-face{{font-family:Inter;font-weight:{weight};src:url(data:font/ttf;base64,{data})}}")
    };
    FILES.into_iter().zip([400, 600]).map(face).collect()
}

/// Width of a line of text, in the unit of `size`; kerning makes it a little narrower.
pub fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let Some(face) = &FACES[weight as usize] else { return text.chars().count() as f64 * size * 0.6 };
    let advance =
        |c| face.glyph_index(c).and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or(face.units_per_em());
    let units: u64 = text.chars().map(|c| u64::from(advance(c))).sum();
    units as f64 * size / f64::from(face.units_per_em())
}

/// Text from captures and paths: on one line, harmless, and with `\u{4e2d}` for what the typeface cannot show.
pub fn legible(text: &str) -> String {
    let Some(face) = &FACES[0] else { return printable(text).into_owned() };
    let mut out = String::new();
    for c in printable(text).chars() {
        if face.glyph_index(c).is_some() { out.push(c) } else { out.extend(c.escape_unicode()) }
    }
    out
}

/// As much of the beginning and the end of `text` as has room, with `…` between.
pub fn cut(text: &str, room: f64, size: f64, weight: Weight) -> String {
    if text.len() < 4096 && width(text, size, weight) <= room {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let (mut kept, most) = (String::from("…"), letters.len().min(2048));
    for count in 1..most {
        let (head, tail) = (count.div_ceil(2), count / 2);
        let ends = letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]);
        let next: String = ends.collect();
        if width(&next, size, weight) > room {
            break;
        }
        kept = next;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_one_width_and_text_is_cut_in_the_middle() {
        let of = |text| width(text, 10.0, Weight::Regular);
        assert_eq!(of("1111"), of("0987"));
        assert!(of("i") < of("m") && of("m") < 10.0);
        assert!(width("Text", 10.0, Weight::SemiBold) > of("Text"));
        let cut = cut("a-long-name-of-a-capture.pcap", 80.0, 10.0, Weight::Regular);
        assert!(cut.starts_with("a-lon") && cut.contains('…') && cut.ends_with(".pcap"), "{cut}");
        assert!(of(&cut) <= 80.0 && of(&cut) > 65.0, "{cut}");
    }

    #[test]
    fn nothing_is_shown_that_the_typeface_does_not_have() {
        assert_eq!(legible("é\n\u{202e}中"), "é\\n\\u{202e}\\u{4e2d}");
    }
}
