//! HyperQueue's job definition file.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Batch, RETRIES};

#[derive(Serialize)]
struct Job<'a> {
    name: &'a str,
    task: Vec<Task<'a>>,
}

#[derive(Serialize)]
struct Task<'a> {
    id: usize,
    command: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deps: Vec<usize>,
    cwd: String,
    /// How many lost workers a task survives; each attempt goes on from what the last has kept.
    crash_limit: u32,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    env: BTreeMap<&'a str, &'a str>,
    request: [Request; 1],
}

#[derive(Clone, Serialize)]
struct Request {
    resources: BTreeMap<&'static str, usize>,
    time_request: String,
}

/// The file for `hq job submit-file`.
pub(super) fn job_file(batch: &Batch) -> String {
    let task = |id: usize, arguments: &[String], deps: Vec<usize>, seconds: f64| Task {
        id,
        command: [&[batch.program.display().to_string()], arguments].concat(),
        deps,
        cwd: batch.folder.display().to_string(),
        crash_limit: RETRIES,
        env: batch.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        request: [Request {
            resources: [("cpus", batch.threads)].into(),
            time_request: format!("{}s", seconds.ceil().max(1.0)),
        }],
    };
    let parts = batch.tasks.iter().enumerate();
    let mut tasks: Vec<Task<'_>> =
        parts.map(|(i, part)| task(i + 1, &batch.arguments(part), Vec::new(), part.seconds)).collect();
    let all = (1..=batch.tasks.len()).collect();
    tasks.push(task(batch.tasks.len() + 1, &batch.collect, all, 1.0));
    let job = Job { name: &batch.name, task: tasks };
    let head = "# hq job submit-file FILE\n";
    head.to_owned() + toml::to_string(&job).unwrap_or_default().trim_end()
}

#[cfg(test)]
mod tests {
    use super::super::tests::batch;
    use super::*;

    #[test]
    fn a_task_a_part_and_one_that_depends_on_all() {
        let job: toml::Table = job_file(&batch()).parse().unwrap();
        let tasks = job["task"].as_array().unwrap();
        assert_eq!((tasks.len(), job["name"].as_str()), (3, Some("two")));
        assert_eq!(tasks[0]["command"][6].as_str(), Some("--timesteps"));
        assert_eq!(tasks[0]["command"][7].as_str(), Some("1-3"));
        assert!(tasks[0].get("deps").is_none());
        assert_eq!(tasks[1]["env"]["MNIST_DIR"].as_str(), Some("/data/m'n"));
        assert_eq!(tasks[1]["request"][0]["resources"]["cpus"].as_integer(), Some(2));
        assert_eq!(tasks[1]["request"][0]["time_request"].as_str(), Some("250s"));
        assert_eq!(tasks[2]["deps"].as_array().unwrap().len(), 2);
        assert_eq!(tasks[2]["command"][1].as_str(), Some("collect"));
    }
}
