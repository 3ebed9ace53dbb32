use std::convert::Infallible;

use perennial::{Context, Supervisable};

#[derive(Supervisable)]
struct Mailer {
    server: String,
}

impl Mailer {
    async fn init(&self, _ctx: &Context) -> Result<String, Infallible> {
        Ok(self.server.clone())
    }

    async fn run(&self, _made: u16, ctx: Context) {
        ctx.stopping().await;
    }
}

fn main() {}
