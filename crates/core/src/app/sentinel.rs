//! A thread beside the runtime that hears signals, and ends the process when the runtime cannot.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::say;

/// The same signal again within this time is the same request: who starts a process often tells it
/// and then its whole group, as `timeout` does.
const ECHO: Duration = Duration::from_millis(100);

const BY_SECOND: &str = "stopped at once by a second signal";

/// What the operating system asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Interrupt,
    Terminate,
}

/// The application's end of the thread.
#[derive(Debug)]
pub(super) struct Sentinel {
    state: Arc<State>,
    signals: tokio::sync::Mutex<mpsc::Receiver<Signal>>,
    over: mpsc::Sender<u8>,
}

#[derive(Debug, Default)]
struct State {
    /// The runtime has taken notice of a signal.
    noticed: AtomicBool,
    /// The number of the first signal; 0 if none came.
    first: AtomicU8,
}

impl Signal {
    /// The exit code of a process that ends by this signal, as shells have it.
    fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

impl Sentinel {
    /// Spawns the thread; returns when signals are heard.
    pub(super) async fn spawn(patience: Duration) -> io::Result<Self> {
        let (ready, is_ready) = oneshot::channel();
        // Two signals are all that matters.
        let (sender, signals) = mpsc::channel(2);
        let (over, ends) = mpsc::channel(1);
        let state = Arc::new(State::default());
        let watch = Watch {
            patience,
            state: Arc::clone(&state),
            sender,
            ends,
        };
        std::thread::Builder::new()
            .name("perennial-sentinel".to_string())
            .spawn(move || watch.run(ready))?;
        match is_ready.await {
            Ok(ready) => ready?,
            Err(_) => return Err(io::Error::other("the thread for signals has ended")),
        }
        Ok(Self {
            state,
            signals: tokio::sync::Mutex::new(signals),
            over,
        })
    }

    /// Waits for the next signal.
    pub(super) async fn next(&self) -> Option<Signal> {
        let signal = self.signals.lock().await.recv().await;
        self.state.noticed.store(true, Ordering::Release);
        signal
    }

    /// The exit code of the first signal, if one came.
    pub(super) fn heard(&self) -> Option<u8> {
        Some(self.state.first.load(Ordering::Acquire)).filter(|&code| code > 0)
    }

    /// All is done: the process is about to end with this code.
    pub(super) fn over(&self, code: u8) {
        // The thread ends with the process; there is a place for this one message.
        let _sent = self.over.try_send(code);
    }
}

/// What the thread works with.
struct Watch {
    patience: Duration,
    state: Arc<State>,
    sender: mpsc::Sender<Signal>,
    ends: mpsc::Receiver<u8>,
}

impl Watch {
    fn run(self, ready: oneshot::Sender<io::Result<()>>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                // Who waits for it hears of it, or has lost interest.
                let _heard = ready.send(Err(error));
                return;
            }
        };
        runtime.block_on(self.watch(ready));
    }

    async fn watch(mut self, ready: oneshot::Sender<io::Result<()>>) {
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                let _heard = ready.send(Err(error));
                return;
            }
        };
        let _heard = ready.send(Ok(()));
        let first = tokio::select! {
            signal = signals.next() => signal,
            over = self.ends.recv() => return self.see_out(over, &mut signals).await,
        };
        self.state.first.store(first.exit_code(), Ordering::Release);
        // It has a place for two signals.
        let _sent = self.sender.try_send(first);
        let other = async {
            loop {
                let signal = signals.next().await;
                if signal != first {
                    return signal;
                }
            }
        };
        if let Ok(signal) = tokio::time::timeout(ECHO, other).await {
            return end(signal.exit_code(), BY_SECOND);
        }
        tokio::select! {
            signal = signals.next() => end(signal.exit_code(), BY_SECOND),
            over = self.ends.recv() => self.see_out(over, &mut signals).await,
            () = unnoticed(&self.state, self.patience) => {
                let patience = self.patience;
                end(first.exit_code(), &format!("the runtime did not react within {patience:?}"));
            }
        }
    }

    /// The application has returned: the process should end by itself now.
    async fn see_out(&self, over: Option<u8>, signals: &mut Signals) {
        // Without a code the application was dropped, and the process may have other plans.
        let Some(code) = over else { return };
        let patience = self.patience;
        tokio::select! {
            signal = signals.next() => end(signal.exit_code(), "stopped at once by a signal"),
            () = tokio::time::sleep(patience) => {
                end(code, &format!("the runtime did not end within {patience:?}"));
            }
        }
    }
}

/// Resolves if the runtime takes no notice of the first signal in time.
async fn unnoticed(state: &State, patience: Duration) {
    tokio::time::sleep(patience).await;
    if state.noticed.load(Ordering::Acquire) {
        std::future::pending().await
    }
}

/// Ends the process from beside the runtime.
#[allow(
    clippy::exit,
    reason = "the last resort: the runtime, which should return from main, cannot"
)]
fn end(code: u8, why: &str) {
    say(format_args!("{why}: the process is ended"));
    std::process::exit(i32::from(code));
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            // No signal can come any more.
            Err(_) => std::future::pending().await,
        }
    }
}
