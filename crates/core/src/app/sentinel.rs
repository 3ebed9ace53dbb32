//! A thread beside the runtime that hears signals, and ends the process when the runtime cannot.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;
use std::thread;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};

use super::end::LAST_RESORT;
use super::signals::{Request, Signal, Signals};
use super::words::{Remaining, print_tree, say};
use crate::child::SupervisorHandle;

/// The same signal again within this time is the same request: who starts a process often tells it
/// and then its whole group, as `timeout` does.
const ECHO: Duration = Duration::from_millis(100);

/// How long the last words of the process may take: nobody may read its stderr.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How often a tree without a limit on its stop is asked whether it has one by now.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

const BY_SECOND: &str = "stopped at once by a second signal";

/// The application's end of the thread.
#[derive(Debug)]
pub(super) struct Sentinel {
    state: Arc<State>,
    signals: tokio::sync::Mutex<mpsc::Receiver<Signal>>,
    over: mpsc::Sender<u8>,
}

#[derive(Debug, Default)]
struct State {
    /// A signal to stop came.
    heard: AtomicBool,
    /// The runtime has taken notice of it.
    noticed: AtomicBool,
    /// A reload was asked for; it holds one request, as more of them mean the same.
    reload: Notify,
}

impl Sentinel {
    /// Spawns the thread; returns when signals are heard.
    pub(super) async fn spawn(handle: SupervisorHandle, patience: Duration) -> io::Result<Self> {
        let (ready, is_ready) = oneshot::channel();
        // The first one is all that it is told of.
        let (sender, signals) = mpsc::channel(1);
        let (over, ends) = mpsc::channel(1);
        let state = Arc::new(State::default());
        let watch = Watch {
            handle,
            patience,
            state: Arc::clone(&state),
            sender,
            ends,
        };
        thread::Builder::new()
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

    /// Waits for the signal to stop.
    pub(super) async fn stop_requested(&self) {
        let _signal = self.signals.lock().await.recv().await;
        self.state.noticed.store(true, Ordering::Release);
    }

    /// Waits for a request to reload.
    pub(super) async fn reload_requested(&self) {
        self.state.reload.notified().await;
    }

    /// Whether a signal to stop came.
    pub(super) fn has_heard(&self) -> bool {
        self.state.heard.load(Ordering::Acquire)
    }

    /// All is done: the process is about to end with this code.
    pub(super) fn over(&self, code: u8) {
        // The thread ends with the process; there is a place for this one message.
        let _sent = self.over.try_send(code);
    }
}

/// What the thread works with.
struct Watch {
    handle: SupervisorHandle,
    patience: Duration,
    state: Arc<State>,
    sender: mpsc::Sender<Signal>,
    ends: mpsc::Receiver<u8>,
}

/// Hears the signals, and carries out those that the application has no part in.
struct Ears {
    signals: Signals,
    handle: SupervisorHandle,
    state: Arc<State>,
    /// Who prints the tree.
    printer: Option<thread::JoinHandle<()>>,
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
        let signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                let _heard = ready.send(Err(error));
                return;
            }
        };
        let _heard = ready.send(Ok(()));
        let mut ears = Ears {
            signals,
            handle: self.handle.clone(),
            state: Arc::clone(&self.state),
            printer: None,
        };
        let first = tokio::select! {
            signal = ears.stop() => signal,
            over = self.ends.recv() => return self.see_out(over, &mut ears).await,
        };
        self.state.heard.store(true, Ordering::Release);
        // It is the only one, and there is a place for it.
        let _sent = self.sender.try_send(first);
        tokio::select! {
            signal = ears.second(first) => self.end(signal.exit_code(), BY_SECOND),
            over = self.ends.recv() => self.see_out(over, &mut ears).await,
            () = unnoticed(&self.state, self.patience) => {
                let patience = self.patience;
                self.end(LAST_RESORT, &format!("the runtime did not react within {patience:?}"));
            }
            time = overdue(&self.handle, self.patience) => {
                self.end(LAST_RESORT, &format!("the tree did not end within {time:?}"));
            }
        }
    }

    /// The application has returned: the process should end by itself now.
    async fn see_out(&self, over: Option<u8>, ears: &mut Ears) {
        // Without a code the application was dropped, and the process may have other plans.
        let Some(code) = over else { return };
        let patience = self.patience;
        tokio::select! {
            signal = ears.stop() => self.end(signal.exit_code(), "stopped at once by a signal"),
            () = tokio::time::sleep(patience) => {
                self.end(code, &format!("the runtime did not end within {patience:?}"));
            }
        }
    }

    /// Ends the process from beside the runtime, and says who is still there.
    #[allow(
        clippy::exit,
        reason = "the last resort: the runtime, which should return from main, cannot"
    )]
    fn end(&self, code: u8, why: &str) {
        let (handle, words) = (self.handle.clone(), format!("{why}: the process is ended"));
        let (said, is_said) = blocking::channel();
        // Not on this thread: stderr may be a pipe that nobody reads.
        let speaker = thread::Builder::new().spawn(move || {
            say(format_args!("{words}{}", Remaining(handle.snapshot())));
            // Nobody waits for it any more if that took too long.
            let _waited_for = said.send(());
        });
        if speaker.is_ok() {
            // Said, or not to be said.
            let _said = is_said.recv_timeout(LAST_WORDS);
        }
        std::process::exit(i32::from(code));
    }
}

impl Ears {
    /// Waits for a signal to stop; none is lost if the future is dropped.
    async fn stop(&mut self) -> Signal {
        loop {
            match self.signals.next().await {
                Request::Stop(signal) => return signal,
                Request::Reload if self.state.heard.load(Ordering::Acquire) => (),
                Request::Reload => self.state.reload.notify_one(),
                Request::Print => self.print(),
            }
        }
    }

    /// Waits for the signal that ends the process, after a first one.
    async fn second(&mut self, first: Signal) -> Signal {
        let other = async {
            loop {
                let signal = self.stop().await;
                if signal != first {
                    return signal;
                }
            }
        };
        if let Ok(signal) = tokio::time::timeout(ECHO, other).await {
            return signal;
        }
        self.stop().await
    }

    /// Prints the tree, unless it is being printed already.
    fn print(&mut self) {
        if self.printer.as_ref().is_some_and(|it| !it.is_finished()) {
            return;
        }
        let (id, snapshot) = (self.handle.id().clone(), self.handle.snapshot());
        // Not on this thread: whoever takes the log may block.
        let printer = thread::Builder::new()
            .name("perennial-printer".to_string())
            .spawn(move || print_tree(&id, &snapshot));
        // Without a thread it cannot be printed; the next signal tries again.
        self.printer = printer.ok();
    }
}

/// Resolves if the runtime takes no notice of the first signal in time.
async fn unnoticed(state: &State, patience: Duration) {
    tokio::time::sleep(patience).await;
    if state.noticed.load(Ordering::Acquire) {
        std::future::pending().await
    }
}

/// Resolves when the tree has had all the time that its stop may take, and patience; tells how long.
async fn overdue(handle: &SupervisorHandle, patience: Duration) -> Duration {
    loop {
        let time = handle.stop_time();
        if time < Duration::MAX {
            let time = time.saturating_add(patience);
            tokio::time::sleep(time).await;
            return time;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
