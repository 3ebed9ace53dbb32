use perennial::{Context, Supervisable};

#[derive(Supervisable)]
#[supervise(init = "fatal_on_first_start")]
struct Mailer {
    server: String,
}

impl Mailer {
    async fn run(&self, ctx: Context) {
        ctx.stopping().await;
    }
}

fn main() {}
