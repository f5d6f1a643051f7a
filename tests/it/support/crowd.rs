//! Many watchers of every kind, attentive or restless, and what each of them must have known.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::print::Note;
use super::trade::EXECUTORS;
use super::{AGAIN, Client, Format, PATIENCE, ReadBoard, Truth, Watcher, Who};

pub struct Member {
    pub who: Who,
    pub watcher: Watcher,
}

impl Member {
    /// Of every 30: three customers and six executors who trade, an admin, and onlookers; of each
    /// but customers, half take ready-made rows.
    pub fn new(place: usize, server: &Client, history: &str) -> Member {
        let number = place as u64;
        let (customer, executor) =
            (1 + number / 10 % 5, u64::from(EXECUTORS.start) + number / 10 % 6);
        let who = match place % 10 {
            0 => Who::Customer(customer),
            1 | 2 => Who::Executor(executor),
            3 if place % 30 == 3 => Who::Admin,
            _ => Who::Executor(1000 + number),
        };
        let format = match place % 2 {
            0 => Format::Html,
            _ => Format::Json,
        };
        let client = match who {
            Who::Executor(id) => {
                server.with("x-user-type", "executor").with("x-user-id", &id.to_string())
            }
            Who::Customer(id) => {
                server.with("x-user-type", "customer").with("x-user-id", &id.to_string())
            }
            Who::Admin => server.with("x-user-type", "admin"),
        };
        let board = !matches!(who, Who::Customer(_));
        Member { who, watcher: Watcher::of_crowd(&client, history, format, board) }
    }

    /// Reads on until they know all there is for them.
    pub async fn arrive(&mut self, truth: &Truth) {
        let last = truth.last_for(self.who);
        let reading = async {
            while self.watcher.model.revision < last {
                self.watcher.step().await;
            }
        };
        // Many read at once, and some of them little at a time.
        let arrived = timeout(3 * PATIENCE, reading).await;
        arrived.unwrap_or_else(|_| panic!("{:?}: {}", self.who, self.watcher.model.brief()));
    }

    /// Reads whatever comes, until it is over.
    pub async fn attend(&mut self, over: &mut watch::Receiver<bool>) {
        while !*over.borrow() {
            if self.watcher.is_connected() {
                self.hear(over).await;
            } else if self.watcher.open().await.is_err() {
                sleep(AGAIN).await;
            }
        }
    }

    /// Comes and goes between these servers, reads and does not, until it is over.
    pub async fn wander(&mut self, servers: &[Client], over: &mut watch::Receiver<bool>) {
        let server = || &servers[fastrand::usize(..servers.len())];
        let nap = || Duration::from_millis(fastrand::u64(..1 << fastrand::u32(1..12)));
        while !*over.borrow() {
            match fastrand::u32(..20) {
                0 => self.watcher.disconnect(),
                1 => {
                    self.watcher.aim(server());
                    self.watcher.disconnect();
                }
                2 => sleep(nap()).await,
                3 => {
                    self.watcher.disconnect();
                    sleep(nap()).await;
                }
                // Who has nothing of their own can begin with a page at any time.
                4 if matches!(self.who, Who::Executor(1000..)) => {
                    self.watcher.aim(server());
                    self.watcher.reload().await;
                }
                _ if self.watcher.is_connected() => {
                    // Who left after every few messages would never come to the end of a long run.
                    let mut left = fastrand::u32(1..64);
                    while left > 0 && !*over.borrow() {
                        self.hear(over).await;
                        left -= 1;
                    }
                }
                _ if self.watcher.open().await.is_err() => sleep(AGAIN).await,
                _ => {}
            }
        }
    }

    async fn hear(&mut self, over: &mut watch::Receiver<bool>) {
        let heard = tokio::select! {
            heard = self.watcher.hear() => heard,
            _ = over.changed() => return,
        };
        self.watcher.take(heard).await;
    }

    /// What they knew whenever a run was closed.
    pub fn notes(&self) -> &[Note] {
        self.watcher.model.notes.as_ref().expect("one of a crowd")
    }

    /// Demands that they knew what was so at every revision that they came to, and never started
    /// over.
    pub fn assert_exact(&self, truth: &Truth) {
        let Member { who, watcher: Watcher { model, format, .. } } = self;
        assert_eq!((model.gaps, model.resyncs), (0, 0), "{who:?}: {}", model.brief());
        for note in self.notes() {
            let known = truth.at(note.revision, *who);
            assert_eq!(note.print, known, "{who:?}, {format:?}, at revision {}", note.revision);
        }
        assert!(model.revision >= truth.last_for(*who), "{who:?}: {}", model.brief());
    }

    /// Demands that the board that they hold is this one, row by row where they have data.
    pub fn assert_board(&self, board: &ReadBoard) {
        let Member { who, watcher } = self;
        match who {
            Who::Customer(_) => assert!(watcher.model.board.is_empty(), "{who:?} sees no board"),
            _ if watcher.format == Format::Json => assert_eq!(watcher.model.board, board.orders),
            _ => assert!(watcher.model.board.keys().eq(board.orders.keys()), "{who:?}"),
        }
    }
}
