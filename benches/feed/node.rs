//! Node's `ws` behind redis: as many a team would build it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::contestant::{Contestant, renumber};

const SERVER: &str = r#"
const { WebSocketServer } = require('ws');
const { createClient } = require('redis');
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('listening', async () => {
  const redis = createClient({ url: process.env.REDIS_URL });
  await redis.connect();
  await redis.subscribe(process.env.CHANNEL, (message) => {
    for (const client of server.clients) client.send(message);
  });
  console.log(`127.0.0.1:${server.address().port}`);
});
"#;

/// Why not, where it cannot be had.
pub async fn start(message: &str) -> Result<Contestant, String> {
    let redis_url = std::env::var("REDIS_URL").map_err(|_| "REDIS_URL is not set".to_owned())?;
    let dir = install()?;
    let channel = format!("bench-{:08x}", fastrand::u32(..));
    let mut server = Command::new("node")
        .arg(dir.join("server.cjs"))
        .env("REDIS_URL", &redis_url)
        .env("CHANNEL", &channel)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("node: {error}"))?;
    let mut address = String::new();
    let stdout = server.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut address).map_err(|error| error.to_string())?;
    let client = redis::Client::open(redis_url).map_err(|error| error.to_string())?;
    let redis = client.get_multiplexed_async_connection().await;
    let redis = redis.map_err(|error| error.to_string())?;
    let message = message.to_owned();
    let publish = {
        let message = message.clone();
        Box::new(move |number| {
            let (mut redis, channel) = (redis.clone(), channel.clone());
            let message = renumber(&message, number);
            Box::pin(async move {
                let mut publish = redis::cmd("PUBLISH");
                let publish = publish.arg(channel).arg(message);
                publish.query_async::<()>(&mut redis).await.expect("redis takes it");
            }) as _
        })
    };
    let (address, path) = (address.trim().to_owned(), "/live".to_owned());
    Ok(Contestant { name: "node_ws", server, address, path, message, publish, _keep: None })
}

/// The packages, installed once under `target`.
fn install() -> Result<PathBuf, String> {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("feed-node");
    std::fs::create_dir_all(&dir).map_err(|error| error.to_string())?;
    std::fs::write(dir.join("server.cjs"), SERVER).map_err(|error| error.to_string())?;
    if dir.join("node_modules/redis").exists() && dir.join("node_modules/ws").exists() {
        return Ok(dir);
    }
    let installed = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
        .arg(&dir)
        .args(["ws@8.18.3", "redis@5.8.2"])
        .output()
        .map_err(|error| format!("npm: {error}"))?;
    match installed.status.success() {
        true => Ok(dir),
        false => Err(String::from_utf8_lossy(&installed.stderr).trim().to_owned()),
    }
}
