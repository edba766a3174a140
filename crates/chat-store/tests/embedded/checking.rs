//! What a check finds: every kind of damage, put into a sound file row by row, and nothing in one
//! without.

use chat_store::embedded::Health;
use chat_store::{Append, Head, Inspect, RedbStore, Store, check};
use redb::{Database, ReadableTable, TableDefinition, WriteTransaction};

use crate::kit::{Hands, Place, chat, command, user};

const JOURNAL: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("journal");
const ENTRIES: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("entries");
const FEEDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("feeds");
const LISTS: TableDefinition<'_, u128, &str> = TableDefinition::new("lists");
const CHATS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("chats");
const SNAPSHOTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("snapshots");

/// Three chats of three records, all in one feed and one list, each with a snapshot of its second.
async fn filled(place: &Place) {
    let store = Hands::default().options().open(place.file()).expect("the file opens");
    let feeds = [user("all")];
    for name in 0..3 {
        let (id, mut head) = (chat(name), Head::NONE);
        for nth in 1..=3 {
            let append = Append::new(&id, head, command(name, nth), 0, b"e").feeds(&feeds);
            head = store.append(append.list(&feeds)).await.expect("the append goes through");
            if nth == 2 {
                store.snapshot(&id, head, 1, b"two").await.expect("a snapshot is kept");
            }
        }
    }
    store.close().await;
}

fn first_record(txn: &WriteTransaction) -> u64 {
    txn.open_table(JOURNAL).unwrap().first().unwrap().unwrap().0.value()
}

/// The filled store with damage in it.
async fn damaged(place: &Place, damage: impl Fn(&WriteTransaction)) -> RedbStore {
    filled(place).await;
    let db = Database::open(place.file()).unwrap();
    let txn = db.begin_write().unwrap();
    damage(&txn);
    txn.commit().unwrap();
    db.close().unwrap();
    Hands::default().options().open(place.file()).expect("the file opens")
}

fn change_first_record(txn: &WriteTransaction) {
    let key = first_record(txn);
    let mut journal = txn.open_table(JOURNAL).unwrap();
    let mut row = journal.get(key).unwrap().unwrap().value().to_vec();
    *row.last_mut().unwrap() ^= 1;
    journal.insert(key, row.as_slice()).unwrap();
}

async fn finds(damage: impl Fn(&WriteTransaction), says: &str) {
    let place = Place::in_memory();
    let store = damaged(&place, damage).await;
    let checked = check(&store, fold).await.expect("the file can be walked");
    store.close().await;
    let told = checked.complaints.join("\n");
    assert_eq!(checked.is_sound(), says.is_empty(), "{told}");
    assert!(told.contains(says), "expected {says:?}, got:\n{told}");
}

/// These chats' state is how many records there are.
fn fold(
    _: &chat_store::ChatRow,
    snapshot: Option<&chat_store::Snapshot>,
    records: &[chat_store::Record],
) -> Result<(), String> {
    let Some(snapshot) = snapshot else { return Ok(()) };
    let folded = records.iter().take_while(|record| record.version <= snapshot.version).count();
    let want: &[u8] = if folded == 2 { b"two" } else { b"another number" };
    if *snapshot.bytes == *want { Ok(()) } else { Err("the snapshot is not the fold".to_owned()) }
}

#[tokio::test]
async fn a_check_finds_every_kind_of_damage_and_complains_of_nothing_else() {
    finds(|_| (), "").await;
    let remove_record = |txn: &WriteTransaction| {
        let key = first_record(txn);
        txn.open_table(JOURNAL).unwrap().remove(key).unwrap();
    };
    finds(remove_record, "chat 0 cannot be read: the store is unavailable: the file is damaged: chat 0 lacks its record 1").await;
    finds(remove_record, "the feed user:all cannot be read: the store is unavailable: the file is damaged: chat 0 lacks").await;
    finds(
        |txn| {
            let key = first_record(txn) + 2;
            txn.open_table(JOURNAL).unwrap().remove(key).unwrap();
        },
        "the file is damaged: chat 0 lacks its record 3",
    )
    .await;
    finds(
        change_first_record,
        "chat 0 cannot be read: the store is unavailable: the file is damaged",
    )
    .await;
    finds(
        |txn| {
            let mut entries = txn.open_table(ENTRIES).unwrap();
            let key = entries.first().unwrap().unwrap().0.value();
            let second = entries.get(key + 1).unwrap().unwrap().value().to_vec();
            entries.insert(key, second.as_slice()).unwrap();
        },
        "user:all: version 2 after 2, at 2",
    )
    .await;
    finds(
        |txn| {
            let mut feeds = txn.open_table(FEEDS).unwrap();
            let mut row = feeds.get(1).unwrap().unwrap().value().to_vec();
            row[8] = 5;
            feeds.insert(1, row.as_slice()).unwrap();
        },
        "user:all: expected a cursor after 5, above 0, up to 5, found 6",
    )
    .await;
    finds(
        |txn| {
            let mut feeds = txn.open_table(FEEDS).unwrap();
            let mut row = feeds.get(1).unwrap().unwrap().value().to_vec();
            row[0] = 10;
            feeds.insert(1, row.as_slice()).unwrap();
        },
        "user:all: the floor 10 is above 9",
    )
    .await;
    for (from_the_end, says) in [
        (false, "user:all: expected cursor 1, found 2"),
        (true, "user:all lacks its entries from 9 to 9"),
    ] {
        finds(
            |txn| {
                let mut entries = txn.open_table(ENTRIES).unwrap();
                let end = if from_the_end { entries.last() } else { entries.first() };
                let key = end.unwrap().unwrap().0.value();
                entries.remove(key).unwrap();
            },
            says,
        )
        .await;
    }
    finds(
        |txn| {
            let mut lists = txn.open_table(LISTS).unwrap();
            let key = lists.first().unwrap().unwrap().0.value();
            lists.remove(key).unwrap();
        },
        "chat 0 is not once on the list user:all",
    )
    .await;
    finds(
        |txn| {
            txn.open_table(CHATS).unwrap().remove("0").unwrap();
        },
        "user:all lists the chat 0, which is not there",
    )
    .await;
    finds(
        |txn| {
            let mut snapshots = txn.open_table(SNAPSHOTS).unwrap();
            let mut row = snapshots.get(1).unwrap().unwrap().value().to_vec();
            row[4] = 9;
            let sum = crc32fast::hash(&row[4..]);
            row[..4].copy_from_slice(&sum.to_le_bytes());
            snapshots.insert(1, row.as_slice()).unwrap();
        },
        "0 has a snapshot of 9, ahead of its head 3",
    )
    .await;
    finds(
        |txn| {
            let mut snapshots = txn.open_table(SNAPSHOTS).unwrap();
            let mut row = snapshots.get(2).unwrap().unwrap().value().to_vec();
            *row.last_mut().unwrap() = b'!';
            let sum = crc32fast::hash(&row[4..]);
            row[..4].copy_from_slice(&sum.to_le_bytes());
            snapshots.insert(2, row.as_slice()).unwrap();
        },
        "chat 1: the snapshot is not the fold",
    )
    .await;
}

/// One damaged chat is no reason not to serve the others; that a disk has changed one page is a reason to
/// tell whoever asks, until somebody has looked and opened the file anew.
#[tokio::test]
async fn damage_is_told_by_the_health_and_stops_nobody_else() {
    let place = Place::in_memory();
    let store = damaged(&place, change_first_record).await;
    assert_eq!(store.health(), Health::Ready, "nobody has met it");
    let met = store.records(&chat(0), 0, 9).await.unwrap_err();
    assert!(met.is_damage(), "{met}");
    let Health::Damaged(why) = store.health() else { panic!("{:?}", store.health()) };
    assert!(why.contains("the file is damaged"), "{why}");

    let whole = store.load(&chat(1)).await.unwrap().unwrap();
    let id = chat(1);
    let append = Append::new(&id, whole.head, command(1, 4), 0, b"e");
    store.append(append).await.expect("another chat goes on");
    assert_eq!(store.health(), Health::Damaged(why), "nothing heals it");
    store.close().await;

    let store = Hands::default().options().open(place.file()).expect("the file opens");
    assert_eq!(store.health(), Health::Ready, "nobody has met it since");
    assert_eq!(store.load(&chat(1)).await.unwrap().unwrap().head.version, 4);
    store.close().await;
}

#[tokio::test]
async fn a_check_counts_what_it_has_seen() {
    let place = Place::in_memory();
    filled(&place).await;
    let store = Hands::default().options().verify().open(place.file()).expect("the file opens");
    let checked = check(&store, fold).await.unwrap();
    let counted = (checked.chats, checked.records, checked.feeds, checked.entries);
    assert_eq!(counted, (3, 9, 1, 9));
    assert_eq!(store.chats(None, 9).await.unwrap().len(), 3);
    store.close().await;
}
