use perennial::{Context, Supervisable};

#[derive(Supervisable)]
struct Mailer {
    server: String,
}

impl Mailer {
    async fn run(&self, _made: String, ctx: Context) {
        ctx.stopping().await;
    }
}

fn main() {}
