//! Which files are opened and which are not, each with a message that says what to do; and how a
//! store is closed.

use std::fs::{self, File};
use std::future::Future;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Waker};

use chat_store::embedded::{Health, OpenError};
use chat_store::{Append, AppendError, Head, RedbStore, Store, check};
use redb::{Database, TableDefinition};

use crate::kit::{Hands, Place, chat, command, user};

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("chat-store/meta");

async fn filled(place: &Place, chats: u64) {
    let store = Hands::default().options().open(place.file()).expect("the file opens");
    for name in 0..chats {
        let (id, feeds) = (chat(name), [user("all")]);
        let payload = [b'p'; 2_000];
        let append = Append::new(&id, Head::NONE, command(1, name), 0, &payload).feeds(&feeds);
        store.append(append.list(&feeds)).await.expect("the append goes through");
    }
    store.close().await;
}

fn refused(path: impl AsRef<Path>, says: &str) -> OpenError {
    let before = fs::read(&path).ok();
    let error = Hands::default().options().open(&path).expect_err("the file must not open");
    let told = error.to_string();
    assert!(told.contains(says), "expected {says:?}, got {told:?}");
    assert!(told.contains(path.as_ref().to_str().unwrap()), "{told:?} names the file");
    assert_eq!(fs::read(&path).ok(), before, "a file that is refused is left as it is");
    error
}

#[tokio::test]
async fn a_file_in_use_is_refused_with_a_hint_at_postgresql() {
    let place = Place::new();
    let store = Hands::default().options().open(place.file()).unwrap();
    let error = refused(place.file(), "PostgreSQL");
    assert!(matches!(error, OpenError::InUse(_)));
    store.close().await;
    assert!(Hands::default().options().open(place.file()).is_ok());
}

#[tokio::test]
async fn what_is_no_store_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let options = Hands::default().options();
    let missing = place.path().join("nowhere/chats.redb");
    assert!(matches!(refused(&missing, "make it"), OpenError::NoDirectory(_)));
    let error = options.clone().must_exist().open(place.file()).expect_err("nothing is there");
    assert!(matches!(error, OpenError::Missing(_)) && !place.file().exists());
    assert!(matches!(options.open(place.path()), Err(OpenError::Foreign(_))));

    for text in ["no store at all", "x", "redb?", "\0\0\0\0\0\0\0\0\0\0\0\0"] {
        fs::write(place.file(), text).unwrap();
        assert!(matches!(refused(place.file(), "not a store"), OpenError::Foreign(_)), "{text:?}");
    }
    fs::remove_file(place.file()).unwrap();
    let other = Database::create(place.file()).unwrap();
    let txn = other.begin_write().unwrap();
    txn.open_table(TableDefinition::<u64, u64>::new("somebody's")).unwrap().insert(1, 1).unwrap();
    txn.commit().unwrap();
    other.close().unwrap();
    let error = Hands::default().options().open(place.file()).expect_err("not ours");
    assert!(matches!(error, OpenError::Foreign(_)), "{error}");
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let place = Place::new();
    filled(&place, 1).await;
    let db = Database::open(place.file()).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(META).unwrap().insert("format", 2).unwrap();
    txn.commit().unwrap();
    db.close().unwrap();
    let error = Hands::default().options().open(place.file()).expect_err("too new");
    assert!(matches!(error, OpenError::Newer { found: 2, known: 1, .. }), "{error}");
    assert!(error.to_string().contains("newer version"), "{error}");
}

#[tokio::test]
async fn a_read_only_file_is_refused_and_a_new_one_is_only_its_owners() {
    let place = Place::new();
    filled(&place, 1).await;
    let mode = fs::metadata(place.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "chats are nobody else's business");
    fs::set_permissions(place.file(), PermissionsExt::from_mode(0o400)).unwrap();
    assert!(matches!(refused(place.file(), "read-only"), OpenError::NotWritable(..)));
}

#[tokio::test]
async fn an_empty_file_becomes_a_store() {
    let place = Place::new();
    File::create(place.file()).unwrap();
    filled(&place, 2).await;
    let store = Hands::default().options().must_exist().open(place.file()).unwrap();
    assert_eq!(store.listed(&user("all")).await.unwrap().len(), 2);
    store.close().await;
}

/// One page after the other is overwritten: the file is refused as damaged when it is verified, and
/// when it is not, nothing that was not written is ever read from it.
#[tokio::test]
async fn a_corrupted_page_is_found_and_never_read_as_truth() {
    const CHATS: u64 = 40;
    let place = Place::in_memory();
    filled(&place, CHATS).await;
    let whole = fs::read(place.file()).unwrap();
    let (mut damaged, mut opened) = (0, 0);
    for at in (0..whole.len()).step_by(4096) {
        if whole[at..].iter().take(4096).all(|byte| *byte == 0) {
            continue;
        }
        fs::write(place.file(), &whole).unwrap();
        let file = File::options().write(true).open(place.file()).unwrap();
        file.write_all_at(&[0xa5; 64], at as u64 + 1_000).unwrap();
        drop(file);
        match Hands::default().options().verify().open(place.file()) {
            Err(OpenError::Damaged(_, why)) => {
                assert!(!why.is_empty());
                damaged += 1;
            }
            Err(other) => panic!("{other}"),
            Ok(store) => {
                // The page held nothing that counts.
                assert_eq!(sound(&store).await, Some(CHATS));
                store.close().await;
            }
        }
        fs::write(place.file(), &whole).unwrap();
        let file = File::options().write(true).open(place.file()).unwrap();
        file.write_all_at(&[0xa5; 64], at as u64 + 1_000).unwrap();
        drop(file);
        let Ok(store) = Hands::default().options().open(place.file()) else { continue };
        opened += 1;
        for name in 0..CHATS {
            if let Ok(Some(loaded)) = store.load(&chat(name)).await {
                assert_eq!(&*loaded.records[0].payload, [b'p'; 2_000], "page at {at}");
            }
        }
        store.close().await;
    }
    assert!(damaged > 10 && opened > 10, "{damaged} pages found damaged, {opened} files opened");
}

async fn sound(store: &RedbStore) -> Option<u64> {
    let checked = check(store, |_, _, _| Ok(())).await.ok()?;
    checked.is_sound().then_some(checked.chats)
}

#[tokio::test]
async fn a_closed_store_refuses_writes_answers_no_reads_and_says_so() {
    let place = Place::new();
    let store = Hands::default().options().open(place.file()).unwrap();
    let other = store.clone();
    let id = chat(1);
    let append = |nth| Append::new(&id, Head::NONE, command(1, nth), 0, b"e");
    // Asked for before the close, so carried out by it.
    let (appended, ()) = tokio::join!(store.append(append(1)), store.close());
    assert_eq!(appended.unwrap().version, 1);
    other.close().await;
    let refused = other.append(append(2)).await;
    assert!(matches!(&refused, Err(AppendError::Retry(why)) if why.contains("closed")));
    assert!(other.load(&id).await.is_err_and(|why| why.why().contains("closed")));
    assert!(matches!(other.health(), Health::Gone(why) if why.contains("closed")));
}

#[tokio::test]
async fn the_file_is_closed_when_the_last_handle_is_gone() {
    let place = Place::new();
    let store = Hands::default().options().open(place.file()).unwrap();
    let other = store.clone();
    drop(store);
    assert!(Hands::default().options().open(place.file()).is_err(), "a handle is left");
    drop(other);
    // The writer's thread ends by itself; how soon is the scheduler's business.
    let mut again = Hands::default().options().open(place.file());
    for _ in 0..1_000_000 {
        if again.is_ok() {
            break;
        }
        std::thread::yield_now();
        again = Hands::default().options().open(place.file());
    }
    again.expect("the file is free").close().await;
}

#[tokio::test]
async fn a_caller_that_goes_away_at_any_point_harms_nobody() {
    let place = Place::new();
    let store = Hands::default().options().open(place.file()).unwrap();
    let feeds = [user("all")];
    for nth in 0..200_u64 {
        let id = chat(nth);
        let append = Append::new(&id, Head::NONE, command(1, nth), 0, b"e").feeds(&feeds);
        let mut gone = pin!(store.append(append));
        for _ in 0..nth % 3 {
            let _ = gone.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
    }
    let id = chat("last");
    let append = Append::new(&id, Head::NONE, command(2, 1), 0, b"e").feeds(&feeds);
    assert_eq!(store.append(append).await.unwrap().version, 1);
    let checked = check(&store, |_, _, _| Ok(())).await.unwrap();
    assert!(checked.is_sound(), "{:?}", checked.complaints);
    assert_eq!(checked.chats, checked.entries, "every append is whole or not there");
    store.close().await;
}
