//! The database: a worker that owns the connection and does one job after the other.
//!
//! There is never more than one connection, also while a life of the worker that was killed is
//! still inside an SQLite call: whoever holds the lock of the queue of jobs holds the connection,
//! and lets go of both together.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use perennial::{BoxError, Context, InitializationError, Started, Supervisable, async_trait};
use rusqlite::InterruptHandle;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot};

use crate::index::Index;

/// How many jobs may wait.
const QUEUE: usize = 64;
/// How long a caller waits for an answer, a restart of the database included.
const DEADLINE: Duration = Duration::from_secs(5);

/// Something to do with the index.
type Job = Box<dyn FnOnce(&mut Index) + Send>;

/// The worker. What stands in its fields is what each of its lives begins with.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    sender: mpsc::Sender<Job>,
    jobs: Arc<Mutex<mpsc::Receiver<Job>>>,
}

/// What others call the database with: good before its start and after each restart.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseHandle {
    jobs: mpsc::Sender<Job>,
}

/// What one life of the worker has.
struct Session {
    // The fields are dropped in this order: the connection is closed when the next life gets
    // the queue.
    index: Index,
    jobs: OwnedMutexGuard<mpsc::Receiver<Job>>,
}

/// Ends the SQLite call under way when the worker is killed: unlike a future, a call on another
/// thread cannot be dropped.
struct InterruptOnDrop(InterruptHandle);

impl Database {
    pub(crate) fn at(path: PathBuf) -> Self {
        let (sender, jobs) = mpsc::channel(QUEUE);
        Self {
            path,
            sender,
            jobs: Arc::new(Mutex::new(jobs)),
        }
    }

    pub(crate) fn handle(&self) -> DatabaseHandle {
        DatabaseHandle {
            jobs: self.sender.clone(),
        }
    }
}

#[async_trait]
impl Supervisable for Database {
    fn name(&self) -> &str {
        "database"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let jobs = self.jobs.clone().lock_owned().await;
        let path = self.path.clone();
        // A restart must be quick; whatever is wrong with the file was found at the first start.
        let check = ctx.last_exit().is_none();
        let session = blocking(move || {
            Ok(Session {
                index: Index::open(&path, check)?,
                jobs,
            })
        })
        .await;
        let session = session.map_err(|error: BoxError| {
            InitializationError::msg(format!("cannot open the database {:?}: {error}", self.path))
        })?;
        Ok(Started::run(session.serve(ctx)))
    }
}

impl Session {
    async fn serve(mut self, ctx: Context) {
        let _interrupt = InterruptOnDrop(self.index.interrupt_handle());
        loop {
            let job = tokio::select! {
                biased;
                () = ctx.stopping() => break,
                Some(job) = self.jobs.recv() => job,
            };
            self = blocking(move || {
                job(&mut self.index);
                self
            })
            .await;
        }
        blocking(move || drop(self)).await;
    }
}

impl DatabaseHandle {
    /// Has `job` done and waits for its result.
    ///
    /// A job whose caller has left before its turn is not done.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Index) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, BoxError> {
        let (reply, answer) = oneshot::channel();
        let job = move |index: &mut Index| {
            if !reply.is_closed() {
                // If the caller left in the meantime then nobody wants the result.
                drop(reply.send(job(index)));
            }
        };
        let call = async {
            self.jobs
                .send(Box::new(job))
                .await
                .map_err(|_| "the database is closed")?;
            Ok(answer
                .await
                .map_err(|_| "the database went down during the call")??)
        };
        let no_answer = |_| Err("the database does not answer".into());
        tokio::time::timeout(DEADLINE, call)
            .await
            .unwrap_or_else(no_answer)
    }
}

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        self.0.interrupt();
    }
}

/// Does what blocks on a thread that is made for it. A panic there is a panic here.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is shutting down and will drop this future next.
        Err(_) => std::future::pending().await,
    }
}
