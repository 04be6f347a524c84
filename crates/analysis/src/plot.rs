//! Drawing: a display list in page units, written as SVG and rasterised to PNG, and the parts figures are made of.

pub(crate) mod animation;
pub(crate) mod axes;
pub(crate) mod drawing;
pub(crate) mod font;
pub(crate) mod formula;
pub(crate) mod legend;
pub(crate) mod page;
pub(crate) mod palette;
pub(crate) mod pixels;
mod raster;
pub(crate) mod scatter;
mod svg;
pub(crate) mod ticks;
