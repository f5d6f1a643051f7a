//! A program of a test's own, on a port that stays its own: it may be killed, brought back and put to
//! sleep.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

pub struct Process {
    child: Child,
    pub port: u16,
    command: fn(u16) -> Command,
    options: &'static [&'static str],
}

impl Process {
    /// `command` gives the program's command line for a port.
    pub fn start(command: fn(u16) -> Command, options: &'static [&'static str]) -> Process {
        let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = probe.local_addr().expect("an address").port();
        drop(probe);
        Process { child: spawn(command(port), options), port, command, options }
    }

    /// SIGKILL: every connection breaks, and nothing is remembered.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Comes back on the same port after it was killed.
    pub fn start_again(&mut self) {
        self.child = spawn((self.command)(self.port), self.options);
    }

    /// SIGSTOP: connections stay, and nothing answers.
    pub fn pause(&self) {
        signal(self.child.id(), "STOP");
    }

    pub fn resume(&self) {
        signal(self.child.id(), "CONT");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a signal to a process that a test started.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(status.expect("there is a program called kill").success(), "kill -{name}");
}

fn spawn(mut command: Command, options: &[&str]) -> Child {
    command.args(options).stdin(Stdio::null()).stdout(Stdio::null());
    let child = command.spawn();
    child.unwrap_or_else(|error| panic!("{:?} is installed: {error}", command.get_program()))
}
