//! Images taken to x_u and back, counted by class; the film of samples; mean images: what a run leaves of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::path::Path;

use analysis::{Along, MeanImages, Origin, ProfileRow, ReconstructionRow, Run, Split, Trajectories, read_table};
use common::{Desk, SMALL, shipped};

/// Two Gaussians +m and -m, |m|^2 = 16, with their exact denoiser on the usual chain of 100 steps.
const TWO_GAUSSIANS: &str = r#"
[data]
source = "gaussian_mixture"
dim = 3
mean_norm2 = 16.0
train_limit = 1000
test_limit = 1000
[schedule]
timesteps = 100
beta_start = 1e-3
beta_end = 0.2
[model]
kind = "exact"
law = "two_gaussians"
[sample]
count = 4
[figures]
reconstruction_t = [30, 40, 50, 60, 80]
reconstruction_images = 500
"#;

fn rows(run: &Path) -> Vec<ReconstructionRow> {
    read_table(run).unwrap()
}

#[test]
fn as_many_reversals_change_class_as_the_closed_form_says() {
    let desk = Desk::new();
    desk.write("two.toml", TWO_GAUSSIANS);
    desk.run(&["two.toml", "--out=run"]);
    let rows = rows(&desk.path("run"));
    // 1 - phi, phi = (1 + E tanh(kappa + sqrt(kappa) z))/2 at kappa = 6.3563, 3.0643, 1.1872, 0.36781, 0.017689.
    let known = [(30, 0.00893), (40, 0.05979), (50, 0.19738), (60, 0.36092), (80, 0.49131)];
    assert_eq!(rows.len(), 2 * known.len());
    for (row, (u, expected)) in rows.iter().zip(known.iter().flat_map(|one| [one, one])) {
        assert_eq!((row.u, row.images, row.reversals), (*u, 500, 10));
        let error = (row.high - row.low) / 3.92;
        // The chain of 100 steps is off by up to .006 for its steps alone.
        assert!((row.changed - expected).abs() < 3.5 * error + 0.006, "{row:?}, expected {expected}");
        assert!(row.low < row.changed && row.changed < row.high, "{row:?}");
    }
    let splits: Vec<Split> = rows.iter().map(|row| row.split).collect();
    assert_eq!(splits[..4], [Split::Test, Split::Train, Split::Test, Split::Train]);
    // Two sets of other samples and of other noise.
    assert!(rows.chunks(2).any(|pair| pair[0].changed != pair[1].changed));
    // Points have no strips.
    assert_eq!(Trajectories::read(&desk.path("run")).unwrap().reconstructions, []);
}

#[test]
fn no_time_depends_on_the_others_and_no_count_leaves_no_table() {
    let desk = Desk::new();
    desk.write("two.toml", TWO_GAUSSIANS.replace("= 500", "= 20").replace("1000", "50"));
    desk.run(&["two.toml", "--out=all"]);
    desk.run(&["two.toml", "--out=one", "--set=figures.reconstruction_t=50"]);
    let of_50: Vec<ReconstructionRow> = rows(&desk.path("all")).into_iter().filter(|row| row.u == 50).collect();
    assert_eq!(rows(&desk.path("one")), of_50);
    desk.run(&["two.toml", "--out=one", "--set=figures.reconstruction_t=50", "--set=figures.reconstruction_images=0"]);
    assert!(!desk.path("one/reconstructions.csv").exists());
    assert!(desk.path("all/reconstructions.csv").exists());
}

/// Drawn digits with the mixture of their classes as the model; `digits` and the times to turn at.
fn digits(desk: &Desk, out: &str, digits: &str, times: &str) {
    let set = [
        format!("--out={out}"),
        format!("--set=data.digits={digits}"),
        format!("--set=figures.reconstruction_t={times}"),
    ];
    let exact = "[data]\nsource = \"synthetic_digits\"\ntrain_limit = 400\ntest_limit = 100\n[schedule]\ntimesteps = 10\n\
                 beta_start = 0.01\nbeta_end = 0.95\n[model]\nkind = \"exact\"\nlaw = \"mixture\"\n[sample]\ncount = 20\n\
                 [figures]\nreconstruction_images = 25\n";
    desk.write("exact.toml", exact);
    let mut args = vec!["exact.toml"];
    args.extend(set.iter().map(String::as_str));
    desk.run(&args);
}

#[test]
fn digits_keep_their_class_near_the_data_and_forget_it_in_the_noise() {
    let desk = Desk::new();
    for (out, chosen, forgotten) in [("two", "[1, 3]", 0.5), ("ten", "[0,1,2,3,4,5,6,7,8,9]", 0.9)] {
        digits(&desk, out, chosen, "[1, 10]");
        let run = desk.path(out);
        let rows = rows(&run);
        let of = |u| rows.iter().filter(move |row| row.u == u);
        assert!(of(1).all(|row| row.changed < 0.03), "{rows:?}");
        // Means over 25 images with ten reversals each: a standard error of a thirtieth at most.
        assert!(of(10).all(|row| (row.changed - forgotten).abs() < 0.13), "{out}: {rows:?}");
        let shown = Trajectories::read(&run).unwrap().reconstructions;
        assert_eq!(shown.iter().map(|back| back.t).collect::<Vec<_>>(), [1.0, 10.0]);
        for back in &shown {
            assert_eq!(back.training, [false, false, true, true]);
            assert_eq!((back.x0.len(), back.x0_hat.len(), back.x0_hat[0].len()), (4, 4, 10));
        }
        let marked = |back: &analysis::Reconstruction| back.changed.iter().flatten().filter(|mark| **mark).count();
        assert!(marked(&shown[0]) <= 2 && marked(&shown[1]) >= 10, "{:?}", shown[1].changed);
        let svg = fs::read_to_string(run.join("figures/reconstruction.svg")).unwrap();
        let said = [">u = 1: ", ">u = 10: ", "% of reversals change class ("].map(|said| svg.matches(said).count());
        assert!(said[..2] == [1, 1] && said[2] >= 1, "{said:?}");
        assert_eq!(svg.matches("<image ").count(), 2 * 4 * 12);
    }
}

#[test]
fn a_single_digit_has_strips_and_no_shares() {
    let desk = Desk::new();
    let set = ["--out=run", "--set=data.digits=[7]", "--set=figures.reconstruction_t=4"];
    desk.run_small(&[&[shipped("smoke.toml").as_str()], &set[..]].concat());
    assert!(!desk.path("run/reconstructions.csv").exists() && !desk.path("run/classifier.safetensors").exists());
    let shown = Trajectories::read(&desk.path("run")).unwrap().reconstructions;
    assert!(shown.len() == 1 && shown[0].changed.is_empty());
    let svg = fs::read_to_string(desk.path("run/figures/reconstruction.svg")).unwrap();
    // The sentence that goes with the figure speaks of classes; what is drawn does not.
    let drawn = svg.rsplit("</desc>").next().unwrap();
    assert!(drawn.contains(">u = 4<") && !drawn.contains("class"));
}

#[test]
fn the_film_has_a_frame_a_step_and_means_are_those_of_the_samples() {
    let desk = Desk::new();
    desk.run(&[&[shipped("smoke.toml").as_str(), "--offline", "--out=run"], SMALL].concat());
    let run = Run::read(&desk.path("run")).unwrap();
    let birth = run.birth.unwrap();
    assert_eq!(birth.iter().map(|(t, _)| t).collect::<Vec<_>>(), [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0]);
    let (samples, (_, born)) = (run.samples.unwrap(), birth.iter().last().unwrap());
    assert_eq!(born.values(), &samples.values()[..16 * 784]);
    let film = fs::read(desk.path("run/figures/sample_birth.apng")).unwrap();
    let at = film.windows(4).position(|name| name == b"acTL").unwrap();
    assert_eq!(film[at + 4..at + 12], [0, 0, 0, 9, 0, 0, 0, 0]);
    assert_eq!(film.windows(4).filter(|name| name == b"fcTL").count(), 9);
    let means: MeanImages = run.means.unwrap();
    assert_eq!(means.classes.as_ref().unwrap().len(), 2);
    let pixel = 14 * 28 + 13;
    let mean = samples.rows().map(|row| f64::from(row[pixel])).sum::<f64>() / samples.len() as f64;
    assert!((f64::from(means.generated.row(0).unwrap()[pixel]) - mean).abs() < 1e-6);
    // The mean over a column of the mean image is that column's place in the profile.
    let column = means.generated.row(0).unwrap().iter().skip(13).step_by(28).map(|&v| f64::from(v)).sum::<f64>() / 28.0;
    let of = |row: &&ProfileRow| row.along == Along::Columns && row.pixel == 13 && row.split == Origin::Generated;
    let profile = run.profiles.iter().find(of).unwrap();
    assert!((profile.mean - column).abs() < 1e-6 && profile.low < column && column < profile.high, "{profile:?}");
    // Both classes are alike in number: the mean of all is between those of the classes.
    let [one, three] = [0, 1].map(|class| means.classes.as_ref().unwrap().row(class).unwrap()[pixel]);
    let all = means.train.row(0).unwrap()[pixel];
    assert!(all >= one.min(three) - 1e-6 && all <= one.max(three) + 1e-6);
    assert!((-1.0..=1.0).contains(&all));
}
