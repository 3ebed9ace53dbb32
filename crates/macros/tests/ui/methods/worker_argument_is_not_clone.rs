use perennial::{Context, worker};

struct Connection;

#[worker]
async fn poller(connection: Connection, ctx: Context) {
    ctx.stopping().await;
    drop(connection);
}

fn main() {}
