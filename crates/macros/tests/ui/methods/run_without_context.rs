use perennial::{Context, Supervisable};

#[derive(Supervisable)]
struct Mailer {
    server: String,
}

impl Mailer {
    async fn run(&self) {}
}

fn main() {}
