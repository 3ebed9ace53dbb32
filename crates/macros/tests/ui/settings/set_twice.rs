use perennial::Supervisable;

#[derive(Supervisable)]
#[supervise(restart = "transient", restart = "permanent")]
struct Mailer;

#[derive(Supervisable)]
#[supervise(shutdown = "10s")]
#[supervise(shutdown = "20s")]
struct Parser;

macro_rules! wait_for_the_stop {
    ($($child:ty),*) => {
        $(impl $child {
            async fn run(&self, ctx: perennial::Context) {
                ctx.stopping().await;
            }
        })*
    };
}

wait_for_the_stop!(Mailer, Parser);

fn main() {}
