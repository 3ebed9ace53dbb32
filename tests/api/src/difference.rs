//! What one list has and the other has not.

use std::collections::HashMap;

/// The lines that went, with `-`, then those that came, with `+`, each as often as it did.
pub(crate) fn difference(before: &[String], after: &[String]) -> Vec<String> {
    let gone = without(before, after).map(|line| format!("- {line}"));
    let come = without(after, before).map(|line| format!("+ {line}"));
    let lines: Vec<String> = gone.chain(come).collect();
    if lines.is_empty() && before != after {
        return vec!["the same lines in another order".to_owned()];
    }
    lines
}

/// The lines of `these`, less one for each in `those`.
fn without<'a>(these: &'a [String], those: &[String]) -> impl Iterator<Item = &'a String> {
    let mut left: HashMap<String, usize> = HashMap::new();
    for line in those {
        *left.entry(line.clone()).or_default() += 1;
    }
    these.iter().filter(move |line| match left.get_mut(*line) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_line_that_went_and_one_that_came_are_both_told() {
        assert_eq!(difference(&lines("a b c"), &lines("a c d")), ["- b", "+ d"]);
    }

    #[test]
    fn a_line_that_came_a_second_time_is_told_once() {
        assert_eq!(difference(&lines("a b"), &lines("a a b")), ["+ a"]);
    }

    #[test]
    fn equal_lists_differ_in_nothing_and_another_order_is_a_difference() {
        assert!(difference(&lines("a b"), &lines("a b")).is_empty());
        assert_eq!(difference(&lines("a b"), &lines("b a")).len(), 1);
    }
}
