//! `orderboard admin`: what only whoever runs the board may do. Passwords come from standard input,
//! where they leave no trace in a shell's history, or are made up and printed once.

use std::io::{BufRead, IsTerminal};

use clap::Subcommand;

use super::{Name, Password, Roles, hashing, store};
use crate::config::Config;
use crate::database::{self, Meter, Reads};
use crate::error::Fault;
use crate::i18n::Lang;

#[derive(Subcommand)]
pub enum Command {
    /// Make an account for an admin
    Add { name: String },
    /// Give anybody another password, and end all that lets them in
    Reset { name: String },
}

/// Does it, and prints what came of it; or says why not.
pub async fn run(config: &Config, command: Command) -> Result<(), String> {
    let options = database::options(&config.users_database_url).map_err(said)?;
    database::prepare("users", &options, &database::USERS).await.map_err(said)?;
    let pool = database::pool(options);
    let (Command::Add { name } | Command::Reset { name }) = &command;
    let text = |rule: &str| Lang::En.text(rule).into_owned();
    let name = Name::parse(name).map_err(text)?;
    let meter = Meter::default();
    let reads = Reads { pool: &pool, meter: &meter };
    let known = store::find_account(reads, &name.folded()).await.map_err(said)?;
    if let (Command::Reset { .. }, None) = (&command, &known) {
        return Err(format!("nobody is called {name}"));
    }
    let given = read_password()?;
    let password = match &given {
        Some(line) => Password::choose(line, &name).map_err(text)?,
        None => Password::made_up(),
    };
    let hash = hashing::hash(&password).map_err(|refused| format!("{refused:?}"))?;
    match known {
        Some(account) if matches!(command, Command::Reset { .. }) => {
            store::reset(&pool, account.id, &hash).await.map_err(said)?;
            println!("{name} has another password, and is logged out everywhere");
        }
        _ => {
            let made = store::insert_account(&pool, &name, &hash, Roles::ADMIN).await;
            let id = made.map_err(said)?.ok_or_else(|| text("name-taken"))?;
            println!("{name} is an admin, with the number {id}");
        }
    }
    if given.is_none() {
        println!("password: {}", password.reveal());
    }
    Ok(())
}

fn said(error: impl Into<Fault>) -> String {
    error.into().to_string()
}

/// The first line of standard input, unless that is a terminal or empty.
fn read_password() -> Result<Option<String>, String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Ok(None);
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).map_err(|error| format!("standard input: {error}"))?;
    let line = line.trim_end_matches(['\r', '\n']);
    Ok((!line.is_empty()).then(|| line.to_owned()))
}
