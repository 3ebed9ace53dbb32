//! What the code of `perennial-macros` calls: each method of a derived child is checked by a trait of
//! its own, so that the compiler says what to write instead.
//!
//! The shape of a method is a bound on `Fn`, and an unmet one is told in the words of closures. A trait
//! with more than one candidate is told in its own words: that is what [`Decoy`] is for.

use std::any::TypeId;
use std::future::{Ready, ready};
use std::pin::Pin;

use super::closure::Worker;
use super::{ChildSpec, Context, Started};
use crate::exit::{BoxError, InitializationError, IntoExit};
use crate::path::ChildId;

/// What `initialize` of a derived child returns.
pub type Initialization<'a> =
    Pin<Box<dyn Future<Output = Result<Started<'a>, InitializationError>> + Send + 'a>>;

/// What `init` made, if there is no `init`.
#[derive(Debug)]
pub struct Nothing;

/// The methods that a type did not declare itself: its own come before these.
pub trait Undeclared {
    /// An `init` that makes nothing and cannot fail.
    fn init(&self, _ctx: &Context) -> Ready<Nothing> {
        ready(Nothing)
    }

    /// No `run` that would fit, so that the trait `Run` explains what is missing.
    fn run(&self) {}
}

/// An `init` that fits.
#[diagnostic::on_unimplemented(
    message = "the method `init` of `{T}` does not fit",
    label = "`init` is `{Self}`",
    note = "write `async fn init(&self, ctx: &Context) -> Result<Value, Error>`, or leave it out"
)]
pub trait Init<'a, 'c, T, Fut, Form> {
    /// Calls it.
    fn call(self, child: &'a T, ctx: &'c Context) -> Fut;
}

/// What an `init` may yield.
#[diagnostic::on_unimplemented(
    message = "the method `init` yields `{Self}`, which says nothing about how a start can fail",
    label = "`init` yields `{Self}`",
    note = "write `async fn init(&self, ctx: &Context) -> Result<Value, Error>`",
    note = "`Error` is `std::error::Error + Send + Sync`, or a text; where nothing can fail, it is \
            `std::convert::Infallible`"
)]
pub trait IntoMade<Value> {
    /// What is handed to `run`, or why there is nothing.
    ///
    /// # Errors
    ///
    /// The failure of the start.
    fn into_made(self) -> Result<Value, InitializationError>;
}

/// What an `init` may yield whose failures are a matter of the setting `init`.
#[diagnostic::on_unimplemented(
    message = "the setting `init` is for the failures of a method `init`",
    label = "`init` yields `{Self}`; `Nothing` stands for no `init` at all",
    note = "write `async fn init(&self, ctx: &Context) -> Result<Value, Error>`, or leave the setting out"
)]
pub trait CanFail<Value> {
    /// What is handed to `run`, or why there is nothing.
    ///
    /// # Errors
    ///
    /// The failure of the start.
    fn into_made(self) -> Result<Value, InitializationError>;
}

/// A `run` that fits.
#[diagnostic::on_unimplemented(
    message = "the method `run` of `{T}` does not fit",
    label = "`run` is `{Self}`; that of `Undeclared` stands for none at all",
    note = "`init` makes `{Made}`; `Nothing` stands for no `init` at all",
    note = "without `init`, or if that makes `()`, write \
            `async fn run(&self, ctx: Context) -> Result<(), Error>`",
    note = "with an `init` that makes a `Value`, write \
            `async fn run(&self, value: Value, ctx: Context) -> Result<(), Error>`"
)]
pub trait Run<'a, T, Made, Fut, Form> {
    /// Calls it.
    fn call(self, child: &'a T, made: Made, ctx: Context) -> Fut;
}

/// A future that can be part of a child's task.
#[diagnostic::on_unimplemented(
    message = "the future of a child must be `Send`",
    label = "this future holds something across an await that is not `Send`",
    note = "the runtime moves tasks between threads at their awaits",
    note = "the error below names the value: drop it before the await, or hold one that is `Send`, \
            as `Arc` is in place of `Rc`"
)]
pub trait Sent<Form> {}

/// What a worker function is given at each start besides the context.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a worker",
    label = "not `Clone + Send + Sync + 'static`",
    note = "a worker is started again and again, and each start gets a clone of its arguments"
)]
pub trait Argument<Form> {
    /// One for the next start.
    fn again(&self) -> Self;
}

/// The last parameter of a worker function.
#[diagnostic::on_unimplemented(
    message = "the last parameter of a worker is its `Context`, not `{Self}`",
    label = "not `Context`",
    note = "write `async fn name(.., ctx: Context) -> Result<(), Error>`"
)]
pub trait LastParameter {
    /// The context of this start.
    fn of(ctx: Context) -> Self;
}

/// Nothing is one: what is implemented for all decoys is a second candidate that never fits.
pub trait Decoy {
    /// Cannot be called.
    fn never<Anything>(&self) -> Anything;
}

/// The form of what does not use what `init` made, as there is nothing.
#[derive(Debug)]
pub enum Alone {}

/// The form of what does not use what `init` made, as that is `()`.
#[derive(Debug)]
pub enum Checked {}

/// The form of what uses what `init` made.
#[derive(Debug)]
pub enum With {}

/// The form of a decoy.
#[derive(Debug)]
pub enum Never {}

/// Whether `init` is the type's own: each function has a type of its own.
pub fn is_declared<T: 'static, F: 'static>(_: &T, init: F) -> bool {
    fn id<F: 'static>(_: F) -> TypeId {
        TypeId::of::<F>()
    }
    id(init) != id(<T as Undeclared>::init)
}

/// Calls `init`; it comes last, so that all types are known by then.
pub fn init<'a, 'c, T, F, Fut, Form, Way>(child: &'a T, ctx: &'c Context, init: F) -> Fut
where
    F: Init<'a, 'c, T, Fut, Form>,
    Fut: Sent<Way> + Send,
{
    init.call(child, ctx)
}

/// What `init` made.
///
/// # Errors
///
/// Why it made nothing.
pub fn made<R, Value>(yielded: R) -> Result<Value, InitializationError>
where
    R: IntoMade<Value>,
{
    yielded.into_made()
}

/// What `init` made, if there is a setting for its failures.
///
/// # Errors
///
/// Why it made nothing.
pub fn made_or_failed<R, Value>(yielded: R) -> Result<Value, InitializationError>
where
    R: CanFail<Value>,
{
    yielded.into_made()
}

/// Calls `run`; it comes last, so that all types are known by then.
pub fn run<'a, T, Made, F, Fut, Form>(child: &'a T, made: Made, ctx: Context, run: F) -> Fut
where
    F: Run<'a, T, Made, Fut, Form>,
{
    run.call(child, made, ctx)
}

/// The end of an initialization: the child runs.
///
/// # Errors
///
/// Never: the type is that of an initialization.
pub fn started<'a, Fut, Way>(run: Fut) -> Result<Started<'a>, InitializationError>
where
    Fut: Future<Output: IntoExit> + Sent<Way> + Send + 'a,
{
    Ok(Started::run(run))
}

/// The spec of a worker function.
pub fn function<F, Fut, Way>(name: &'static str, run: F) -> ChildSpec
where
    F: Fn(Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: IntoExit> + Sent<Way> + Send + 'static,
{
    ChildSpec::new(Worker {
        name: ChildId::from(name),
        run,
    })
}

/// An argument of a worker function, for one start.
pub fn argument<T, Form>(argument: &T) -> T
where
    T: Argument<Form>,
{
    argument.again()
}

/// The last argument of a worker function.
#[must_use]
pub fn context<T>(ctx: Context) -> T
where
    T: LastParameter,
{
    T::of(ctx)
}

impl<T: ?Sized> Undeclared for T {}

impl<'a, 'c, T, F, Fut> Init<'a, 'c, T, Fut, With> for F
where
    T: 'a,
    F: FnOnce(&'a T, &'c Context) -> Fut,
    Fut: Future,
{
    fn call(self, child: &'a T, ctx: &'c Context) -> Fut {
        self(child, ctx)
    }
}

impl<'a, T, F: Decoy, Fut> Init<'a, '_, T, Fut, Never> for F {
    fn call(self, _: &'a T, _: &Context) -> Fut {
        self.never()
    }
}

impl IntoMade<Self> for Nothing {
    fn into_made(self) -> Result<Self, InitializationError> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<Value, E: Into<BoxError>> IntoMade<Value> for Result<Value, E> {
    fn into_made(self) -> Result<Value, InitializationError> {
        self.map_err(InitializationError::new)
    }
}

#[diagnostic::do_not_recommend]
impl<Value, E: Into<BoxError>> CanFail<Value> for Result<Value, E> {
    fn into_made(self) -> Result<Value, InitializationError> {
        IntoMade::into_made(self)
    }
}

impl<'a, T, F, Fut> Run<'a, T, Nothing, Fut, Alone> for F
where
    T: 'a,
    F: FnOnce(&'a T, Context) -> Fut,
    Fut: Future,
{
    fn call(self, child: &'a T, Nothing: Nothing, ctx: Context) -> Fut {
        self(child, ctx)
    }
}

impl<'a, T, F, Fut> Run<'a, T, (), Fut, Checked> for F
where
    T: 'a,
    F: FnOnce(&'a T, Context) -> Fut,
    Fut: Future,
{
    fn call(self, child: &'a T, (): (), ctx: Context) -> Fut {
        self(child, ctx)
    }
}

impl<'a, T, Made, F, Fut> Run<'a, T, Made, Fut, With> for F
where
    T: 'a,
    F: FnOnce(&'a T, Made, Context) -> Fut,
    Fut: Future,
{
    fn call(self, child: &'a T, made: Made, ctx: Context) -> Fut {
        self(child, made, ctx)
    }
}

impl<'a, T, Made, F: Decoy, Fut> Run<'a, T, Made, Fut, Never> for F {
    fn call(self, _: &'a T, _: Made, _: Context) -> Fut {
        self.never()
    }
}

impl<F: Future + Send> Sent<With> for F {}

impl<F: Decoy> Sent<Never> for F {}

impl<T: Clone + Send + Sync + 'static> Argument<With> for T {
    fn again(&self) -> Self {
        self.clone()
    }
}

impl<T: Decoy> Argument<Never> for T {
    fn again(&self) -> Self {
        self.never()
    }
}

impl LastParameter for Context {
    fn of(ctx: Context) -> Self {
        ctx
    }
}
