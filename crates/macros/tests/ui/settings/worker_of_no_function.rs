#[perennial::worker]
struct Mailer;

fn main() {}
