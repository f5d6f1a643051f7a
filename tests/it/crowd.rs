//! Crowds of watchers of every kind, while people trade through two servers: what each of them knew
//! at every revision is held against the journal. Long forms with `ORDERBOARD_FAULTS=long`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::{
    Client, Member, Page, Places, Server, Trade, Truth, Who, World, eventually, free_port,
    read_board, short_or_long,
};

/// A crowd is many in the name of few.
const MANY_SOCKETS: (&str, &str) = ("MAX_SOCKETS", "0");

async fn serve_two(world: &World) -> (Server, Server) {
    let settings = [MANY_SOCKETS];
    tokio::join!(world.serve_with(&settings), world.serve_with(&settings))
}

/// Reads on until all of them know all there is; demands that it is exact and gives the journal.
async fn settle(world: &World, server: &Client, trade: &Trade, members: &mut [Member]) -> Truth {
    let truth = Truth::read(world).await;
    trade.assert_kept(&truth);
    join_all(members.iter_mut().map(|member| member.arrive(&truth))).await;
    let asking = server.with("x-user-type", "executor").with("x-user-id", "99");
    let asking = asking.with("x-revision", &truth.head().to_string());
    let board = read_board(&asking).await;
    assert_eq!((board.oldest, board.newest), (truth.head(), truth.head()));
    members.iter().for_each(|member| member.assert_board(&board));
    truth
}

/// Watches from now on beside the test.
fn attend(mut member: Member, over: &watch::Receiver<bool>, crowd: &mut JoinSet<Member>) {
    let mut over = over.clone();
    crowd.spawn(async move {
        member.attend(&mut over).await;
        member
    });
}

/// Watchers who take little at a time, and only while the test lets them.
async fn slow_readers(count: usize, server: &Client, history: &str) -> Vec<Member> {
    let mut members = Vec::new();
    for place in 0..count {
        let Member { who, watcher } = Member::new(place, server, history);
        let mut member = Member { who, watcher: watcher.narrow() };
        member.watcher.open().await.expect("the socket opens");
        members.push(member);
    }
    members
}

/// Demands that nobody who sees the board had a revision later than so long after its answer.
fn assert_prompt(members: &[Member], trade: &Trade, late: Duration) {
    let see_board = members.iter().filter(|member| !matches!(member.who, Who::Customer(_)));
    for member in see_board {
        for (revision, answered) in trade.answers() {
            let notes = member.notes();
            let place = notes.partition_point(|note| note.revision < revision);
            let delay = notes[place].at.saturating_duration_since(answered);
            assert!(delay < late, "{:?} had revision {revision} after {delay:?}", member.who);
        }
    }
}

#[tokio::test]
async fn those_who_read_nothing_cost_nothing_and_delay_nobody() {
    /// A message of 4 KiB that could not be sent yet, in a buffer that grew by doubling. All that is
    /// not read would be a hundred KiB and more.
    const EACH_KIB: u64 = 8;
    /// By which two servers may differ anyway: both are busy, and memory is had in large pieces.
    const ANYWAY_KIB: u64 = 4 * 1024;
    const LATE: Duration = Duration::from_secs(3);
    /// Beyond so many revisions, the ring does not hold all of them for those who come back.
    const RING: u64 = 4096;
    let (count, revisions) = short_or_long((200, 300), (1000, 6000));
    let world = World::new().await;
    let (one, other) = serve_two(&world).await;
    let servers = [one.nobody(), other.nobody()];
    let (history, ..) = world.head().await;
    let trade = Trade::new(&servers);
    // Commands that come together make one revision.
    let every = Duration::from_millis(10);

    let (end, over) = watch::channel(false);
    let mut crowd = JoinSet::new();
    for (server, place) in servers.iter().flat_map(|server| (0..6).map(move |p| (server, p))) {
        attend(Member::new(place, server, &history), &over, &mut crowd);
    }
    let mut slow = slow_readers(count, &servers[0], &history).await;
    // What a connection in use costs is part of what was before.
    trade.run(every, || trade.newest() < 40).await;
    let known = Truth::read(&world).await;
    join_all(slow.iter_mut().map(|member| member.arrive(&known))).await;
    let told: Vec<usize> = slow.iter().map(|member| member.notes().len()).collect();
    let before = [&one, &other].map(Server::resident_kib);

    let started = Instant::now();
    trade.run(every, || trade.newest() < known.head() + revisions).await;
    let taken = started.elapsed();
    let after = [&one, &other].map(Server::resident_kib);
    let grown = [after[0].saturating_sub(before[0]), after[1].saturating_sub(before[1])];
    println!("grown by {grown:?} KiB while {revisions} revisions were made in {taken:?}");
    let allowed = grown[1] + count as u64 * EACH_KIB + ANYWAY_KIB;
    assert!(grown[0] <= allowed, "grown by {grown:?} KiB with and without {count} slow readers");

    let truth = settle(&world, &servers[1], &trade, &mut slow).await;
    for (member, told) in slow.iter().zip(told) {
        assert_eq!(member.watcher.connects, 1, "{:?} was cut off", member.who);
        // Otherwise everything was in the buffers of sockets, and nothing was tried.
        let told = (member.notes().len() - told) as u64;
        assert!(told < revisions * 3 / 4, "{:?} was told in {told} runs", member.who);
        if revisions < RING {
            member.assert_exact(&truth);
        } else {
            let model = &member.watcher.model;
            assert!(model.resyncs <= 1 && model.gaps == 0, "{}", model.brief());
        }
    }
    end.send_replace(true);
    let mut attentive = crowd.join_all().await;
    settle(&world, &servers[1], &trade, &mut attentive).await;
    attentive.iter().for_each(|member| member.assert_exact(&truth));
    assert_prompt(&attentive, &trade, LATE);
    world.audit().await;
}

#[tokio::test]
async fn a_rolling_restart_is_a_pause_for_nobody_but_those_who_were_told() {
    const WINDOW: Duration = Duration::from_millis(250);
    /// Of those who come back, within a window. They are spread over fifteen; chance, and a busy
    /// machine, may fill one beyond that.
    const MOST: f64 = 0.4;
    let count = short_or_long(300, 2000);
    let world = World::new().await;
    let listen = [(); 2].map(|()| format!("127.0.0.1:{}", free_port()));
    let serve = |place: usize| {
        let (world, listen) = (&world, &listen);
        async move { world.serve_with(&[MANY_SOCKETS, ("LISTEN", &listen[place])]).await }
    };
    let (one, other) = tokio::join!(serve(0), serve(1));
    let mut running = [one, other];
    let servers = [running[0].nobody(), running[1].nobody()];
    let (history, ..) = world.head().await;

    let (end, over) = watch::channel(false);
    let (places, mut pages) = (Arc::new(Places::default()), JoinSet::new());
    for place in 0..count {
        let page = Page::new(place, &servers, &history, &places);
        pages.spawn(page.watch(over.clone()));
    }
    let all_are_back = async || {
        let back = || async { (places.everywhere() == count).then_some(()) };
        eventually("everybody watches", back).await;
    };
    all_are_back().await;
    let trade = Trade::new(&servers);
    let trading = tokio::spawn({
        let (trade, over) = (Arc::clone(&trade), over.clone());
        let every = Duration::from_millis(short_or_long(50, 200));
        async move { trade.run(every, || !*over.borrow()).await }
    });
    for (place, server) in running.iter_mut().enumerate() {
        let (leaving, told) = (places.at(place), places.goodbyes.load(Ordering::SeqCst));
        assert!(leaving >= count / 2, "only {leaving} are there");
        let started = Instant::now();
        server.stop().await;
        let taken = started.elapsed();
        assert!(taken < Duration::from_secs(10), "it took {taken:?} to leave");
        *server = serve(place).await;
        eventually("everybody there is told", || async {
            let goodbyes = places.goodbyes.load(Ordering::SeqCst);
            (goodbyes == told + leaving).then_some(())
        })
        .await;
        all_are_back().await;
        let (returned, fullest) = places.take_returns(WINDOW);
        println!("{returned} came back, {fullest} of them within {WINDOW:?}; left in {taken:?}");
        assert_eq!(returned, leaving);
        let share = fullest as f64 / returned as f64;
        assert!(share <= MOST, "{fullest} of {returned} came back at once");
    }
    end.send_replace(true);
    trading.await.expect("everything was answered");
    let mut members = pages.join_all().await;
    let truth = settle(&world, &servers[0], &trade, &mut members).await;
    for member in &members {
        member.assert_exact(&truth);
        let model = &member.watcher.model;
        assert!(model.goodbyes > 0, "{:?} was not told", member.who);
        assert_eq!(member.watcher.connects, model.goodbyes + 1, "{:?} was cut off", member.who);
    }
    assert_eq!(places.cuts.load(Ordering::SeqCst), 0);
    world.audit().await;
}

#[tokio::test]
async fn whatever_watchers_do_each_knows_the_board_of_every_revision_it_comes_to() {
    let world = World::new().await;
    let (one, other) = serve_two(&world).await;
    let servers = [one.nobody(), other.nobody()];
    let (history, ..) = world.head().await;
    let (end, over) = watch::channel(false);
    let mut crowd = JoinSet::new();
    for place in 0..short_or_long(30, 60) {
        let mut member = Member::new(place, &servers[place % 2], &history);
        let (servers, mut over) = (servers.clone(), over.clone());
        crowd.spawn(async move {
            member.wander(&servers, &mut over).await;
            member
        });
    }
    let trade = Trade::new(&servers);
    let each = short_or_long(200, 2000);
    let traders = (0..6).map(|_| async {
        for _ in 0..each {
            trade.act().await;
        }
    });
    join_all(traders).await;
    end.send_replace(true);
    let mut members = crowd.join_all().await;
    let truth = settle(&world, &servers[1], &trade, &mut members).await;
    let (mut connects, mut revisions) = (0, 0);
    for member in &members {
        member.assert_exact(&truth);
        connects += member.watcher.connects;
        revisions += member.notes().len();
    }
    println!("{} revisions, {connects} connects, {revisions} boards compared", truth.head());
    assert!(connects > 3 * members.len() as u32, "only {connects} connects");
    assert!(revisions > 1000, "only {revisions} boards were compared");
    world.audit().await;
}
