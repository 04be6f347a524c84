//! The files that fuzzing has kept, through the readers they are for: no panic, no memory out of proportion, errors that
//! name the file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]
#![allow(unreachable_pub, reason = "shared with the crate of the fuzz targets")]

#[path = "../fuzz/src/budget.rs"]
mod budget;
#[path = "../fuzz/src/readers.rs"]
mod readers;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[global_allocator]
static ALLOCATOR: budget::Allocator = budget::Allocator;

#[test]
fn every_kept_file_is_read_or_refused() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    let folders: BTreeSet<String> =
        fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let targets: BTreeSet<String> = readers::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(folders, targets);
    for (name, target) in readers::TARGETS {
        let mut count = 0;
        for entry in fs::read_dir(root.join(name)).unwrap() {
            let path = entry.unwrap().path();
            // Where the test fails, the last one shown is the file that did it (an abort shows it with --nocapture only).
            eprintln!("{}", path.display());
            target(&fs::read(&path).unwrap());
            count += 1;
        }
        assert!(count > 0, "{name}");
    }
}

#[test]
fn memory_within_a_budget_is_counted_and_freed() {
    let sums = budget::within(1 << 20, || {
        // A hundred half-megabytes one after the other are never more than one at a time.
        (0_u8..100).map(|i| vec![i; 1 << 19].iter().map(|&x| usize::from(x)).sum::<usize>()).sum::<usize>()
    });
    assert_eq!(sums, 4950 << 19);
}
