//! The bell: redis tells every server at once what one of them committed. It is for speed alone:
//! whatever it loses, doubles or mixes up, the follower finds in the journal.
//!
//! One connection both speaks and listens. Each second a server knocks on the channel and must hear
//! itself: a subscriber that only waits stays deaf for ever when its connection dies silently.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError,
    RedisResult,
};
use tokio::sync::{Notify, broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use super::hub::Hub;
use crate::exchange::event::Run;

/// A longer run is only announced; the others read it from the journal.
const MAX_BYTES: usize = 64 * 1024;
const KNOCK_EVERY: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(1);
/// Between attempts to reach redis.
const AGAIN: Duration = Duration::from_millis(250);
/// Messages that wait on either side; one more is dropped, since the journal has it.
const WAITING: usize = 256;
/// Sessions that ended here and are told again to a redis that may have forgotten them.
const ENDINGS: usize = 1024;
/// Sockets outlive their session's end for no longer than its being told is remembered.
const ENDED_FOR: Duration = Duration::from_secs(24 * 3600);

/// What was heard.
#[derive(Debug)]
pub enum Heard {
    Run(Box<Run>),
    /// This revision exists, or something else was missed: look at the journal.
    Look,
}

/// Our side of the bell.
pub struct Bell {
    say: Option<mpsc::Sender<Arc<Run>>>,
    heard: mpsc::Receiver<Heard>,
    // Without redis nobody rings; the open channel keeps `hear` waiting.
    _open: mpsc::Sender<Heard>,
    task: Option<JoinHandle<()>>,
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.task.iter().for_each(JoinHandle::abort);
    }
}

impl Bell {
    /// Starts listening on the channel of this history, for this hub; without a URL the bell is
    /// silent.
    pub fn start(url: Option<&str>, history: &str, hub: &Arc<Hub>) -> RedisResult<Bell> {
        let (ring, heard) = mpsc::channel(WAITING);
        let Some(url) = url else {
            return Ok(Bell { say: None, heard, _open: ring, task: None });
        };
        let info = url.into_connection_info()?;
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let (say, said) = mpsc::channel(WAITING);
        let ringer = Ringer {
            client: redis::Client::open(info.set_redis_settings(settings))?,
            channel: format!("{history}:journal"),
            ended_key: format!("{history}:ended"),
            said,
            newest: None,
            ends: hub.endings(),
            endings: VecDeque::new(),
            ears: Ears {
                ring: ring.clone(),
                server: Uuid::new_v4(),
                started: Instant::now(),
                answered: Arc::default(),
                hub: Arc::clone(hub),
            },
        };
        let task = Some(tokio::spawn(ringer.run()));
        Ok(Bell { say: Some(say), heard, _open: ring, task })
    }

    /// Tells the other servers, without waiting.
    pub fn ring(&self, run: &Arc<Run>) {
        if let Some(say) = &self.say {
            let _ = say.try_send(Arc::clone(run));
        }
    }

    /// The next thing heard from the others, or from ourselves.
    pub async fn hear(&mut self) -> Heard {
        self.heard.recv().await.unwrap_or(Heard::Look)
    }
}

/// Keeps a connection, whatever happens to it, and says what is to be said.
struct Ringer {
    client: redis::Client,
    channel: String,
    ended_key: String,
    said: mpsc::Receiver<Arc<Run>>,
    /// The newest run that could not be said yet: it is enough to show that there was a gap.
    newest: Option<Arc<Run>>,
    ends: broadcast::Receiver<Uuid>,
    /// Sessions that ended here, the newest last.
    endings: VecDeque<Uuid>,
    ears: Ears,
}

impl Ringer {
    async fn run(mut self) {
        let mut well = true;
        loop {
            let began = Instant::now();
            let Err(error) = self.attend(&mut well).await;
            self.ears.hub.measures.redis_up.set(0);
            // Whoever rang meanwhile was not heard.
            self.ears.hear(Heard::Look);
            if well {
                tracing::warn!(%error, "redis is away: the feed follows the journal");
                well = false;
            }
            if began.elapsed() < KNOCK_EVERY {
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    /// Speaks and listens until the connection fails.
    async fn attend(&mut self, well: &mut bool) -> Result<Infallible, RedisError> {
        let (ears, gone) = (self.ears.clone(), Arc::new(Notify::new()));
        let (closed, recognised) = (Arc::clone(&gone), Arc::new(Notify::new()));
        let knocked_here = Arc::clone(&recognised);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_push_sender(move |push: PushInfo| -> Result<(), redis::aio::SendError> {
                match push.kind {
                    PushKind::Disconnection => closed.notify_one(),
                    PushKind::Message => ears.take(push, &knocked_here),
                    _ => {}
                }
                Ok(())
            });
        let mut redis = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        redis.subscribe(&self.channel).await?;
        self.ears.hear(Heard::Look);
        self.remember_ends(&mut redis).await?;
        while let Ok(run) = self.said.try_recv() {
            self.newest = Some(run);
        }
        let mut timer = tokio::time::interval(KNOCK_EVERY);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut knocked, mut heard) = (None, 0);
        loop {
            self.say_newest(&mut redis).await?;
            tokio::select! {
                run = self.said.recv() => match run {
                    Some(run) => self.newest = Some(run),
                    // The bell is being taken down.
                    None => std::future::pending().await,
                },
                Ok(session) = self.ends.recv() => {
                    self.note_end(session);
                    self.tell_ends(&mut redis, &[session]).await?;
                }
                _ = timer.tick() => {
                    if knocked.is_some_and(|knocked| self.ears.heard_itself() < knocked) {
                        return Err(lost("redis does not bring back what was published"));
                    }
                    knocked = Some(self.ears.now());
                    publish(&mut redis, &self.channel, self.ears.knock()).await?;
                }
                () = recognised.notified() => {
                    self.ears.hub.measures.redis_up.set(1);
                    heard += 1;
                    // Said only when it holds, or a redis that comes and goes fills the log.
                    if heard > 1 && !std::mem::replace(well, true) {
                        tracing::info!("redis is back");
                    }
                }
                () = gone.notified() => return Err(lost("the connection was closed")),
            }
        }
    }

    /// Tells what redis may have missed or forgotten, and hears what was told while this server did
    /// not listen. Since all tell before they publish, and listen before they ask, nobody misses it.
    async fn remember_ends(&mut self, redis: &mut MultiplexedConnection) -> RedisResult<()> {
        while let Ok(session) = self.ends.try_recv() {
            self.note_end(session);
        }
        let own: Vec<Uuid> = self.endings.iter().copied().collect();
        self.tell_ends(redis, &own).await?;
        let (key, since) = (&self.ended_key, unix_ms().saturating_sub(millis(ENDED_FOR)));
        let mut known = redis::cmd("ZRANGEBYSCORE");
        known.arg(key).arg(since).arg("+inf");
        let known: Vec<String> = known.query_async(redis).await?;
        known.iter().filter_map(|text| text.parse().ok()).for_each(|it| self.ears.hub.end(it));
        Ok(())
    }

    fn note_end(&mut self, session: Uuid) {
        self.endings.push_back(session);
        if self.endings.len() > ENDINGS {
            self.endings.pop_front();
        }
    }

    async fn tell_ends(
        &self,
        redis: &mut MultiplexedConnection,
        sessions: &[Uuid],
    ) -> RedisResult<()> {
        if sessions.is_empty() {
            return Ok(());
        }
        let (key, now) = (&self.ended_key, unix_ms());
        let mut commands = redis::pipe();
        for session in sessions {
            commands.zadd(key, session.to_string(), now).ignore();
        }
        let old = now.saturating_sub(millis(ENDED_FOR));
        commands.cmd("ZREMRANGEBYSCORE").arg(key).arg("-inf").arg(old).ignore();
        commands.cmd("PEXPIRE").arg(key).arg(millis(ENDED_FOR)).ignore();
        for session in sessions {
            let message = format!("{ENDED}{session}");
            commands.cmd("PUBLISH").arg(&self.channel).arg(message).ignore();
        }
        commands.query_async(redis).await
    }

    async fn say_newest(&mut self, redis: &mut MultiplexedConnection) -> RedisResult<()> {
        if let Some(run) = &self.newest {
            let mut message = serde_json::to_vec(&**run).expect("runs are plain data");
            if message.len() > MAX_BYTES {
                // Not a run: whoever hears it looks at the journal.
                message = format!("revision {}", run.revision).into_bytes();
            }
            publish(redis, &self.channel, message).await?;
            self.newest = None;
        }
        Ok(())
    }
}

async fn publish(
    redis: &mut MultiplexedConnection,
    channel: &str,
    message: Vec<u8>,
) -> RedisResult<()> {
    redis::cmd("PUBLISH").arg(channel).arg(message).query_async(redis).await
}

fn unix_ms() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn lost(why: &'static str) -> RedisError {
    std::io::Error::new(std::io::ErrorKind::BrokenPipe, why).into()
}

/// What comes over the channel that is not a run begins with one of these.
const KNOCK: &str = "knock ";
const ENDED: &str = "ended ";

/// Where what redis brings is understood, on the connection's own task.
#[derive(Clone)]
struct Ears {
    ring: mpsc::Sender<Heard>,
    server: Uuid,
    started: Instant,
    /// When the last knock that came back was made, in microseconds since `started`.
    answered: Arc<AtomicU64>,
    hub: Arc<Hub>,
}

impl Ears {
    /// `recognised` is told of our own knock.
    fn take(&self, push: PushInfo, recognised: &Notify) {
        let Some(message) = redis::Msg::from_push_info(push) else { return };
        let payload = message.get_payload_bytes();
        let text = || std::str::from_utf8(payload).ok();
        if let Some(knock) = text().and_then(|text| text.strip_prefix(KNOCK)) {
            return self.recognise(knock, recognised);
        }
        if let Some(session) = text().and_then(|text| text.strip_prefix(ENDED)?.parse().ok()) {
            return self.hub.end(session);
        }
        let run = serde_json::from_slice(payload);
        self.hear(run.map_or(Heard::Look, |run| Heard::Run(Box::new(run))));
    }

    fn hear(&self, heard: Heard) {
        // When nobody drains it, the next one heard will show the gap.
        let _ = self.ring.try_send(heard);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).expect("an age of this universe")
    }

    fn knock(&self) -> Vec<u8> {
        format!("{KNOCK}{} {}", self.server, self.now()).into_bytes()
    }

    /// Takes note of a knock if it is our own.
    fn recognise(&self, knock: &str, recognised: &Notify) {
        let Some((server, made)) = knock.split_once(' ') else { return };
        if server.parse() == Ok(self.server)
            && let Ok(made) = made.parse()
        {
            self.answered.fetch_max(made, Ordering::Relaxed);
            recognised.notify_one();
            let lag = Duration::from_micros(self.now().saturating_sub(made));
            self.hub.measures.redis_lag.observe(lag.as_secs_f64());
        }
    }

    fn heard_itself(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}
