use perennial::{Context, Supervisable};

struct Refused;

#[derive(Supervisable)]
struct Mailer {
    server: String,
}

impl Mailer {
    async fn run(&self, ctx: Context) -> Result<(), Refused> {
        ctx.stopping().await;
        Err(Refused)
    }
}

fn main() {}
