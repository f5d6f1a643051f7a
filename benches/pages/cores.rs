//! How the cores are shared: the server under test has one to itself, and so has the load. A load
//! that ran on the server's core would be measured with it, and a fast server would pay for it most.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

/// Ticks of a process's clock in a second: what Linux tells programs, whatever the kernel counts.
const TICKS: f64 = 100.0;

#[derive(Clone, Copy)]
pub struct Cores(&'static str);

impl Cores {
    pub const SERVER: Cores = Cores("0");
    pub const LOAD: Cores = Cores("1");

    /// A command for a program that is bound to these cores.
    pub fn command(self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("taskset");
        command.args(["-c", self.0]).arg(program);
        command
    }
}

/// Binds this process and all its threads, before it has any.
pub fn settle() {
    let cores = std::thread::available_parallelism().map_or(1, |count| count.get());
    assert!(cores >= 2, "the server and the load need a core each");
    let pid = std::process::id().to_string();
    let bound = Command::new("taskset").args(["-a", "-p", "-c", Cores::LOAD.0, &pid]).output();
    assert!(bound.is_ok_and(|output| output.status.success()), "taskset (Debian: util-linux)");
}

/// The time that a process and its children have run for so far.
pub fn busy(pid: u32) -> Duration {
    let all = std::fs::read_dir("/proc").expect("Linux").flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let ticks = pids.filter_map(|other| {
        let text = std::fs::read_to_string(format!("/proc/{other}/stat")).ok()?;
        // The name in parentheses may hold anything.
        let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
        let parent: u32 = fields[1].parse().ok()?;
        let number = |place: usize| fields[place].parse::<u64>().ok();
        (other == pid || parent == pid).then(|| Some(number(11)? + number(12)?))?
    });
    Duration::from_secs_f64(ticks.sum::<u64>() as f64 / TICKS)
}
