//! What is to be measured: the words of the command line. Shared with the package of the peers.

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Children started one by one through a call.
    SpawnCall,
    /// The memory of an idle child, under both kinds of supervisors.
    Memory,
    /// All children stopped at the same time.
    Shutdown,
    /// Children stopped one after the other.
    ShutdownOrdered,
    /// Restarts after an error.
    RestartErr,
    /// Restarts after a panic.
    RestartPanic,
    /// Restarts of a whole group.
    Ofa,
    /// A stop from the top of a chain of supervisors to its bottom.
    Depth,
    /// All children crash at the same time.
    Storm,
    /// Pictures of a tree that is restarting.
    Snapshot,
}

/// The command line with its defaults filled in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) workload: Workload,
    /// Who is measured: one of those that the program knows.
    pub(crate) system: &'static str,
    pub(crate) n: usize,
    pub(crate) m: usize,
    pub(crate) workers: usize,
    /// How many restarts stand in the window before the first that is timed.
    pub(crate) window: usize,
}

impl Options {
    /// Takes the arguments after the name of the program, which knows these systems; the first one
    /// is meant if none is named.
    pub(crate) fn parse(
        arguments: impl Iterator<Item = String>,
        systems: &[&'static str],
    ) -> Result<Self, String> {
        let mut workload = None;
        let mut system = *systems.first().ok_or("there are no systems")?;
        let (mut n, mut m, mut workers, mut window) = (0, 0, 2, 0);
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let value = arguments.next();
                value.ok_or_else(|| format!("`{argument}` needs a value"))
            };
            match argument.as_str() {
                "--n" => n = number(&value()?)?,
                "--m" => m = number(&value()?)?,
                "--workers" => workers = number(&value()?)?.max(1),
                "--window" => window = number(&value()?)?,
                "--system" => {
                    let name = value()?;
                    let known = systems.iter().find(|system| **system == name);
                    system = known.ok_or_else(|| format!("there is no system `{name}`"))?;
                }
                name if workload.is_none() => workload = Some(Workload::named(name)?),
                more => return Err(format!("`{more}` is one word too many")),
            }
        }
        let workload = workload.ok_or("no workload was given")?;
        let n = if n == 0 { workload.default_n() } else { n };
        let m = if m == 0 { workload.default_m(n) } else { m };
        Ok(Self {
            workload,
            system,
            n,
            m,
            workers,
            window,
        })
    }
}

impl Workload {
    const ALL: [Self; 10] = [
        Self::SpawnCall,
        Self::Memory,
        Self::Shutdown,
        Self::ShutdownOrdered,
        Self::RestartErr,
        Self::RestartPanic,
        Self::Ofa,
        Self::Depth,
        Self::Storm,
        Self::Snapshot,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SpawnCall => "spawn-call",
            Self::Memory => "memory",
            Self::Shutdown => "shutdown",
            Self::ShutdownOrdered => "shutdown-ordered",
            Self::RestartErr => "restart-err",
            Self::RestartPanic => "restart-panic",
            Self::Ofa => "ofa",
            Self::Depth => "depth",
            Self::Storm => "storm",
            Self::Snapshot => "snapshot",
        }
    }

    fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == name);
        found.ok_or_else(|| format!("there is no workload `{name}`"))
    }

    fn default_n(self) -> usize {
        match self {
            Self::SpawnCall | Self::Memory | Self::Shutdown | Self::ShutdownOrdered => 100_000,
            // No siblings.
            Self::RestartErr | Self::RestartPanic => 0,
            Self::Ofa | Self::Depth => 1_000,
            Self::Storm | Self::Snapshot => 10_000,
        }
    }

    /// Fewer repetitions of what takes longer.
    fn default_m(self, n: usize) -> usize {
        match self {
            Self::SpawnCall | Self::Memory | Self::Depth => 0,
            Self::Shutdown | Self::ShutdownOrdered => 0,
            Self::RestartErr | Self::RestartPanic => match n {
                0 => 10_000,
                1..=1_000 => 5_000,
                1_001..=10_000 => 3_000,
                _ => 2_000,
            },
            Self::Ofa => match n {
                0..=1_000 => 30,
                _ => 10,
            },
            Self::Storm => 10,
            Self::Snapshot => 300,
        }
    }
}

fn number(word: &str) -> Result<usize, String> {
    let digits = word.replace('_', "");
    let number = digits.parse();
    number.map_err(|_| format!("`{word}` is not a number"))
}
