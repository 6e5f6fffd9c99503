//! Tables as a README has them.

use std::borrow::Borrow;

/// Prints rows under a heading, in Markdown.
pub fn print<S: Borrow<str>>(heading: &[S], rows: &[Vec<String>]) {
    println!("\n| {} |\n|{}", heading.join(" | "), "---|".repeat(heading.len()));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}

/// The one in the middle.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// The median of what one is to the other, round by round.
pub fn ratio(of: &[f64], to: &[f64]) -> f64 {
    median(of.iter().zip(to).map(|(of, to)| of / to).collect())
}
