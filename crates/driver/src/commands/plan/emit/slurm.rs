//! Slurm's array script, which submits itself and the job that collects.

use super::{Batch, RETRIES, line, quoted};

/// A task may take so many times its estimate, and some minutes more.
const PATIENCE: f64 = 3.0;
const LEAST_MINUTES: f64 = 10.0;
/// The memory asked for over the estimate, and the program's own.
const MEMORY_RATIO: f64 = 1.5;
const OWN_MEMORY: f64 = 500e6;

/// The script: `bash FILE` submits it.
pub(super) fn script(batch: &Batch) -> String {
    let minutes = (batch.longest() * PATIENCE / 60.0 + LEAST_MINUTES).ceil();
    let megabytes = ((batch.memory * MEMORY_RATIO + OWN_MEMORY) / 1e6).ceil();
    let count = batch.tasks.len();
    let parts: String = batch.tasks.iter().map(|task| format!("  {}\n", task.ranges)).collect();
    let exports: String =
        batch.environment.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect();
    let (before, after) = (line(&batch.before), line(&batch.after));
    let collect = line(&batch.collect);
    let (name, threads) = (quoted(&batch.name), batch.threads);
    let (folder, program) = (quoted(&batch.folder.display().to_string()), quoted(&batch.program.display().to_string()));
    format!(
        r#"#!/usr/bin/env bash
# Submit with `bash FILE`: an array of {count} tasks, and a job that collects what they have made once all are done.
#SBATCH --job-name={name}
#SBATCH --cpus-per-task={threads}
#SBATCH --mem={megabytes}M
#SBATCH --time={minutes}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@60
set -euo pipefail

driver=${{DRIVER:-{program}}}
{exports}parts=(
{parts})

if [ -z "${{SLURM_JOB_ID:-}}" ]; then
  script=$(realpath "$0")
  cd {folder}
  array=$(sbatch --parsable --array=0-{last} --output="{stem}-%A_%a.log" "$script")
  echo "array of {count} tasks: job $array"
  collect=$(sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes --output="{stem}-%j.log" "$script")
  echo "collecting after it: job $collect"
  exit
fi

if [ -z "${{SLURM_ARRAY_TASK_ID:-}}" ]; then
  exec "$driver" {collect}
fi

# What is done is kept, so a task that was ended begins again where it was: machines in training too.
"$driver" {before} "${{parts[SLURM_ARRAY_TASK_ID]}}" {after} &
child=$!
trap 'kill -TERM "$child" 2>/dev/null || true' TERM
code=0
wait "$child" || code=$?
while kill -0 "$child" 2>/dev/null; do
  code=0
  wait "$child" || code=$?
done
# 1: machines that cannot be trained, 2: something to be mended by hand; anything else was done to the task.
if [ "$code" -gt 2 ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {RETRIES} ]; then
  # Named as a task: the job id of the last task is also that of the whole array.
  scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
  sleep 60
fi
exit "$code"
"#,
        last = count.saturating_sub(1),
        stem = batch.name.replace(['"', '\\', '$', '`', '%'], "_"),
    )
    .trim_end()
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::tests::batch;
    use super::*;

    #[test]
    fn the_script_is_one_that_bash_reads_and_asks_for_what_is_estimated() {
        let script = script(&batch());
        for text in [
            "--array=0-1",
            "#SBATCH --cpus-per-task=2\n",
            "#SBATCH --mem=950M\n",
            "#SBATCH --time=23\n",
            "export MNIST_DIR='/data/m'\\''n'\n",
            "cd '/home/a b'\n",
            "  4,6-7\n",
            "exec \"$driver\" collect results/two --threads 2 --quiet\n",
        ] {
            assert!(script.contains(text), "{text}\n{script}");
        }
        let checked = std::process::Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}
