//! What a client is told when the store does not take what it asked for: soon, and never that it was not
//! done when it may have been.

use chat_store::fault::Fault;
use serde_json::json;

use crate::support::{Ask, Site};

/// With nothing left of its patience the server answers after the first try.
#[tokio::test]
async fn what_the_store_does_not_take_is_refused_when_patience_ends() {
    let (site, store) = Site::faulty(|config| config.limits.store_seconds = 0);
    site.log_in(&["agent1"]).await;
    site.ready("agent1").await;
    site.visit("Vera").await;
    let chat = site.chats("agent1").await.remove(0);
    let path = format!("/api/v2/me/chats/{chat}");
    site.ask(Ask::operation(&path, "Accept").by("agent1")).await.assert_ok();
    let attach = async |key: &str| {
        let body = json!({"operationName": "AttachUserData", "userData": {key: 1}});
        site.ask(Ask::post(&path, body.to_string()).by("agent1")).await
    };
    let has = async |key: &str| site.chat("agent1", &chat).await["userData"][key] == 1;

    store.meet([Fault::Retry]);
    let refused = attach("a").await;
    refused.assert_refused(503, 4, "the store does not answer; try again");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(!has("a").await, "surely not done");

    // Done or not: what cannot be looked up is said to be unknown.
    for (key, fault, is_done) in
        [("b", Fault::UnknownApplied, true), ("c", Fault::UnknownLost, false)]
    {
        store.meet([fault]);
        store.fail_reads(1);
        attach(key).await.assert_refused(503, 4, "whether this was done is not known");
        assert_eq!(has(key).await, is_done);
    }
    attach("d").await.assert_ok();
}
