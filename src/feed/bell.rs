//! The bell: redis tells every server at once what one of them committed. It is for speed alone:
//! whatever it loses, doubles or mixes up, the follower finds in the journal.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::exchange::event::Run;

/// A longer run is only announced; the others read it from the journal.
const MAX_BYTES: usize = 64 * 1024;
/// Without asking, a subscriber that lost its server stays deaf for ever.
const PING_EVERY: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(1);
/// Messages that wait on either side; one more is dropped, since the journal has it.
const WAITING: usize = 256;

/// What was heard.
#[derive(Debug)]
pub enum Heard {
    Run(Box<Run>),
    /// This revision exists, or something else was missed: look at the journal.
    Look,
}

/// Our side of the bell.
pub struct Bell {
    publish: Option<mpsc::Sender<Arc<Run>>>,
    heard: mpsc::Receiver<Heard>,
    // Without redis nobody rings; the open channel keeps `hear` waiting.
    _open: mpsc::Sender<Heard>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Bell {
    /// Starts listening on the channel of this history; without a URL the bell is silent.
    pub fn start(url: Option<&str>, history: &str) -> redis::RedisResult<Bell> {
        let (ring, heard) = mpsc::channel(WAITING);
        let Some(url) = url else {
            return Ok(Bell { publish: None, heard, _open: ring, tasks: Vec::new() });
        };
        let channel = format!("{history}:journal");
        let ears = listen(url, ring.clone())?;
        let mouth = crate::cache::redis::connect(url)?;
        let (publish, runs) = mpsc::channel(WAITING);
        let tasks = vec![
            tokio::spawn(stay_awake(ears, channel.clone())),
            tokio::spawn(ring_out(mouth, channel, runs)),
        ];
        Ok(Bell { publish: Some(publish), heard, _open: ring, tasks })
    }

    /// Tells the other servers, without waiting.
    pub fn ring(&self, run: &Arc<Run>) {
        if let Some(publish) = &self.publish {
            let _ = publish.try_send(Arc::clone(run));
        }
    }

    /// The next thing heard from the others, or from ourselves.
    pub async fn hear(&mut self) -> Heard {
        self.heard.recv().await.unwrap_or(Heard::Look)
    }
}

fn listen(url: &str, ring: mpsc::Sender<Heard>) -> redis::RedisResult<ConnectionManager> {
    let info = url.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = redis::Client::open(info.set_redis_settings(settings))?;
    let hear = move |push: PushInfo| -> Result<(), redis::aio::SendError> {
        let heard = match push.kind {
            PushKind::Message => redis::Msg::from_push_info(push)
                .and_then(|message| serde_json::from_slice(message.get_payload_bytes()).ok())
                .map_or(Heard::Look, |run| Heard::Run(Box::new(run))),
            PushKind::Subscribe | PushKind::Disconnection => Heard::Look,
            _ => return Ok(()),
        };
        // When nobody drains it, the next one heard will show the gap.
        let _ = ring.try_send(heard);
        Ok(())
    };
    let config = ConnectionManagerConfig::new()
        .set_push_sender(hear)
        .set_automatic_resubscription()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT))
        .set_number_of_retries(1)
        .set_max_delay(Duration::from_millis(500));
    ConnectionManager::new_lazy_with_config(client, config)
}

/// Subscribes, and keeps asking whether redis is there.
async fn stay_awake(mut ears: ConnectionManager, channel: String) {
    let mut subscribed = false;
    let mut well = true;
    let mut timer = tokio::time::interval(PING_EVERY);
    loop {
        timer.tick().await;
        let result = if subscribed {
            redis::cmd("PING").query_async::<()>(&mut ears).await
        } else {
            ears.subscribe(&channel).await
        };
        subscribed |= result.is_ok();
        match result {
            Err(error) if well => {
                tracing::warn!(%error, "redis is away: the feed follows the journal");
                well = false;
            }
            Ok(()) if !well => {
                tracing::info!("redis is back");
                well = true;
            }
            _ => {}
        }
    }
}

async fn ring_out(
    mut redis: ConnectionManager,
    channel: String,
    mut runs: mpsc::Receiver<Arc<Run>>,
) {
    while let Some(run) = runs.recv().await {
        let mut message = serde_json::to_vec(&*run).expect("runs are plain data");
        if message.len() > MAX_BYTES {
            // Not a run: whoever hears it looks at the journal.
            message = format!("{{\"revision\":{}}}", run.revision).into_bytes();
        }
        // A failure shows in `stay_awake` too, which says it once.
        let mut publish = redis::cmd("PUBLISH");
        let publish = publish.arg(&channel).arg(message);
        let _ = publish.query_async::<()>(&mut redis).await;
    }
}
