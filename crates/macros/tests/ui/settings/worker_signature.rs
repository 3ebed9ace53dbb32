#![allow(unused)]

use perennial::{BoxError, Context, worker};

#[worker]
fn clock(ctx: Context) -> Result<(), BoxError> {
    Ok(())
}

#[worker]
async fn deaf() {}

#[worker]
async extern "C" fn foreign(ctx: Context) {}

#[worker]
async fn borrowing(path: &str, ctx: Context) {}

struct Mailer;

impl Mailer {
    #[worker]
    async fn run(&self, ctx: Context) {}
}

fn main() {}
