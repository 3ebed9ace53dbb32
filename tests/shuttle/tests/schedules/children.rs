//! Children that do little, in any order.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use perennial_core::{
    ChildSpec, Context, InitializationError, Started, Supervisable, async_trait, worker,
};
use tokio::task::yield_now;

use crate::books::Books;

/// Runs until it is asked to stop.
pub(crate) fn stays(books: &Books, id: &str) -> ChildSpec {
    crashes(books, id, 0)
}

/// Its first lives crash, by turns with an error and with a panic; the next one stays.
pub(crate) fn crashes(books: &Books, id: &str, times: u32) -> ChildSpec {
    let (books, lives) = (books.clone(), Arc::new(AtomicU32::new(0)));
    worker(id, move |ctx| {
        let (books, life) = (books.clone(), lives.fetch_add(1, Ordering::Relaxed));
        async move {
            let _here = books.enter(&ctx);
            if life >= times {
                ctx.stopping().await;
                yield_now().await;
                return Ok(());
            }
            yield_now().await;
            if life % 2 == 1 {
                resume_unwind(Box::new("it crashes"));
            }
            Err("it crashes".into())
        }
    })
}

/// Ends by itself, soon.
pub(crate) fn ends(books: &Books, id: &str) -> ChildSpec {
    let books = books.clone();
    worker(id, move |ctx| {
        let books = books.clone();
        async move {
            let _here = books.enter(&ctx);
            yield_now().await;
            Ok(())
        }
    })
}

/// Takes a while to initialize, then stays.
pub(crate) fn slow(books: &Books, id: &str) -> ChildSpec {
    ChildSpec::new(Slow {
        id: id.to_owned(),
        books: books.clone(),
    })
}

struct Slow {
    id: String,
    books: Books,
}

#[async_trait]
impl Supervisable for Slow {
    fn name(&self) -> &str {
        &self.id
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let here = self.books.enter(&ctx);
        yield_now().await;
        yield_now().await;
        Ok(Started::run(async move {
            ctx.stopping().await;
            drop(here);
        }))
    }
}

/// Is asked to stop and takes a while to do so; whether it is in time, the clock says.
pub(crate) fn lingers(books: &Books, id: &str) -> ChildSpec {
    let books = books.clone();
    worker(id, move |ctx| {
        let books = books.clone();
        async move {
            let _here = books.enter(&ctx);
            ctx.token().cancelled().await;
            for _ in 0..3 {
                yield_now().await;
            }
            Ok(())
        }
    })
}
