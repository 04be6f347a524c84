//! The table.

use crate::arguments::Arguments;

/// The time of one unit of work: where several threads do one each, the time of all divided by their number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measurement {
    /// Median wall-clock seconds a unit.
    pub(crate) seconds: f64,
    /// Operations of its matrix products (see `flops.rs`); 0 where there are none.
    pub(crate) flops: f64,
}

impl Measurement {
    /// Operations a second.
    pub(crate) fn rate(&self) -> f64 {
        self.flops / self.seconds
    }
}

/// The table in print.
pub(crate) struct Report;

impl Report {
    /// Prints what the figures hold for, and the head.
    pub(crate) fn begin(arguments: &Arguments) -> Self {
        println!("{}; {} threads are all cores; medians\n", processor(), arguments.threads);
        println!("| item | threads | time | GFLOP | GFLOP/s | of gemm peak |");
        println!("|---|---|---|---|---|---|");
        Self
    }

    /// Prints one row; `peak` is the peak of as many threads.
    pub(crate) fn row(&self, name: &str, threads: usize, measurement: &Measurement, peak: Option<f64>) {
        let time = time(measurement.seconds);
        if measurement.flops == 0.0 {
            println!("| {name} | {threads} | {time} | - | - | - |");
            return;
        }
        let share = peak.map_or("-".to_owned(), |peak| format!("{:.1}%", 100.0 * measurement.rate() / peak));
        let (work, rate) = (significant(measurement.flops / 1e9), measurement.rate() / 1e9);
        println!("| {name} | {threads} | {time} | {work} | {rate:.1} | {share} |");
    }
}

/// Four digits.
fn significant(value: f64) -> String {
    let decimals = (3 - value.log10().floor() as i32).clamp(0, 6) as usize;
    format!("{value:.decimals$}")
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{} us", significant(1e6 * s)),
        s if s < 1.0 => format!("{} ms", significant(1e3 * s)),
        s => format!("{} s", significant(s)),
    }
}

/// The processor's name where the system tells it.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |name| name.trim().to_owned())
}
