use perennial::{Context, Supervisable};

#[derive(Supervisable)]
struct Mailer {
    server: String,
}

impl Mailer {
    fn run(&self, _ctx: Context) {}
}

fn main() {}
