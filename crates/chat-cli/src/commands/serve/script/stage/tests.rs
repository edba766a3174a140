//! Customers come and go by a clock that is moved by hand.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use chat_http::{App, Clock, Config, ManualClock};
use chat_store::MemoryStore;

use super::super::cast::Cast;
use super::super::file;
use super::{Stage, Time};

const MORNING: i64 = 1_767_258_000_000;

async fn stage(script: &str) -> (Stage, Arc<ManualClock>) {
    let config = Config::demo(SocketAddr::from((Ipv4Addr::LOCALHOST, 8090)));
    let cast = Cast::new(script, file::read(script).unwrap(), &config).unwrap();
    let clock = Arc::new(ManualClock::at(MORNING));
    let wall = clock.clone();
    let store = MemoryStore::new(Arc::new(move || wall.now_ms()));
    let app = App::new(config, store, clock.clone()).unwrap();
    let stage = Stage::begin(cast, &app, Time::of(clock.clone(), true)).await.unwrap();
    (stage, clock)
}

/// When everybody has heard everything and done what was due: how many are there, and how many came.
async fn settled(stage: &mut Stage) -> (usize, u64) {
    stage.settle().await;
    (stage.parts.len(), stage.came[0])
}

#[tokio::test]
async fn customers_come_again_and_lose_their_patience() {
    let script = "[[customers]]\nstart = 5\nevery = 10\ncount = 3\nat_once = 2\npatience = 25.5";
    let (mut stage, clock) = stage(script).await;
    for (seconds, expected) in [
        (0, (0, 0)),
        (5, (1, 1)),
        (14, (1, 1)),
        (15, (2, 2)),
        // There are two already.
        (25, (2, 2)),
        // The first one has gone, and another one comes at 35.
        (31, (1, 2)),
        (35, (2, 3)),
        (41, (1, 3)),
        (61, (0, 3)),
        // They were three.
        (3_600, (0, 3)),
    ] {
        let now = u32::try_from(clock.now_ms() - MORNING).unwrap();
        clock.advance(seconds * 1_000 - now);
        assert_eq!(settled(&mut stage).await, expected, "after {seconds} s");
    }
}

#[tokio::test]
async fn who_comes_once_says_everything_in_its_time() {
    let script = "[[customers]]\n[[customers.rules]]\non = \"requested\"\nafter = 2\nsay = \"Second\"\n\
                  [[customers.rules]]\non = \"requested\"\nafter = 1\nsay = \"First\"\n\
                  [[customers.rules]]\non = \"requested\"\nafter = 3\ndo = \"Complete\"";
    let (mut stage, clock) = stage(script).await;
    assert_eq!(settled(&mut stage).await, (1, 1));
    let visitor = stage.parts.values().find_map(|part| match &part.way {
        super::Way::Customer { visitor, .. } => Some(visitor.clone()),
        super::Way::Agent { .. } => None,
    });
    let visitor = visitor.unwrap();
    // All at once, and still in order.
    clock.advance(10_000);
    assert_eq!(settled(&mut stage).await, (0, 1));
    let said = visitor.messages(1).await.unwrap();
    let said: Vec<&str> = said.iter().filter_map(|message| message.text.as_deref()).collect();
    assert_eq!(said, ["First", "Second"]);
}
