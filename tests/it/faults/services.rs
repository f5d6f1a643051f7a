//! MariaDB, redis and memcached for one test alone, which may do with them what it likes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::support::{World, eventually};

pub struct Services {
    dir: PathBuf,
    /// What MariaDB is started with beyond the usual.
    options: &'static str,
    settings: HashMap<String, String>,
}

impl Services {
    pub async fn up() -> Services {
        Services::with("").await
    }

    /// With options for MariaDB, separated by spaces.
    pub async fn with(options: &'static str) -> Services {
        let name = format!("faults-{:08x}", fastrand::u32(..));
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut services = Services { dir, options, settings: HashMap::new() };
        services.start().await;
        let text =
            std::fs::read_to_string(services.dir.join("env")).expect("bin/services wrote it");
        let settings =
            text.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
        services.settings = settings.map(|(name, value)| (name.into(), value.into())).collect();
        services
    }

    /// Starts what does not run, and waits for it.
    pub async fn start(&self) {
        let mut command = self.command("up");
        let output = tokio::task::spawn_blocking(move || command.output().expect("it starts"));
        let output = output.await.expect("bin/services runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The same with other options for MariaDB from now on.
    pub async fn start_with(&mut self, options: &'static str) {
        self.options = options;
        self.start().await;
    }

    pub async fn world(&self) -> World {
        World::on(|name| self.setting(name).to_owned()).await
    }

    /// Where one of them is, as the setting of this name has it.
    pub fn setting(&self, name: &str) -> &str {
        &self.settings[name]
    }

    /// SIGSTOP or SIGCONT.
    pub fn signal_database(&self, name: &str) {
        let pid = std::fs::read_to_string(self.dir.join("mariadb.pid")).expect("it runs");
        let status = Command::new("kill").args([&format!("-{name}"), pid.trim()]).status();
        assert!(status.expect("there is a program called kill").success(), "kill -{name}");
    }

    /// SIGKILL: whatever was not on the disk is lost.
    pub async fn kill_database(&self) {
        self.signal_database("KILL");
        eventually("MariaDB is gone", || async {
            let status = self.command("status").output().expect("bin/services runs");
            String::from_utf8_lossy(&status.stdout).contains("mariadb: down").then_some(())
        })
        .await;
    }

    /// Statements that take more rights than the servers have.
    pub fn as_root(&self, sql: &str) {
        said(sql, self.root(sql).output());
    }

    /// The same for those who do not hold up everybody else meanwhile; gives the answer,
    /// below the columns' names.
    pub async fn ask_as_root(&self, sql: &str) -> String {
        let mut command = self.root(sql);
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        said(sql, output.expect("it ends"))
    }

    /// Whether they succeed.
    pub async fn try_as_root(&self, sql: &str) -> bool {
        let mut command = self.root(sql);
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        output.expect("it ends").expect("MariaDB's client starts").status.success()
    }

    fn root(&self, sql: &str) -> Command {
        // Named from within: a full path may be longer than a socket's may.
        let mut command = Command::new("mariadb");
        command.args(["--no-defaults", "--socket=mariadb.sock", "--execute", sql]);
        command.current_dir(&self.dir);
        command
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/bin/services"));
        command.arg(verb).arg(&self.dir).env("MARIADB_OPTIONS", self.options);
        command
    }
}

/// What MariaDB's client printed, which must have succeeded.
fn said(sql: &str, output: std::io::Result<Output>) -> String {
    let output = output.expect("MariaDB's client starts");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Drop for Services {
    fn drop(&mut self) {
        // One that was stopped could not hear that it is to leave.
        if let Ok(pid) = std::fs::read_to_string(self.dir.join("mariadb.pid")) {
            let _ = Command::new("kill").args(["-CONT", pid.trim()]).output();
        }
        let down = self.command("down").output().is_ok_and(|output| output.status.success());
        // What they wrote is worth keeping where something went wrong.
        if down && !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}
