//! Two workers on plain tokio: a `JoinSet`, a token, and a loop around each.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

// ANCHOR: all
use std::error::Error;
use std::time::Duration;

use perennial_book::{Probe, say};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

type BoxError = Box<dyn Error + Send + Sync>;

async fn thermometer(probe: Probe, token: CancellationToken) -> Result<(), BoxError> {
    loop {
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            reading = probe.read() => say(format!("air {:.1} °C", reading?)),
        }
    }
}

async fn lamp(token: CancellationToken) {
    say("the lamp is lit");
    token.cancelled().await;
    say("the lamp is out");
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let token = CancellationToken::new();
    let mut tasks = JoinSet::new();

    tasks.spawn(lamp(token.clone()));
    let (probe, stop) = (Probe::new("air", "4.0 fail 4.1"), token.clone());
    tasks.spawn(async move {
        while let Err(error) = thermometer(probe.clone(), stop.clone()).await {
            say(format!("again, after: {error}"));
        }
    });

    sleep(Duration::from_millis(3_500)).await;
    token.cancel();
    let all = async { while tasks.join_next().await.is_some() {} };
    if timeout(Duration::from_secs(5), all).await.is_err() {
        say("somebody does not stop");
        tasks.shutdown().await;
    }
}
// ANCHOR_END: all
