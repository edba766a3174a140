//! What each agent should have been told, by the journal and the model, and whether it was.
//!
//! Nothing here asks the server: the feeds and records of the store are read, every chat is folded
//! from its first record, and the notices are made again.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use chat_http::is_of_agent;
use chat_model::{Chat, ChatId, MODEL_REVISION, Record, Rules, UserId};
use chat_store::{FeedId, MemoryStore, Store as _};

/// An event by its bytes.
pub(crate) fn mark(data: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    hasher.finish()
}

/// What one notification session heard of chats.
#[derive(Debug, Clone)]
pub(crate) struct Transcript {
    pub(crate) user: UserId,
    /// The head of the feed before the handshake and after the subscription; what the session is
    /// told starts in between.
    pub(crate) start: (u64, u64),
    /// The marks of the events, in the order of their arrival.
    pub(crate) heard: Vec<u64>,
    /// Everything up to here must have been heard: the session was there until the end.
    pub(crate) until: Option<u64>,
}

/// A session that heard what it was to hear.
pub(crate) struct Judged {
    /// Events.
    pub(crate) count: usize,
    /// Events that it had to hear before it was over; others may follow.
    pub(crate) due: usize,
}

/// What the journal says.
pub(crate) struct Truth {
    /// Each user's events in the order of the feed, with their cursors.
    told: BTreeMap<UserId, Vec<(u64, u64)>>,
    /// Every chat as its records make it.
    pub(crate) chats: BTreeMap<ChatId, Chat>,
}

impl Truth {
    /// Reads the whole store.
    ///
    /// # Errors
    /// The chats whose snapshot and later records make another chat than all records do.
    pub(crate) async fn read(
        store: &MemoryStore,
        rules: &Rules,
        users: &[UserId],
    ) -> (Self, Vec<String>) {
        let mut truth = Self { told: BTreeMap::new(), chats: BTreeMap::new() };
        let mut notices: BTreeMap<ChatId, Vec<OfRecord>> = BTreeMap::new();
        let mut faults = Vec::new();
        for user in users {
            let mut told = Vec::new();
            let feed = FeedId::user(user);
            let page = store.feed(&feed, 0, usize::MAX).await.expect("memory answers");
            assert!(!page.gap_after(0), "the whole run lies within the replay window");
            // What is announced of readiness is no chat's.
            let of_chats = page.entries.into_iter().filter(|entry| !is_of_agent(&entry.chat));
            for entry in of_chats {
                if !notices.contains_key(&entry.chat) {
                    let (chat, of_chat) = fold(store, rules, &entry.chat).await;
                    faults.extend(check_snapshot(store, &chat).await);
                    truth.chats.insert(entry.chat.clone(), chat);
                    notices.insert(entry.chat.clone(), of_chat);
                }
                let at = usize::try_from(entry.record.version - 1).expect("a version is small");
                // A record that came after the chat was folded: after the end of the run.
                let of_record = notices[&entry.chat].get(at).map(Vec::as_slice).unwrap_or_default();
                let mine = of_record.iter().filter(|(to, _)| to.contains(user));
                told.extend(mine.map(|&(_, mark)| (entry.cursor, mark)));
            }
            truth.told.insert(user.clone(), told);
        }
        (truth, faults)
    }

    /// Judges one session.
    ///
    /// # Errors
    /// What it did not hear, heard twice or out of turn.
    pub(crate) fn judge(&self, transcript: &Transcript) -> Result<Judged, String> {
        let told = self.told.get(&transcript.user).map(Vec::as_slice).unwrap_or_default();
        let after = |cursor: u64| told.partition_point(|&(at, _)| at <= cursor);
        let (first, last) = (after(transcript.start.0), after(transcript.start.1));
        let agrees = |start: usize| {
            let told = told[start..].iter().map(|&(_, mark)| mark);
            transcript.heard.iter().zip(told).take_while(|(heard, told)| **heard == *told).count()
        };
        let start = (first..=last).max_by_key(|&start| agrees(start)).unwrap_or(first);
        let (count, expected) = (agrees(start), &told[start..]);
        let who = &transcript.user;
        if let Some(heard) = transcript.heard.get(count) {
            let is = |at: usize| expected.get(at).is_some_and(|(_, mark)| mark == heard);
            let what = match count {
                0 => "heard what nobody was told",
                _ if transcript.heard[..count].contains(heard) => "doubled",
                _ if is(count + 1) => "lost or reordered",
                _ => "unexpected",
            };
            return Err(format!("{who}: event {count} of {}: {what}", transcript.heard.len()));
        }
        let due = transcript.until.map_or(0, |until| after(until).saturating_sub(start));
        if count < due {
            return Err(format!("{who}: {count} events heard, {due} were to be heard"));
        }
        Ok(Judged { count, due })
    }
}

/// What one record was to tell: whom, and what.
type OfRecord = Vec<(Vec<UserId>, u64)>;

/// The chat from its first record on, and what each record was to tell whom.
async fn fold(store: &MemoryStore, rules: &Rules, id: &ChatId) -> (Chat, Vec<OfRecord>) {
    let mut chat = Chat::new(id.clone());
    let mut notices = Vec::new();
    for record in store.records(id, 0, usize::MAX).await.expect("memory answers") {
        let record = Record::from_json(&record.payload).expect("the server wrote it");
        let told = chat.announce(&record, rules);
        let marks = told.iter().map(|notice| (notice.to.to_vec(), mark(&notice.data)));
        notices.push(marks.collect());
    }
    (chat, notices)
}

/// Whether the newest snapshot and the records after it make the chat that all records make.
pub(crate) async fn check_snapshot(store: &MemoryStore, chat: &Chat) -> Option<String> {
    let loaded = store.load(chat.id()).await.expect("memory answers")?;
    let mut other = match &loaded.snapshot {
        Some(snapshot) if snapshot.model_rev == MODEL_REVISION => {
            match serde_json::from_slice::<Chat>(&snapshot.bytes) {
                Ok(chat) => chat,
                Err(error) => return Some(format!("{}: a snapshot: {error}", chat.id())),
            }
        }
        _ => Chat::new(chat.id().clone()),
    };
    for record in &loaded.records {
        if record.version <= chat.revision() {
            other.replay(&Record::from_json(&record.payload).expect("the server wrote it"));
        }
    }
    (other != *chat).then(|| format!("{}: the fold differs from snapshot and tail", chat.id()))
}
