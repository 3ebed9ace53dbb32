//! A type and a function as children, without a trait by hand. Run: cargo run --example derived_worker
//!
//! What `init` opens is handed to `run`, at each start anew. If it cannot be opened, the tree says so.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::io;
use std::iter::successors;
use std::net::{Ipv4Addr, SocketAddr};

use perennial::{BoxError, Context, Supervisable, Supervisor, worker};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// Answers each ship. All that a start needs stands in the fields.
#[derive(Supervisable)]
#[supervise(restart = "transient", shutdown = "500ms")]
struct Lighthouse {
    place: SocketAddr,
    lit: mpsc::Sender<SocketAddr>,
}

impl Lighthouse {
    async fn init(&self, _ctx: &Context) -> Result<UdpSocket, io::Error> {
        UdpSocket::bind(self.place).await
    }

    async fn run(&self, light: UdpSocket, ctx: Context) -> Result<(), BoxError> {
        self.lit.send(light.local_addr()?).await?;
        let mut call = [0; 64];
        loop {
            tokio::select! {
                () = ctx.stopping() => return Ok(()),
                heard = light.recv_from(&mut call) => {
                    let (_, ship) = heard?;
                    light.send_to(b"mind the rocks", ship).await?;
                }
            }
        }
    }
}

/// Its arguments are cloned for each start; the context comes last.
#[worker(restart = "temporary")]
async fn fishing_boat(
    lighthouse: SocketAddr,
    log: mpsc::Sender<String>,
    ctx: Context,
) -> Result<(), BoxError> {
    let radio = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    radio.send_to(b"where are we?", lighthouse).await?;
    let mut answer = [0; 64];
    let length = radio.recv(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer[..length]);
    log.send(format!("{} hears: {answer}", ctx.path())).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (lit, mut lights) = mpsc::channel(1);
    let (log, mut entries) = mpsc::channel(1);
    let place = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); // any free port

    let lighthouse = Lighthouse { place, lit };
    let coast = Supervisor::one_for_one("coast").child(lighthouse);
    let tree = coast.start().await?;
    let place = lights.recv().await.ok_or("the light is out")?;

    tree.start_child(fishing_boat(place, log)).await?;
    let entry = entries.recv().await.ok_or("the boat is lost")?;
    println!("{entry}");
    assert_eq!(entry, "coast/fishing-boat hears: mind the rocks");

    // There is a lighthouse at this place already.
    let (lit, _) = mpsc::channel(1);
    let second = Supervisor::one_for_one("fog").child(Lighthouse { place, lit });
    let error = second.start().await.err().ok_or("it must not start")?;
    let causes: Vec<_> = successors(error.source(), |cause| (*cause).source())
        .map(ToString::to_string)
        .collect();
    println!("{error}: {}", causes.join(": "));
    assert_eq!(
        causes.first().map(String::as_str),
        Some("fog/lighthouse failed to initialize")
    );

    let report = tree.shutdown().await;
    assert!(report.is_clean(), "{report}");
    Ok(())
}
