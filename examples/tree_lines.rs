//! A tree as lines of JSON, for whoever reads them. Run: cargo run --example tree_lines
//!
//! A bakery whose oven fails once writes what happens to a pipe. At its other end somebody knows it by these lines alone.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::time::Duration;

use perennial::{BoxError, JsonLines, Supervisor, worker};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

/// Passes the lines on, as fast as the pipe takes them: the bakery waits for nobody.
async fn write(mut lines: JsonLines, mut pipe: impl AsyncWrite + Unpin) -> Result<(), BoxError> {
    while let Some(line) = lines.next().await {
        pipe.write_all(line.as_bytes()).await?;
        pipe.write_all(b"\n").await?;
    }
    Ok(())
}

/// Prints what comes, and tells how often the oven was restarted.
async fn read(pipe: impl AsyncRead + Unpin) -> Result<u32, BoxError> {
    let mut lines = BufReader::new(pipe).lines();
    let mut restarts = 0;
    while let Some(line) = lines.next_line().await? {
        let document: Value = serde_json::from_str(&line)?;
        let number = document["number"].as_u64().ok_or("no number")?;
        if document["document"] == "snapshot" {
            println!("{number:>3} the tree as it is");
            continue;
        }
        let (path, event) = (document["path"].as_str(), document["event"].as_str());
        let (path, event) = path.zip(event).ok_or("no event of a tree")?;
        println!("{number:>3} {path} {event}");
        if let Some(chain) = document["exit"]["chain"].as_array()
            && !chain.is_empty()
        {
            println!("    {}", Value::from(chain.clone()));
        }
        restarts += u32::from(path == "bakery/oven" && document["cause"] == "restart");
    }
    Ok(restarts)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let oven = worker("oven", |ctx| async move {
        if ctx.last_exit().is_none() {
            return Err("the gas is off".into());
        }
        ctx.stopping().await;
        Ok(())
    });
    let counter = worker("counter", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });
    let bakery = Supervisor::one_for_one("bakery").child(oven).child(counter);

    let (here, there) = tokio::io::duplex(256);
    let lines = JsonLines::new(bakery.handle().watch_tree());
    let writer = tokio::spawn(write(lines, here));
    let reader = tokio::spawn(read(there));

    let handle = bakery.start().await?;
    tokio::time::sleep(Duration::from_millis(50)).await;
    handle.shutdown().await;
    writer.await??;
    assert_eq!(reader.await??, 1);
    Ok(())
}
