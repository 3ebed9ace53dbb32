//! What children are called in labels: without what would let the number of labels grow. Pure.

use crate::path::ChildPath;

/// What all that is beyond the bound is called, supervisor and child.
pub(super) const OTHERS: &str = "(others)";

/// What partitions are called, whose ids are bare numbers.
const PARTITION: &str = "partition";

/// The name that a child shares with those of the same template: `session` for the id `session#17`.
pub(super) fn name(id: &str) -> &str {
    if is_number(id) {
        return PARTITION;
    }
    match id.rsplit_once('#') {
        Some((name, number)) if is_number(number) => name,
        _ => id,
    }
}

/// The names from the root down to a child.
pub(super) fn text(path: &ChildPath) -> String {
    let mut names: Vec<&str> = names(path).collect();
    names.reverse();
    names.join("/")
}

/// Adds the names from a child up to the root: what tells one child from another, and takes no second look at the path.
pub(super) fn write_key(path: &ChildPath, key: &mut String) {
    for name in names(path) {
        key.push_str(name);
        key.push('/');
    }
}

/// From the child up: a loop, as a tree may be thousands of levels deep.
fn names(path: &ChildPath) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.parent()).map(|path| name(path.id().as_str()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_of_one_template_share_a_name() {
        let table = [
            ("index", "index"),
            ("session#1", "session"),
            ("session#18446744073709551615", "session"),
            ("a#b#12", "a#b"),
            ("0", "partition"),
            ("17", "partition"),
            // What a number does not end is the name of one child.
            ("session#", "session#"),
            ("session#b", "session#b"),
            ("#", "#"),
            ("shard-7", "shard-7"),
            ("7th", "7th"),
        ];
        for (id, expected) in table {
            assert_eq!(name(id), expected, "{id}");
        }
    }

    #[test]
    fn a_path_is_told_by_the_names_of_all_that_is_above_too() {
        let app = ChildPath::root("app");
        let path = app.join("rooms").join("room#3").join("0").join("log");
        assert_eq!(text(&path), "app/rooms/room/partition/log");
        assert_eq!(text(&app), "app");
    }

    #[test]
    fn two_children_have_the_same_key_if_they_are_told_by_the_same_text() {
        let app = ChildPath::root("app");
        let paths = [
            app.clone(),
            app.join("app"),
            app.join("a").join("b"),
            app.join("b").join("a"),
            app.join("a#1").join("b#2"),
            app.join("ab"),
        ];
        let key = |path| {
            let mut key = String::new();
            write_key(path, &mut key);
            key
        };
        for one in &paths {
            for other in &paths {
                assert_eq!(
                    key(one) == key(other),
                    text(one) == text(other),
                    "{one} {other}"
                );
            }
        }
    }
}
