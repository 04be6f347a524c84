use proptest::prelude::*;

use super::*;

const PURPOSES: [Purpose; 15] = [
    Purpose::Init,
    Purpose::Shuffle,
    Purpose::TrainNoise,
    Purpose::TestNoise,
    Purpose::Start,
    Purpose::Reverse,
    Purpose::Forward,
    Purpose::Data,
    Purpose::Validation,
    Purpose::ValidationNoise,
    Purpose::Bootstrap,
    Purpose::Classifier,
    Purpose::Choice,
    Purpose::ClassProbes,
    Purpose::ForwardStep,
];

/// The stream whose first numbers are frozen below and printed by scripts/make_reference/streams.py.
fn known() -> Stream {
    Stream::new(7, Purpose::Reverse, 3, 5)
}

fn normals(mut stream: Stream, n: usize) -> Vec<f32> {
    let mut out = vec![0.0; n];
    stream.fill_normal(&mut out);
    out
}

/// Pearson's statistic of counts against equal shares.
fn chi2(counts: &[u32]) -> f64 {
    let expected = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
    counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
}

#[test]
fn normals_are_the_documented_transform_of_chacha8() {
    // Printed by scripts/make_reference/streams.py; the last four lie in the second block.
    let expected = [
        -1.382703, -0.396702, -1.267668, -1.802700, -2.447924, -0.271638, 1.165353, -0.852206, -0.718435, 0.206673,
        0.292476, 0.405601, 1.039879, -1.883836, -0.294851, -0.826590, 1.541260, -0.387060, 0.451262, -1.278289,
        -0.120053, 0.479849, 0.907673, 0.283245, 0.488348, 0.176570, 1.293333, 0.052642, 0.883033, 0.688125, -0.329665,
        -1.543198, -0.666608, 0.113245, 0.767863, 0.431407,
    ];
    for (i, (x, expected)) in normals(known(), 36).into_iter().zip(expected).enumerate() {
        assert!((f64::from(x) - expected).abs() < 2e-6, "normal {i}: {x} {expected}");
    }
}

#[test]
fn the_bits_of_the_first_normals_are_frozen() {
    let bits: Vec<u32> = normals(known(), 36).into_iter().map(f32::to_bits).collect();
    // The numbers of the test above as this transform rounds them.
    let expected = [
        0xbfb0fc6c, 0xbecb1c90, 0xbfa242ef, 0xbfe6bedd, 0xc01caaca, 0xbe8b1413, 0x3f952a4d, 0xbf5a2a2a, 0xbf37eb5f,
        0x3e53a21e, 0x3e95bf5e, 0x3ecfaae8, 0x3f851ac2, 0xbff1218c, 0xbe96f6b7, 0xbf539b6d, 0x3fc547fd, 0xbec62cb0,
        0x3ee70bc6, 0xbfa39ef8, 0xbdf5de32, 0x3ef5aecf, 0x3f685d44, 0x3e91058c, 0x3efa08bc, 0x3e34cedb, 0x3fa58bee,
        0x3d579f98, 0x3f620e75, 0x3f3028fe, 0xbea8c9d6, 0xbfc58780, 0xbf2aa6d7, 0x3de7ecbd, 0x3f4492a6, 0x3edce16e,
    ];
    assert_eq!(bits, expected);
}

#[test]
fn the_first_uniforms_and_integers_are_frozen() {
    // Printed by scripts/make_reference/streams.py.
    let mut stream = known();
    let expected = [0.8576201589585336, 0.08699765205486132, 0.8589700965791985, 0.6681507174707702];
    assert_eq!([0; 4].map(|_| stream.uniform()), expected);

    let mut symmetric = [0.0; 4];
    known().fill_symmetric(0.25, &mut symmetric);
    assert_eq!(symmetric, expected.map(|u| (0.25 * (2.0 * u - 1.0)) as f32));

    let mut stream = known();
    assert_eq!([0; 8].map(|_| stream.below(10)), [8, 0, 8, 6, 9, 9, 1, 2]);
    let mut stream = known();
    let expected = [
        11865224688571630170,
        11883901153924539643,
        13333242765197671252,
        1851559139855465172,
        2988735890858977687,
        8619822364354950787,
        8275683546615295728,
        4592998424084699083,
    ];
    assert_eq!([0; 8].map(|_| stream.below(3 << 62)), expected);

    assert_eq!(known().permutation(12), [3, 5, 4, 2, 1, 11, 9, 7, 6, 8, 0, 10]);
}

#[test]
fn the_first_number_of_every_purpose_is_frozen() {
    // Printed by scripts/make_reference/streams.py.
    let expected = [
        0.7851342870539948,
        0.4185732403483192,
        0.3849446626384675,
        0.1724839117186867,
        0.7219787823882975,
        0.195480019576022,
        0.19406656446866377,
        0.5680706716347498,
        0.0855707995570738,
        0.5923229691757126,
        0.9299004414287911,
        0.33274841142837197,
        0.689501218520384,
        0.895558704994984,
    ];
    assert_eq!(PURPOSES.map(|purpose| Stream::new(1, purpose, 2, 3).uniform()), expected);
}

#[test]
fn every_part_of_the_key_counts() {
    let mut all = vec![normals(known(), 8)];
    all.extend(PURPOSES.into_iter().map(|purpose| normals(Stream::new(7, purpose, 5, 3), 8)));
    for high in [0, 1 << 32, 1 << 63] {
        all.push(normals(Stream::new(8 + high, Purpose::Reverse, 3, 5), 8));
        all.push(normals(Stream::new(7, Purpose::Reverse, 4 + high, 5), 8));
        all.push(normals(Stream::new(7, Purpose::Reverse, 3, 6 + high), 8));
    }
    for (i, a) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|b| a != b), "stream {i} repeats another");
    }
    assert_eq!(normals(known(), 8), all[0]);
}

#[test]
fn a_clone_continues_where_the_original_stands() {
    let mut stream = known();
    stream.fill_normal(&mut [0.0; 5]);
    let copy = stream.clone();
    assert_eq!(normals(stream, 100), normals(copy, 100));
}

#[test]
fn uniforms_fill_the_unit_interval_evenly() {
    let mut stream = known();
    let mut counts = [0; 100];
    for _ in 0..100_000 {
        let u = stream.uniform();
        assert!((0.0..1.0).contains(&u));
        counts[(100.0 * u) as usize] += 1;
    }
    // 99 degrees of freedom: 148.2 at 0.001.
    assert!(chi2(&counts) < 148.2, "{}", chi2(&counts));
}

#[test]
fn symmetric_uniforms_have_the_variance_of_their_interval() {
    let mut out = vec![0.0; 100_000];
    known().fill_symmetric(0.25, &mut out);
    assert!(out.iter().all(|x| x.abs() <= 0.25));
    let n = out.len() as f64;
    let (mean, square) =
        out.iter().fold((0.0, 0.0), |(m, s), x| (m + f64::from(*x) / n, s + f64::from(*x).powi(2) / n));
    // Variance b^2/3 of x, and 4 b^4/45 of x^2.
    assert!(mean.abs() < 4.0 * 0.25 / (3.0 * n).sqrt(), "{mean}");
    assert!((square - 0.0625 / 3.0).abs() < 4.0 * 0.0625 * (4.0 / 45.0 / n).sqrt(), "{square}");
}

#[test]
fn below_is_even() {
    // 6 degrees of freedom: 22.5 at 0.001.
    let (mut stream, mut counts) = (known(), [0; 7]);
    (0..70_000).for_each(|_| counts[stream.below(7) as usize] += 1);
    assert!(chi2(&counts) < 22.5, "{counts:?}");
    // Without rejection, w n / 2^64 with n = 3/4 2^64 would give every third value twice as often.
    let (mut stream, mut counts) = (known(), [0; 3]);
    (0..30_000).for_each(|_| counts[(stream.below(3 << 62) % 3) as usize] += 1);
    assert!(chi2(&counts) < 13.8, "{counts:?}");
}

#[test]
fn below_is_total() {
    let mut stream = known();
    for _ in 0..100 {
        assert_eq!(stream.below(0), 0);
        assert_eq!(stream.below(1), 0);
        assert!(stream.below(u64::MAX) < u64::MAX);
    }
}

#[test]
fn permutations_are_equally_likely() {
    let mut counts = [0; 24];
    for i in 0..24_000 {
        let order = Stream::new(3, Purpose::Shuffle, i, 0).permutation(4);
        // The rank in lexicographic order: at each place, how many of the later entries are smaller.
        let rank = (0..4).fold(0, |rank, i| rank * (4 - i) + order[i..].iter().filter(|x| **x < order[i]).count());
        counts[rank] += 1;
    }
    // 23 degrees of freedom: 49.7 at 0.001.
    assert!(chi2(&counts) < 49.7, "{counts:?}");
}

proptest! {
    #[test]
    fn normals_do_not_depend_on_the_sizes_of_the_calls(sizes in prop::collection::vec(0_usize..700, 0..12), seed: u64) {
        let mut stream = Stream::new(seed, Purpose::TrainNoise, 2, 9);
        let parts: Vec<f32> = sizes.iter().flat_map(|size| {
            let mut part = vec![0.0; *size];
            stream.fill_normal(&mut part);
            part
        }).collect();
        prop_assert_eq!(&parts, &normals(Stream::new(seed, Purpose::TrainNoise, 2, 9), parts.len()));
    }

    #[test]
    fn a_permutation_holds_every_index_once(n in 0_usize..500, seed: u64) {
        let mut order = Stream::new(seed, Purpose::Shuffle, 1, 1).permutation(n);
        order.sort_unstable();
        prop_assert!(order.into_iter().eq(0..n as u32));
    }

    #[test]
    fn integers_stay_below_their_bound(n in 1_u64.., seed: u64) {
        prop_assert!(Stream::new(seed, Purpose::Data, 0, 0).below(n) < n);
    }
}

proptest! {
    #[test]
    fn normals_are_the_transform_of_the_generators_words_wherever_they_begin(skipped in 0_usize..40, n in 1_usize..2000) {
        let mut stream = known();
        (0..skipped).for_each(|_| {
            stream.below(1 << 32);
        });
        let (mut rng, blocks) = (stream.rng.clone(), n.div_ceil(BLOCK));
        let (mut bytes, mut expected) = (vec![0; 4 * BLOCK * blocks], vec![0.0; BLOCK * blocks]);
        rng.fill_bytes(&mut bytes);
        fill_blocks(&bytes, &mut expected);
        let following = rng.next_u64();
        prop_assert_eq!(normals(stream.clone(), n), &expected[..n]);
        stream.fill_normal(&mut vec![0.0; n]);
        prop_assert_eq!(stream.rng.next_u64(), following);
    }
}
