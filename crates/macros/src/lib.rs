//! The macros of `perennial`, supervision trees for Rust on tokio. Use them through that crate.
//!
//! - [`#[derive(Supervisable)]`](derive@Supervisable): a type with an `async fn run` becomes a child.
//! - [`#[worker]`](macro@worker): an `async fn` becomes a worker.
//!
//! What they write names nothing but `::perennial::__private`. A library that re-exports perennial has
//! its users say where that is: `#[supervise(crate = "my_framework::perennial")]`.
//!
//! # What the derive writes
//!
//! Below, all of it stands for a `Mailer` with
//! `#[supervise(restart = "transient", shutdown = "10s", init = "fatal_on_first_start")]` and
//! `#[supervise(version = "2")]`. It compiles as it is, and a test holds it against what the macro writes.
//!
//! `Undeclared` has an `init` that makes nothing, for types without one of their own. What `init` makes
//! decides which `run` fits; `__private::run` explains one that does not. Without the setting `init` there would be
//! `made` in place of `made_or_failed`, which wants an `init` that can fail.
//!
//! ```
//! use perennial::Context;
//!
//! struct Mailer {
//!     server: String,
//! }
//!
//! impl Mailer {
//!     async fn init(&self, _ctx: &Context) -> Result<String, std::io::Error> {
//!         Ok(format!("a connection to {}", self.server))
//!     }
//!
//!     async fn run(&self, _connection: String, ctx: Context) -> Result<(), std::io::Error> {
//!         ctx.stopping().await;
//!         Ok(())
//!     }
//! }
//!
//! #[automatically_derived]
//! impl ::perennial::__private::Supervisable for Mailer {
//!     fn name(&self) -> &str {
//!         "mailer"
//!     }
//!     fn restart(&self) -> ::perennial::__private::Restart {
//!         ::perennial::__private::Restart::Transient
//!     }
//!     fn shutdown_strategy(&self) -> ::perennial::__private::ShutdownStrategy {
//!         ::perennial::__private::ShutdownStrategy::Graceful(
//!             ::perennial::__private::Duration::from_millis(10000u64)
//!         )
//!     }
//!     fn init_policy(&self) -> ::perennial::__private::InitPolicy {
//!         ::perennial::__private::InitPolicy::FatalOnFirstStart
//!     }
//!     fn version(&self) -> ::perennial::__private::Option<&str> {
//!         ::perennial::__private::Option::Some("2")
//!     }
//!     fn has_initialization(&self) -> bool {
//!         use ::perennial::__private::Undeclared as _;
//!         ::perennial::__private::is_declared(self, Self::init)
//!     }
//!     fn initialize<'life0, 'async_trait>(
//!         &'life0 self,
//!         ctx: ::perennial::__private::Context,
//!     ) -> ::perennial::__private::Initialization<'life0>
//!     where
//!         'life0: 'async_trait,
//!         Self: 'async_trait,
//!     {
//!         use ::perennial::__private::Undeclared as _;
//!         ::perennial::__private::Box::pin(async move {
//!             let made = ::perennial::__private::made_or_failed(
//!                 ::perennial::__private::init(self, &ctx, Self::init).await
//!             )?;
//!             ::perennial::__private::started(
//!                 ::perennial::__private::run(self, made, ctx, Self::run)
//!             )
//!         })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), perennial::BoxError> {
//! # let mailer = Mailer { server: "localhost".to_owned() };
//! # let tree = perennial::Supervisor::one_for_one("app").child(mailer).start().await?;
//! # assert!(tree.shutdown().await.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! # What `#[worker]` writes
//!
//! Here for a function with `#[worker(restart = "transient", shutdown = "brutal", version = "2")]`.
//!
//! ```
//! # use std::time::Duration;
//! # use perennial::{BoxError, Context};
//! pub fn poller(host: String, every: Duration) -> ::perennial::__private::ChildSpec {
//!     async fn poller(host: String, every: Duration, ctx: Context) -> Result<(), BoxError> {
//!         println!("polls {host} every {every:?}");
//!         ctx.stopping().await;
//!         Ok(())
//!     }
//!     ::perennial::__private::function("poller", move |ctx| poller(
//!         ::perennial::__private::argument(&host),
//!         ::perennial::__private::argument(&every),
//!         ::perennial::__private::context(ctx)
//!     ))
//!     .restart(::perennial::__private::Restart::Transient)
//!     .shutdown(::perennial::__private::ShutdownStrategy::Brutal)
//!     .version("2")
//! }
//! # assert_eq!(poller("db".to_owned(), Duration::from_secs(1)).settings().id, "poller");
//! ```
#![forbid(unsafe_code)]

mod derive;
mod faults;
mod name;
mod settings;
mod time;
mod worker;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a child of a type that has an `async fn run`.
///
/// Everything that a start needs stands in the fields: one value is started again and again. The methods
/// stand in a plain `impl` of the type, private or not, and take one of these forms:
///
/// | `init` | `run` |
/// |---|---|
/// | none: it is up as soon as its task is spawned | `async fn run(&self, ctx: Context) -> …` |
/// | `async fn init(&self, ctx: &Context) -> Result<Value, Error>` | `async fn run(&self, value: Value, ctx: Context) -> …` |
/// | `async fn init(&self, ctx: &Context) -> Result<(), Error>` | either of these |
///
/// - **`init`** runs at each start, and what it made is handed to `run`. An error in it is an initialization
///   failure: it is told to whoever started the tree, with the path of the child, and not retried unless the
///   setting `init` says so.
/// - **`run`** runs until it is done, fails, or is asked to stop. It yields what `IntoExit` takes: `()`,
///   `Result<(), Error>`, `ExitReason` or `Option<ExitReason>`. After a request to stop, `Ok` is the exit
///   `shutdown`, otherwise `normal`.
/// - **`Error`** is any error that is `Send + Sync + 'static`, by snafu, thiserror or by hand, or a boxed one,
///   or a text. Where nothing can fail it is `Infallible`.
/// - Both futures must be `Send`. A method may also be a plain `fn` that returns a future.
///
/// Settings stand in `#[supervise(…)]`. They are defaults: a `ChildSpec` can set others for one place in a tree.
/// What is about a place only is set there alone: `ChildSpec::new(mailer).backoff(…)`, and so `limit`, `classify`,
/// `stop_when`, `watchdog`, and what makes a child significant.
///
/// | setting | value | default |
/// |---|---|---|
/// | `name` | the id of the child: not empty, no `/` | the name of the type: `doc-indexer` for `DocIndexer` |
/// | `restart` | `"permanent"`, `"transient"`, `"temporary"` | `"permanent"` |
/// | `shutdown` | a time, `"brutal"`, `"infinite"` | `"5s"` |
/// | `init` | `"fatal"`, `"fatal_on_first_start"`; only with a method `init` | `"fatal"` |
/// | `version` | the version that `apply` compares, in whatever words | none |
/// | `crate` | the path at which perennial is found | `"::perennial"` |
///
/// A time is a whole number and its unit, `ms`, `s`, `m` or `h`: `"500ms"`, `"10s"`. It is read by the macro,
/// so a wrong one does not compile.
///
/// A type that stands in a tree more than once needs an id for each place:
/// `ChildSpec::new(mailer).id("invoices")`. Generics and where clauses carry over to the implementation,
/// so what a child must be (`Send + Sync + 'static`) is said of the parameters of the type. Enums can be children too;
/// for what the forms do not cover, such as an `initialize` that leaves the child out, implement the trait.
///
/// # Examples
///
/// ```
/// use std::io;
/// use perennial::{BoxError, Context, Supervisable, Supervisor};
/// use tokio::net::UdpSocket;
///
/// #[derive(Supervisable)]
/// #[supervise(restart = "transient", shutdown = "10s")]
/// struct Echo {
///     address: &'static str,
/// }
///
/// impl Echo {
///     async fn init(&self, _ctx: &Context) -> Result<UdpSocket, io::Error> {
///         UdpSocket::bind(self.address).await
///     }
///
///     async fn run(&self, socket: UdpSocket, ctx: Context) -> Result<(), io::Error> {
///         let mut buffer = [0; 512];
///         loop {
///             tokio::select! {
///                 () = ctx.stopping() => return Ok(()),
///                 received = socket.recv_from(&mut buffer) => {
///                     let (length, peer) = received?;
///                     socket.send_to(&buffer[..length], peer).await?;
///                 }
///             }
///         }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let tree = Supervisor::one_for_one("app").child(Echo { address: "127.0.0.1:0" }).start().await?;
/// assert!(tree.shutdown().await.is_clean());
/// # Ok(())
/// # }
/// ```
#[proc_macro_derive(Supervisable, attributes(supervise))]
pub fn supervisable(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive::expand(&input).into()
}

/// Makes a worker of an `async fn`: a function that returns its `ChildSpec`.
///
/// The last parameter is the `Context`. All others become the parameters of the new function, and each start
/// gets a clone of them: they are `Clone + Send + Sync + 'static`. What the function yields is what `IntoExit`
/// takes, as with [`derive@Supervisable`]; it has no initialization that could fail.
///
/// Visibility, generics, where clauses and docs carry over. Other attributes go to the function that runs, lints
/// and `cfg` apart.
///
/// | setting | value | default |
/// |---|---|---|
/// | `name` | the id of the child: not empty, no `/` | the name of the function: `price-poller` for `price_poller` |
/// | `restart` | `"permanent"`, `"transient"`, `"temporary"` | `"permanent"` |
/// | `shutdown` | a time as `"500ms"`, `"10s"`, `"2m"`, `"1h"`; `"brutal"`, `"infinite"` | `"5s"` |
/// | `version` | the version that `apply` compares, in whatever words | none |
/// | `crate` | the path at which perennial is found | `"::perennial"` |
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use std::time::Duration;
/// use perennial::{Context, Supervisor, worker};
///
/// #[worker(shutdown = "brutal")]
/// async fn clock(every: Duration, ctx: Context) -> Result<(), Infallible> {
///     let mut ticks = tokio::time::interval(every);
///     loop {
///         ticks.tick().await;
///         println!("{} ticks", ctx.path());
///     }
/// }
///
/// let second = clock(Duration::from_secs(1));
/// let minute = clock(Duration::from_secs(60)).id("minute-clock");
/// let clocks = Supervisor::one_for_one("clocks").child(second).child(minute);
/// assert!(clocks.check().is_ok());
/// ```
#[proc_macro_attribute]
pub fn worker(attribute: TokenStream, item: TokenStream) -> TokenStream {
    worker::expand(attribute.into(), &item.into()).into()
}

/// The code blocks of the page above, for the tests that hold them against what the macros write.
#[cfg(test)]
fn shown(title: &str) -> String {
    let page = include_str!("lib.rs");
    let lines = page.lines().map_while(|line| line.strip_prefix("//!"));
    lines
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .skip_while(|line| *line != title)
        .skip_while(|line| *line != "```")
        .skip(1)
        .take_while(|line| *line != "```")
        .filter(|line| !line.starts_with("# "))
        .map(|line| format!("{line}\n"))
        .collect()
}
