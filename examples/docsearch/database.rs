//! The database: a worker that owns the connection and does one job after the other.
//!
//! Callers hold the other end of its queue, which outlives it: a job that waits while the
//! worker is restarted is done by its next life.

use std::path::PathBuf;
use std::time::Duration;

use perennial::{BoxError, Context, InitializationError, Started, Supervisable, async_trait};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::block_in_place;

use crate::index::Index;

/// How many jobs may wait.
const QUEUE: usize = 64;
/// How long a caller waits for an answer, a restart of the database included.
const DEADLINE: Duration = Duration::from_secs(5);

/// Something to do with the index.
type Job = Box<dyn FnOnce(&mut Index) + Send>;

/// The worker. What stands in its fields is what each of its lives begins with.
pub(crate) struct Database {
    path: PathBuf,
    jobs: Mutex<mpsc::Receiver<Job>>,
}

/// What others call the database with: good before its start and after each restart.
#[derive(Clone)]
pub(crate) struct DatabaseHandle {
    jobs: mpsc::Sender<Job>,
}

impl Database {
    pub(crate) fn at(path: PathBuf) -> (Self, DatabaseHandle) {
        let (sender, jobs) = mpsc::channel(QUEUE);
        let jobs = Mutex::new(jobs);
        (Self { path, jobs }, DatabaseHandle { jobs: sender })
    }
}

#[async_trait]
impl Supervisable for Database {
    fn name(&self) -> &str {
        "database"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        // Held as long as this life lasts, and let go of together with the connection.
        let mut jobs = self.jobs.lock().await;
        let index = block_in_place(|| Index::open(&self.path));
        let mut index = index.map_err(|error| {
            InitializationError::msg(format!("cannot open the database {:?}: {error}", self.path))
        })?;
        Ok(Started::run(async move {
            loop {
                tokio::select! {
                    biased;
                    () = ctx.stopping() => return,
                    Some(job) = jobs.recv() => block_in_place(|| job(&mut index)),
                }
            }
        }))
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
        let job = Box::new(move |index: &mut Index| {
            if !reply.is_closed() {
                // If the caller left in the meantime then nobody wants the result.
                drop(reply.send(job(index)));
            }
        });
        let call = async {
            self.jobs
                .send(job)
                .await
                .map_err(|_| "the database is closed")?;
            let result = answer
                .await
                .map_err(|_| "the database went down during the call")?;
            Ok(result?)
        };
        let result = tokio::time::timeout(DEADLINE, call).await;
        result.unwrap_or_else(|_| Err("the database does not answer".into()))
    }
}
