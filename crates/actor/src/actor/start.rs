//! How a supervisor starts an actor.

use async_trait::async_trait;
use perennial_core::{Context, InitPolicy, InitializationError, Started, Supervisable};

use super::context::ActorContext;
use super::contract::Actor;
use super::driver::Life;
use super::spec::ActorSpec;

#[async_trait]
impl<A: Actor> Supervisable for ActorSpec<A> {
    fn name(&self) -> &str {
        self.post.name()
    }

    /// A start that fails is told to whoever starts the tree; one at a restart is a crash.
    fn init_policy(&self) -> InitPolicy {
        InitPolicy::FatalOnFirstStart
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let mut ctx = ActorContext::new(&self.post, ctx);
        let life = Life::begin(&self.post, &self.last).await;
        let actor = A::init(&self.args, &mut ctx)
            .await
            .map_err(InitializationError::new)?;
        Ok(Started::run(life.run(actor, ctx)))
    }
}
