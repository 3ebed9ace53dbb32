use perennial::Supervisable;

#[derive(Supervisable)]
#[supervise(name = mailer, shutdown = 10, restart)]
struct Mailer;

#[derive(Supervisable)]
#[supervise(init("fatal"))]
struct Parser;

#[derive(Supervisable)]
#[supervise]
struct Sender;

#[derive(Supervisable)]
#[supervise = "transient"]
struct Reader;

#[derive(Supervisable)]
#[supervise(restart "transient")]
struct Writer;

macro_rules! wait_for_the_stop {
    ($($child:ty),*) => {
        $(impl $child {
            async fn run(&self, ctx: perennial::Context) {
                ctx.stopping().await;
            }
        })*
    };
}

wait_for_the_stop!(Mailer, Parser, Sender, Reader, Writer);

fn main() {}
