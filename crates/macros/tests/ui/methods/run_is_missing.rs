use perennial::Supervisable;

#[derive(Supervisable)]
struct Mailer;

fn main() {}
