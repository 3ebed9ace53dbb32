use std::cell::Cell;

use perennial::{Context, Supervisable};

#[derive(Supervisable)]
struct Mailer {
    sent: Cell<u32>,
}

impl Mailer {
    async fn run(&self, ctx: Context) {
        ctx.stopping().await;
    }
}

fn main() {}
