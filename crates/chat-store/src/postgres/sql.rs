//! Every statement the store sends, in one place. Names are qualified, so that the search path of a
//! session means nothing.

/// A statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Query {
    Append,
    Load,
    Records,
    Feed,
    FeedHead,
    Heads,
    Listed,
    Snapshot,
    Trim,
    Remove,
    Tell,
    Prove,
    MakeRoom,
    Lease,
    PutLease,
    ReplaceLease,
    DeleteLease,
    ScanLeases,
    OutdatedLeases,
    SweepLeases,
    Chats,
    Feeds,
    Entries,
    ImportChat,
    ImportFeed,
}

impl Query {
    pub(super) const COUNT: usize = TEXTS.len();
}

const TEXTS: [(Query, &str); 25] = [
    (
        Query::Append,
        "SELECT o_life, o_cursors FROM @schema@.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    ),
    // The snapshot's bytes come with the first row only.
    (
        Query::Load,
        "SELECT c.version, c.life, s.version, s.model_rev, \
         CASE WHEN j.version IS NULL OR j.version = s.version + 1 THEN s.bytes END, \
         j.version, j.at_ms, j.command, j.payload FROM @schema@.chat AS c \
         LEFT JOIN @schema@.snapshot AS s ON s.life = c.life \
         LEFT JOIN @schema@.journal AS j \
         ON j.life = c.life AND j.version > coalesce(s.version, 0) \
         WHERE c.id = $1 ORDER BY j.version",
    ),
    (
        Query::Records,
        "SELECT j.version, j.at_ms, j.command, j.payload FROM @schema@.chat AS c \
         JOIN @schema@.journal AS j ON j.life = c.life \
         WHERE c.id = $1 AND j.version > $2 ORDER BY j.version LIMIT $3",
    ),
    (
        Query::Feed,
        "SELECT h.floor, h.head, f.cursor, f.chat, j.version, j.at_ms, j.command, j.payload \
         FROM @schema@.feed_head AS h LEFT JOIN LATERAL (\
         SELECT cursor, chat, life, version FROM @schema@.feed \
         WHERE feed = h.feed AND cursor > $2 ORDER BY cursor LIMIT $3) AS f ON true \
         LEFT JOIN @schema@.journal AS j ON j.life = f.life AND j.version = f.version \
         WHERE h.feed = $1 ORDER BY f.cursor",
    ),
    (Query::FeedHead, "SELECT head FROM @schema@.feed_head WHERE feed = $1"),
    (Query::Heads, "SELECT feed, head FROM @schema@.feed_head WHERE feed = ANY ($1)"),
    (Query::Listed, "SELECT chat FROM @schema@.listed WHERE feed = $1 ORDER BY place"),
    (Query::Snapshot, "SELECT FROM @schema@.keep_snapshot($1, $2, $3, $4, $5)"),
    // Nothing is removed before its time by the database's clock either: that of a node may be ahead.
    (
        Query::Trim,
        "SELECT @schema@.trim_feeds(least($1, \
         (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $2), $3)",
    ),
    (
        Query::Remove,
        "SELECT @schema@.remove_chats(\
         least($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint), \
         least($2, (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $3), $4)",
    ),
    // A notification takes a commit of its own, and that one need not wait for a disk.
    (
        Query::Tell,
        "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, said) \
         FROM unnest($2::text[]) AS said",
    ),
    (Query::Prove, "UPDATE @schema@.meta SET proved_at = clock_timestamp()"),
    // A record of 64 KiB that nothing can make smaller and that is undone again: what takes a small
    // write may have no room for this one.
    (
        Query::MakeRoom,
        "DO $do$ BEGIN \
         INSERT INTO @schema@.journal (life, version, at_ms, command, payload) \
         SELECT -1, -1, 0, '', string_agg(decode(md5(random()::text), 'hex'), '') \
         FROM generate_series(1, 4096); \
         RAISE EXCEPTION USING ERRCODE = 'CHAT0'; \
         EXCEPTION WHEN SQLSTATE 'CHAT0' THEN NULL; END $do$",
    ),
    (
        Query::Lease,
        "SELECT rev, value FROM @schema@.lease \
         WHERE key = $1 AND (until IS NULL OR until > clock_timestamp())",
    ),
    // Only over a lease that has lapsed.
    (
        Query::PutLease,
        "INSERT INTO @schema@.lease AS l (key, rev, value, until) VALUES ($1, \
         nextval('@schema@.rev'), $2, clock_timestamp() + $3::float8 * interval '1 millisecond') \
         ON CONFLICT (key) DO UPDATE \
         SET rev = excluded.rev, value = excluded.value, \
         until = clock_timestamp() + $3::float8 * interval '1 millisecond' \
         WHERE l.until <= clock_timestamp() RETURNING rev",
    ),
    (
        Query::ReplaceLease,
        "UPDATE @schema@.lease SET rev = nextval('@schema@.rev'), value = $2, \
         until = clock_timestamp() + $3::float8 * interval '1 millisecond' \
         WHERE key = $1 AND rev = $4 AND (until IS NULL OR until > clock_timestamp()) \
         RETURNING rev",
    ),
    (
        Query::DeleteLease,
        "DELETE FROM @schema@.lease \
         WHERE key = $1 AND rev = $2 AND (until IS NULL OR until > clock_timestamp()) \
         RETURNING rev",
    ),
    (
        Query::ScanLeases,
        "SELECT key, rev, value FROM @schema@.lease \
         WHERE key >= $1 AND ($2::text IS NULL OR key < $2) \
         AND (until IS NULL OR until > clock_timestamp()) ORDER BY key",
    ),
    (
        Query::OutdatedLeases,
        "SELECT k.key FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS k (key, rev, nth) \
         LEFT JOIN @schema@.lease AS l ON l.key = k.key AND l.rev = k.rev \
         AND (l.until IS NULL OR l.until > clock_timestamp()) \
         WHERE l.key IS NULL ORDER BY k.nth",
    ),
    (
        Query::SweepLeases,
        "DELETE FROM @schema@.lease WHERE key IN (SELECT key FROM @schema@.lease \
         WHERE until <= clock_timestamp() ORDER BY key LIMIT $1 FOR UPDATE) RETURNING rev",
    ),
    (
        Query::Chats,
        "SELECT c.id, c.version, c.life, c.expire_at_ms, \
         ARRAY(SELECT feed FROM @schema@.listed AS l WHERE l.life = c.life ORDER BY feed) \
         FROM @schema@.chat AS c WHERE $1::text IS NULL OR c.id > $1 ORDER BY c.id LIMIT $2",
    ),
    (
        Query::Feeds,
        "SELECT name, coalesce(h.floor, 0), coalesce(h.head, 0) FROM (\
         (SELECT feed AS name FROM @schema@.feed_head \
         WHERE $1::text IS NULL OR feed > $1 ORDER BY feed LIMIT $2) UNION \
         (SELECT DISTINCT feed FROM @schema@.listed \
         WHERE $1::text IS NULL OR feed > $1 ORDER BY feed LIMIT $2)) AS names \
         LEFT JOIN @schema@.feed_head AS h ON h.feed = name ORDER BY name LIMIT $2",
    ),
    (
        Query::Entries,
        "SELECT cursor, chat, version FROM @schema@.feed \
         WHERE feed = $1 AND cursor > $2 ORDER BY cursor LIMIT $3",
    ),
    (Query::ImportChat, "SELECT @schema@.import_chat($1, $2, $3, $4, $5)"),
    (Query::ImportFeed, "SELECT @schema@.import_feed($1, $2, $3)"),
];

/// The statements for one schema.
pub(super) struct Texts([String; TEXTS.len()]);

impl Texts {
    pub(super) fn new(schema: &str) -> Self {
        Self(TEXTS.map(|(_, text)| within(text, schema)))
    }

    pub(super) fn of(&self, query: Query) -> &str {
        &self.0[query as usize]
    }
}

/// The text with the schema's quoted name put in.
pub(super) fn within(text: &str, schema: &str) -> String {
    text.replace("@schema@", &quoted(schema))
}

/// A name as SQL takes it; options let none with quotes in.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

#[cfg(test)]
mod tests {
    use super::TEXTS;

    #[test]
    fn every_statement_stands_where_it_is_looked_for() {
        for (nth, (query, _)) in TEXTS.iter().enumerate() {
            assert_eq!(*query as usize, nth, "{query:?}");
        }
    }
}
