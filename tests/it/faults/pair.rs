//! Two MariaDB servers, the second a replica of the first, and the one address at which servers find
//! whichever of the two takes the writes: what `docs/scale.md` has operators do, done.

use std::time::{Duration, Instant};

use super::Services;
use crate::support::{Proxy, World, eventually};

/// A primary that acknowledges nothing before a replica has it.
const PRIMARY: &str = "--server-id=1 --log-bin=binlog --sync-binlog=1 --gtid-strict-mode=1 \
    --rpl-semi-sync-master-enabled=1 --rpl-semi-sync-master-timeout=3600000 \
    --rpl-semi-sync-master-wait-point=AFTER_SYNC";
const REPLICA: &str = "--server-id=2 --log-bin=binlog --sync-binlog=1 --gtid-strict-mode=1 \
    --log-slave-updates=1 --relay-log=relay --read-only=1 --rpl-semi-sync-slave-enabled=1";

/// The same as a replica. As one that acknowledges, it forgets at its start what no replica has.
const FORMER_PRIMARY: &str = "--server-id=1 --log-bin=binlog --sync-binlog=1 --gtid-strict-mode=1 \
    --log-slave-updates=1 --relay-log=relay --read-only=1 --rpl-semi-sync-slave-enabled=1 \
    --init-rpl-role=SLAVE";

pub struct Pair {
    pub first: Services,
    pub second: Services,
    /// The address, as a proxy that can be led elsewhere.
    pub address: Proxy,
    url: String,
}

impl Pair {
    pub async fn up() -> Pair {
        let (first, second) = tokio::join!(Services::with(PRIMARY), Services::with(REPLICA));
        for server in [&first, &second] {
            server.as_root(
                "SET sql_log_bin = 0; CREATE USER replica@'127.0.0.1' IDENTIFIED BY 'replica'; \
                 GRANT REPLICATION SLAVE ON *.* TO replica@'127.0.0.1'",
            );
        }
        follow(&second, &first, "");
        eventually("the replica acknowledges", || async {
            (first.ask_as_root("SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'").await)
                .ends_with("\t1")
                .then_some(())
        })
        .await;
        let (address, url) = Proxy::before(first.setting("DATABASE_URL")).await;
        Pair { first, second, address, url }
    }

    /// Both databases are found at the one address.
    pub async fn world(&self) -> World {
        World::on(|name| match name {
            "DATABASE_URL" | "USERS_DATABASE_URL" => self.url.clone(),
            other => self.second.setting(other).to_owned(),
        })
        .await
    }

    /// The replica does all that it has received, and then takes the writes. Nobody is led to it yet.
    pub async fn promote(&self) -> Duration {
        let started = Instant::now();
        self.second.ask_as_root("STOP SLAVE IO_THREAD").await;
        let status = self.second.ask_as_root("SHOW SLAVE STATUS\\G").await;
        let received = status.lines().find_map(|line| line.trim().strip_prefix("Gtid_IO_Pos: "));
        self.reached(received.expect("a position")).await;
        let promote = "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0";
        self.second.ask_as_root(promote).await;
        started.elapsed()
    }

    /// The first one takes no more writes. Among writers who wait for each other that may not come to
    /// an end by itself: then they go on, and it is tried again.
    pub async fn demote(&self) {
        let demote = "SET lock_wait_timeout = 1; SET GLOBAL read_only = 1";
        while !self.first.try_as_root(demote).await {}
    }

    /// The old primary comes back, as the replica of the new one; whatever it had that nobody
    /// acknowledged is gone. Waits until it has everything.
    pub async fn rejoin(&mut self) {
        self.first.start_with(FORMER_PRIMARY).await;
        follow(&self.first, &self.second, ", MASTER_DEMOTE_TO_SLAVE = 1");
        let there = self.second.ask_as_root("SELECT @@gtid_binlog_pos").await;
        reached(&self.first, there.lines().last().expect("a position")).await;
    }

    /// Waits until the replica has done all up to a position of the log.
    pub async fn reached(&self, position: &str) {
        reached(&self.second, position).await;
    }

    /// Leads new connections to the replica that was promoted.
    pub fn lead_to_second(&self) {
        self.address.lead_to(self.second.setting("DATABASE_URL"));
    }
}

fn follow(replica: &Services, primary: &Services, more: &str) {
    let (_, place) = primary.setting("DATABASE_URL").rsplit_once('@').expect("a URL");
    let (place, _) = place.split_once('/').expect("a URL");
    let (host, port) = place.split_once(':').expect("a URL");
    replica.as_root(&format!(
        "CHANGE MASTER TO MASTER_HOST = '{host}', MASTER_PORT = {port}, MASTER_USER = 'replica', \
         MASTER_PASSWORD = 'replica', MASTER_USE_GTID = slave_pos{more}; START SLAVE"
    ));
}

async fn reached(replica: &Services, position: &str) {
    let wait = format!("SELECT MASTER_GTID_WAIT('{position}', 60)");
    let reached = replica.ask_as_root(&wait).await;
    assert!(reached.ends_with("\n0"), "the replica does not get to {position}: {reached}");
}
