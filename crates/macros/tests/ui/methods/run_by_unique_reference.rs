use perennial::{Context, Supervisable};

#[derive(Supervisable)]
struct Mailer {
    server: String,
}

impl Mailer {
    async fn run(&mut self, ctx: Context) {
        ctx.stopping().await;
    }
}

fn main() {}
