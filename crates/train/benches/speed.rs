//! `cargo bench -p train`: where the time of training and sampling goes, against the peak of the matrix product.
//!
//! Prints one Markdown table; BENCHMARKS.md says how to read it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

#[path = "speed/arguments.rs"]
mod arguments;
#[path = "speed/clock.rs"]
mod clock;
#[path = "speed/flops.rs"]
mod flops;
#[path = "speed/noise.rs"]
mod noise;
#[path = "speed/peak.rs"]
mod peak;
#[path = "speed/report.rs"]
mod report;
#[path = "speed/sampler.rs"]
mod sampler;
#[path = "speed/training.rs"]
mod training;

use std::process::ExitCode;

use arguments::{Arguments, Request};
use peak::Peak;
use report::{Measurement, Report};

/// Whatever kept an item from being measured.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What an item may use: how long to measure, and the peak its predicted length follows from.
struct Context<'a> {
    arguments: &'a Arguments,
    peak: &'a Peak,
}

/// One row of the table.
struct Item {
    name: &'static str,
    threads: usize,
    measure: fn(&Context<'_>, usize) -> Result<Measurement, Failure>,
}

/// All items but the peak, those of one thread before those of all cores.
fn items(cores: usize) -> Vec<Item> {
    let mut items = Vec::new();
    let mut add = |name, threads, measure| items.push(Item { name, threads, measure });
    let mut each = vec![1, cores];
    each.dedup();
    for threads in each {
        add("step H=100", threads, |context, threads| training::step(context, threads, 100));
        add("step H=1700", threads, |context, threads| training::step(context, threads, 1700));
        add("epoch H=100", threads, |context, threads| training::epoch(context, threads, 100));
        add("epoch H=1700", threads, |context, threads| training::epoch(context, threads, 1700));
        add("normals 1e6", threads, noise::normals);
    }
    add("chain T=1000 H=200", cores, sampler::chain);
    items
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let report = Report::begin(arguments);
    let peak = Peak::measure(arguments);
    for (threads, measurement) in peak.rows() {
        if arguments.wants(Peak::NAME) {
            report.row(Peak::NAME, threads, &measurement, None);
        }
    }
    let context = Context { arguments, peak: &peak };
    for item in items(arguments.threads).into_iter().filter(|item| arguments.wants(item.name)) {
        let measurement = (item.measure)(&context, item.threads)?;
        report.row(item.name, item.threads, &measurement, Some(peak.rate(item.threads)));
    }
    Ok(())
}

fn main() -> ExitCode {
    match Arguments::parse(std::env::args().skip(1)) {
        Ok(Request::Help) => {
            println!("{}", arguments::HELP);
            ExitCode::SUCCESS
        }
        // `cargo test --all-targets` starts benchmarks too, without the flag that `cargo bench` gives.
        Ok(Request::Test) => ExitCode::SUCCESS,
        Ok(Request::Run(arguments)) => match run(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
        Err(message) => {
            eprintln!("{message}\n\n{}", arguments::HELP);
            ExitCode::from(2)
        }
    }
}
