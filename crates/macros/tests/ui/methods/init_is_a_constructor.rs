use perennial::{Context, Supervisable};

#[derive(Supervisable)]
struct Mailer {
    server: String,
}

impl Mailer {
    fn init(server: String) -> Self {
        Self { server }
    }

    async fn run(&self, ctx: Context) {
        ctx.stopping().await;
    }
}

fn main() {}
