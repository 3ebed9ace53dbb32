//! The programs that measure: built where they can be, and run one process for each measurement.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::cases::{Case, Program, System};
use crate::command::CommandLine;

/// How long one process may take.
const LIMIT: Duration = Duration::from_secs(180);

/// How often it is looked whether it has ended.
const GLANCE: Duration = Duration::from_millis(20);

/// The load from which on others are at work; a build just before makes for a part of it.
const BUSY: f64 = 2.5;

/// Where the peers stand.
const PEERS: &str = "crates/bench/peers";

/// What was built.
#[derive(Debug)]
pub(super) struct Programs {
    ours: PathBuf,
    peers: Option<PathBuf>,
    /// The folder of the compiled Erlang.
    otp: Option<PathBuf>,
}

impl Programs {
    /// Builds what the systems need; says loudly what cannot be measured here.
    pub(super) fn build(root: &Path, systems: &[&System]) -> Result<Self, String> {
        let needs = |program| systems.iter().any(|system| system.program == program);
        let ours = ours(root)?;
        let missing = |what: &str, why: &str| println!("MISSING, so not measured: {what}: {why}");
        let mut peers = None;
        if needs(Program::Peers) {
            match build_peers(root) {
                Ok(built) => peers = Some(built),
                Err(why) => missing("the peers", &why),
            }
        }
        let mut otp = None;
        if needs(Program::Otp) {
            match build_otp(root) {
                Ok(built) => otp = Some(built),
                Err(why) => missing("Erlang/OTP", &why),
            }
        }
        Ok(Self { ours, peers, otp })
    }

    /// Runs one case; `None` if the program is not there or the system has no such case.
    pub(super) fn run(
        &self,
        system: &System,
        case: Case,
        workers: usize,
    ) -> Option<Result<Vec<String>, String>> {
        let mut command = match system.program {
            Program::Ours => measuring(&self.ours, system, case, workers),
            Program::Peers if case.window == 0 => {
                measuring(self.peers.as_ref()?, system, case, workers)
            }
            Program::Peers => return None,
            Program::Otp => otp(self.otp.as_ref()?, system, case, workers)?,
        };
        let printed = output(&mut command).map(|output| {
            let text = String::from_utf8_lossy(&output.stdout);
            text.lines().map(str::to_owned).collect()
        });
        Some(printed)
    }
}

/// The program of `crates/bench`.
pub(super) fn ours(root: &Path) -> Result<PathBuf, String> {
    let build =
        "build --release --locked -p perennial-bench --message-format=json-render-diagnostics";
    executable(&CommandLine::cargo(build), root)
}

fn build_peers(root: &Path) -> Result<PathBuf, String> {
    let build = "build --release --locked --message-format=json-render-diagnostics --manifest-path";
    let command = CommandLine::cargo(build)
        .argument(format!("{PEERS}/Cargo.toml"))
        .argument("--target-dir")
        .argument(target(root).join("peers").to_string_lossy());
    executable(&command, root)
}

fn build_otp(root: &Path) -> Result<PathBuf, String> {
    let folder = target(root).join("peers").join("otp");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    CommandLine::new("erlc", "-o")
        .argument(folder.to_string_lossy())
        .argument(format!("{PEERS}/otp/bench.erl"))
        .run(root)
        .map_err(|why| format!("{why}; it needs `erl` and `erlc`"))?;
    Ok(folder)
}

/// Says so when others work on this machine at the same time.
pub(super) fn warn_if_busy() {
    let told = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = told.split_whitespace().next();
    let load: f64 = load.and_then(|load| load.parse().ok()).unwrap_or_default();
    if load > BUSY {
        println!(
            "BUSY: {load} tasks wanted a processor of late; ratios are blurred, times are worthless"
        );
    }
}

/// Where cargo builds, so that figures can be kept there too.
pub(super) fn target(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Builds one program; cargo tells where it is.
fn executable(build: &CommandLine, root: &Path) -> Result<PathBuf, String> {
    let told = build.capture(root)?;
    let found = told.rsplit_once(r#""executable":""#);
    let path = found.and_then(|(_, after)| after.split('"').next());
    path.map(PathBuf::from)
        .ok_or_else(|| "cargo did not tell where it built the program".to_owned())
}

fn measuring(program: &Path, system: &System, case: Case, workers: usize) -> Command {
    let m = case.m.min(system.most);
    let mut command = Command::new(program);
    command.args([case.workload, "--system", system.name]);
    let numbers = [
        ("--n", case.n),
        ("--m", m),
        ("--workers", workers),
        ("--window", case.window),
    ];
    for (name, number) in numbers {
        command.arg(name).arg(number.to_string());
    }
    command
}

/// OTP looks through its whole window at each restart: its paced restarts are what siblings cost, its
/// unpaced ones what the window costs.
fn otp(folder: &Path, system: &System, case: Case, workers: usize) -> Option<Command> {
    let pool = system.name == "otp-pool";
    let (workload, m) = match (pool, case.window) {
        (false, 0) => (case.workload.to_owned(), case.m.min(system.most)),
        (true, 0) => (format!("{}-pool", case.workload), case.m.min(system.most)),
        (true, restarts) => (format!("{}-unpaced", case.workload), restarts),
        (false, _) => return None,
    };
    let mut command = Command::new("erl");
    command
        .args(["+S", &format!("{workers}:{workers}"), "+P", "4000000"])
        .args(["-noshell", "-pa"])
        .arg(folder)
        .args(["-s", "bench", "main", "-extra", &workload])
        .args([case.n.to_string(), m.to_string()]);
    Some(command)
}

/// Runs a program to its end and hands back what it printed, which must not be much.
pub(super) fn output(command: &mut Command) -> Result<Output, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("it could not be started: {error}"))?;
    let began = Instant::now();
    while child
        .try_wait()
        .map_err(|error| error.to_string())?
        .is_none()
    {
        if began.elapsed() > LIMIT {
            // Either may fail only because it ended by itself in between.
            drop(child.kill());
            drop(child.wait());
            return Err(format!("it did not end within {} s", LIMIT.as_secs()));
        }
        thread::sleep(GLANCE);
    }
    let output = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().last().unwrap_or_default();
    Err(format!("it ended with {}: {said}", output.status))
}
