//! Threads that are made for one child.

use std::thread;

use snafu::ResultExt;

use super::error::{PlaceError, ThreadSnafu};
use crate::path::ChildPath;

/// How many bytes of a thread's name Linux keeps.
const NAME_BYTES: usize = 15;

/// Starts a thread that is named by the path of a child. Nobody ever joins it.
pub(crate) fn start_thread(
    path: &ChildPath,
    body: impl FnOnce() + Send + 'static,
) -> Result<(), PlaceError> {
    let builder = thread::Builder::new().name(thread_name(path));
    builder.spawn(body).map(drop).context(ThreadSnafu)
}

/// The end of the path, which tells more than its beginning.
pub(super) fn thread_name(path: &ChildPath) -> String {
    // A name with a zero in it would be refused with a panic.
    let path = path.to_string().replace('\0', "_");
    let mut from = path.len().saturating_sub(NAME_BYTES);
    while !path.is_char_boundary(from) {
        from += 1;
    }
    path[from..].to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_named_by_the_end_of_the_path_cut_between_two_characters() {
        let named = |path: &ChildPath| thread_name(path);
        let app = ChildPath::root("app");
        assert_eq!(named(&app.join("mailer")), "app/mailer");
        assert_eq!(named(&app.join("thumbnails#12345")), "humbnails#12345");
        assert_eq!(named(&app.join("ééééééééééé")), "ééééééé");
        assert_eq!(named(&app.join("a\0b")), "app/a_b");
    }
}
