//! A plot of latencies against numbers of siblings, as SVG: both axes logarithmic, names beside the lines.

use std::fmt::Write;

use super::figures::Nanos;

/// What one system took, by the number of siblings; `None` where it was not measured.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<Option<f64>>,
}

/// The numbers of siblings, none of them first: it has no place on a logarithmic axis but this.
const COLUMNS: &[&str] = &["0", "1,000", "10,000", "100,000"];

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 270.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;

/// How far names are apart at least.
const NAME_HEIGHT: f64 = 16.0;

/// Colors that are told apart on white and on black, and by people who see few of them; ours is the first.
const COLORS: &[&str] = &[
    "#d55e00", "#808080", "#0072b2", "#56b4e9", "#009e73", "#cc79a7", "#b59f00", "#8060c0",
    "#c04050",
];

/// Where decades of nanoseconds stand.
struct Scale {
    least: f64,
    most: f64,
}

/// Draws the lines.
pub(super) fn plot(title: &str, lines: &[Line]) -> String {
    let scale = Scale::of(lines);
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">
<style>text {{ fill: #333 }} .grid {{ stroke: #888; stroke-opacity: .35 }} @media (prefers-color-scheme: dark) {{ text {{ fill: #ddd }} }}</style>
<title>{title}</title>
<text x="{LEFT}" y="24" font-size="16">{title}</text>
"#
    );
    svg += &axes(&scale);
    // Ours last, on top of the others.
    for (index, line) in lines.iter().enumerate().rev() {
        svg += &drawn(line, &scale, COLORS[index % COLORS.len()], index == 0);
    }
    svg += &names(lines, &scale);
    svg += "</svg>\n";
    svg
}

fn axes(scale: &Scale) -> String {
    let mut svg = String::new();
    let right = WIDTH - RIGHT;
    let mut decade = scale.least;
    while decade <= scale.most * 1.001 {
        let y = scale.y(decade);
        // Writing to a string does not fail, here and below.
        let _written = writeln!(
            svg,
            r#"<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1}" y2="{y:.1}"/><text x="{}" y="{:.1}" text-anchor="end">{}</text>"#,
            LEFT - 8.0,
            y + 4.0,
            short(decade)
        );
        decade *= 10.0;
    }
    let below = HEIGHT - BOTTOM;
    for (column, label) in COLUMNS.iter().enumerate() {
        let x = x(column);
        let _written = writeln!(
            svg,
            r#"<line class="grid" x1="{x:.1}" x2="{x:.1}" y1="{TOP}" y2="{below}"/><text x="{x:.1}" y="{}" text-anchor="middle">{label}</text>"#,
            below + 20.0
        );
    }
    let _written = writeln!(
        svg,
        r#"<text x="{:.1}" y="{}" text-anchor="middle">idle siblings under the same supervisor</text>"#,
        f64::midpoint(LEFT, right),
        below + 44.0
    );
    svg
}

fn drawn(line: &Line, scale: &Scale, color: &str, ours: bool) -> String {
    let width = if ours { 3.5 } else { 1.8 };
    let points = line.points.iter().enumerate();
    let points: Vec<(f64, f64)> = points
        .filter_map(|(column, nanos)| Some((x(column), scale.y((*nanos)?))))
        .collect();
    let path: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let mut svg = format!(
        r#"<polyline fill="none" stroke="{color}" stroke-width="{width}" points="{}"/>"#,
        path.join(" ")
    );
    svg.push('\n');
    for (x, y) in points {
        let _written = writeln!(
            svg,
            r#"<circle fill="{color}" cx="{x:.1}" cy="{y:.1}" r="{}"/>"#,
            width + 0.7
        );
    }
    svg
}

/// The names at the right ends of the lines, moved apart where they would overlap.
fn names(lines: &[Line], scale: &Scale) -> String {
    let last = |line: &Line| line.points.iter().rev().flatten().next().copied();
    let mut ends: Vec<(f64, usize, f64)> = lines
        .iter()
        .enumerate()
        .filter_map(|(index, line)| last(line).map(|nanos| (scale.y(nanos), index, nanos)))
        .collect();
    ends.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut free = TOP;
    for end in &mut ends {
        end.0 = end.0.max(free);
        free = end.0 + NAME_HEIGHT;
    }
    // What was pushed below the axis moves up again.
    let mut limit = HEIGHT - BOTTOM;
    for end in ends.iter_mut().rev() {
        end.0 = end.0.min(limit);
        limit = end.0 - NAME_HEIGHT;
    }
    let mut svg = String::new();
    for (y, index, nanos) in ends {
        let color = COLORS[index % COLORS.len()];
        let weight = if index == 0 { "bold" } else { "normal" };
        let _written = writeln!(
            svg,
            r#"<circle fill="{color}" cx="{:.1}" cy="{y:.1}" r="4"/><text x="{:.1}" y="{:.1}" font-weight="{weight}">{} {}</text>"#,
            WIDTH - RIGHT + 14.0,
            WIDTH - RIGHT + 24.0,
            y + 4.0,
            lines[index].name,
            Nanos(nanos)
        );
    }
    svg
}

/// Where a column stands.
fn x(column: usize) -> f64 {
    let step = (WIDTH - LEFT - RIGHT) / (COLUMNS.len() - 1) as f64;
    LEFT + step * column as f64
}

/// A decade without digits behind the point.
fn short(nanos: f64) -> String {
    Nanos(nanos)
        .to_string()
        .replace(".00", "")
        .replace(".0", "")
}

impl Scale {
    /// Whole decades around all points.
    fn of(lines: &[Line]) -> Self {
        let all = || {
            lines
                .iter()
                .flat_map(|line| line.points.iter().flatten().copied())
        };
        let least = all().fold(f64::INFINITY, f64::min);
        let most = all().fold(0.0, f64::max);
        if most == 0.0 {
            return Self {
                least: 1e3,
                most: 1e4,
            };
        }
        let decade = |exponent: f64| 10_f64.powf(exponent);
        let (least, most) = (least.log10().floor(), most.log10().ceil());
        Self {
            least: decade(least),
            most: decade(most.max(least + 1.0)),
        }
    }

    fn y(&self, nanos: f64) -> f64 {
        let share = (nanos / self.least).log10() / (self.most / self.least).log10();
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, points: [Option<f64>; 4]) -> Line {
        Line {
            name: name.to_owned(),
            points: points.to_vec(),
        }
    }

    #[test]
    fn a_value_ten_times_as_large_stands_one_decade_higher() {
        let scale = Scale::of(&[line("a", [Some(1_500.0), Some(900_000.0), None, None])]);
        assert_eq!((scale.least, scale.most), (1e3, 1e6));
        let decade = scale.y(1e3) - scale.y(1e4);
        assert!((decade - (scale.y(1e4) - scale.y(1e5))).abs() < 1e-9);
        assert!((scale.y(1e3) - (HEIGHT - BOTTOM)).abs() < 1e-9);
    }

    #[test]
    fn names_do_not_overlap() {
        let same = [Some(2e3); 4];
        let lines = [line("a", same), line("b", same), line("c", same)];
        let svg = names(&lines, &Scale::of(&lines));
        let mut at: Vec<f64> = svg
            .lines()
            .filter_map(|line| line.split("cy=\"").nth(1)?.split('"').next()?.parse().ok())
            .collect();
        at.sort_by(f64::total_cmp);
        assert_eq!(at.len(), 3);
        assert!(
            at.windows(2)
                .all(|two| two[1] - two[0] >= NAME_HEIGHT - 0.1),
            "{at:?}"
        );
    }

    #[test]
    fn a_system_that_was_not_measured_everywhere_has_fewer_points() {
        let svg = plot("t", &[line("a", [Some(1e3), None, Some(1e5), None])]);
        let path = svg.lines().find(|line| line.starts_with("<polyline"));
        let path = path
            .and_then(|line| line.split("points=\"").nth(1))
            .unwrap_or_default();
        assert_eq!(path.matches(',').count(), 2, "{path}");
        assert!(svg.contains(">a 100 µs<"), "{svg}");
    }
}
