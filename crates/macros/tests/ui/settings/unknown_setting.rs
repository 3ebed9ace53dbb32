use perennial::Supervisable;

#[derive(Supervisable)]
#[supervise(restarts = "transient")]
struct Mailer;

#[derive(Supervisable)]
#[supervise(significant = "true", id = "mailer")]
struct Parser;

#[perennial::worker(init = "fatal", intensity = "3")]
async fn clock(ctx: perennial::Context) {
    ctx.stopping().await;
}

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
