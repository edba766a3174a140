//! What stands in the file: the tables, and the bytes of their rows.
//!
//! This is the format that files keep for years. Whoever changes it raises
//! [`FORMAT`](super::format::FORMAT) and writes the step from the one before. Numbers are
//! little-endian in rows; keys are typed, so the engine orders them as numbers.

use chat_model::ChatId;
use redb::TableDefinition;

use super::Broken;
use super::places::BLOCK;
use crate::{CommandId, FeedId, Head, Lease, Record, Snapshot};

/// Format, counters: what there is one of.
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("chat-store/meta");
/// [`ChatRow`] by the chat's id.
pub(super) const CHATS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("chats");
/// Records by their place, the order of appending: what one commit brings stands together, however
/// many chats it is of.
pub(super) const JOURNAL: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("journal");
/// Where a chat's older records stand, [`BLOCK`](super::places::BLOCK) places at a time, by life and
/// number of the block ([`pair`]). The newest places are in the [`ChatRow`].
pub(super) const PLACES: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("places");
/// The newest snapshot by life.
pub(super) const SNAPSHOTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("snapshots");
/// The chats that may expire, by the time from which they may.
pub(super) const DUE: TableDefinition<'_, (i64, &str), ()> = TableDefinition::new("due");
/// A feed's number by its name: rows that name feeds often name them by number.
pub(super) const FEED_IDS: TableDefinition<'_, &str, u64> = TableDefinition::new("feed-ids");
/// [`Feed`] by the feed's number.
pub(super) const FEEDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("feeds");
/// [`Entry`] by feed number and cursor ([`pair`]).
pub(super) const ENTRIES: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("entries");
/// [`Age`] by the place of the record: which feeds heard of it, and when.
pub(super) const AGES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("ages");
/// Chats by feed number and place in its list ([`pair`]).
pub(super) const LISTS: TableDefinition<'_, u128, &str> = TableDefinition::new("lists");
/// [`LeaseRow`] by key.
pub(super) const LEASES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("leases");
/// The leases that lapse, by the time at which they do.
pub(super) const LAPSES: TableDefinition<'_, (i64, &str), ()> = TableDefinition::new("lapses");

/// Two numbers as one key, ordered by the first and then the second.
pub(super) const fn pair(first: u64, second: u64) -> u128 {
    ((first as u128) << 64) | second as u128
}

/// The second number of a [`pair`].
#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
pub(super) const fn second(pair: u128) -> u64 {
    pair as u64
}

/// A chat, but for its records and its snapshot.
pub(super) struct ChatRow {
    /// Which life of this id it is: the token of its heads.
    pub(super) life: u64,
    pub(super) version: u64,
    pub(super) newest_at_ms: i64,
    pub(super) expire_at_ms: Option<i64>,
    /// Where it stands in [`DUE`].
    pub(super) due_ms: Option<i64>,
    /// The newest of its appends in [`AGES`]: the chat stays while that one does.
    pub(super) last_age: u64,
    /// Where the records after the last full block stand.
    pub(super) places: Vec<u64>,
    /// The numbers of the feeds that list it, with its places there.
    pub(super) listed: Vec<(u64, u64)>,
}

impl ChatRow {
    pub(super) const fn new(life: u64) -> Self {
        Self {
            life,
            version: 0,
            newest_at_ms: i64::MIN,
            expire_at_ms: None,
            due_ms: None,
            last_age: 0,
            places: Vec::new(),
            listed: Vec::new(),
        }
    }

    pub(super) const fn head(&self) -> Head {
        Head::new(self.version, self.life)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + 8 * self.places.len() + 16 * self.listed.len());
        for number in [self.life, self.version, self.last_age] {
            out.extend(number.to_le_bytes());
        }
        out.extend(self.newest_at_ms.to_le_bytes());
        write_time(&mut out, self.expire_at_ms);
        write_time(&mut out, self.due_ms);
        self.places.iter().for_each(|place| out.extend(place.to_le_bytes()));
        for (feed, place) in &self.listed {
            out.extend(feed.to_le_bytes());
            out.extend(place.to_le_bytes());
        }
        out
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Broken> {
        let mut from = Bytes { what: "chat", left: bytes };
        let (life, version, last_age) = (from.u64()?, from.u64()?, from.u64()?);
        let newest_at_ms = from.i64()?;
        let (expire_at_ms, due_ms) = (from.time()?, from.time()?);
        let places = (0..version % BLOCK).map(|_| from.u64()).collect::<Result<_, _>>()?;
        let mut listed = Vec::with_capacity(from.left.len() / 16);
        while !from.left.is_empty() {
            listed.push((from.u64()?, from.u64()?));
        }
        Ok(Self { life, version, newest_at_ms, expire_at_ms, due_ms, last_age, places, listed })
    }
}

/// How far a feed goes, and its name.
#[derive(Clone)]
pub(super) struct Feed {
    pub(super) floor: u64,
    pub(super) head: u64,
    pub(super) name: FeedId,
}

impl Feed {
    pub(super) fn write(&self) -> Vec<u8> {
        let name = self.name.as_str().as_bytes();
        [&self.floor.to_le_bytes(), &self.head.to_le_bytes(), name].concat()
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Broken> {
        let mut from = Bytes { what: "feed", left: bytes };
        let (floor, head) = (from.u64()?, from.u64()?);
        let name = FeedId::parse(from.text()?).ok_or_else(|| from.damaged())?;
        Ok(Self { floor, head, name })
    }
}

/// One entry of a feed: which record it is.
pub(super) struct Entry {
    pub(super) place: u64,
    pub(super) version: u64,
    pub(super) chat: ChatId,
}

impl Entry {
    pub(super) fn write(place: u64, version: u64, chat: &ChatId) -> Vec<u8> {
        [&place.to_le_bytes(), &version.to_le_bytes(), chat.as_str().as_bytes()].concat()
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Broken> {
        let mut from = Bytes { what: "feed entry", left: bytes };
        let (place, version) = (from.u64()?, from.u64()?);
        Ok(Self { place, version, chat: ChatId::new(from.text()?) })
    }
}

/// One append that feeds heard of.
pub(super) struct Age {
    pub(super) at_ms: i64,
    pub(super) feeds: Vec<u64>,
}

impl Age {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = self.at_ms.to_le_bytes().to_vec();
        self.feeds.iter().for_each(|feed| out.extend(feed.to_le_bytes()));
        out
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Broken> {
        let mut from = Bytes { what: "age", left: bytes };
        let at_ms = from.i64()?;
        let mut feeds = Vec::with_capacity(from.left.len() / 8);
        while !from.left.is_empty() {
            feeds.push(from.u64()?);
        }
        Ok(Self { at_ms, feeds })
    }
}

/// A lease, and when it lapses.
pub(super) struct LeaseRow {
    pub(super) lease: Lease,
    pub(super) until_ms: Option<i64>,
}

impl LeaseRow {
    pub(super) fn write(rev: u64, until_ms: Option<i64>, value: &[u8]) -> Vec<u8> {
        let mut out = rev.to_le_bytes().to_vec();
        write_time(&mut out, until_ms);
        out.extend(value);
        out
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Broken> {
        let mut from = Bytes { what: "lease", left: bytes };
        let (rev, until_ms) = (from.u64()?, from.time()?);
        Ok(Self { lease: Lease::new(rev, from.left), until_ms })
    }

    pub(super) fn lives(&self, now_ms: i64) -> bool {
        self.until_ms.is_none_or(|until_ms| now_ms < until_ms)
    }
}

/// A record's row: a checksum, when, whose command, and the payload.
///
/// The checksum is over the rest and over whose record it is, so that one that is found in the wrong
/// place is damage, not another chat's history.
pub(super) fn write_record(
    chat: &ChatId,
    version: u64,
    at_ms: i64,
    command: CommandId,
    payload: &[u8],
) -> Vec<u8> {
    let mut out = Vec::with_capacity(28 + payload.len());
    out.extend([0; 4]);
    out.extend(at_ms.to_le_bytes());
    out.extend(command.as_bytes());
    out.extend(payload);
    let sum = sum_for(chat, version, &out[4..]);
    out[..4].copy_from_slice(&sum.to_le_bytes());
    out
}

pub(super) fn read_record(chat: &ChatId, version: u64, row: &[u8]) -> Result<Record, Broken> {
    let mut from = Bytes { what: "record", left: row };
    from.unseal_with(|rest| sum_for(chat, version, rest))?;
    let at_ms = from.i64()?;
    let command = CommandId::new(from.take()?);
    Ok(Record::new(version, at_ms, command, from.left))
}

fn sum_for(chat: &ChatId, version: u64, rest: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(rest);
    sum.update(&version.to_le_bytes());
    sum.update(chat.as_str().as_bytes());
    sum.finalize()
}

/// A snapshot's row: a checksum over the rest, its version, the model's revision, and the state.
pub(super) fn write_snapshot(version: u64, model_rev: u32, state: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 4];
    out.extend(version.to_le_bytes());
    out.extend(model_rev.to_le_bytes());
    out.extend(state);
    seal(out)
}

pub(super) fn read_snapshot(row: &[u8]) -> Result<Snapshot, Broken> {
    let mut from = Bytes { what: "snapshot", left: row };
    from.unseal()?;
    let version = from.u64()?;
    let model_rev = u32::from_le_bytes(from.take()?);
    Ok(Snapshot::new(version, model_rev, from.left))
}

/// Puts the checksum of everything after the first four bytes into them.
///
/// The engine has checksums of its own, but looks at them only after a crash. A payload is the
/// truth about a chat, so one that a disk has changed must never be taken for what was written.
fn seal(mut row: Vec<u8>) -> Vec<u8> {
    let sum = crc32fast::hash(&row[4..]);
    row[..4].copy_from_slice(&sum.to_le_bytes());
    row
}

fn write_time(out: &mut Vec<u8>, at_ms: Option<i64>) {
    out.push(u8::from(at_ms.is_some()));
    out.extend(at_ms.unwrap_or_default().to_le_bytes());
}

/// The rest of a row that is being read; a row too short is damage, not a panic.
struct Bytes<'a> {
    what: &'static str,
    left: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let (taken, left) = self.left.split_first_chunk().ok_or_else(|| self.damaged())?;
        self.left = left;
        Ok(*taken)
    }

    fn u64(&mut self) -> Result<u64, Broken> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    fn i64(&mut self) -> Result<i64, Broken> {
        Ok(i64::from_le_bytes(self.take()?))
    }

    fn time(&mut self) -> Result<Option<i64>, Broken> {
        let [is_some] = self.take()?;
        let at_ms = self.i64()?;
        Ok((is_some != 0).then_some(at_ms))
    }

    fn text(&self) -> Result<&'a str, Broken> {
        str::from_utf8(self.left).map_err(|_| self.damaged())
    }

    fn unseal(&mut self) -> Result<(), Broken> {
        self.unseal_with(crc32fast::hash)
    }

    fn unseal_with(&mut self, sum_of: impl FnOnce(&[u8]) -> u32) -> Result<(), Broken> {
        let sum = u32::from_le_bytes(self.take()?);
        if sum == sum_of(self.left) { Ok(()) } else { Err(self.damaged()) }
    }

    fn damaged(&self) -> Broken {
        Broken::damage(format_args!("the row of a {} cannot be read", self.what))
    }
}
