use perennial::{Context, Supervisable, worker};

#[derive(Supervisable)]
#[supervise(shutdown = "10")]
struct NoUnit;

#[derive(Supervisable)]
#[supervise(shutdown = "10 seconds")]
struct UnknownUnit;

#[derive(Supervisable)]
#[supervise(shutdown = "1.5s")]
struct Fraction;

#[derive(Supervisable)]
#[supervise(shutdown = "0ms")]
struct Zero;

#[derive(Supervisable)]
#[supervise(shutdown = "9999999999999999999h")]
struct TooLong;

#[worker(shutdown = "a while")]
async fn clock(ctx: Context) {
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

wait_for_the_stop!(NoUnit, UnknownUnit, Fraction, Zero, TooLong);

fn main() {}
