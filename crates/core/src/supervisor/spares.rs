//! Where lives were that are over: the next life of the same child takes the place of the one before. So a child that is
//! restarted costs no memory anew, and children that are restarted together stay side by side however often that is.

use std::sync::Arc;

use super::protocol::Slot;
use crate::child::Life;
use crate::exit::let_go;

/// By slot the place for the next life of a child, if there is one. A row that comes to rest keeps none.
#[derive(Debug, Default)]
pub(super) struct Spares(Vec<Option<Arc<Life>>>);

impl Spares {
    /// Keeps the place of a life that is over and of which the books are closed, if the child may come again and nobody
    /// else still has it.
    pub(super) fn keep(&mut self, mut life: Arc<Life>, comes_again: bool) {
        let slot = life.slot;
        let remains = comes_again.then(|| Life::vacate(&mut life)).flatten();
        let is_free = remains.is_some();
        // The user's own errors may be in there.
        let_go(remains);
        if !is_free {
            return let_go(life);
        }
        if self.0.len() <= slot {
            self.0.resize(slot + 1, None);
        }
        self.0[slot] = Some(life);
    }

    /// The place for the next life of the child.
    pub(super) fn take(&mut self, slot: Slot) -> Option<Arc<Life>> {
        self.0.get_mut(slot)?.take()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::child::{Context, worker};
    use crate::supervisor::Supervisor;

    /// Where the first lives of a child are that fails again and again and hands out its context or not, and their
    /// contexts.
    async fn places(lives: usize, keeps: bool) -> (Vec<usize>, Vec<Context>) {
        let (out, mut told) = mpsc::unbounded_channel();
        let child = worker("child", move |ctx: Context| {
            let out = out.clone();
            async move {
                let place = Arc::as_ptr(&ctx.life) as usize;
                out.send((place, keeps.then_some(ctx)))?;
                Err("it fails".into())
            }
        });
        let handle = Supervisor::one_for_one("list")
            .unlimited_intensity()
            .child(child)
            .start()
            .await
            .expect("it starts");
        let (mut places, mut contexts) = (Vec::new(), Vec::new());
        while places.len() < lives {
            let (place, context) = told.recv().await.expect("it is restarted");
            places.push(place);
            contexts.extend(context);
        }
        handle.shutdown().await;
        (places, contexts)
    }

    #[tokio::test(start_paused = true)]
    async fn a_life_takes_the_place_of_the_one_before() {
        let (places, _) = places(5, false).await;
        assert_eq!(places, [places[0]; 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_life_that_somebody_still_has_stays_what_it_was() {
        let (places, contexts) = places(5, true).await;
        for (number, context) in contexts.iter().enumerate() {
            assert_eq!(context.incarnation().get(), number as u64 + 2);
            assert_eq!(context.last_exit().is_some(), number > 0);
            assert!(context.life.end().is_some());
            assert_eq!(Arc::as_ptr(&context.life) as usize, places[number]);
        }
        assert_eq!(contexts.len(), 5);
    }
}
