//! BAYEUX-5: subscribing, unsubscribing, and what a pattern selects.

use bayeux::{ChannelName, InvalidChannel, Pattern};

use crate::script::{Counted, World, check, check_with, config, shown};

fn replies(sent: &str, got: &str) {
    check(&format!("> 1 handshake\n? 1\n> 2 {sent}\n< 2 200 {got}"));
}

/// BAYEUX-5.1: string or array, repeated in the same form.
#[test]
fn the_subscription_is_repeated_in_its_form() {
    for subscription in
        [r#""/a""#, r#"["/a"]"#, r#"["/a","/b/*","/**"]"#, r#"["/a","/a"]"#, r#""/v2/me/*""#]
    {
        replies(
            &format!(
                r#"[{{"id":"7","channel":"/meta/subscribe","subscription":{subscription},"clientId":"c1"}}]"#
            ),
            &format!(
                r#"[{{"channel":"/meta/subscribe","id":"7","subscription":{subscription},"successful":true}}]"#
            ),
        );
    }
}

/// BAYEUX-5.5 to -5.7, BAYEUX-7.6, -7.7: what is refused, how, and that it is checked first.
#[test]
fn refusals_leave_nothing_behind() {
    let long = format!(r#""/{}""#, "x".repeat(256));
    for (subscription, repeated, error) in [
        ("null", "", "403::subscription_missing"),
        ("[]", r#","subscription":[]"#, "403::subscription_missing"),
        ("7", "", "403::subscription_invalid"),
        ("{}", "", "403::subscription_invalid"),
        (r#"["/ok",7]"#, "", "403::subscription_invalid"),
        (r#"[["/ok"]]"#, "", "403::subscription_invalid"),
        (r#""""#, r#","subscription":"""#, "403::subscription_invalid"),
        (r#""v2""#, r#","subscription":"v2""#, "403::subscription_invalid"),
        (r#""/v2/x?y""#, r#","subscription":"/v2/x?y""#, "403::subscription_invalid"),
        (r#""/ü""#, r#","subscription":"/ü""#, "403::subscription_invalid"),
        (r#""/a//b""#, r#","subscription":"/a//b""#, "403::subscription_invalid"),
        (r#""/a/**/b""#, r#","subscription":"/a/**/b""#, "403::subscription_invalid"),
        (r#"["/ok","/?"]"#, r#","subscription":["/ok","/?"]"#, "403::subscription_invalid"),
        (&long, &format!(r#","subscription":{long}"#), "403::subscription_invalid"),
        (
            r#""/meta/**""#,
            r#","subscription":"/meta/**""#,
            "403:denied_by_security_policy:subscribe_denied",
        ),
        (
            r#"["/ok","/meta/connect"]"#,
            r#","subscription":["/ok","/meta/connect"]"#,
            "403:denied_by_security_policy:subscribe_denied",
        ),
    ] {
        check(&format!(
            r#"
            > 1 handshake
            ? 1
            > 2 [{{"id":"2","channel":"/meta/subscribe","subscription":{subscription},"clientId":"c1"}}]
            < 2 200 [{{"channel":"/meta/subscribe","id":"2"{repeated},"error":"{error}","successful":false}}]
            ! 1 /ok 1
            > 3 connect c1
            < 3 200 [{{"advice":{{"interval":0,"timeout":3000,"reconnect":"retry"}},"channel":"/meta/connect","successful":true}}]
            * opened c1 ann 0
            * acknowledged c1 1
            "#
        ));
    }
}

/// BAYEUX-5.6: the member is not there at all.
#[test]
fn a_missing_subscription_is_refused() {
    for channel in ["/meta/subscribe", "/meta/unsubscribe"] {
        replies(
            &format!(r#"[{{"id":"13","channel":"{channel}","clientId":"c1"}}]"#),
            &format!(
                r#"[{{"channel":"{channel}","id":"13","error":"403::subscription_missing","successful":false}}]"#
            ),
        );
    }
}

/// BAYEUX-5.5: `/service/…` succeeds without effect.
#[test]
fn service_channels_are_not_recorded() {
    check(
        r#"
        > 1 handshake
        ? 1
        > 2 [{"channel":"/meta/subscribe","subscription":["/service/x","/service/**"],"clientId":"c1"},{"channel":"/meta/unsubscribe","subscription":"/service/x","clientId":"c1"}]
        ? 2
        ! 1 /service/x 1
        > 3 connect c1
        < 3 200 [{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        * opened c1 ann 0
        * acknowledged c1 1
        "#,
    );
}

/// BAYEUX-5.4: subscribing again and unsubscribing again succeed; from what nobody has seen, not.
#[test]
fn unsubscribing() {
    let mut config = config();
    config.channels = vec![ChannelName::new("/known").unwrap()];
    check_with(
        config,
        r#"
        > 1 handshake
        ? 1
        > 2 [{"channel":"/meta/subscribe","subscription":["/a","/b/**"],"clientId":"c1"},{"channel":"/meta/subscribe","subscription":"/a","clientId":"c1"}]
        ? 2
        > 3 [{"channel":"/meta/unsubscribe","subscription":"/a","clientId":"c1"},{"channel":"/meta/unsubscribe","subscription":["/a"],"clientId":"c1"},{"channel":"/meta/unsubscribe","subscription":"/known","clientId":"c1"}]
        < 3 200 [{"channel":"/meta/unsubscribe","subscription":"/a","successful":true},{"channel":"/meta/unsubscribe","subscription":["/a"],"successful":true},{"channel":"/meta/unsubscribe","subscription":"/known","successful":true}]
        > 4 [{"channel":"/meta/unsubscribe","subscription":["/b/**","/never"],"clientId":"c1"}]
        < 4 200 [{"channel":"/meta/unsubscribe","subscription":["/b/**","/never"],"error":"400::channel_missing","successful":false}]
        ! 1 /a 1 /b/c 2
        > 5 [{"channel":"/meta/unsubscribe","subscription":"/b/**","clientId":"c1"}]
        < 5 200 [{"data":2,"channel":"/b/c"},{"channel":"/meta/unsubscribe","subscription":"/b/**","successful":true}]
        ! 2 /b/c 3
        > 6 connect c1
        < 6 200 [{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        > 7 handshake
        ? 7
        > 8 subscribe c2 /shared
        ? 8
        > 9 [{"channel":"/meta/unsubscribe","subscription":"/shared","clientId":"c1"}]
        ? 9
        >bob 10 handshake
        ? 10
        >bob 11 [{"channel":"/meta/unsubscribe","subscription":"/shared","clientId":"c3"}]
        < 11 200 [{"channel":"/meta/unsubscribe","subscription":"/shared","error":"400::channel_missing","successful":false}]
        "#,
    );
}

/// BAYEUX-5.8, NOTIF-2.13: one copy, however many patterns match.
#[test]
fn one_copy_per_event() {
    check(
        r#"
        > 1 handshake
        ? 1
        > 2 [{"channel":"/meta/subscribe","subscription":["/v2/me/chats","/v2/me/*","/v2/**","/**"],"clientId":"c1"}]
        ? 2
        ! 1 /v2/me/chats {"n":1}
        > 3 connect c1
        < 3 200 [{"data":{"n":1},"channel":"/v2/me/chats"},{"advice":{"interval":0,"timeout":3000,"reconnect":"retry"},"channel":"/meta/connect","successful":true}]
        "#,
    );
}

/// The host denies names; wildcards below them are covered.
#[test]
fn the_host_denies_channels() {
    let mut config = config();
    config.denied = vec![Pattern::new("/v2/users").unwrap(), Pattern::new("/x/**").unwrap()];
    for (channel, denied) in [
        ("/v2/users", true),
        ("/v2/users/a", false),
        ("/x", false),
        ("/x/a", true),
        ("/x/**", true),
        ("/x/*", true),
        ("/**", false),
    ] {
        let result = if denied {
            r#""error":"403:denied_by_security_policy:subscribe_denied","successful":false"#
        } else {
            r#""successful":true"#
        };
        check_with(
            config.clone(),
            &format!(
                r#"
                > 1 handshake
                ? 1
                > 2 subscribe c1 {channel}
                < 2 200 [{{"channel":"/meta/subscribe","subscription":"{channel}",{result}}}]
                "#
            ),
        );
    }
}

/// BAYEUX-5.3: THE table of what a pattern selects.
#[test]
fn patterns_select() {
    for (pattern, selected, not_selected) in [
        ("/foo", &["/foo"][..], &["/foo/a", "/fo", "/Foo", "/foo2"][..]),
        ("/foo/*", &["/foo/a", "/foo/a b", "/foo/x*"], &["/foo", "/foo/a/b", "/foox/a"]),
        ("/foo/**", &["/foo/a", "/foo/a/b", "/foo/a/b/c"], &["/foo", "/food/a"]),
        ("/*", &["/a", "/foo"], &["/a/b", "/meta/a", "/service/a"]),
        ("/**", &["/a", "/a/b", "/v2/me/chats", "/metal/a"], &["/meta/a", "/service/a/b"]),
        ("/foo*", &["/foo*"], &["/foo", "/foo/a", "/foox"]),
        ("/foo**", &["/foo**"], &["/foo/a", "/foox"]),
        ("/a!#$()+-.@_{~} 9", &["/a!#$()+-.@_{~} 9"], &["/a"]),
    ] {
        let pattern = Pattern::new(pattern).unwrap();
        for (names, expected) in [(selected, true), (not_selected, false)] {
            for name in names {
                let channel = ChannelName::new(name).unwrap();
                assert_eq!(pattern.matches(&channel), expected, "{pattern:?} and {name}");
            }
        }
    }
}

/// BAYEUX-5.2, BAYEUX-5.3: what is no channel, and why.
#[test]
fn channels_are_checked() {
    for (text, why) in [
        ("", InvalidChannel::NoLeadingSlash),
        ("a", InvalidChannel::NoLeadingSlash),
        ("/", InvalidChannel::EmptySegment),
        ("/a/", InvalidChannel::EmptySegment),
        ("//", InvalidChannel::EmptySegment),
        ("/a\"", InvalidChannel::Character('"')),
        ("/a\\", InvalidChannel::Character('\\')),
        ("/a\n", InvalidChannel::Character('\n')),
        ("/é", InvalidChannel::Character('é')),
        ("/*/a", InvalidChannel::Wildcard),
        ("/a/**/b", InvalidChannel::Wildcard),
        ("/**/*", InvalidChannel::Wildcard),
    ] {
        assert_eq!(Pattern::new(text), Err(why), "{text:?}");
        assert_eq!(ChannelName::new(text), Err(why), "{text:?}");
    }
    for pattern in ["/*", "/a/**"] {
        assert_eq!(ChannelName::new(pattern), Err(InvalidChannel::Wildcard));
    }
}

/// BAYEUX-5.5, NOTIF-2.17: what the host denies to one owner, others may have; a wildcard that
/// selects it among others is no name of it.
#[test]
fn the_host_denies_subscriptions_to_an_owner() {
    use bayeux::{ExchangeId, Owner, Pattern, Request};
    let denied = [Pattern::new("/v2/users").unwrap()];
    let mut world = World::new(config());
    world.run("> 1 handshake\n? 1\n>bob 2 handshake\n? 2");
    for (owner, client_id, name, denied_to, successful) in [
        ("ann", "c1", "/v2/users", &denied[..], false),
        ("ann", "c1", "/v2/*", &denied[..], true),
        ("ann", "c1", "/**", &denied[..], true),
        ("ann", "c1", "/v2/users/x", &denied[..], true),
        ("bob", "c2", "/v2/users", &[], true),
    ] {
        let body = format!(
            r#"[{{"channel":"/meta/subscribe","subscription":"{name}","clientId":"{client_id}"}}]"#
        );
        let limits = world.server.limits();
        let owner = Owner::new(owner);
        let request = Request::read(ExchangeId::new(3), &owner, body.as_bytes(), &limits).unwrap();
        let request = request.with_denied_subscriptions(denied_to);
        world.server.handle(world.now, request, &mut Counted::default());
        world.drain();
        let answer = shown(&world.answers.remove(&3).unwrap());
        assert_eq!(answer.contains(r#""successful":true"#), successful, "{answer}");
        assert_ne!(answer.contains(":subscribe_denied\""), successful, "{answer}");
    }
}
