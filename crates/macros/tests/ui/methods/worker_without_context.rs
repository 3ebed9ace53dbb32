use perennial::{Context, worker};

#[worker]
async fn poller(_ctx: Context, host: String) {
    drop(host);
}

fn main() {}
