//! A table in pages, which are shared with pictures of it: to take one holds the table for a page's
//! reference each, and what changes afterwards changes a copy of its page.

use std::sync::Arc;

/// How many rows stand on a page.
const PAGE: usize = 128;

/// Rows by number. A clone is a picture of the moment.
#[derive(Clone, Debug)]
pub(super) struct Pages<T> {
    /// The first one stands by itself, as most tables have no other.
    first: Arc<Page<T>>,
    /// All but the last are full.
    others: Vec<Arc<Page<T>>>,
}

/// `None` where no row is.
type Page<T> = Vec<Option<T>>;

impl<T: Clone> Pages<T> {
    /// An empty table, with room for so many rows on its first page.
    pub(super) fn with_room(rows: usize) -> Self {
        Self {
            first: Arc::new(Vec::with_capacity(rows.min(PAGE))),
            others: Vec::new(),
        }
    }

    /// Adds a row behind all others and tells its number.
    pub(super) fn push(&mut self, row: T) -> usize {
        if self.others.last().unwrap_or(&self.first).len() == PAGE {
            // The first page grows as it must: most tables are small.
            self.others.push(Arc::new(Vec::with_capacity(PAGE)));
        }
        let before = self.others.len() * PAGE;
        let page = Arc::make_mut(self.others.last_mut().unwrap_or(&mut self.first));
        page.push(Some(row));
        before + page.len() - 1
    }

    /// Puts a row where none is.
    pub(super) fn put(&mut self, number: usize, row: T) {
        if let Some(place) = self.place(number) {
            *place = Some(row);
        }
    }

    pub(super) fn take(&mut self, number: usize) -> Option<T> {
        self.place(number)?.take()
    }

    pub(super) fn get(&self, number: usize) -> Option<&T> {
        let page = match number / PAGE {
            0 => &self.first,
            other => self.others.get(other - 1)?,
        };
        page.get(number % PAGE)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.place(number)?.as_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.places().flatten()
    }

    /// All rows.
    pub(super) fn rows(&self) -> Vec<&T> {
        let mut rows = Vec::with_capacity(self.first.len() + self.others.len() * PAGE);
        // Page by page is faster than row by row.
        for page in std::iter::once(&self.first).chain(&self.others) {
            rows.extend(page.iter().flatten());
        }
        rows
    }

    /// The rows and their numbers.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (usize, &T)> {
        let places = self.places().enumerate();
        places.filter_map(|(number, place)| Some((number, place.as_ref()?)))
    }

    fn place(&mut self, number: usize) -> Option<&mut Option<T>> {
        let page = match number / PAGE {
            0 => &mut self.first,
            other => self.others.get_mut(other - 1)?,
        };
        Arc::make_mut(page).get_mut(number % PAGE)
    }

    fn places(&self) -> impl Iterator<Item = &Option<T>> {
        let pages = std::iter::once(&self.first).chain(&self.others);
        pages.flat_map(|page| page.iter())
    }
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self {
            first: Arc::default(),
            others: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Change {
        Push(u8),
        Set(usize, u8),
        Take(usize),
        Refill(usize, u8),
    }

    fn change() -> impl Strategy<Value = Change> {
        let number = 0..3 * PAGE;
        prop_oneof![
            4 => any::<u8>().prop_map(Change::Push),
            1 => (number.clone(), any::<u8>()).prop_map(|(number, row)| Change::Set(number, row)),
            1 => number.clone().prop_map(Change::Take),
            1 => (number, any::<u8>()).prop_map(|(number, row)| Change::Refill(number, row)),
        ]
    }

    fn rows(pages: &Pages<u8>) -> Vec<u8> {
        pages.iter().copied().collect()
    }

    proptest! {
        #[test]
        fn a_table_is_what_a_vector_would_be_and_a_picture_stays_as_it_was(
            changes in prop::collection::vec(change(), 0..5 * PAGE),
            at in 0..5 * PAGE,
        ) {
            let mut pages = Pages::default();
            let mut model: Vec<Option<u8>> = Vec::new();
            let mut picture = (Pages::default(), Vec::new());
            for (index, change) in changes.into_iter().enumerate() {
                if index == at {
                    picture = (pages.clone(), rows(&pages));
                }
                match change {
                    Change::Push(row) => {
                        prop_assert_eq!(pages.push(row), model.len());
                        model.push(Some(row));
                    }
                    Change::Set(number, row) => {
                        let kept = model.get_mut(number).and_then(Option::as_mut);
                        prop_assert_eq!(pages.get(number), kept.as_deref());
                        if let (Some(place), Some(kept)) = (pages.get_mut(number), kept) {
                            (*place, *kept) = (row, row);
                        }
                    }
                    Change::Take(number) => {
                        let kept = model.get_mut(number).and_then(Option::take);
                        prop_assert_eq!(pages.take(number), kept);
                    }
                    Change::Refill(number, row) => {
                        pages.put(number, row);
                        if let Some(kept) = model.get_mut(number) {
                            *kept = Some(row);
                        }
                    }
                }
            }
            let expected: Vec<u8> = model.iter().flatten().copied().collect();
            prop_assert_eq!(rows(&pages), expected);
            prop_assert_eq!(rows(&picture.0), picture.1);
        }
    }
}
