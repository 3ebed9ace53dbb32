//! What `chaos` is asked to do: its words of the command line.

use std::time::Duration;

use super::dice::fresh_seed;

/// The command line with its defaults filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Orders {
    /// How long faults befall the tree.
    pub(super) time: Duration,
    /// What befalls whom.
    pub(super) seed: u64,
    /// How many workers the tree has, rounded up to whole districts.
    pub(super) n: usize,
    /// Worker threads of the runtime.
    pub(super) workers: usize,
    /// Whether to leave a task behind on purpose.
    pub(super) leak: bool,
}

impl Orders {
    /// Takes the arguments after `chaos`.
    pub(super) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut orders = Self {
            time: Duration::from_secs(10),
            seed: 0,
            n: 1_000,
            workers: 4,
            leak: false,
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let word = arguments.next();
                let word = word.ok_or_else(|| format!("`{argument}` needs a value"))?;
                let number = word.replace('_', "").parse::<u64>();
                number.map_err(|_| format!("`{word}` is not a number"))
            };
            match argument.as_str() {
                "--seconds" => orders.time = Duration::from_secs(value()?),
                "--seed" => orders.seed = value()?,
                "--n" => orders.n = size(value()?)?,
                // One that blocks its thread must leave another one to the rest.
                "--workers" => orders.workers = size(value()?)?.max(2),
                "--leak" => orders.leak = true,
                more => return Err(format!("chaos knows no `{more}`")),
            }
        }
        if orders.seed == 0 {
            orders.seed = fresh_seed();
        }
        Ok(orders)
    }
}

fn size(number: u64) -> Result<usize, String> {
    usize::try_from(number).map_err(|_| format!("`{number}` is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Orders, String> {
        Orders::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_seed_that_is_given_is_the_one_that_is_taken() {
        let orders = parsed("--seconds 60 --seed 1_234").expect("that is a good line");
        assert_eq!((orders.time.as_secs(), orders.seed), (60, 1_234));
    }

    #[test]
    fn a_word_that_it_does_not_know_is_refused() {
        assert!(parsed("--second 60").is_err_and(|why| why.contains("`--second`")));
        assert!(parsed("--seconds soon").is_err_and(|why| why.contains("`soon`")));
        assert!(parsed("--seconds").is_err_and(|why| why.contains("needs a value")));
    }
}
