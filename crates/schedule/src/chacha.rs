//! ChaCha8 sixteen blocks at a time, where the processor has 512-bit vectors: the same words as `rand_chacha`'s, which
//! stops at 256 bits, in half the time.

use rand_chacha::ChaCha8Rng;

/// Blocks made at a time.
const BLOCKS: usize = 16;
/// Words of a block.
const WORDS: usize = 16;
/// Bytes made at a time.
pub(crate) const BYTES: usize = 4 * BLOCKS * WORDS;

/// The words that a generator would give next, from a block's first word on.
pub(crate) struct Wide {
    #[cfg(target_arch = "x86_64")]
    key: [u32; 8],
    #[cfg(target_arch = "x86_64")]
    block: u64,
}

#[cfg(not(target_arch = "x86_64"))]
impl Wide {
    /// Nothing: there are no such vectors.
    pub(crate) fn of(_: &ChaCha8Rng) -> Option<Self> {
        None
    }

    pub(crate) fn fill(&mut self, _: &mut [u8; BYTES]) {}

    pub(crate) fn leave(self, _: &mut ChaCha8Rng) {}
}

#[cfg(target_arch = "x86_64")]
impl Wide {
    /// What comes next from `rng`, a generator of stream 0, if that is a block's first word and the processor has the
    /// vectors.
    pub(crate) fn of(rng: &ChaCha8Rng) -> Option<Self> {
        pulp::x86::V4::try_new()?;
        let word = rng.get_word_pos();
        let aligned = word.is_multiple_of(WORDS as u128);
        let seed = rng.get_seed();
        let key = std::array::from_fn(|i| u32::from_le_bytes(std::array::from_fn(|byte| seed[4 * i + byte])));
        aligned.then_some(Self { key, block: (word / WORDS as u128) as u64 })
    }

    /// The next [`BYTES`] bytes.
    pub(crate) fn fill(&mut self, bytes: &mut [u8; BYTES]) {
        // SAFETY: `of` made sure that the processor has AVX-512.
        unsafe { avx512::blocks(self.key, self.block, bytes) };
        self.block = self.block.wrapping_add(BLOCKS as u64);
    }

    /// Moves a generator to the first word that was not taken.
    pub(crate) fn leave(self, rng: &mut ChaCha8Rng) {
        rng.set_word_pos(u128::from(self.block) * WORDS as u128);
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{BLOCKS, BYTES, WORDS};

    /// "expand 32-byte k"
    const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
    const DOUBLE_ROUNDS: usize = 4;

    /// Blocks `first` to `first + 15` of a key's stream 0, lane b of every vector being a word of block b.
    /// Bernstein 2008, with a counter of 64 bits.
    #[target_feature(enable = "avx512f")]
    pub(super) fn blocks(key: [u32; 8], first: u64, bytes: &mut [u8; BYTES]) {
        let (mut low, mut high) = ([0; BLOCKS], [0; BLOCKS]);
        for (block, (low, high)) in (0..).zip(low.iter_mut().zip(&mut high)) {
            let counter = first.wrapping_add(block);
            (*low, *high) = (counter as u32, (counter >> 32) as u32);
        }
        let mut start = [_mm512_setzero_si512(); WORDS];
        for (vector, word) in start.iter_mut().zip(CONSTANTS.into_iter().chain(key)) {
            *vector = _mm512_set1_epi32(word.cast_signed());
        }
        start[12] = lanes(low);
        start[13] = lanes(high);
        let mut x = start;
        for _ in 0..DOUBLE_ROUNDS {
            quarter(&mut x, 0, 4, 8, 12);
            quarter(&mut x, 1, 5, 9, 13);
            quarter(&mut x, 2, 6, 10, 14);
            quarter(&mut x, 3, 7, 11, 15);
            quarter(&mut x, 0, 5, 10, 15);
            quarter(&mut x, 1, 6, 11, 12);
            quarter(&mut x, 2, 7, 8, 13);
            quarter(&mut x, 3, 4, 9, 14);
        }
        for (x, start) in x.iter_mut().zip(start) {
            *x = _mm512_add_epi32(*x, start);
        }
        for (block, bytes) in transposed(x).into_iter().zip(bytes.as_chunks_mut::<{ 4 * WORDS }>().0) {
            // SAFETY: a block has as many bytes as a vector.
            unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), block) };
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn lanes(words: [u32; BLOCKS]) -> __m512i {
        // SAFETY: the words are as many as the lanes of a vector.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn quarter(x: &mut [__m512i; WORDS], a: usize, b: usize, c: usize, d: usize) {
        x[a] = _mm512_add_epi32(x[a], x[b]);
        x[d] = _mm512_rol_epi32::<16>(_mm512_xor_si512(x[d], x[a]));
        x[c] = _mm512_add_epi32(x[c], x[d]);
        x[b] = _mm512_rol_epi32::<12>(_mm512_xor_si512(x[b], x[c]));
        x[a] = _mm512_add_epi32(x[a], x[b]);
        x[d] = _mm512_rol_epi32::<8>(_mm512_xor_si512(x[d], x[a]));
        x[c] = _mm512_add_epi32(x[c], x[d]);
        x[b] = _mm512_rol_epi32::<7>(_mm512_xor_si512(x[b], x[c]));
    }

    /// Vector b of the result holds lane b of all vectors.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn transposed(x: [__m512i; WORDS]) -> [__m512i; BLOCKS] {
        // Four words at a time: 128-bit group g of quads[q][j] holds words 4q to 4q + 3 of block 4g + j.
        let mut quads = [[x[0]; 4]; 4];
        for (quad, x) in quads.iter_mut().zip(x.as_chunks::<4>().0) {
            let (low_01, high_01) = (_mm512_unpacklo_epi32(x[0], x[1]), _mm512_unpackhi_epi32(x[0], x[1]));
            let (low_23, high_23) = (_mm512_unpacklo_epi32(x[2], x[3]), _mm512_unpackhi_epi32(x[2], x[3]));
            *quad = [
                _mm512_unpacklo_epi64(low_01, low_23),
                _mm512_unpackhi_epi64(low_01, low_23),
                _mm512_unpacklo_epi64(high_01, high_23),
                _mm512_unpackhi_epi64(high_01, high_23),
            ];
        }
        let mut blocks = x;
        for j in 0..4 {
            // Not `map`, which would be called as a function of the baseline.
            let [q0, q1, q2, q3] = [quads[0][j], quads[1][j], quads[2][j], quads[3][j]];
            let (low_01, high_01) = (_mm512_shuffle_i32x4::<0x44>(q0, q1), _mm512_shuffle_i32x4::<0xee>(q0, q1));
            let (low_23, high_23) = (_mm512_shuffle_i32x4::<0x44>(q2, q3), _mm512_shuffle_i32x4::<0xee>(q2, q3));
            blocks[j] = _mm512_shuffle_i32x4::<0x88>(low_01, low_23);
            blocks[4 + j] = _mm512_shuffle_i32x4::<0xdd>(low_01, low_23);
            blocks[8 + j] = _mm512_shuffle_i32x4::<0x88>(high_01, high_23);
            blocks[12 + j] = _mm512_shuffle_i32x4::<0xdd>(high_01, high_23);
        }
        blocks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_core::{Rng, SeedableRng};

    use super::*;

    proptest! {
        #[test]
        fn wide_blocks_are_those_of_rand_chacha(
            key in any::<[u8; 32]>(),
            // The counter's low word overflows within the blocks, and all of it.
            block in prop_oneof![Just(0), 0..u64::MAX, (1_u64 << 32) - 40..1 << 32, u64::MAX - 40..u64::MAX],
            groups in 1_usize..4,
        ) {
            let mut rng = ChaCha8Rng::from_seed(key);
            rng.set_word_pos(u128::from(block) * WORDS as u128);
            if let Some(mut wide) = Wide::of(&rng) {
                for _ in 0..groups {
                    let (mut bytes, mut expected) = ([0; BYTES], [0; BYTES]);
                    wide.fill(&mut bytes);
                    rng.fill_bytes(&mut expected);
                    prop_assert_eq!(bytes, expected);
                }
                let mut left = ChaCha8Rng::from_seed(key);
                wide.leave(&mut left);
                prop_assert_eq!(left.next_u64(), rng.next_u64());
            }
        }
    }

    #[test]
    fn blocks_begun_are_left_to_the_generator() {
        let mut rng = ChaCha8Rng::from_seed([3; 32]);
        for word in 1..WORDS {
            rng.next_u32();
            assert!(Wide::of(&rng).is_none(), "{word}");
        }
    }
}
