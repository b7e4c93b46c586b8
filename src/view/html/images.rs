//! Pictures small enough for the page, as `data:` addresses.
//!
//! Only what a browser shows without running anything, told by its first bytes, whatever was said of it: PNG, JPEG, GIF and
//! WebP. A picture that claims to be huge would take a browser's memory, however few bytes it has.

use std::io::{self, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use imagesize::ImageType;

use crate::case;

/// Pixels of a picture: 4096 by 4096.
const PIXELS: usize = 1 << 24;

/// Takes pictures until they are too many bytes.
pub struct Images<'a> {
    case: &'a case::Reader,
    each: usize,
    left: usize,
}

impl<'a> Images<'a> {
    /// At most so many bytes of one, and of all.
    pub fn of(case: &'a case::Reader, each: usize, all: usize) -> Self {
        Images { case, each, left: all }
    }

    /// The picture in an object of the case, if it is one and there is room for it.
    pub fn take(&mut self, path: &str) -> Option<String> {
        let bytes = self.read(path).ok().filter(|bytes| bytes.len() <= self.each.min(self.left))?;
        let address = address(&bytes)?;
        self.left -= bytes.len();
        Some(address)
    }

    /// Its beginning, one byte more than is taken.
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.case.object(path)?.take(self.each as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let kind = match imagesize::image_type(bytes).ok()? {
        ImageType::Png => "png",
        ImageType::Jpeg => "jpeg",
        ImageType::Gif => "gif",
        ImageType::Webp => "webp",
        _ => return None,
    };
    let size = imagesize::blob_size(bytes).ok()?;
    let fits = size.width.checked_mul(size.height).is_some_and(|pixels| (1..=PIXELS).contains(&pixels));
    fits.then(|| format!("data:image/{kind};base64,{}", STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gif(width: u16, height: u16) -> Vec<u8> {
        [b"GIF89a", &width.to_le_bytes()[..], &height.to_le_bytes(), &[0, 0, 0, 0x3b]].concat()
    }

    #[test]
    fn pictures_are_told_by_their_bytes() {
        assert!(address(&gif(1, 1)).unwrap().starts_with("data:image/gif;base64,R0lGODlh"));
        for other in [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"<script>", b"BM\0\0", b"", b"GIF89a"] {
            assert_eq!(address(other), None);
        }
    }

    #[test]
    fn what_would_be_huge_is_left_out() {
        assert_eq!(address(&gif(u16::MAX, u16::MAX)), None);
        assert_eq!(address(&gif(0, 9)), None);
    }
}
