//! DEC-36, docs/decisions/0009: how often somebody may be wrong, and who is never kept out.

use crate::support::{Answer, Ask, Site};

const DENIED: &str = r#"{"statusCode":20,"statusMessage":"Access denied"}"#;

fn guess(user: &str, n: usize) -> Ask {
    Ask::get("/api/v2/me").basic(format!("{user}:guess{n}").as_bytes())
}

async fn guesses(site: &Site, user: &str, address: &str, tries: usize) -> usize {
    let mut looked_at = 0;
    for n in 0..tries {
        let answer = site.ask(guess(user, n).from(address)).await;
        match answer.status.as_u16() {
            403 => looked_at += 1,
            _ => assert_throttled(&answer),
        }
    }
    looked_at
}

#[track_caller]
fn assert_throttled(answer: &Answer) {
    answer.assert_refused(429, 4, "too many failed logins");
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&seconds), "{seconds}");
}

/// What is told about a user who exists and one who does not, is the same to the byte, also when it
/// comes to limits.
#[tokio::test]
async fn guessing_is_limited_and_tells_nothing_about_users() {
    let site = Site::new();
    let mut seen = Vec::new();
    for (user, address) in [("agent1", "192.0.2.1"), ("nobody", "192.0.2.2")] {
        let mut answers = Vec::new();
        for n in 0..13 {
            let answer = site.ask(guess(user, n).from(address)).await;
            let headers: Vec<_> = answer
                .headers
                .iter()
                .filter(|(name, _)| *name != "x-request-id")
                .map(|(name, value)| format!("{name}: {value:?}"))
                .collect();
            answers.push((answer.status, headers, answer.text));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    let statuses: Vec<u16> = seen[0].iter().map(|(status, ..)| status.as_u16()).collect();
    assert_eq!(statuses, [[403; 10].as_slice(), &[429; 3]].concat());
    assert_eq!(seen[0][0].2, DENIED);
}

/// A session that lives and credentials that were verified lately go on, whatever others do.
#[tokio::test]
async fn who_is_logged_in_stays_so() {
    let site = Site::with(|config| config.limits.max_failed_logins_per_user = 20);
    let me = || Ask::get("/api/v2/me");
    let login = site.ask(me().by("agent1").from("192.0.2.1")).await;
    let cookie = login.cookie().unwrap();
    // From the very address of the agent, and from everywhere else.
    assert_eq!(guesses(&site, "agent1", "192.0.2.1", 15).await, 10);
    for n in 0..30 {
        guesses(&site, "agent1", &format!("198.51.100.{n}"), 1).await;
    }
    for address in ["192.0.2.1", "203.0.113.1"] {
        assert_eq!(site.ask(me().cookie(cookie).from(address)).await.status, 200);
        assert_eq!(site.ask(me().by("agent1").from(address)).await.status, 200);
    }
    // Once the credentials have to be looked at again: where the agent logged in before, as soon as
    // the guesses from there are forgotten; not from a new place while the guessing goes on.
    site.clock.advance(601_000);
    for n in 0..30 {
        guesses(&site, "agent1", &format!("198.51.100.{n}"), 1).await;
    }
    assert_throttled(&site.ask(me().by("agent1").from("203.0.113.1")).await);
    assert_eq!(site.ask(me().by("agent1").from("192.0.2.1")).await.status, 200);
    assert_eq!(site.ask(me().by("agent2").from("203.0.113.1")).await.status, 200);
}

/// Many who start at once with the right password are one login, and none is refused.
#[tokio::test]
async fn right_passwords_at_the_same_time_are_not_throttled() {
    let site = Site::with(|config| {
        config.limits.max_failed_logins = 1;
        config.limits.max_waiting_logins = 1;
    });
    let mut asks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let ask = Ask::get("/api/v2/me/channels").by("agent1").from("192.0.2.1");
        asks.spawn(Site::ask_router(site.router.clone(), ask));
    }
    for answer in asks.join_all().await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

/// The same wrong password fifty times at once is one failure.
#[tokio::test]
async fn wrong_passwords_at_the_same_time_are_one_failure() {
    let site = Site::with(|config| config.limits.max_failed_logins = 3);
    let ask = |n| Site::ask_router(site.router.clone(), guess("agent1", n).from("192.0.2.1"));
    let mut asks = tokio::task::JoinSet::new();
    (0..50).for_each(|_| {
        asks.spawn(ask(7));
    });
    for answer in asks.join_all().await {
        assert_eq!(answer.text, DENIED);
    }
    assert_eq!(ask(8).await.text, DENIED);
    assert_eq!(ask(9).await.text, DENIED);
    assert_throttled(&ask(10).await);
    let metrics = site.ask(Ask::get("/metrics")).await.text;
    assert!(metrics.contains("chat_logins_throttled_total 1\n"), "{metrics}");
}

/// Only a proxy of the configuration is believed about who stands behind it.
#[tokio::test]
async fn forwarded_addresses_count_from_trusted_proxies_only() {
    let trusting = || {
        Site::with(|config| {
            config.limits.max_failed_logins = 3;
            config.server.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        })
    };
    let through = async |site: &Site, peer: &str, forwarded: fn(usize) -> String| {
        let mut looked_at = 0;
        for n in 0..10 {
            let ask = guess("agent1", n).from(peer).header("x-forwarded-for", &forwarded(n));
            looked_at += usize::from(site.ask(ask).await.status == 403);
        }
        looked_at
    };
    let spoofed: fn(usize) -> String = |n| format!("198.51.100.{n}");
    assert_eq!(through(&trusting(), "192.0.2.1", spoofed).await, 3, "a stranger's word");
    assert_eq!(through(&trusting(), "10.0.0.1", spoofed).await, 10, "the proxy's word");
    let before: fn(usize) -> String = |n| format!("198.51.100.{n}, 192.0.2.7");
    assert_eq!(through(&trusting(), "10.0.0.1", before).await, 3, "the client's word to the proxy");
}

/// Without a connection (an embedder's router, a test) the limits of users hold.
#[tokio::test]
async fn without_an_address_users_are_limited_all_the_same() {
    let site = Site::new();
    let mut looked_at = 0;
    for n in 0..15 {
        looked_at += usize::from(site.ask(guess("agent1", n)).await.status == 403);
    }
    assert_eq!(looked_at, 10);
    assert_eq!(site.ask(Ask::get("/api/v2/me").by("agent2")).await.status, 200);
}
