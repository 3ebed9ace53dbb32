use perennial::{Context, Supervisable};

struct Refused;

#[derive(Supervisable)]
struct Mailer {
    server: String,
}

impl Mailer {
    async fn init(&self, _ctx: &Context) -> Result<String, Refused> {
        Err(Refused)
    }

    async fn run(&self, _made: String, ctx: Context) {
        ctx.stopping().await;
    }
}

fn main() {}
