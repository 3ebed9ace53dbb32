use perennial::{Context, Supervisable};

#[derive(Supervisable)]
struct Mailer {
    server: String,
}

impl Mailer {
    async fn run(&self, ctx: Context) -> u16 {
        ctx.stopping().await;
        7
    }
}

fn main() {}
