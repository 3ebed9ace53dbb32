//! In place of std's: each use is a point where another task may go on.

pub use shuttle::thread;

/// Locks and atomics. The atomics are sequentially consistent, whatever ordering is asked for.
pub mod sync {
    pub use shuttle::sync::{Mutex, MutexGuard, atomic};

    use crate::point;

    /// A value that is set once.
    #[derive(Debug)]
    pub struct OnceLock<T>(::std::sync::OnceLock<T>);

    impl<T> OnceLock<T> {
        /// Without a value.
        #[must_use]
        pub const fn new() -> Self {
            Self(::std::sync::OnceLock::new())
        }

        /// The value, if it is set.
        pub fn get(&self) -> Option<&T> {
            point();
            self.0.get()
        }

        /// Sets the value.
        ///
        /// # Errors
        ///
        /// There is one already; the new one is given back.
        pub fn set(&self, value: T) -> Result<(), T> {
            point();
            self.0.set(value)
        }

        /// Takes the value out. Nobody else has it meanwhile, so no other task goes on.
        pub fn take(&mut self) -> Option<T> {
            self.0.take()
        }

        /// The value, which `make` makes if there is none; no other task goes on meanwhile.
        pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
            point();
            self.0.get_or_init(make)
        }
    }

    impl<T> Default for OnceLock<T> {
        fn default() -> Self {
            Self::new()
        }
    }
}
