//! A transient supervisor that gives up: by default, and to the letter of OTP.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Restart, Semantics, Supervisor};
use perennial_book::Phone;
use perennial_book::station::radio;
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    for semantics in [Semantics::default(), Semantics::otp_exact()] {
        let radio = ChildSpec::new(radio(Phone::new(1))).restart(Restart::Transient);
        let tree = Supervisor::one_for_one("station")
            .semantics(semantics)
            .child(radio)
            .start()
            .await?;
        sleep(Duration::from_millis(4_500)).await;
        println!("{}\n", tree.snapshot());
        tree.shutdown().await;
    }
    // ANCHOR_END: main
    Ok(())
}
