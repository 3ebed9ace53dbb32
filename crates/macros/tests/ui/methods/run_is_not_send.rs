use std::rc::Rc;

use perennial::{Context, Supervisable};

#[derive(Supervisable)]
struct Mailer {
    server: String,
}

impl Mailer {
    async fn run(&self, ctx: Context) {
        let count = Rc::new(7);
        ctx.stopping().await;
        drop(count);
    }
}

fn main() {}
