//! Plays a scenario: builds its tree, does its steps, and compares what comes with the record.

use std::time::Duration;

use perennial::{InitPolicy, Semantics};
use tokio::runtime;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::call::Caller;
use crate::compare::{Difference, Replayed, compare};
use crate::log::Log;
use crate::spec::StartAct;
use crate::stage::Stage;
use crate::state::state;
use crate::trace::{Answer, Operation, PlainOperation, Record, Scenario, TraceEvent};
use crate::tree::{Builder, Built};
use crate::words;

/// How often the tree is looked at until it is at rest. Time is virtual, so this costs nothing.
const TICK: Duration = Duration::from_millis(1);

/// How many ticks a tree has to come to rest: more than any sum of shutdown times in a scenario.
const MAX_TICKS: u32 = 120_000;

/// For how long nothing must happen until an operation that was begun is taken as arrived: longer
/// than any worker takes for a start or a stop.
const QUIET: Duration = Duration::from_millis(100);

/// By which rules the tree is to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The switches of the root, taken over by all supervisors below it.
    pub semantics: Semantics,
    /// What a failed start of any child means. OTP knows one policy only; where `semantics` does not
    /// set it for all, it has to be said for each child.
    pub init_policy: InitPolicy,
}

/// Where a scenario went another way than recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The step, the first one being 1; 0 is the start of the tree.
    pub step: usize,
    /// What was done; `None` for the start of the tree.
    pub operation: Option<Operation>,
    /// What went another way.
    pub problem: Problem,
    /// What was recorded.
    pub record: Record,
    /// What happened, up to where the step ended.
    pub came: Vec<TraceEvent>,
}

/// What went another way than recorded.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// What came is not what was recorded.
    Different(Box<Difference>),
    /// The step came to no end, told in half a sentence.
    Stuck(String),
}

impl Rules {
    /// OTP's rules to the letter.
    #[must_use]
    pub fn otp_exact() -> Self {
        Self {
            semantics: Semantics::otp_exact(),
            init_policy: InitPolicy::default(),
        }
    }

    /// The library's own rules with these switches, on a tree whose children all say that a failed
    /// restart is to be tried again.
    #[must_use]
    pub fn with(semantics: Semantics) -> Self {
        Self {
            semantics,
            init_policy: InitPolicy::FatalOnFirstStart,
        }
    }
}

/// Plays the scenario to its end or to the first difference.
///
/// # Errors
///
/// The first difference.
///
/// # Panics
///
/// If no runtime can be made, which needs nothing that could be missing.
pub fn play(scenario: &Scenario, rules: Rules) -> Result<(), Box<Failure>> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing from the system");
    runtime.block_on(play_steps(scenario, rules))
}

async fn play_steps(scenario: &Scenario, rules: Rules) -> Result<(), Box<Failure>> {
    let (player, replayed) = Player::start(scenario, rules).await;
    player.check(0, None, &scenario.start, replayed)?;
    for (index, step) in scenario.steps.iter().enumerate() {
        let replayed = player.step(&step.operation).await;
        player.check(index + 1, Some(&step.operation), &step.record, replayed)?;
    }
    Ok(())
}

/// Why a step came to no end.
struct Stuck(String);

/// A tree that is played.
struct Player {
    caller: Caller,
}

impl Player {
    /// Starts the tree.
    async fn start(scenario: &Scenario, rules: Rules) -> (Self, Result<Replayed, Stuck>) {
        let log = Log::default();
        let stage = Stage::default();
        let builder = Builder::new(stage.clone(), rules.init_policy);
        let built = builder.root(&scenario.tree, rules.semantics, log.clone());
        let root = match &built {
            Built::Listed(root) => root.handle(),
            Built::Dynamic(root) => root.handle().as_supervisor().clone(),
        };
        let player = Self {
            caller: Caller {
                root,
                log,
                stage,
                builder,
            },
        };
        let starting = tokio::spawn(start_tree(built, player.caller.log.clone()));
        let replayed = player.finish(starting).await;
        (player, replayed)
    }

    fn check(
        &self,
        step: usize,
        operation: Option<&Operation>,
        record: &Record,
        replayed: Result<Replayed, Stuck>,
    ) -> Result<(), Box<Failure>> {
        let (problem, came) = match replayed {
            Ok(replayed) => match compare(operation, record, &replayed) {
                None => return Ok(()),
                Some(difference) => (Problem::Different(Box::new(difference)), replayed.events),
            },
            Err(Stuck(why)) => (Problem::Stuck(why), self.caller.log.take()),
        };
        Err(Box::new(Failure {
            step,
            operation: operation.cloned(),
            problem,
            record: record.clone(),
            came,
        }))
    }

    /// Does one step and waits until the tree is at rest.
    async fn step(&self, operation: &Operation) -> Result<Replayed, Stuck> {
        match operation {
            Operation::Sleep(time) => {
                sleep(*time).await;
                self.rest().await?;
                Ok(self.replayed(Answer::Nothing).await)
            }
            Operation::Batch {
                supervisor,
                operations,
            } => self.batch(supervisor, operations).await,
            Operation::HoldStart {
                child,
                trigger,
                meanwhile,
                then,
            } => self.hold_start(child, trigger, meanwhile, *then).await,
            Operation::Plain(plain) => self.finish(self.begin(plain)).await,
        }
    }

    async fn batch(
        &self,
        supervisor: &str,
        operations: &[PlainOperation],
    ) -> Result<Replayed, Stuck> {
        let handle = self.caller.supervisor(supervisor);
        let held = handle.as_ref().map(|handle| handle.hold());
        let begun = self.begin_all(operations).await;
        drop(held);
        self.rest().await?;
        let answers = Answer::Several(collect(begun).await?);
        Ok(self.replayed(answers).await)
    }

    async fn hold_start(
        &self,
        child: &str,
        trigger: &PlainOperation,
        meanwhile: &[PlainOperation],
        then: StartAct,
    ) -> Result<Replayed, Stuck> {
        self.caller.stage.arm(child);
        let trigger = self.begin(trigger);
        let reached = self.start_reached(child).await;
        let begun = match reached {
            Ok(()) => self.begin_all(meanwhile).await,
            Err(_) => Vec::new(),
        };
        self.caller.stage.release(then);
        reached?;
        self.rest().await?;
        let trigger = Box::new(answer(trigger).await?);
        let meanwhile = collect(begun).await?;
        Ok(self.replayed(Answer::Held { trigger, meanwhile }).await)
    }

    /// Begins operations one after the other, each one arriving before the next is begun.
    async fn begin_all(&self, operations: &[PlainOperation]) -> Vec<JoinHandle<Answer>> {
        let mut begun = Vec::new();
        for operation in operations {
            begun.push(self.begin(operation));
            self.settle().await;
        }
        begun
    }

    fn begin(&self, operation: &PlainOperation) -> JoinHandle<Answer> {
        tokio::spawn(self.caller.clone().perform(operation.clone()))
    }

    /// Waits until the tree is at rest and the operation is answered.
    async fn finish(&self, begun: JoinHandle<Answer>) -> Result<Replayed, Stuck> {
        self.rest().await?;
        let answer = answer(begun).await?;
        Ok(self.replayed(answer).await)
    }

    async fn replayed(&self, answer: Answer) -> Replayed {
        Replayed {
            answer,
            events: self.caller.log.take(),
            state: state(&self.caller).await,
        }
    }

    /// Waits until no supervisor of the tree has anything to do.
    async fn rest(&self) -> Result<(), Stuck> {
        for _ in 0..MAX_TICKS {
            sleep(TICK).await;
            if self.caller.root.is_at_rest() {
                return Ok(());
            }
        }
        Err(Stuck(format!(
            "the tree did not come to rest within {MAX_TICKS} ms"
        )))
    }

    /// Waits until nothing has happened for a while, at rest or not.
    async fn settle(&self) {
        for _ in 0..MAX_TICKS {
            let written = self.caller.log.written();
            sleep(QUIET).await;
            if self.caller.log.written() == written {
                return;
            }
        }
    }

    /// Waits until the start of `child` is attempted and waits.
    async fn start_reached(&self, child: &str) -> Result<(), Stuck> {
        for _ in 0..MAX_TICKS {
            sleep(TICK).await;
            if self.caller.stage.is_held() {
                return Ok(());
            }
        }
        Err(Stuck(format!("no start of {child} was attempted")))
    }
}

/// Starts the tree and tells how that went.
async fn start_tree(built: Built, log: Log) -> Answer {
    let started = match built {
        Built::Listed(root) => root.start().await.map(drop),
        Built::Dynamic(root) => root.start().await.map(drop),
    };
    let Err(error) = started else {
        return Answer::Word("ok".to_owned());
    };
    let reason = words::tree_start_failure(&error);
    log.note_refused_root(&reason);
    Answer::Word(format!("error:{reason}"))
}

async fn collect(begun: Vec<JoinHandle<Answer>>) -> Result<Vec<Answer>, Stuck> {
    let mut answers = Vec::new();
    for one in begun {
        answers.push(answer(one).await?);
    }
    Ok(answers)
}

/// The answer of an operation of which nothing more can come, for the tree is at rest.
async fn answer(begun: JoinHandle<Answer>) -> Result<Answer, Stuck> {
    if !begun.is_finished() {
        return Err(Stuck(
            "an operation was not answered although the tree is at rest".to_owned(),
        ));
    }
    begun
        .await
        .map_err(|error| Stuck(format!("an operation ended without an answer: {error}")))
}
