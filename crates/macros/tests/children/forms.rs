//! Each form in which a child can be written: that it compiles, and that it runs.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::{Ready, ready};

use perennial::{BoxError, Context, ExitReason, Supervisable};
use snafu::Snafu;

use crate::starts_and_stops;

/// A tree with a child in which each `#[test]` starts a child of one form.
macro_rules! forms {
    ($($name:ident: $child:expr;)*) => {
        $(#[tokio::test(start_paused = true)]
        async fn $name() {
            starts_and_stops($child).await;
        })*
    };
}

forms! {
    run_may_yield_nothing: Unit;
    run_may_yield_an_exit_reason: Reasoned { planned: true };
    init_may_make_nothing_and_run_take_none: Checked;
    init_may_make_nothing_and_run_take_it: CheckedTwice;
    what_init_made_may_borrow_the_child: Borrowing(String::from("lent"));
    methods_may_be_plain_functions_that_return_futures: Futures;
    an_infallible_error_is_an_error: Safe;
    an_error_may_be_made_by_snafu: BySnafu;
    an_error_may_be_made_by_thiserror: ByThiserror;
    an_error_may_be_boxed: Boxed;
    an_error_may_be_a_text: Textual;
    an_enum_is_a_child: Door::Open;
    generics_carry_over: Generic { value: 7, texts: ["a", "b"] };
    where_clauses_and_defaults_carry_over: Clause::<u8> { value: 7 };
    the_methods_may_stand_apart_from_the_type: apart::child();
    perennial_may_be_elsewhere: elsewhere::Child;
}

#[derive(Supervisable)]
struct Unit;

impl Unit {
    async fn run(&self, ctx: Context) {
        ctx.stopping().await;
    }
}

#[derive(Supervisable)]
struct Reasoned {
    planned: bool,
}

impl Reasoned {
    async fn run(&self, ctx: Context) -> ExitReason {
        ctx.stopping().await;
        if self.planned {
            ExitReason::shutdown_with("planned")
        } else {
            ExitReason::failed("not planned")
        }
    }
}

#[derive(Supervisable)]
struct Checked;

impl Checked {
    async fn init(&self, _ctx: &Context) -> Result<(), BoxError> {
        Ok(())
    }

    async fn run(&self, ctx: Context) {
        ctx.stopping().await;
    }
}

#[derive(Supervisable)]
struct CheckedTwice;

impl CheckedTwice {
    async fn init(&self, _ctx: &Context) -> Result<(), BoxError> {
        Ok(())
    }

    async fn run(&self, (): (), ctx: Context) {
        ctx.stopping().await;
    }
}

#[derive(Supervisable)]
struct Borrowing(String);

impl Borrowing {
    async fn init(&self, _ctx: &Context) -> Result<&str, Infallible> {
        Ok(&self.0)
    }

    async fn run(&self, lent: &str, ctx: Context) {
        assert_eq!(lent, "lent");
        ctx.stopping().await;
    }
}

#[derive(Supervisable)]
struct Futures;

impl Futures {
    fn init(&self, _ctx: &Context) -> Ready<Result<u8, Infallible>> {
        ready(Ok(7))
    }

    fn run(&self, made: u8, ctx: Context) -> impl Future<Output = ()> {
        assert_eq!(made, 7);
        async move { ctx.stopping().await }
    }
}

#[derive(Supervisable)]
struct Safe;

impl Safe {
    async fn init(&self, _ctx: &Context) -> Result<u8, Infallible> {
        Ok(7)
    }

    async fn run(&self, _made: u8, ctx: Context) -> Result<(), Infallible> {
        ctx.stopping().await;
        Ok(())
    }
}

#[derive(Debug, Snafu)]
#[snafu(display("the queue {queue} is full"))]
struct QueueFull {
    queue: String,
}

#[derive(Supervisable)]
struct BySnafu;

impl BySnafu {
    async fn init(&self, _ctx: &Context) -> Result<u8, QueueFull> {
        Ok(7)
    }

    async fn run(&self, made: u8, ctx: Context) -> Result<(), QueueFull> {
        snafu::ensure!(made == 7, QueueFullSnafu { queue: "mails" });
        ctx.stopping().await;
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
enum MailError {
    #[error("the letter box is shut")]
    Shut,
    #[error("the letter could not be read")]
    Unreadable(#[from] std::str::Utf8Error),
}

#[derive(Supervisable)]
struct ByThiserror;

impl ByThiserror {
    async fn init(&self, _ctx: &Context) -> Result<&'static str, MailError> {
        Ok(std::str::from_utf8(b"letter")?)
    }

    async fn run(&self, made: &str, ctx: Context) -> Result<(), MailError> {
        if made != "letter" {
            return Err(MailError::Shut);
        }
        ctx.stopping().await;
        Ok(())
    }
}

#[derive(Supervisable)]
struct Boxed;

impl Boxed {
    async fn init(&self, _ctx: &Context) -> Result<u8, BoxError> {
        Ok("7".parse()?)
    }

    async fn run(&self, _made: u8, ctx: Context) -> Result<(), BoxError> {
        ctx.stopping().await;
        Ok(())
    }
}

#[derive(Supervisable)]
struct Textual;

impl Textual {
    async fn init(&self, ctx: &Context) -> Result<u8, String> {
        if ctx.is_stopping() {
            return Err(format!("{} is late", ctx.path()));
        }
        Ok(7)
    }

    async fn run(&self, made: u8, ctx: Context) -> Result<(), &'static str> {
        if made != 7 {
            return Err("seven was made");
        }
        ctx.stopping().await;
        Ok(())
    }
}

#[derive(Supervisable)]
enum Door {
    Open,
    #[expect(dead_code, reason = "no test shuts it")]
    Shut,
}

impl Door {
    async fn run(&self, ctx: Context) {
        match self {
            Self::Open => ctx.stopping().await,
            Self::Shut => (),
        }
    }
}

#[derive(Supervisable)]
struct Generic<T: Copy + Display + Send + Sync + 'static, const N: usize> {
    value: T,
    texts: [&'static str; N],
}

impl<T: Copy + Display + Send + Sync + 'static, const N: usize> Generic<T, N> {
    async fn init(&self, _ctx: &Context) -> Result<T, Infallible> {
        Ok(self.value)
    }

    async fn run(&self, made: T, ctx: Context) -> Result<(), String> {
        ctx.stopping().await;
        (N == self.texts.len())
            .then_some(())
            .ok_or_else(|| made.to_string())
    }
}

#[derive(Supervisable)]
struct Clause<T = u16>
where
    T: Clone + Send + Sync + 'static,
{
    value: T,
}

impl<T> Clause<T>
where
    T: Clone + Send + Sync + 'static,
{
    async fn run(&self, ctx: Context) {
        let _mine = self.value.clone();
        ctx.stopping().await;
    }
}

mod apart {
    use perennial::Supervisable;

    /// Its methods are private, and those of another module below.
    #[derive(Supervisable)]
    pub(super) struct Child;

    pub(super) fn child() -> Child {
        Child
    }

    mod methods {
        use perennial::Context;

        impl super::Child {
            pub(super) async fn run(&self, ctx: Context) {
                ctx.stopping().await;
            }
        }
    }
}

mod elsewhere {
    use perennial::Context;

    mod framework {
        pub(super) mod supervision {
            pub(in super::super) use ::perennial::{__private, Supervisable};
        }
    }

    #[derive(framework::supervision::Supervisable)]
    #[supervise(crate = "self::framework::supervision")]
    pub(super) struct Child;

    impl Child {
        async fn run(&self, ctx: Context) {
            ctx.stopping().await;
        }
    }
}
