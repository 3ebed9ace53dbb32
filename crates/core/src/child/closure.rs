//! Closures as workers.

use async_trait::async_trait;

use super::{ChildSpec, Context, Started, Supervisable};
use crate::exit::{BoxError, InitializationError, IntoExit};
use crate::path::ChildId;

/// A worker made of a closure, which is called at each start.
///
/// It runs as soon as it is started: there is no initialization that could fail. For one that has
/// such, implement [`Supervisable`].
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::worker;
/// use std::time::Duration;
///
/// let heartbeat = worker("heartbeat", |ctx| async move {
///     let mut ticks = tokio::time::interval(Duration::from_secs(1));
///     loop {
///         tokio::select! {
///             () = ctx.stopping() => return Ok(()),
///             _ = ticks.tick() => println!("alive"),
///         }
///     }
/// });
/// # let _: perennial_core::ChildSpec = heartbeat;
/// ```
pub fn worker<F, Fut>(name: impl Into<ChildId>, run: F) -> ChildSpec
where
    F: Fn(Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    ChildSpec::new(Worker {
        name: name.into(),
        run,
    })
}

/// A function that is called at each start.
pub(super) struct Worker<F> {
    pub(super) name: ChildId,
    pub(super) run: F,
}

#[async_trait]
impl<F, Fut> Supervisable for Worker<F>
where
    F: Fn(Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: IntoExit> + Send + 'static,
{
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn has_initialization(&self) -> bool {
        false
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        Ok(Started::run(async move { (self.run)(ctx).await }))
    }
}
