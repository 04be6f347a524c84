//! Standard normals from raw words: a Box-Muller transform that gives the same bits on every instruction set.

use std::f32::consts::{FRAC_PI_2, LN_2, SQRT_2};

use pulp::{Arch, NullaryFnOnce};

/// Lanes of one vector of the widest instruction set.
const LANES: usize = 16;
/// Normals of one block: a vector of cosines, then a vector of sines.
pub(crate) const BLOCK: usize = 2 * LANES;

/// Turns raw words into standard normals, compiled for the widest vectors of the processor.
///
/// bytes: 4 a normal, little-endian, in blocks of [`LANES`] words w for the radii sqrt(-2 ln((w + 1/2)/2^32)), then
/// [`LANES`] words for the angles 2 pi w/2^32; out: in blocks of the [`LANES`] values radius cos(angle), then the
/// [`LANES`] values radius sin(angle).  Both are whole blocks of the same number.  Box and Muller 1958.
pub(crate) fn fill_blocks(bytes: &[u8], out: &mut [f32]) {
    Arch::new().dispatch(BoxMuller { bytes, out });
}

/// The transform as a value, since a closure would be called through a shim that is compiled for the baseline only.
struct BoxMuller<'a> {
    bytes: &'a [u8],
    out: &'a mut [f32],
}

impl NullaryFnOnce for BoxMuller<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (raw, block) in self.bytes.chunks_exact(4 * BLOCK).zip(self.out.chunks_exact_mut(BLOCK)) {
            let (for_radius, for_angle) = raw.split_at(4 * LANES);
            let (cosines, sines) = block.split_at_mut(LANES);
            for lane in 0..LANES {
                let radius = radius(word(for_radius, lane));
                let (sin, cos) = sin_cos(word(for_angle, lane));
                cosines[lane] = radius * cos;
                sines[lane] = radius * sin;
            }
        }
    }
}

#[inline(always)]
fn word(bytes: &[u8], lane: usize) -> u32 {
    let at = 4 * lane;
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// sqrt(-2 ln u), u = (w + 1/2) / 2^32 rounded to f32, in `(0, 1]`: at most 6.77.
#[inline(always)]
fn radius(w: u32) -> f32 {
    let u = (w as f32).mul_add(1.0 / 4_294_967_296.0, 0.5 / 4_294_967_296.0);
    let squared = -2.0 * ln(u);
    // Not f32::max: u = 1 gives -0.0, and which zero `max` then returns depends on the instruction set.
    (if squared > 0.0 { squared } else { 0.0 }).sqrt()
}

/// ln x for normal positive x, to 2.5 units in the last place: x = 2^e m with m in `[sqrt(1/2), sqrt(2))`,
/// ln m = 2 artanh(s) = 2 s (1 + s^2/3 + s^4/5 + ...), s = (m - 1)/(m + 1).
#[inline(always)]
fn ln(x: f32) -> f32 {
    let bits = x.to_bits();
    let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
    let high = mantissa > SQRT_2;
    let m = if high { 0.5 * mantissa } else { mantissa };
    let exponent = (bits >> 23) as i32 - 127 + i32::from(high);
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let series = s2.mul_add(1.0 / 9.0, 1.0 / 7.0).mul_add(s2, 1.0 / 5.0).mul_add(s2, 1.0 / 3.0).mul_add(s2, 1.0);
    (2.0 * s).mul_add(series, exponent as f32 * LN_2)
}

/// (sin, cos) of the angle 2 pi w / 2^32: the two top bits, after rounding to the nearest quarter turn, choose the
/// quadrant, and Taylor polynomials on `[-pi/4, pi/4]` do the rest.  Absolute error below 2^-23.
#[inline(always)]
fn sin_cos(w: u32) -> (f32, f32) {
    let quadrant = w.wrapping_add(1 << 29) >> 30;
    let offset = w.wrapping_sub(quadrant << 30) as i32;
    let x = offset as f32 * (FRAC_PI_2 / 1_073_741_824.0);
    let x2 = x * x;
    let sin_tail = x2.mul_add(1.0 / 362_880.0, -1.0 / 5_040.0).mul_add(x2, 1.0 / 120.0).mul_add(x2, -1.0 / 6.0);
    let sin = (x * x2).mul_add(sin_tail, x);
    let cos_tail = x2.mul_add(-1.0 / 3_628_800.0, 1.0 / 40_320.0).mul_add(x2, -1.0 / 720.0).mul_add(x2, 1.0 / 24.0);
    let cos = (x2 * x2).mul_add(cos_tail, x2.mul_add(-0.5, 1.0));
    let swapped = quadrant & 1 == 1;
    let (s, c) = if swapped { (cos, sin) } else { (sin, cos) };
    let sin_sign = (quadrant & 2) << 30;
    let cos_sign = (quadrant.wrapping_add(1) & 2) << 30;
    (f32::from_bits(s.to_bits() ^ sin_sign), f32::from_bits(c.to_bits() ^ cos_sign))
}

#[cfg(test)]
mod tests;
