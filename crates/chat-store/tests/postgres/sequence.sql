-- The append of schema 1 with one change: a feed's cursor comes from a sequence, and no row of the
-- feed stays locked until the commit. Everything else is as in the real one.
CREATE SEQUENCE @schema@.cursor;
CREATE OR REPLACE FUNCTION @schema@.append(
    p_chat text, p_life bigint, p_version bigint, p_command bytea, p_at_ms bigint, p_payload bytea,
    p_feeds text[], p_list text[], p_unlist text[], p_expire_at_ms bigint,
    OUT o_life bigint, OUT o_cursors bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    v_cursor bigint;
BEGIN
    IF p_version = 0 THEN
        INSERT INTO @schema@.chat (id, life, version, newest_at_ms, expire_at_ms)
            SELECT p_chat, nextval('@schema@.life'), 1, p_at_ms, p_expire_at_ms
            WHERE p_life = 0 AND NOT EXISTS (SELECT FROM @schema@.chat WHERE id = p_chat)
            ON CONFLICT (id) DO NOTHING
            RETURNING life INTO o_life;
    ELSE
        UPDATE @schema@.chat
            SET version = p_version + 1, newest_at_ms = greatest(newest_at_ms, p_at_ms),
                expire_at_ms = p_expire_at_ms
            WHERE id = p_chat AND version = p_version AND life = p_life
            RETURNING life INTO o_life;
    END IF;
    IF o_life IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO @schema@.journal (life, version, at_ms, command, payload)
        VALUES (o_life, p_version + 1, p_at_ms, p_command, p_payload);
    IF cardinality(p_feeds) > 0 THEN
        v_cursor := nextval('@schema@.cursor');
        INSERT INTO @schema@.feed (feed, cursor, life, version, at_ms, chat)
            SELECT name, v_cursor, o_life, p_version + 1, p_at_ms, p_chat
            FROM unnest(p_feeds) AS name;
        INSERT INTO @schema@.feed_head AS h (feed, head, floor, oldest_at_ms)
            SELECT name, 0, 0, p_at_ms FROM unnest(p_feeds) AS name
            ON CONFLICT (feed) DO NOTHING;
        SELECT array_agg(v_cursor) INTO o_cursors FROM unnest(p_feeds);
    END IF;
END
$$;
