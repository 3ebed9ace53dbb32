use std::convert::Infallible;

use perennial::{Context, Supervisable};

#[derive(Supervisable)]
struct Mailer {
    server: String,
}

impl Mailer {
    async fn init(&self) -> Result<String, Infallible> {
        Ok(self.server.clone())
    }

    async fn run(&self, _made: String, ctx: Context) {
        ctx.stopping().await;
    }
}

fn main() {}
