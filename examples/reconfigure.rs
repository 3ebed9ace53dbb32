//! A tree that follows its settings at SIGHUP. Run: cargo run --example reconfigure
//!
//! Unix only: it sends the signals to itself, by `kill`.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};

use perennial::{Application, Applied, BoxError, ChildSpec, Supervisor, worker};
use tokio::sync::watch;

/// Somebody has edited the file of settings.
static EDITED: AtomicBool = AtomicBool::new(false);

fn read_settings() -> &'static str {
    match EDITED.load(Ordering::Relaxed) {
        false => "news 30\nsports 60\nstocks 5",
        true => "news 30\nsports 90\nweather 600",
    }
}

/// A feed for each line: its name, and how often it is read.
fn feeds(settings: &str) -> Result<Vec<ChildSpec>, BoxError> {
    let feed = |line: &str| {
        let (name, every) = line.split_once(' ').ok_or("a line has no interval")?;
        let seconds: u64 = every.parse()?;
        let feed = worker(name, move |ctx| async move {
            println!("{} reads every {seconds} s", ctx.path());
            ctx.stopping().await;
            Ok(())
        });
        // Of what two specs differ in. That of `news` stays the same.
        Ok(feed.version(every))
    };
    settings.lines().map(feed).collect()
}

fn send(signal: &str) -> Result<(), BoxError> {
    let id = std::process::id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status()?;
    sent.success().then_some(()).ok_or_else(|| "no kill".into())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (tell, told) = watch::channel(Applied::default());
    let hear = told.clone();
    let editor = worker("editor", move |ctx| {
        let mut hear = hear.clone();
        async move {
            EDITED.store(true, Ordering::Relaxed);
            send("-HUP")?;
            hear.changed().await?;
            println!("\n{}\n", ctx.supervisor().snapshot());
            send("-TERM")?;
            ctx.stopping().await;
            Ok(())
        }
    });
    let list = feeds(read_settings())?.into_iter();
    let list = list.fold(Supervisor::one_for_one("feeds"), Supervisor::child);
    let desk = list.handle();
    let reader = Supervisor::one_for_one("reader").child(list).child(editor);
    let code = Application::new(reader)
        .reload(move |_handle| {
            let (desk, tell) = (desk.clone(), tell.clone());
            async move {
                // With a fault anywhere in it nothing is changed, and the error is told.
                let applied = desk.apply(feeds(read_settings())?).await?;
                println!("{applied}");
                tell.send(applied)?;
                Ok(())
            }
        })
        .run()
        .await;
    let expected = "1 unchanged, removed stocks, replaced sports, added weather";
    assert_eq!(told.borrow().to_string(), expected);
    assert_eq!(code, ExitCode::SUCCESS);
    Ok(())
}
