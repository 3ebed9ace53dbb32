//! What is done at SIGHUP.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use tokio::task::AbortHandle;

use super::sentinel::Sentinel;
use super::words::say;
use crate::child::SupervisorHandle;
use crate::exit::{BoxError, Chain, Panic};
use crate::observe::trace;

/// What the user wants to be done, if anything.
pub(super) type Reload = Arc<dyn Fn(SupervisorHandle) -> Reloading + Send + Sync>;

pub(super) type Reloading = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// Ends a task when it is dropped.
struct Leash(AbortHandle);

/// Carries out each request, one after the other; those that come meanwhile are one more.
pub(super) async fn serve(
    sentinel: &Sentinel,
    handle: &SupervisorHandle,
    reload: Option<&Reload>,
) -> Infallible {
    loop {
        sentinel.reload_requested().await;
        handle.request_reload();
        let Some(reload) = reload else { continue };
        let (reload, of) = (Arc::clone(reload), handle.clone());
        // In a task of its own: a panic of the user's must not end the process, also not one of the error.
        let task = tokio::spawn(async move {
            let reloaded = reload(of).await;
            reloaded.map_err(|error| Chain(error.as_ref()).to_string())
        });
        let _leash = Leash(task.abort_handle());
        match task.await {
            Ok(Ok(())) => (),
            Ok(Err(story)) => tell(handle, &story),
            Err(ended) => {
                let Ok(payload) = ended.try_into_panic() else {
                    // The runtime ends, and this future with it.
                    continue;
                };
                // The panic hook has told where.
                let panic = Panic::caught(payload.as_ref(), None);
                tell(handle, &format_args!("panicked: {panic}"));
            }
        }
    }
}

fn tell(handle: &SupervisorHandle, why: &dyn fmt::Display) {
    let story = format!("{} could not reload: {why}", handle.id());
    if !trace::failed_reload(&story) {
        say(format_args!("{story}"));
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.0.abort();
    }
}
