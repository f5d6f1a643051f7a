//! Where the lines go: one for each invariant, and a last one for all.

use std::io::Write;

use super::check::Check;
use crate::error::Fault;

/// Writes it; returns whether all of them hold.
pub fn write(out: &mut (dyn Write + Send), checks: &[Check], revision: u64) -> Result<bool, Fault> {
    let failed = checks.iter().filter(|check| !check.holds()).count();
    let last = if failed == 0 {
        format!("books balance at revision {revision}")
    } else {
        format!("{failed} of {} checks failed", checks.len())
    };
    let lines = checks.iter().map(Check::to_line).chain([last]);
    for line in lines {
        writeln!(out, "{line}")
            .map_err(|error| Fault::Internal(format!("the audit cannot be written: {error}")))?;
    }
    Ok(failed == 0)
}
