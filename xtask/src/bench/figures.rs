//! What was measured: lines of JSON as the programs print them, and what a reader wants of them.

use std::fmt;
use std::fs;
use std::path::Path;

/// A measurement by name and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) n: usize,
    pub(super) window: usize,
}

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    /// In which round it was measured; what others measured in the same round is compared with it.
    round: usize,
    window: usize,
    line: String,
}

/// All lines.
#[derive(Debug, Default)]
pub(super) struct Figures(Vec<Figure>);

/// The middle of what was measured, and its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

/// Prints nanoseconds with the unit that makes them short.
pub(super) struct Nanos(pub(super) f64);

/// Prints a number with commas.
pub(super) struct Thousands(pub(super) usize);

impl Figure {
    pub(super) fn new(round: usize, window: usize, line: &str) -> Self {
        let line = line.to_owned();
        Self {
            round,
            window,
            line,
        }
    }

    pub(super) fn system(&self) -> &str {
        field(&self.line, "system").unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<f64> {
        field(&self.line, name)?.parse().ok()
    }

    fn is(&self, key: Key) -> bool {
        field(&self.line, "name") == Some(key.name)
            && field(&self.line, "n").and_then(|n| n.parse().ok()) == Some(key.n)
            && self.window == key.window
    }

    /// What it is compared by: the usual latency of single operations where there is one, otherwise
    /// the mean.
    fn value(&self) -> Option<f64> {
        let name = field(&self.line, "name")?;
        let single = name.starts_with("restart") || name.starts_with("snapshot");
        self.number(if single { "p50_ns" } else { "ns_per_op" })
    }
}

impl Figures {
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(file)
            .map_err(|error| format!("there are no figures in {}: {error}", file.display()))?;
        let figure = |saved: &str| {
            let number = |name| field(saved, name).and_then(|number| number.parse().ok());
            Some(Figure::new(
                number("round")?,
                number("window")?,
                &format!("{{{}", saved.split_once(';')?.1),
            ))
        };
        Ok(Self(text.lines().filter_map(figure).collect()))
    }

    pub(super) fn save(&self, file: &Path) -> Result<(), String> {
        let lines = self.0.iter().map(|figure| {
            let Figure {
                round,
                window,
                line,
            } = figure;
            let rest = line.trim_start_matches('{');
            format!("\"round\":{round},\"window\":{window};{rest}\n")
        });
        fs::write(file, lines.collect::<String>())
            .map_err(|error| format!("cannot write {}: {error}", file.display()))
    }

    pub(super) fn push(&mut self, figure: Figure) {
        self.0.push(figure);
    }

    /// The number of the last round.
    pub(super) fn rounds(&self) -> usize {
        let rounds = self.0.iter().map(|figure| figure.round);
        rounds.max().unwrap_or_default()
    }

    /// Who was measured there, in the order of appearance.
    pub(super) fn systems(&self, key: Key) -> Vec<&str> {
        let mut systems = Vec::new();
        for figure in self.0.iter().filter(|figure| figure.is(key)) {
            if !systems.contains(&figure.system()) {
                systems.push(figure.system());
            }
        }
        systems
    }

    /// What a measurement is compared by.
    pub(super) fn value(&self, system: &str, key: Key) -> Option<Spread> {
        Spread::of(self.all(system, key).filter_map(Figure::value))
    }

    /// A field of the lines, such as `p99_ns`.
    pub(super) fn field(&self, system: &str, key: Key, name: &str) -> Option<Spread> {
        Spread::of(
            self.all(system, key)
                .filter_map(|figure| figure.number(name)),
        )
    }

    /// One measurement divided by another of the same round.
    pub(super) fn ratio(&self, of: (&str, Key), than: (&str, Key)) -> Option<Spread> {
        Spread::of(self.all(of.0, of.1).filter_map(|figure| {
            let mut others = self.all(than.0, than.1);
            let other = others.find(|other| other.round == figure.round)?;
            Some(figure.value()? / other.value()?)
        }))
    }

    fn all<'a>(&'a self, system: &'a str, key: Key) -> impl Iterator<Item = &'a Figure> {
        let all = self.0.iter();
        all.filter(move |figure| figure.is(key) && figure.system() == system)
    }
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let half = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[half]
        } else {
            f64::midpoint(values[half - 1], values[half])
        };
        Some(Self {
            median,
            least,
            most,
        })
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.0 {
            nanos if nanos < 1e3 => (nanos, "ns"),
            nanos if nanos < 1e6 => (nanos / 1e3, "µs"),
            nanos if nanos < 1e9 => (nanos / 1e6, "ms"),
            nanos => (nanos / 1e9, "s"),
        };
        let digits = match number {
            number if number < 10.0 => 2,
            number if number < 100.0 => 1,
            _ => 0,
        };
        write!(f, "{number:.digits$} {unit}")
    }
}

impl fmt::Display for Thousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// A field of a flat object of JSON without escapes, as it stands there.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = line.split_once(&format!("\"{name}\":"))?;
    match after.strip_prefix('"') {
        Some(text) => text.split('"').next(),
        None => after.split([',', '}', ';']).next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOP: Key = Key {
        name: "shutdown",
        n: 10,
        window: 0,
    };

    fn figures(lines: &[(usize, &str, f64)]) -> Figures {
        let figure = |(round, system, nanos): &(usize, &str, f64)| {
            let line =
                format!(r#"{{"name":"shutdown","system":"{system}","n":10,"ns_per_op":{nanos}}}"#);
            Figure::new(*round, 0, &line)
        };
        Figures(lines.iter().map(figure).collect())
    }

    #[test]
    fn a_field_is_found_whether_it_is_text_or_a_number_or_the_last_one() {
        let line = r#"{"name":"ofa","n":10,"ns_per_op":1.50}"#;
        assert_eq!(field(line, "name"), Some("ofa"));
        assert_eq!(field(line, "n"), Some("10"));
        assert_eq!(field(line, "ns_per_op"), Some("1.50"));
        assert_eq!(field(line, "p50_ns"), None);
    }

    #[test]
    fn a_ratio_compares_what_was_measured_in_the_same_round() {
        let figures = figures(&[
            (1, "perennial", 10.0),
            (1, "raw", 20.0),
            (2, "perennial", 300.0),
            (2, "raw", 600.0),
            (3, "perennial", 1.0),
        ]);
        let ratio = figures.ratio(("perennial", STOP), ("raw", STOP));
        let half = Spread {
            median: 0.5,
            least: 0.5,
            most: 0.5,
        };
        assert_eq!(ratio, Some(half));
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        let spread = Spread::of([4.0, 1.0, 2.0, 100.0].into_iter());
        let expected = Spread {
            median: 3.0,
            least: 1.0,
            most: 100.0,
        };
        assert_eq!(spread, Some(expected));
        assert_eq!(Spread::of(std::iter::empty()), None);
    }

    #[test]
    fn what_was_saved_is_read_again() {
        let file = std::env::temp_dir().join(format!("figures-{}", std::process::id()));
        let saved = figures(&[(1, "perennial", 10.0), (2, "raw", 20.0)]);
        saved.save(&file).expect("the folder can be written to");
        let read = Figures::read(&file).expect("it was written just now");
        fs::remove_file(&file).expect("it is ours");
        assert_eq!(read.systems(STOP), ["perennial", "raw"]);
        assert_eq!(read.value("raw", STOP), saved.value("raw", STOP));
        assert_eq!(read.0[1].round, 2);
    }

    #[test]
    fn times_are_printed_with_three_digits_and_their_unit() {
        assert_eq!(Nanos(521.0).to_string(), "521 ns");
        assert_eq!(Nanos(2_345.0).to_string(), "2.35 µs");
        assert_eq!(Nanos(12_345_678.0).to_string(), "12.3 ms");
        assert_eq!(Thousands(100_000).to_string(), "100,000");
        assert_eq!(Thousands(12).to_string(), "12");
    }
}
