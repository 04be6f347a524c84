"""Print the first numbers of the random streams that the tests of crates/schedule compare with.

Written from the definitions alone: ChaCha with 8 rounds and a 64-bit block counter, keyed by the four 64-bit numbers
(seed, purpose, first, second), and a Box-Muller transform in double precision.
Run: python3 scripts/make_reference/streams.py
"""

import math
import struct

MASK = 0xFFFFFFFF
PURPOSES = [
    "Init", "Shuffle", "TrainNoise", "TestNoise", "Start", "Reverse", "Forward", "Data", "Validation", "ValidationNoise",
    "Bootstrap", "Classifier", "Choice", "ClassProbes", "ForwardStep",
]
LANES = 16


def rotate(x, n):
    return ((x << n) | (x >> (32 - n))) & MASK


def quarter_round(s, a, b, c, d):
    for x, y, z, n in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)]:
        s[x] = (s[x] + s[y]) & MASK
        s[z] = rotate(s[z] ^ s[x], n)


def chacha_block(key, counter, rounds=8):
    """The 16 words of a block: constants, key, 64-bit counter, 64-bit nonce 0 (Bernstein 2008)."""
    start = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key))
    start += [counter & MASK, counter >> 32, 0, 0]
    s = start[:]
    for _ in range(rounds // 2):
        for i in range(4):
            quarter_round(s, i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter_round(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return [(x + y) & MASK for x, y in zip(s, start)]


class Stream:
    def __init__(self, seed, purpose, first, second):
        self.words = self.generate(struct.pack("<4Q", seed, PURPOSES.index(purpose) + 1, first, second))

    @staticmethod
    def generate(key):
        counter = 0
        while True:
            yield from chacha_block(key, counter)
            counter += 1

    def normals(self, n):
        """Blocks of 32: word i < 16 gives a radius, word 16 + i an angle; first 16 cosines, then 16 sines."""
        out = []
        while len(out) < n:
            words = [next(self.words) for _ in range(2 * LANES)]
            radii = [math.sqrt(-2 * math.log((w + 0.5) / 2**32)) for w in words[:LANES]]
            angles = [2 * math.pi * w / 2**32 for w in words[LANES:]]
            out += [r * math.cos(a) for r, a in zip(radii, angles)]
            out += [r * math.sin(a) for r, a in zip(radii, angles)]
        return out[:n]

    def u64(self):
        low = next(self.words)
        return low | next(self.words) << 32

    def uniform(self):
        return (self.u64() >> 11) / 2**53

    def below(self, n):
        """Lemire 2019: the high half of w n, redrawn when the low half falls in the 2^64 mod n excess values."""
        while True:
            wide = self.u64() * n
            if wide % 2**64 >= (2**64 - n) % n:
                return wide >> 64

    def permutation(self, n):
        order = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self.below(i + 1)
            order[i], order[j] = order[j], order[i]
        return order


def main():
    # RFC 8439, appendix A.1, test vector 1: with 20 rounds, key 0 and counter 0.
    assert chacha_block(bytes(32), 0, 20)[0] == 0xADE0B876, "ChaCha20 of the zero key"
    key = (7, "Reverse", 3, 5)
    print("stream", key)
    print("normals:", *(f"{x:.6f}" for x in Stream(*key).normals(36)))
    stream = Stream(*key)
    print("uniforms:", *(repr(stream.uniform()) for _ in range(4)))
    stream = Stream(*key)
    print("symmetric, bound 0.25:", *(repr(0.25 * (2 * stream.uniform() - 1)) for _ in range(4)))
    for n in [10, 3 << 62]:
        stream = Stream(*key)
        print(f"below {n}:", *(stream.below(n) for _ in range(8)))
    print("permutation of 12:", Stream(*key).permutation(12))
    for purpose in PURPOSES:
        print(f"first uniform of (1, {purpose}, 2, 3):", repr(Stream(1, purpose, 2, 3).uniform()))


if __name__ == "__main__":
    main()
