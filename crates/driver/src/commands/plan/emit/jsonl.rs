//! One JSON object a line: for GNU parallel, make, or an engine of one's own.

use serde::Serialize;

use super::{Batch, RETRIES, line as shell};

#[derive(Serialize)]
struct Line<'a> {
    id: usize,
    /// The tasks that have to be done before.
    after: Vec<usize>,
    /// For a shell: goes to the folder, sets the environment, runs the part.
    command: String,
    cpus: usize,
    memory_bytes: u64,
    /// The estimate.
    seconds: f64,
    retries: u32,
    ranges: Option<&'a str>,
}

/// A line a task, and a last one that collects.
pub(super) fn lines(batch: &Batch) -> String {
    let command = |words: &[String]| {
        let environment = batch.environment.iter().map(|(name, value)| format!("{name}={value}"));
        let program = batch.program.display().to_string();
        let words = environment.chain([program]).chain(words.iter().cloned());
        format!("cd {} && env {}", shell([batch.folder.display().to_string()]), shell(words))
    };
    let line = |id, words: &[String], after, seconds: f64, ranges| Line {
        id,
        after,
        command: command(words),
        cpus: batch.threads,
        memory_bytes: batch.memory as u64,
        seconds: seconds.round(),
        retries: RETRIES,
        ranges,
    };
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (id, task) in (1..).zip(&batch.tasks) {
        lines.push(line(id, &batch.arguments(task), Vec::new(), task.seconds, Some(&task.ranges)));
    }
    let all = (1..=batch.tasks.len()).collect();
    lines.push(line(batch.tasks.len() + 1, &batch.collect, all, batch.longest(), None));
    lines.iter().filter_map(|line| serde_json::to_string(line).ok()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::tests::batch;
    use super::*;

    #[test]
    fn a_line_a_task_and_one_after_all() {
        let text = lines(&batch());
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(
            lines[1]["command"],
            "cd '/home/a b' && env 'MNIST_DIR=/data/m'\\''n' /opt/driver run two.toml --set train.epochs=3 --shard \
             --timesteps 4,6-7 --out results/two --threads 2 --quiet"
        );
        assert_eq!((&lines[1]["after"], &lines[2]["after"]), (&serde_json::json!([]), &serde_json::json!([1, 2])));
        assert!(lines[2]["command"].as_str().unwrap().ends_with("/opt/driver collect results/two --threads 2 --quiet"));
        assert_eq!((&lines[1]["cpus"], &lines[1]["seconds"]), (&serde_json::json!(2), &serde_json::json!(250.0)));
    }
}
