-- Version 1 of the schema. A version that was released is never changed; what comes after it is the
-- next file. `@schema@` stands for the quoted name of the schema.

-- What this schema is; one row.
CREATE TABLE @schema@.meta (
    version bigint NOT NULL,
    -- Written to find out whether anything can be written.
    proved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A life is one existence of a chat's id: the token of its head, and the key of what belongs to it.
CREATE SEQUENCE @schema@.life;
CREATE TABLE @schema@.chat (
    id text COLLATE "C" PRIMARY KEY,
    life bigint NOT NULL,
    version bigint NOT NULL,
    newest_at_ms bigint NOT NULL,
    expire_at_ms bigint
) WITH (fillfactor = 70);
CREATE INDEX chat_expire ON @schema@.chat (expire_at_ms) WHERE expire_at_ms IS NOT NULL;

CREATE TABLE @schema@.journal (
    life bigint NOT NULL,
    version bigint NOT NULL,
    at_ms bigint NOT NULL,
    command bytea NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (life, version)
);

CREATE TABLE @schema@.snapshot (
    life bigint PRIMARY KEY,
    version bigint NOT NULL,
    model_rev bigint NOT NULL,
    bytes bytea NOT NULL
);

-- The counter of each feed. Whoever takes a cursor holds its row until the commit, so that cursors
-- become visible in their order. That is what a sequence does not give.
CREATE TABLE @schema@.feed_head (
    feed text COLLATE "C" PRIMARY KEY,
    head bigint NOT NULL,
    floor bigint NOT NULL,
    -- The time of the first entry there is; none without entries.
    oldest_at_ms bigint
) WITH (fillfactor = 50);
CREATE INDEX feed_head_oldest ON @schema@.feed_head (oldest_at_ms) WHERE oldest_at_ms IS NOT NULL;

CREATE TABLE @schema@.feed (
    feed text COLLATE "C" NOT NULL,
    cursor bigint NOT NULL,
    life bigint NOT NULL,
    version bigint NOT NULL,
    at_ms bigint NOT NULL,
    chat text COLLATE "C" NOT NULL,
    PRIMARY KEY (feed, cursor)
);
-- A chat that an entry still tells of must not go.
CREATE INDEX feed_life ON @schema@.feed (life);

CREATE SEQUENCE @schema@.place;
CREATE TABLE @schema@.listed (
    life bigint NOT NULL,
    feed text COLLATE "C" NOT NULL,
    place bigint NOT NULL,
    chat text COLLATE "C" NOT NULL,
    PRIMARY KEY (life, feed)
);
CREATE UNIQUE INDEX listed_place ON @schema@.listed (feed, place);

CREATE SEQUENCE @schema@.rev;
CREATE TABLE @schema@.lease (
    key text COLLATE "C" PRIMARY KEY,
    rev bigint NOT NULL,
    value bytea NOT NULL,
    until timestamptz
) WITH (fillfactor = 70);
CREATE INDEX lease_until ON @schema@.lease (until) WHERE until IS NOT NULL;

-- One record with everything that becomes visible with it. Answers the chat's life, or null when
-- the head is not the expected one, and the cursors in the order of the feeds' names.
-- Rows are locked in one order everywhere: the chat, then feeds by name.
CREATE FUNCTION @schema@.append(
    p_chat text, p_life bigint, p_version bigint, p_command bytea, p_at_ms bigint, p_payload bytea,
    p_feeds text[], p_list text[], p_unlist text[], p_expire_at_ms bigint,
    OUT o_life bigint, OUT o_cursors bigint[]
) LANGUAGE plpgsql AS $$
BEGIN
    IF p_version = 0 THEN
        -- Looked for first, so that a refused append takes no number.
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
    IF cardinality(p_unlist) > 0 THEN
        DELETE FROM @schema@.listed WHERE life = o_life AND feed = ANY (p_unlist);
    END IF;
    IF cardinality(p_list) > 0 THEN
        INSERT INTO @schema@.listed (life, feed, place, chat)
            SELECT o_life, name, nextval('@schema@.place'), p_chat FROM unnest(p_list) AS name
            ON CONFLICT (life, feed) DO NOTHING;
    END IF;
    IF cardinality(p_feeds) > 0 THEN
        WITH told AS (
            INSERT INTO @schema@.feed_head AS h (feed, head, floor, oldest_at_ms)
                SELECT name, 1, 0, p_at_ms FROM unnest(p_feeds) AS name ORDER BY name COLLATE "C"
                ON CONFLICT (feed) DO UPDATE
                    SET head = h.head + 1, oldest_at_ms = coalesce(h.oldest_at_ms, p_at_ms)
                RETURNING feed, head
        ), entries AS (
            INSERT INTO @schema@.feed (feed, cursor, life, version, at_ms, chat)
                SELECT feed, head, o_life, p_version + 1, p_at_ms, p_chat FROM told
        )
        SELECT array_agg(head ORDER BY feed) INTO o_cursors FROM told;
    END IF;
END
$$;

-- A snapshot is a cache: its commit waits for no disk.
CREATE FUNCTION @schema@.keep_snapshot(
    p_chat text, p_life bigint, p_version bigint, p_model_rev bigint, p_bytes bytea
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    -- The lock keeps the chat from going between the look and the commit.
    PERFORM FROM @schema@.chat
        WHERE id = p_chat AND life = p_life AND p_version BETWEEN 1 AND version FOR KEY SHARE;
    IF FOUND THEN
        INSERT INTO @schema@.snapshot AS s (life, version, model_rev, bytes)
            VALUES (p_life, p_version, p_model_rev, p_bytes)
            ON CONFLICT (life) DO UPDATE
                SET version = p_version, model_rev = p_model_rev, bytes = p_bytes
                WHERE s.version <= p_version;
    END IF;
END
$$;

-- Removes due entries from the beginning of feeds; answers how many went.
CREATE FUNCTION @schema@.trim_feeds(p_horizon_ms bigint, p_limit bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    f record;
    v_last bigint;
    v_rows bigint;
    v_gone bigint := 0;
BEGIN
    FOR f IN
        SELECT feed, floor FROM @schema@.feed_head
        WHERE oldest_at_ms <= p_horizon_ms ORDER BY feed LIMIT p_limit FOR UPDATE
    LOOP
        EXIT WHEN v_gone >= p_limit;
        SELECT coalesce(min(cursor) FILTER (WHERE at_ms > p_horizon_ms) - 1, max(cursor), f.floor)
            INTO v_last
            FROM (
                SELECT cursor, at_ms FROM @schema@.feed
                WHERE feed = f.feed ORDER BY cursor LIMIT p_limit - v_gone
            ) AS page;
        DELETE FROM @schema@.feed WHERE feed = f.feed AND cursor <= v_last;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_gone := v_gone + v_rows;
        UPDATE @schema@.feed_head
            SET floor = v_last, oldest_at_ms = (
                SELECT at_ms FROM @schema@.feed WHERE feed = f.feed ORDER BY cursor LIMIT 1
            )
            WHERE feed = f.feed;
    END LOOP;
    RETURN v_gone;
END
$$;

-- Removes chats that are due and that no feed tells of; answers how many went.
CREATE FUNCTION @schema@.remove_chats(p_now_ms bigint, p_horizon_ms bigint, p_limit bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_ids text[];
    v_lives bigint[];
BEGIN
    SELECT array_agg(id) INTO v_ids FROM (
        SELECT id FROM @schema@.chat AS c
        WHERE expire_at_ms <= p_now_ms AND newest_at_ms <= p_horizon_ms
            AND NOT EXISTS (SELECT FROM @schema@.feed AS f WHERE f.life = c.life)
        ORDER BY id LIMIT p_limit FOR UPDATE
    ) AS due;
    -- Nobody can tell of them any more; whoever did between the look and the lock is seen now.
    WITH gone AS (
        DELETE FROM @schema@.chat AS c
        WHERE id = ANY (v_ids) AND NOT EXISTS (SELECT FROM @schema@.feed AS f WHERE f.life = c.life)
        RETURNING life
    )
    SELECT array_agg(life) INTO v_lives FROM gone;
    DELETE FROM @schema@.journal WHERE life = ANY (v_lives);
    DELETE FROM @schema@.snapshot WHERE life = ANY (v_lives);
    DELETE FROM @schema@.listed WHERE life = ANY (v_lives);
    RETURN coalesce(cardinality(v_lives), 0);
END
$$;

-- Takes over a chat; answers `new`, `same` or `taken`.
CREATE FUNCTION @schema@.import_chat(
    p_chat text, p_at_ms bigint[], p_commands bytea[], p_payloads bytea[], p_expire_at_ms bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_life bigint;
    v_same boolean;
BEGIN
    INSERT INTO @schema@.chat (id, life, version, newest_at_ms, expire_at_ms)
        SELECT p_chat, nextval('@schema@.life'), cardinality(p_at_ms), max(at_ms), p_expire_at_ms
        FROM unnest(p_at_ms) AS at_ms
        WHERE NOT EXISTS (SELECT FROM @schema@.chat WHERE id = p_chat)
        HAVING count(*) > 0
        ON CONFLICT (id) DO NOTHING
        RETURNING life INTO v_life;
    IF v_life IS NULL THEN
        SELECT c.version = cardinality(p_at_ms) AND NOT EXISTS (
            SELECT FROM unnest(p_at_ms, p_commands, p_payloads)
                WITH ORDINALITY AS r (at_ms, command, payload, version)
            LEFT JOIN @schema@.journal AS j ON j.life = c.life AND j.version = r.version
            WHERE (j.at_ms, j.command, j.payload) IS DISTINCT FROM (r.at_ms, r.command, r.payload)
        ) INTO v_same FROM @schema@.chat AS c WHERE id = p_chat;
        RETURN CASE WHEN v_same THEN 'same' ELSE 'taken' END;
    END IF;
    INSERT INTO @schema@.journal (life, version, at_ms, command, payload)
        SELECT v_life, version, at_ms, command, payload
        FROM unnest(p_at_ms, p_commands, p_payloads)
            WITH ORDINALITY AS r (at_ms, command, payload, version);
    RETURN 'new';
END
$$;

-- Takes over a feed; answers `new`, `same`, `taken`, or `!` and the id of a chat that cannot be
-- listed.
CREATE FUNCTION @schema@.import_feed(p_feed text, p_head bigint, p_listed text[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_head bigint;
    v_listed text[];
    v_misfit text;
BEGIN
    SELECT head INTO v_head FROM @schema@.feed_head WHERE feed = p_feed FOR UPDATE;
    SELECT coalesce(array_agg(chat ORDER BY place), '{}') INTO v_listed
        FROM @schema@.listed WHERE feed = p_feed;
    IF v_head IS NOT NULL OR cardinality(v_listed) > 0 THEN
        RETURN CASE WHEN coalesce(v_head, 0) = p_head AND v_listed = p_listed
            THEN 'same' ELSE 'taken' END;
    END IF;
    SELECT name INTO v_misfit FROM unnest(p_listed) WITH ORDINALITY AS l (name, nth)
        WHERE NOT EXISTS (SELECT FROM @schema@.chat WHERE id = name)
            OR name = ANY (p_listed[:nth - 1])
        ORDER BY nth LIMIT 1;
    IF FOUND THEN
        RETURN '!' || v_misfit;
    END IF;
    IF p_head = 0 AND cardinality(p_listed) = 0 THEN
        RETURN 'same';
    END IF;
    IF p_head > 0 THEN
        INSERT INTO @schema@.feed_head (feed, head, floor) VALUES (p_feed, p_head, p_head);
    END IF;
    INSERT INTO @schema@.listed (life, feed, place, chat)
        SELECT life, p_feed, nextval('@schema@.place'), name
        FROM (
            SELECT c.life, l.name FROM unnest(p_listed) WITH ORDINALITY AS l (name, nth)
            JOIN @schema@.chat AS c ON c.id = l.name ORDER BY l.nth
        ) AS in_order;
    RETURN 'new';
END
$$;
