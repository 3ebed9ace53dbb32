//! Why a value was not published, and why one will not come.

use std::sync::Arc;

use snafu::Snafu;

use crate::path::ChildPath;

/// Why a value was not published or not updated.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{PublishError, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let leader = worker("leader", |ctx| async move {
///     let _published = ctx.publish("leader", 1)?;
///     let second = ctx.publish("leader", 2);
///     assert!(matches!(second, Err(PublishError::Taken { by, .. }) if by == *ctx.path()));
///     ctx.stopping().await;
///     Ok(())
/// });
/// let handle = Supervisor::one_for_one("app").child(leader).start().await?;
/// # handle.dataspace()?.wait::<i32>("leader").await?;
/// # assert!(handle.shutdown().await.is_clean());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Snafu)]
#[snafu(module, visibility(pub(crate)))]
#[non_exhaustive]
pub enum PublishError {
    /// A value of that type is published under that key already.
    #[snafu(display("a {type_name} under the key {key:?} is already published by {by}"))]
    Taken {
        /// The type, as the compiler names it.
        type_name: &'static str,
        /// The key.
        key: Arc<str>,
        /// The child that publishes it; maybe the same one.
        by: ChildPath,
    },
    /// The tree publishes as many values as it may.
    #[snafu(display("there are {limit} published values already"))]
    Full {
        /// How many there may be.
        limit: usize,
    },
    /// The life that is to publish is over, or a later one took the place of what it published.
    #[snafu(display("this life of {path} is over"))]
    Over {
        /// The child.
        path: ChildPath,
    },
}

/// Why no value came.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, WaitError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let handle = Supervisor::one_for_one("app").start().await?;
/// let dataspace = handle.dataspace()?;
/// handle.shutdown().await;
/// assert!(matches!(dataspace.wait::<u32>("load").await, Err(WaitError::Over { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Snafu)]
#[snafu(module, visibility(pub(crate)))]
#[non_exhaustive]
pub enum WaitError {
    /// The tree is over.
    #[snafu(display("the tree is over: nothing is published under the key {key:?}"))]
    Over {
        /// The key.
        key: Arc<str>,
    },
}
