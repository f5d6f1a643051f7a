use super::*;
use crate::cache::Measures;

const LIMITS: Limits = Limits {
    orders_per_day: 3,
    accepts_per_minute: 2,
    changes_per_minute: 2,
    queries_per_minute: 50,
    requests_per_second: u32::MAX,
    log_ins_per_name: 3,
    log_ins_per_address: 5,
    sign_ups_per_address: 1,
};

fn alone() -> Flood {
    Flood::new(LIMITS, None, "test", &Measures::default()).unwrap()
}

fn at(ms: u64) -> Now {
    Now(Duration::from_millis(ms))
}

fn key(last: u8) -> windows::Key {
    (Kind::Queries, Party::Address([127, 0, 0, last].into()))
}

#[test]
fn a_window_holds_so_many_and_the_next_one_as_many_again() {
    let windows = Windows::default();
    for window in [0, 60_000, 600_000] {
        for number in 0..50 {
            assert!(windows.take(key(1), at(window + number), 50).is_ok());
        }
        assert_eq!(windows.take(key(1), at(window + 59_999), 50), Err(windows::Full));
        assert!(windows.take(key(2), at(window), 50).is_ok(), "somebody else");
    }
}

#[test]
fn what_is_done_elsewhere_counts_and_is_told_in_parts() {
    let windows = Windows::default();
    let untold: Vec<_> = (0..12).filter_map(|_| windows.take(key(1), at(5), 50).unwrap()).collect();
    let (number, told) = (0, windows::Untold { key: key(1), number: 0, count: 5 });
    assert_eq!(untold, [told, told]);
    // Of all 40, 10 were our own; there are two more that nobody was told of.
    windows.note(key(1), number, 40);
    let taken = (0..50).take_while(|_| windows.take(key(1), at(5), 50).is_ok()).count();
    assert_eq!(taken, 50 - 40 - 2);
    // What comes late is of no concern to another window.
    assert!(windows.take(key(1), at(60_000), 50).is_ok());
    windows.note(key(1), number, 1000);
    assert!(windows.take(key(1), at(60_000), 50).is_ok());
    // A small limit is told at once.
    assert!(windows.take(key(9), at(0), 3).unwrap().is_some());
}

#[test]
fn a_refusal_says_when_its_window_ends() {
    assert_eq!(at(59_000).rest(Kind::Accepts), Duration::from_secs(1));
    assert_eq!(at(250).rest(Kind::Requests), Duration::from_millis(750));
    let hour = 3_600_000;
    assert_eq!(at(25 * hour).rest(Kind::Orders), Duration::from_secs(23 * 3600));
    assert_eq!(at(25 * hour).begin(Kind::Orders), UNIX_EPOCH + Duration::from_secs(24 * 3600));
}

#[tokio::test]
async fn without_redis_orders_are_counted_by_the_database_and_those_on_their_way() {
    let flood = alone();
    let placed = Mutex::new(1);
    let count = |_, _| std::future::ready(Ok::<u32, ()>(*placed.lock().unwrap()));
    let first = flood.admit_order(7, count).await.unwrap().unwrap();
    let second = flood.admit_order(7, count).await.unwrap().unwrap();
    let third = flood.admit_order(7, count).await.unwrap();
    assert_eq!(third.err().unwrap().kind, Kind::Orders);
    assert!(flood.admit_order(8, count).await.unwrap().is_ok(), "somebody else");
    // One is not placed, the other is.
    flood.give_back(first).await;
    *placed.lock().unwrap() = 2;
    drop(second);
    let again = flood.admit_order(7, count).await.unwrap().unwrap();
    assert!(flood.admit_order(7, count).await.unwrap().is_err());
    flood.give_back(again).await;
    assert!(flood.admit_order(7, |_, _| std::future::ready(Err(()))).await.is_err());
    assert!(flood.admit_order(7, count).await.unwrap().is_ok(), "a failure leaves nothing behind");
}

#[tokio::test]
async fn without_redis_there_are_limits_all_the_same() {
    let flood = alone();
    for _ in 0..2 {
        flood.admit_accept(User::executor(7)).await.unwrap();
    }
    let reached = flood.admit_accept(User::executor(7)).await.unwrap_err();
    assert_eq!((reached.kind, reached.most), (Kind::Accepts, 2));
    assert!(reached.retry_after <= Duration::from_secs(60));
    flood.admit_accept(User::executor(8)).await.unwrap();
    for _ in 0..10_000 {
        flood.admit_request([127, 0, 0, 1].into()).unwrap();
    }
}

#[tokio::test]
async fn passwords_are_tried_for_one_name_so_often_and_from_one_address() {
    let flood = alone();
    let address = |last| [192, 0, 2, last].into();
    for last in 0..3 {
        flood.admit_log_in("ann", address(last)).await.unwrap();
    }
    let reached = flood.admit_log_in("ann", address(9)).await.unwrap_err();
    assert_eq!((reached.kind, reached.most), (Kind::LogIns, 3));
    for name in ["bob", "cid", "dan", "eve", "fay"] {
        flood.admit_log_in(name, address(10)).await.unwrap();
    }
    let reached = flood.admit_log_in("gil", address(10)).await.unwrap_err();
    assert_eq!((reached.kind, reached.most), (Kind::LogIns, 5));
    flood.admit_sign_up(address(10)).await.unwrap();
    assert!(flood.admit_sign_up(address(10)).await.is_err());
}
