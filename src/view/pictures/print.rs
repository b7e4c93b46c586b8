//! The drawing as PNG and as PDF. Both are made of the SVG by crates that see no font but ours, no file and no clock.

use std::sync::Arc;

use krilla::Document;
use krilla::geom::Size;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::canvas::{HEIGHT, WIDTH};
use super::font;

/// Pixels an inch; a point is 1/72 of it.
const RESOLUTION: f64 = 200.0;

/// As PNG: 1653 × 2339 pixels.
pub fn png(svg: &str) -> Result<Vec<u8>, String> {
    let tree = tree(svg)?;
    let [width, height] = [WIDTH, HEIGHT].map(|points| (points * RESOLUTION / 72.0).round() as u32);
    let mut pixels = Pixmap::new(width, height).ok_or("no memory for the picture")?;
    let (x, y) = (width as f32 / tree.size().width(), height as f32 / tree.size().height());
    resvg::render(&tree, Transform::from_scale(x, y), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}

/// As PDF of one page, with text that can be searched. It has no date: it is made of the case alone.
pub fn pdf(svg: &str, title: &str) -> Result<Vec<u8>, String> {
    let tree = tree(svg)?;
    let (width, height) = (WIDTH as f32, HEIGHT as f32);
    let size = Size::from_wh(width, height).ok_or("no page")?;
    let mut document = Document::new();
    let program = format!("flowcase {}", env!("CARGO_PKG_VERSION"));
    document.set_metadata(Metadata::new().title(title.to_owned()).creator(program).language("en".to_owned()));
    let mut page = document.start_page_with(PageSettings::new(size));
    let mut surface = page.surface();
    surface.draw_svg(&tree, size, SvgSettings::default()).ok_or("the drawing could not be put on the page")?;
    surface.finish();
    page.finish();
    document.finish().map_err(|error| format!("{error:?}"))
}

pub fn tree(svg: &str) -> Result<Tree, String> {
    let mut fonts = fontdb::Database::new();
    font::FILES.into_iter().for_each(|file| fonts.load_font_data(file.to_vec()));
    let options = Options { fontdb: Arc::new(fonts), font_family: "Inter".to_owned(), ..Options::default() };
    Tree::from_str(svg, &options).map_err(|error| error.to_string())
}
