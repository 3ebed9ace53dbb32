use std::convert::Infallible;
use std::rc::Rc;

use perennial::{Context, Supervisable};

#[derive(Supervisable)]
struct Mailer {
    server: String,
}

impl Mailer {
    async fn init(&self, ctx: &Context) -> Result<String, Infallible> {
        let server = Rc::new(self.server.clone());
        ctx.stopping().await;
        Ok(String::clone(&server))
    }

    async fn run(&self, _made: String, ctx: Context) {
        ctx.stopping().await;
    }
}

fn main() {}
