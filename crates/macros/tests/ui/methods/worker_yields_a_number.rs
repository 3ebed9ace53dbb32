use perennial::{Context, worker};

#[worker]
async fn poller(ctx: Context) -> u16 {
    ctx.stopping().await;
    7
}

fn main() {}
