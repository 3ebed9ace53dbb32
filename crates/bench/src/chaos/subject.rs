//! A worker that faults befall: what each of its lives suffers is drawn from the seed, its path and its number.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use perennial::{
    Context, ExitReason, InitializationError, Published, Scope, Started, Subscription,
    Supervisable, async_trait,
};
use tokio::time::{interval, sleep};

use super::dice::Dice;
use super::world::{BLOCK, Kind, Mine, Token, World, explode};

/// How long a life lasts at most, before something befalls it.
const LIFE: Duration = Duration::from_secs(8);
/// How slow a slow start is at most.
const SLOW: Duration = Duration::from_millis(100);
/// How long a child keeps its thread busy.
const BUSY: Duration = Duration::from_millis(20);
/// How often those with a watchdog say that they get on.
const PROGRESS: Duration = Duration::from_millis(50);

/// A worker that faults befall.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) world: Arc<World>,
    pub(super) name: String,
    /// Which of the things that children have it has.
    pub(super) index: usize,
    /// How long it may take to stop.
    pub(super) grace: Duration,
    /// Whether its end may take its supervisor with it.
    pub(super) escalates: bool,
    pub(super) lives: AtomicU64,
    pub(super) _alive: Token,
}

/// What it has in its dataspace and its stash.
#[derive(Debug)]
pub(super) struct Value {
    _alive: Token,
}

/// What a life holds.
struct Props {
    _published: Option<Published<Value>>,
    _unread: Option<Subscription<Value>>,
}

/// How a life takes the request to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Obeys,
    /// It needs half of its grace.
    Slow,
    Fails,
    Panics,
    /// It must be killed.
    Deaf,
}

/// How a life ends if nothing else ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Error,
    Panic,
    Done,
    Planned,
    Permanent,
    /// It hears nothing any more.
    Hang,
    Block,
    Spin,
    /// A task of its scope panics.
    TaskPanic,
    /// A task of its scope blocks its thread while the life ends.
    TaskBlock,
    /// What it holds panics when it is dropped.
    DropPanic,
}

#[async_trait]
impl Supervisable for Subject {
    fn name(&self) -> &str {
        &self.name
    }

    fn has_initialization(&self) -> bool {
        self.index.is_multiple_of(2)
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        // Relaxed: the lives of a child follow one another.
        let nth = self.lives.fetch_add(1, Ordering::Relaxed);
        let mut dice = self.world.dice(&ctx.path().to_string(), nth);
        // A first start that fails ends the supervisor: with so many children none would come up.
        let is_restart = ctx.last_exit().is_some();
        if self.has_initialization() && is_restart && self.world.is_stormy() {
            let _alive = self.world.token(Kind::Start);
            if !self.begin(&mut dice).await? {
                return Ok(Started::Ignore);
            }
        }
        Ok(Started::Run(Box::pin(self.run(ctx, dice))))
    }
}

impl Subject {
    /// Whether it wants to start.
    async fn begin(&self, dice: &mut Dice) -> Result<bool, InitializationError> {
        let world = &self.world;
        match dice.roll(100) {
            0..80 => (),
            80..90 => {
                world.count("start: slow");
                sleep(dice.within(SLOW)).await;
            }
            90..94 => {
                world.count("start: failed");
                return Err(InitializationError::new(world.trouble("no start")));
            }
            94..96 => {
                world.count("start: panic");
                explode("a start");
            }
            96..98 => {
                world.count("start: hung");
                pending::<()>().await;
            }
            98 => world.block(dice.within(BLOCK)),
            _ => {
                world.count("start: declined");
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn run(&self, ctx: Context, mut dice: Dice) -> Option<ExitReason> {
        let _alive = self.world.token(Kind::Run);
        let manner = Manner::drawn(&mut dice);
        let _burden = self.world.weigh(match manner {
            Manner::Obeys | Manner::Fails | Manner::Panics => Duration::ZERO,
            Manner::Slow => self.grace / 2,
            Manner::Deaf => self.grace,
        });
        let _props = self.props(&ctx);
        let fate = tokio::select! { biased;
            () = ctx.stopping(), if manner != Manner::Deaf => return self.stop(manner).await,
            fate = self.fate(&mut dice) => fate,
            never = progress(&ctx), if self.index % 8 == 4 => match never {},
        };
        self.suffer(fate, &ctx, &mut dice).await
    }

    /// What it is given, by its index.
    fn props(&self, ctx: &Context) -> Props {
        let world = &self.world;
        let mut props = Props {
            _published: None,
            _unread: None,
        };
        match self.index % 8 {
            0 | 5 => {
                let stash = ctx.stash::<Value>();
                let stash = match self.index % 8 {
                    0 => stash.keep_after_panic(),
                    _ => stash,
                };
                stash.put(Value::new(world, Kind::Stashed));
            }
            1 | 6 => {
                let value = Value::new(world, Kind::Published);
                // It is taken if this is the child of a supervisor that was killed and is there again.
                props._published = ctx.publish(ctx.path().to_string(), value).ok();
            }
            2 | 7 => scoped(world, ctx, &ctx.scope()),
            _ if self.index.is_multiple_of(3) => {
                props._unread = Some(ctx.dataspace().subscribe_prefix("chaos/d0"));
            }
            _ => read(world, ctx),
        }
        props
    }

    async fn stop(&self, manner: Manner) -> Option<ExitReason> {
        match manner {
            Manner::Slow => sleep(self.grace / 2).await,
            Manner::Fails => return Some(self.world.failed("a stop")),
            Manner::Panics => explode("a stop"),
            Manner::Obeys | Manner::Deaf => (),
        }
        None
    }

    /// Waits until something befalls this life.
    async fn fate(&self, dice: &mut Dice) -> Fate {
        let (after, fate) = (dice.within(LIFE), Fate::drawn(dice, self.escalates));
        loop {
            self.world.weather(true).await;
            tokio::select! { biased;
                () = self.world.weather(false) => (),
                () = sleep(after) => return fate,
            }
        }
    }

    async fn suffer(&self, fate: Fate, ctx: &Context, dice: &mut Dice) -> Option<ExitReason> {
        let world = &self.world;
        world.count(fate.as_str());
        match fate {
            Fate::Error => return Some(world.failed("an error")),
            Fate::Panic => explode("a panic"),
            Fate::Done => return None,
            Fate::Planned => return Some(ExitReason::Planned),
            Fate::Permanent => return Some(ExitReason::permanent(world.trouble("for good"))),
            Fate::Hang => {
                let _burden = world.weigh(self.grace);
                return pending().await;
            }
            Fate::Block => {
                world.block(dice.within(BLOCK));
            }
            Fate::Spin => world.spin(BUSY),
            Fate::TaskPanic => {
                // Nobody waits for its result.
                let _task = ctx.scope().spawn(async { explode("a task of a child") });
                return pending().await;
            }
            Fate::TaskBlock => {
                let (world, time) = (Arc::clone(world), dice.within(BLOCK));
                let task = async move {
                    let _alive = world.token(Kind::Scoped);
                    world.block(time);
                };
                let _task = ctx.scope().spawn(task);
            }
            Fate::DropPanic => {
                let _mine = Mine;
                // Not an error: what is returned when a drop panics is never dropped by the compiler.
                return None;
            }
        }
        Some(world.failed("an error after something else"))
    }
}

impl Value {
    fn new(world: &World, kind: Kind) -> Self {
        Self {
            _alive: world.token(kind),
        }
    }
}

/// Two tasks: one hears the request to stop, the other does not.
fn scoped(world: &Arc<World>, ctx: &Context, scope: &Scope) {
    let (heedful, alive) = (ctx.clone(), world.token(Kind::Scoped));
    // Nobody waits for their results.
    let _heedful = scope.spawn(async move {
        let _alive = alive;
        heedful.stopping().await;
    });
    let alive = world.token(Kind::Scoped);
    let _heedless = scope.spawn(async move {
        let _alive = alive;
        pending::<()>().await;
    });
}

/// A task that reads what the others publish.
fn read(world: &Arc<World>, ctx: &Context) {
    let mut changes = ctx.dataspace().subscribe_prefix::<Value>("chaos/d1");
    let alive = world.token(Kind::Scoped);
    let _reader = ctx.scope().spawn(async move {
        let _alive = alive;
        while changes.next().await.is_some() {}
    });
}

/// Says again and again that it gets on.
async fn progress(ctx: &Context) -> Infallible {
    let mut ticks = interval(PROGRESS);
    loop {
        ticks.tick().await;
        ctx.progress();
    }
}

impl Manner {
    fn drawn(dice: &mut Dice) -> Self {
        match dice.roll(100) {
            0..80 => Self::Obeys,
            80..88 => Self::Slow,
            88..93 => Self::Fails,
            93..96 => Self::Panics,
            _ => Self::Deaf,
        }
    }
}

impl Fate {
    fn drawn(dice: &mut Dice, may_escalate: bool) -> Self {
        match dice.roll(100) {
            0..30 => Self::Error,
            30..55 => Self::Panic,
            55..65 => Self::Done,
            65..72 => Self::Planned,
            72 if may_escalate => Self::Permanent,
            73..78 => Self::Hang,
            78..82 => Self::Block,
            82..86 => Self::Spin,
            86..92 => Self::TaskPanic,
            92..94 => Self::TaskBlock,
            _ => Self::DropPanic,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Done => "done",
            Self::Planned => "planned",
            Self::Permanent => "permanent",
            Self::Hang => "hung",
            Self::Block => "block",
            Self::Spin => "busy",
            Self::TaskPanic => "panic of a task",
            Self::TaskBlock => "block of a task",
            Self::DropPanic => "panic of a drop",
        }
    }
}
