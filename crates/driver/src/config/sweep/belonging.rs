//! Keys that go with some values of an axis only: `train.tolerance` in a sweep over `train.stop` is in force in the cells that
//! stop by it.

use super::super::keys::{Key, find};

/// An axis as far as other keys may go with it: its key, and its words (anything else as an empty one).
pub(super) struct Words<'a> {
    pub(super) key: &'static str,
    pub(super) values: Vec<&'a str>,
}

/// Whether the cell `at` lacks `key` because it goes, itself or by the key that it goes with, with other values of an axis
/// than the cell's.  An axis none of whose values it goes with is no excuse.
pub(super) fn lacks(key: &Key, axes: &[Words<'_>], at: &[usize]) -> bool {
    let Some(of) = key.goes_with else { return false };
    let Some((axis, &i)) = axes.iter().zip(at).find(|(axis, _)| axis.key == of.key) else {
        return find(of.key).is_some_and(|parent| lacks(parent, axes, at));
    };
    let goes_with = |word: &&str| of.words.contains(word);
    let here = axis.values.get(i).is_some_and(goes_with);
    !here && axis.values.iter().any(goes_with)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_lacked_where_its_choice_is_another_one() {
        let stop = || Words { key: "train.stop", values: vec!["none", "test_variance"] };
        let key = |path| find(path).expect("a key");
        assert!(lacks(key("train.tolerance"), &[stop()], &[0]));
        assert!(!lacks(key("train.tolerance"), &[stop()], &[1]));
        // No cell stops at a plateau, and batches go with every rule.
        assert!(!lacks(key("train.patience"), &[stop()], &[0]));
        assert!(!lacks(key("train.batch"), &[stop()], &[0]));
        let kind = Words { key: "model.kind", values: vec!["exact", "machines"] };
        assert!(lacks(key("train.tolerance"), &[kind], &[0]));
    }
}
