//! What a child keeps for its next life: one value of each type, in cells that belong to its row.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError};

use crate::exit::let_go;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// What a child keeps for its next life: one value of type `T`.
///
/// From [`Context::stash`](super::Context::stash). A child has one cell for each type, which its lives
/// share: what one life puts in, the next one finds. To keep two values of one type, give them types of
/// their own. Cheap to clone; a clone is the same cell.
///
/// What becomes of the value:
///
/// | when | the value |
/// |---|---|
/// | the child is restarted: it ended by itself or with an error, it was killed, its group is restarted | stays |
/// | it was stopped by a call, or has ended for good, and its supervisor keeps the spec | stays, for `restart_child` |
/// | it was paused, or has got a new spec | stays |
/// | the child **panicked**, also in its initialization or in a task of its [`Scope`](super::Scope) | is dropped, unless the cell is marked with [`keep_after_panic`](Self::keep_after_panic) |
/// | the child was declared **unresponsive** | stays with that life, which may still use it; the next one finds nothing |
/// | the child's spec goes: deleted, a temporary child that ended, a supervisor that ended or was itself restarted | is dropped |
///
/// A kill ends a child where it awaits, so never inside [`update`](Self::update); but what the child had
/// taken out is gone with it. The value is in memory only: it does not outlive the process.
///
/// # Examples
///
/// An import that fails now and then, and goes on where it was:
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Restart, Supervisor, worker};
///
/// /// How many pages are imported.
/// #[derive(Clone, Copy, Default)]
/// struct Done(u32);
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let import = worker("import", |ctx| async move {
///     let done = ctx.stash::<Done>();
///     let first = done.get().unwrap_or_default().0 + 1;
///     for page in first..=5 {
///         if page == 3 && ctx.last_exit().is_none() {
///             return Err("the connection is lost".into());
///         }
///         println!("page {page}");                        // 1 to 5, each of them once
///         done.put(Done(page));
///     }
///     ctx.supervisor().request_stop();
///     Ok(())
/// });
/// let app = Supervisor::one_for_one("app").child(import.restart(Restart::Transient));
/// assert!(app.start().await?.wait().await.is_clean());
/// # Ok(())
/// # }
/// ```
pub struct Stash<T> {
    cell: Arc<Cell<T>>,
}

/// The stash of a child: its cells by type.
///
/// No code of the user's runs while it is locked, so nobody waits for it.
#[derive(Default)]
pub(crate) struct Stashes(Mutex<HashMap<TypeId, Arc<dyn Kept>>>);

/// The value of one type, if there is one.
struct Cell<T> {
    value: Mutex<Option<T>>,
    /// It stays when the child panics.
    survives_panic: AtomicBool,
}

/// A cell of whatever type.
trait Kept: Any + Send + Sync {
    fn survives_panic(&self) -> bool;
}

impl<T: Send + 'static> Stash<T> {
    /// Marks the cell: what is in it stays also when the child panics.
    ///
    /// That is a promise, as [`AssertUnwindSafe`](std::panic::AssertUnwindSafe) is one: the panic may
    /// have come in the middle of an [`update`](Self::update), which leaves the value half changed, or
    /// because of the value itself, and then each life panics anew. The mark holds for all lives of the
    /// child from now on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use perennial_core as perennial;
    /// use perennial::worker;
    ///
    /// struct Attempts(u32);
    ///
    /// let sync = worker("sync", |ctx| async move {
    ///     let attempts = ctx.stash::<Attempts>().keep_after_panic();
    ///     let nth = attempts.update(|kept| {
    ///         let attempts = kept.get_or_insert(Attempts(0));
    ///         attempts.0 += 1;
    ///         attempts.0
    ///     });
    ///     println!("attempt {nth}, panics included");
    ///     ctx.stopping().await;
    ///     Ok(())
    /// });
    /// # let _: perennial_core::ChildSpec = sync;
    /// ```
    #[must_use = "the cell is marked, and what is returned is to go on with it"]
    pub fn keep_after_panic(self) -> Self {
        // Nothing else is ordered by it; who looks at it comes after the end of the life.
        self.cell.survives_panic.store(true, Ordering::Relaxed);
        self
    }

    /// Puts a value in; what was there before comes out.
    pub fn put(&self, value: T) -> Option<T> {
        self.cell.lock().replace(value)
    }

    /// Takes the value out: it stays no longer, whatever becomes of this life.
    #[must_use = "the value is out of the stash: to forget it, drop it by name"]
    pub fn take(&self) -> Option<T> {
        self.cell.lock().take()
    }

    /// A copy of the value.
    ///
    /// To look at one that cannot be cloned use [`update`](Self::update).
    #[must_use]
    pub fn get(&self) -> Option<T>
    where
        T: Clone,
    {
        self.cell.lock().clone()
    }

    /// Changes the value where it is, or looks at it; hands on what `change` returns.
    ///
    /// `change` may put a first value in and take one out. It must not use this very cell by another
    /// handle: it would wait for itself for ever. Others who use the cell wait as long as `change` runs.
    pub fn update<R>(&self, change: impl FnOnce(&mut Option<T>) -> R) -> R {
        change(&mut self.cell.lock())
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cell.lock().is_none()
    }
}

impl<T> Clone for Stash<T> {
    fn clone(&self) -> Self {
        Self {
            cell: Arc::clone(&self.cell),
        }
    }
}

impl<T> fmt::Debug for Stash<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stash").finish_non_exhaustive()
    }
}

impl Stashes {
    /// The cell of that type.
    pub(crate) fn cell<T: Send + 'static>(&self) -> Stash<T> {
        let mut cells = self.lock();
        let place = cells.entry(TypeId::of::<T>());
        let cell: Arc<dyn Any + Send + Sync> =
            Arc::clone(place.or_insert_with(|| Arc::new(Cell::<T>::default()))) as _;
        drop(cells);
        let cell = cell.downcast().expect("a cell stands under its own type");
        Stash { cell }
    }

    /// The stash of the next life. Nothing is left in here: a context that outlives its life keeps nothing.
    pub(crate) fn hand_over(&self) -> Arc<Self> {
        Arc::new(Self(Mutex::new(std::mem::take(&mut *self.lock()))))
    }

    /// The child has panicked: lets go what is not marked.
    pub(crate) fn survive_panic(&self) {
        let mut cells = self.lock();
        let gone = cells.extract_if(|_, cell| !cell.survives_panic());
        let gone: Vec<_> = gone.collect();
        drop(cells);
        // Only now, as the values are the user's.
        drop(gone);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TypeId, Arc<dyn Kept>>> {
        // Nothing in here is left half done by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Stashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stashes").finish_non_exhaustive()
    }
}

impl<T> Cell<T> {
    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        // What a panic of the user's left half changed is only kept if the user says so.
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Cell<T> {
    fn default() -> Self {
        Self {
            value: Mutex::default(),
            survives_panic: AtomicBool::new(false),
        }
    }
}

impl<T: Send + 'static> Kept for Cell<T> {
    fn survives_panic(&self) -> bool {
        self.survives_panic.load(Ordering::Relaxed)
    }
}

/// Whoever holds the cell last, a supervisor or a reader of its roster, is not hurt by the value.
impl<T> Drop for Cell<T> {
    fn drop(&mut self) {
        let value = self.value.get_mut();
        let_go(value.unwrap_or_else(PoisonError::into_inner).take());
    }
}
