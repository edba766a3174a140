//! Who hears what: notifications, written once per distinct view (DEC-22, DEC-31 to DEC-34).
//!
//! Notices are a function of the chat and a record, so that any reader of the journal can make the
//! same ones as the node that accepted the operation.

use alloc::string::String;
use core::fmt::Write as _;

use smallvec::SmallVec;

use super::view::{ChatView, Separator, write_chat_path, write_chat_uri};
use super::{Chat, Leg};
use crate::event::{Author, Event, Record};
use crate::id::UserId;
use crate::json::write_string;
use crate::participant::sees;
use crate::rules::Rules;

/// Something to tell one or more users.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Notice {
    /// Who is told; each once.
    pub to: SmallVec<[UserId; 1]>,
    /// The content of `data` as JSON, the same bytes for all of them (NOTIF-3.0-1).
    pub data: String,
}

impl Notice {
    /// The topic of all notices about chats (NOTIF-2.1).
    pub const CHANNEL: &'static str = "/v2/me/chats";
}

/// What an operation gives to tell, in order.
pub type Notices = SmallVec<[Notice; 1]>;

/// Why a chat resource is sent (CHAT-8.3 to CHAT-8.5).
#[derive(Clone, Copy)]
enum Change {
    Status,
    Participants,
    Properties,
}

impl Change {
    /// What stands behind the resource.
    const fn end(self) -> &'static str {
        macro_rules! end {
            ($notification_type:literal) => {
                concat!(
                    ",\"notificationType\":\"",
                    $notification_type,
                    "\",\"messageType\":\"ChatStateChangeMessage\"}"
                )
            };
        }
        match self {
            Self::Status => end!("StatusChange"),
            Self::Participants => end!("ParticipantsUpdated"),
            Self::Properties => end!("PropertiesUpdated"),
        }
    }
}

impl Chat {
    /// Replays `record` like [`Chat::replay`] and returns what it gives to tell.
    pub fn announce(&mut self, record: &Record, rules: &Rules) -> Notices {
        let mut out = Notices::new();
        for event in &record.events {
            let log_before = self.log_len();
            self.evolve(event, record.at);
            if event.is_about_user_data() {
                self.print_tails(rules);
            }
            Announcer { chat: self, record, rules, log_before, out: &mut out }.announce(event);
        }
        self.count_record();
        out
    }
}

struct Announcer<'a> {
    /// The chat right after the event.
    chat: &'a Chat,
    record: &'a Record,
    rules: &'a Rules,
    log_before: u64,
    out: &'a mut Notices,
}

impl Announcer<'_> {
    fn announce(&mut self, event: &Event) {
        match event {
            Event::Imported { .. }
            | Event::Requested { .. }
            | Event::Queued { .. }
            | Event::Answered(_) => {}
            Event::Offered { user, .. }
            | Event::Accepted { user, .. }
            | Event::JoinFailed { user }
            | Event::Declined { user } => self.tell_one(Change::Status, user),
            Event::SupervisorAdmitted { user, .. } => self.tell_one(Change::Status, user),
            Event::Joined { user, .. } => {
                self.tell_participants(None);
                // CHAT-8.11: the whole history goes to the one who joined.
                self.tell_history(user);
                self.tell_new_entries(Some(user));
            }
            Event::Revoked { user, .. } | Event::Left { user, .. } => {
                self.tell_one(Change::Status, user);
                if self.log_before < self.chat.log_len() {
                    self.tell_participants(Some(user));
                    self.tell_new_entries(None);
                }
            }
            Event::UserDataAttached { .. }
            | Event::UserDataUpdated { .. }
            | Event::UserDataDeleted { .. }
            | Event::DispositionSet { .. }
            | Event::CommentSet { .. } => self.tell_active(Change::Properties),
            // DEC-20: to the caller only.
            Event::FocusSet { user } => self.tell_one(Change::Properties, user),
            Event::Said { .. } => self.tell_new_entries(None),
            Event::RoleChanged { .. } | Event::CustomerLeft => {
                self.tell_participants(None);
                self.tell_new_entries(None);
            }
            Event::OperationFailed { to, reference_id, code, message } => {
                self.tell_failure(to, *reference_id, *code, message);
            }
        }
    }

    fn tell_one(&mut self, change: Change, user: &UserId) {
        self.tell(change, |leg| leg.user == *user);
    }

    /// Those who have joined and see what the transcript says of it, also when their own part is down
    /// to wrap-up: participants change for nobody else (DEC-22, DEC-32). Whoever watches unseen is not
    /// given away by a notification.
    fn tell_participants(&mut self, except: Option<&UserId>) {
        let chat = self.chat;
        let news = &chat.log[self.log_before as usize..];
        let concerns = |leg: &Leg| {
            news.iter().any(|entry| sees(entry.visibility, &chat.people[entry.from as usize], leg))
        };
        self.tell(Change::Participants, |leg| {
            !leg.state.is_final()
                && leg.person.is_some()
                && Some(&leg.user) != except
                && concerns(leg)
        });
    }

    /// DEC-22: a user-data operation counts as a change for everyone whose leg is open.
    fn tell_active(&mut self, change: Change) {
        self.tell(change, |leg| !leg.state.is_final());
    }

    /// Tells every leg that `who` picks; those with the same view share the bytes.
    fn tell(&mut self, change: Change, who: impl Fn(&Leg) -> bool) {
        let chat = self.chat;
        let written = self.out.len();
        let mut views: SmallVec<[(&Leg, Option<u64>); 4]> = SmallVec::new();
        for leg in chat.legs.iter().filter(|leg| who(leg)) {
            let reference_id = self.reference_id_for(&leg.user);
            let same = views
                .iter()
                .position(|&(other, number)| number == reference_id && same_view(chat, leg, other));
            if let Some(same) = same {
                self.out[written + same].to.push(leg.user.clone());
                continue;
            }
            views.push((leg, reference_id));
            let view = ChatView::of_leg(chat, leg, self.rules);
            let mut data = String::with_capacity(view.expected_len() + 128);
            match reference_id {
                Some(reference_id) => {
                    data.push_str("{\"referenceId\":");
                    data.push_str(itoa::Buffer::new().format(reference_id));
                    data.push_str(",\"chat\":{\"userData\":");
                }
                None => data.push_str("{\"chat\":{\"userData\":"),
            }
            chat.user_data.write_json(&mut data);
            match leg.tail.text(self.rules) {
                Some(tail) => data.push_str(tail),
                None => view.write_tail(&mut data),
            }
            data.push_str(change.end());
            self.out.push(Notice { to: SmallVec::from_elem(leg.user.clone(), 1), data });
        }
    }

    /// DEC-31: the number of the request goes to the requester only.
    fn reference_id_for(&self, user: &UserId) -> Option<u64> {
        match &self.record.by {
            Author::User(requester) if requester == user => self.record.reference_id,
            _ => None,
        }
    }

    fn tell_history(&mut self, user: &UserId) {
        let Some(view) = self.chat.view(user, self.rules) else { return };
        if view.entries(1).next().is_some() {
            let expected = view.entries(1).map(|(_, entry, _)| entry.expected_len()).sum();
            let data = self.message_log(expected, |out| {
                let mut separate = Separator::new();
                for (index, entry, from) in view.entries(1) {
                    separate.before_next(out);
                    entry.write_json(out, index, from, self.rules);
                }
            });
            self.out.push(Notice { to: SmallVec::from_elem(user.clone(), 1), data });
        }
    }

    /// New entries go to those in the conversation who see them, the sender included (DEC-22).
    fn tell_new_entries(&mut self, except: Option<&UserId>) {
        let chat = self.chat;
        for (at, entry) in chat.log.iter().enumerate().skip(self.log_before as usize) {
            let from = &chat.people[entry.from as usize];
            let to: SmallVec<[UserId; 1]> = chat
                .chatting()
                .filter(|leg| leg.person.is_some() && Some(&leg.user) != except)
                .filter(|leg| sees(entry.visibility, from, leg))
                .map(|leg| leg.user.clone())
                .collect();
            if to.is_empty() {
                continue;
            }
            let rules = self.rules;
            let data = self.message_log(entry.expected_len(), |out| {
                entry.write_json(out, at as u64 + 1, from, rules)
            });
            self.out.push(Notice { to, data });
        }
    }

    /// CHAT-8.8, DEC-33: both addresses, and never a reference id.
    fn message_log(&self, expected: usize, write_entries: impl FnOnce(&mut String)) -> String {
        const FRAME: usize = 256;
        let mut data = String::with_capacity(FRAME + expected);
        data.push_str("{\"messages\":[");
        write_entries(&mut data);
        data.push_str("],\"notificationType\":\"NewMessages\",\"messageType\":\"MessageLogUpdated\",\"chatUri\":\"");
        write_chat_uri(&mut data, self.chat, self.rules);
        data.push_str("\",\"chatPath\":\"");
        write_chat_path(&mut data, self.chat);
        data.push_str("\"}");
        data
    }

    /// DEC-34.
    fn tell_failure(&mut self, to: &UserId, reference_id: Option<u64>, code: u8, message: &str) {
        let Some(view) = self.chat.view(to, self.rules) else { return };
        let mut data = String::with_capacity(view.expected_len() + 256);
        data.push_str("{\"messageType\":\"ChatStateChangeMessage\",\"notificationType\":\"Error\"");
        if let Some(reference_id) = reference_id {
            let _ = write!(data, ",\"referenceId\":{reference_id}");
        }
        data.push_str(",\"errorMessage\":");
        write_string(&mut data, message);
        let _ = write!(data, ",\"errorCode\":{code},\"chat\":");
        view.write_json(&mut data);
        data.push('}');
        self.out.push(Notice { to: SmallVec::from_elem(to.clone(), 1), data });
    }
}

/// Whether two agents see the same resource: state, capabilities and participants agree.
///
/// Whom only supervisors see is seen by all of them (DEC-22); being one of them oneself, by those
/// who are.
pub(super) fn same_view(chat: &Chat, one: &Leg, other: &Leg) -> bool {
    one.state == other.state
        && one.person.is_some() == other.person.is_some()
        && one.is_supervisor() == other.is_supervisor()
        && chat.situation_of(one).capabilities_json()
            == chat.situation_of(other).capabilities_json()
}
