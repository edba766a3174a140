//! Cases about lists: a queue serves the first chat of its list first, so the order is a promise.

use chat_model::ChatId;

use super::Bench;
use super::kit::{AT, Verdict, append_in_turn, chat, command, expect_eq, queue, user};
use crate::{Append, FeedId, Store};

pub(super) async fn order<B: Bench>(bench: &B) -> Verdict {
    let (a, b) = bench.open().await;
    let (line, mine) = (queue("line"), user("mine"));
    let (line_only, both, none) = ([line.clone()], [line.clone(), mine.clone()], []);
    let twice = [line.clone(), line.clone()];

    // The chat that changes, where it is listed, where it is unlisted; then the line and my chats.
    type Step<'a> = (&'a str, &'a [FeedId], &'a [FeedId], &'a [&'a str], &'a [&'a str]);
    let steps: [Step<'_>; 11] = [
        ("m", &line_only, &none, &["m"], &[]),
        ("z", &both, &none, &["m", "z"], &["z"]),
        ("a", &line_only, &none, &["m", "z", "a"], &["z"]),
        // Listed again: the place is kept, here and there.
        ("m", &both, &none, &["m", "z", "a"], &["z", "m"]),
        ("z", &twice, &none, &["m", "z", "a"], &["z", "m"]),
        // A record that says nothing about lists changes none.
        ("z", &none, &none, &["m", "z", "a"], &["z", "m"]),
        ("z", &none, &line_only, &["m", "a"], &["z", "m"]),
        // Not listed there: no error, no change.
        ("z", &none, &twice, &["m", "a"], &["z", "m"]),
        ("z", &line_only, &none, &["m", "a", "z"], &["z", "m"]),
        // Unlisted and listed with one record: to the end.
        ("m", &line_only, &line_only, &["a", "z", "m"], &["z", "m"]),
        ("z", &none, &both, &["a", "m"], &["m"]),
    ];
    for (nth, (name, list, unlist, in_line, in_mine)) in (1_u64..).zip(steps) {
        let (writer, reader) = if nth % 2 == 0 { (&a, &b) } else { (&b, &a) };
        let id = chat(name);
        let make =
            |head| Append::new(&id, head, command(1, nth), AT, b"move").list(list).unlist(unlist);
        append_in_turn(writer, &id, make).await?;
        for (feed, want) in [(&line, in_line), (&mine, in_mine)] {
            let want: Vec<_> = want.iter().map(ChatId::new).collect();
            let got = reader.listed(feed).await?;
            expect_eq(got, want, format_args!("the list of {feed} after step {nth}"))?;
        }
    }

    // Many chats, listed by two nodes in turn, stand in the order of the acknowledgements.
    let crowd = [queue("crowd")];
    let mut want = Vec::new();
    for nth in 0..40_u64 {
        // 40 and 17 have no common divisor: every name once, in an order no index has.
        let id = chat(format_args!("crowd-{}", nth * 17 % 40));
        let make = |head| Append::new(&id, head, command(2, nth), AT, b"wait").list(&crowd);
        append_in_turn(if nth % 2 == 0 { &a } else { &b }, &id, make).await?;
        want.push(id);
    }
    expect_eq(a.listed(&crowd[0]).await?, want, "a crowd in the order it was listed in")
}
