//! That something in a tree has changed, for those who look at it then.

use tokio::sync::watch;

/// Beats when something has changed. Beats that nobody waited for are one.
#[derive(Debug)]
pub(crate) struct Pulse(watch::Receiver<()>);

/// The other end of a [`Pulse`].
#[derive(Debug)]
pub(crate) struct PulseSink(watch::Sender<()>);

impl Pulse {
    pub(crate) fn new() -> (PulseSink, Self) {
        let sender = watch::Sender::new(());
        let receiver = sender.subscribe();
        (PulseSink(sender), Self(receiver))
    }

    /// Waits for the next beat; `false` if none will come any more, as the tree is over.
    ///
    /// Cancel safe: a beat is taken only when this returns.
    pub(crate) async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

impl PulseSink {
    /// Beats; `false` if nobody hears it any more.
    pub(crate) fn beat(&self) -> bool {
        self.0.send(()).is_ok()
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.0.receiver_count() > 0
    }
}
