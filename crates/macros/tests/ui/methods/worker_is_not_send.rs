use std::rc::Rc;

use perennial::{Context, worker};

#[worker]
async fn poller(ctx: Context) {
    let count = Rc::new(7);
    ctx.stopping().await;
    drop(count);
}

fn main() {}
