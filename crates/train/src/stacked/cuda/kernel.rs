//! Standard normals drawn on the card: the keyed ChaCha8 streams of the host, every block from its number.
//!
//! The words are those of [`schedule::Stream`], the normals the same up to the rounding of logarithm, sine and cosine.

#![allow(clippy::manual_rotate, reason = "a kernel has no rotation of its own")]

use cubecl::prelude::*;

/// Normals of a block: 16 radii and 16 angles make 16 cosines and then 16 sines.
pub(super) const BLOCK: usize = 32;
/// 2^-32.
const UNIT: f32 = 2.328_306_4e-10;
/// 2 pi / 2^32.
const ANGLE: f32 = 1.462_918_1e-9;

/// Fills `out`, `[K, len]`, with the normals of K streams from position 32 `first_block` + `skip` on, one block a thread.
///
/// keys: `[K, 8]`; `blocks` are those of a machine.
#[cube(launch_unchecked)]
pub(super) fn normals(keys: &Array<u32>, out: &mut Array<f32>, blocks: u32, len: u32, first_block: u32, skip: u32) {
    let machine = ABSOLUTE_POS / blocks as usize;
    let block = (ABSOLUTE_POS % blocks as usize) as u32;
    if machine >= keys.len() / 8 {
        terminate!();
    }
    // Block b takes the words of blocks 2 b and 2 b + 1 of ChaCha, whose counter has 64 bits.
    let low = (first_block + block) << 1u32;
    let high = (first_block + block) >> 31u32;
    let radii = chacha8(keys, 8 * machine, low, high);
    let angles = chacha8(keys, 8 * machine, low + 1u32, high);
    let base = machine * len as usize;
    #[unroll]
    for lane in 0..16u32 {
        // As in schedule::normal: sqrt(-2 ln((w + 1/2)/2^32)) and 2 pi w/2^32, taken from -pi on.
        let uniform = fma(f32::cast_from(radii[lane as usize]), UNIT, 0.5f32 * UNIT);
        let radius = (uniform.ln() * -2.0f32).sqrt();
        let angle = f32::cast_from(i32::cast_from(angles[lane as usize])) * ANGLE;
        put(out, base, len, block * 32u32 + lane - skip, radius * angle.cos());
        put(out, base, len, block * 32u32 + lane + 16u32 - skip, radius * angle.sin());
    }
}

/// Writes a normal whose position is one of those asked for; what lies before the first one has wrapped round.
#[cube]
fn put(out: &mut Array<f32>, base: usize, len: u32, position: u32, value: f32) {
    if position < len {
        out[base + position as usize] = value;
    }
}

/// The words of a block.  Bernstein 2008, with a counter of 64 bits.
#[cube]
fn chacha8(keys: &Array<u32>, key: usize, low: u32, high: u32) -> Array<u32> {
    let mut x = Array::<u32>::new(16usize);
    // "expand 32-byte k"
    x[0] = 0x6170_7865u32;
    x[1] = 0x3320_646eu32;
    x[2] = 0x7962_2d32u32;
    x[3] = 0x6b20_6574u32;
    #[unroll]
    for i in 0..8usize {
        x[4 + i] = keys[key + i];
    }
    x[12] = low;
    x[13] = high;
    x[14] = 0u32;
    x[15] = 0u32;
    #[unroll]
    for _ in 0..4usize {
        quarter(&mut x, 0usize, 4usize, 8usize, 12usize);
        quarter(&mut x, 1usize, 5usize, 9usize, 13usize);
        quarter(&mut x, 2usize, 6usize, 10usize, 14usize);
        quarter(&mut x, 3usize, 7usize, 11usize, 15usize);
        quarter(&mut x, 0usize, 5usize, 10usize, 15usize);
        quarter(&mut x, 1usize, 6usize, 11usize, 12usize);
        quarter(&mut x, 2usize, 7usize, 8usize, 13usize);
        quarter(&mut x, 3usize, 4usize, 9usize, 14usize);
    }
    x[0] += 0x6170_7865u32;
    x[1] += 0x3320_646eu32;
    x[2] += 0x7962_2d32u32;
    x[3] += 0x6b20_6574u32;
    #[unroll]
    for i in 0..8usize {
        x[4 + i] += keys[key + i];
    }
    x[12] += low;
    x[13] += high;
    x
}

#[cube]
fn quarter(x: &mut Array<u32>, #[comptime] a: usize, #[comptime] b: usize, #[comptime] c: usize, #[comptime] d: usize) {
    x[a] += x[b];
    x[d] = rotated(x[d] ^ x[a], 16u32);
    x[c] += x[d];
    x[b] = rotated(x[b] ^ x[c], 12u32);
    x[a] += x[b];
    x[d] = rotated(x[d] ^ x[a], 8u32);
    x[c] += x[d];
    x[b] = rotated(x[b] ^ x[c], 7u32);
}

#[cube]
fn rotated(word: u32, #[comptime] by: u32) -> u32 {
    (word << by) | (word >> (32 - by))
}
