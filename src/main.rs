//! The command line.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use orderboard::audit::Progress;
use orderboard::cache::Measures;
use orderboard::cache::redis::PersonalPages;
use orderboard::config::{Config, ConfigError};
use orderboard::error::Fault;
use orderboard::exchange::journal;
use orderboard::logs::Format;
use orderboard::{accounts, app, audit, database, demo, doctor, statistics};

/// A self-hosted, real-time order board. Settings come from the environment; see the README.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the board; migrates the databases first
    Serve,
    /// Bring both databases' tables up to date
    Migrate,
    /// Simulated customers and executors against a running server
    Demo(demo::Options),
    /// Check that the books balance; exits with 1 if they do not
    Audit,
    /// Compute the statistics anew from the journal
    Rebuild,
    /// After a restore from backup: begin a new history, and compute the statistics anew
    Restored,
    /// Look at everything that a server needs; exits with 1 if something is wrong
    Doctor,
    /// Make accounts of admins, and give anybody a new password
    #[command(subcommand)]
    Admin(accounts::command::Command),
}

fn main() -> ExitCode {
    let config = Config::from_env();
    // What is wrong with the settings is told by whoever needs them.
    let logs = config.as_ref().map(|config| config.logs).unwrap_or_default();
    logs.start();
    let command = Arguments::parse().command;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(command, config)),
        Err(error) => Err(error.to_string()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            match logs.format {
                Format::Text => eprintln!("orderboard: {error}"),
                Format::Json => tracing::error!("{error}"),
            }
            ExitCode::from(2)
        }
    }
}

/// Runs a command; whether all is well, or why it could not run.
async fn run(command: Command, config: Result<Config, ConfigError>) -> Result<bool, String> {
    if let Command::Demo(options) = command {
        return demo::run(options).await.map(|()| true);
    }
    if let Command::Doctor = command {
        let well = doctor::run(config, &mut std::io::stdout()).await;
        return well.map_err(|error| error.to_string());
    }
    let config = config.map_err(|error| error.to_string())?;
    let done = match command {
        Command::Serve => app::serve(config).await.map(|()| true),
        Command::Migrate => migrate(&config).await.map(|()| true),
        Command::Audit => audit(&config).await,
        Command::Rebuild => rebuild(&config).await.map(|()| true),
        Command::Restored => restored(&config).await.map(|()| true),
        Command::Admin(command) => {
            return accounts::command::run(&config, command).await.map(|()| true);
        }
        Command::Demo(_) | Command::Doctor => unreachable!("handled above"),
    };
    done.map_err(|fault| fault.to_string())
}

async fn migrate(config: &Config) -> Result<(), Fault> {
    let interactions = database::options(&config.database_url)?;
    database::prepare("interactions", &interactions, &database::INTERACTIONS).await?;
    let users = database::options(&config.users_database_url)?;
    database::prepare("users", &users, &database::USERS).await?;
    Ok(())
}

async fn audit(config: &Config) -> Result<bool, Fault> {
    let mut stderr = std::io::stderr();
    let in_place = stderr.is_terminal();
    let progress = Progress::new(&mut stderr, in_place);
    let (interactions, users) = (&config.database_url, &config.users_database_url);
    let (_, balanced) = audit::run(interactions, users, &mut std::io::stdout(), progress).await?;
    Ok(balanced)
}

async fn rebuild(config: &Config) -> Result<(), Fault> {
    let interactions = database::pool(database::options(&config.database_url)?);
    let users = database::options(&config.users_database_url)?;
    let rebuilt = statistics::rebuild(interactions, users).await?;
    for difference in &rebuilt.differences {
        println!("{difference}");
    }
    let pages = PersonalPages::new(config.redis_url.as_deref(), Measures::default())
        .map_err(|error| Fault::Internal(format!("REDIS_URL: {error}")))?;
    for user in rebuilt.mended {
        pages.flush(&rebuilt.history, user).await;
    }
    println!("statistics rebuilt; {} differences", rebuilt.differences.len());
    Ok(())
}

/// What was restored is another history from here on: no cache, page or socket of the time that was
/// lost is believed after that.
async fn restored(config: &Config) -> Result<(), Fault> {
    migrate(config).await?;
    let interactions = database::pool(database::options(&config.database_url)?);
    let before = journal::head(&interactions).await?;
    journal::renew_history(&interactions).await?;
    let now = journal::head(&interactions).await?;
    println!(
        "history {} became {}, from revision {} on",
        before.history, now.history, now.revision
    );
    rebuild(config).await?;
    println!(
        "Next: `orderboard audit` must say that the books balance; then start the servers. Those \
         that run already notice within a second, and every open page loads anew."
    );
    Ok(())
}
