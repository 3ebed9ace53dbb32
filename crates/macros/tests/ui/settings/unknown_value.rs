use perennial::Supervisable;

// All faults are told at once.
#[derive(Supervisable)]
#[supervise(
    name = "",
    restart = "always",
    shutdown = "brutally",
    init = "ignore",
    crate = "my framework"
)]
struct Mailer;

#[derive(Supervisable)]
#[supervise(name = "mails/out")]
struct Sender;

macro_rules! wait_for_the_stop {
    ($($child:ty),*) => {
        $(impl $child {
            async fn run(&self, ctx: perennial::Context) {
                ctx.stopping().await;
            }
        })*
    };
}

wait_for_the_stop!(Mailer, Sender);

fn main() {}
