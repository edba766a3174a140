//! The form in which chats travel between stores: one JSON object a line, a chat with its records or a
//! list of chats.
//!
//! Records keep their versions, times and command ids. What a record says is the model's own JSON, as
//! the journal has it; what would be none is told as base64, so that nothing is lost.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chat_model::ChatId;
use chat_store::{ChatRow, CommandId, FeedId, FeedRow, Record};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What one line holds.
pub(super) enum Line {
    Chat { chat: ChatId, expire_at_ms: Option<i64>, records: Vec<Record> },
    Feed { feed: FeedId, head: u64, listed: Vec<ChatId> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChatLine {
    chat: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expire_at_ms: Option<i64>,
    records: Vec<RecordPart>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RecordPart {
    version: u64,
    at_ms: i64,
    /// 32 hex digits.
    command: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FeedLine {
    feed: String,
    head: u64,
    listed: Vec<String>,
}

pub(super) fn chat(row: &ChatRow, records: &[Record]) -> String {
    let line = ChatLine {
        chat: row.chat.as_str().to_owned(),
        expire_at_ms: row.expire_at_ms,
        records: records.iter().map(part).collect(),
    };
    serde_json::to_string(&line).expect("texts and numbers can be printed")
}

pub(super) fn feed(row: &FeedRow, listed: &[ChatId]) -> String {
    let line = FeedLine {
        feed: row.feed.as_str().to_owned(),
        head: row.head,
        listed: listed.iter().map(|chat| chat.as_str().to_owned()).collect(),
    };
    serde_json::to_string(&line).expect("texts and numbers can be printed")
}

fn part(record: &Record) -> RecordPart {
    let text = std::str::from_utf8(&record.payload).ok();
    let json = text.and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
    // A line break between the parts of a text is allowed in JSON, and would end the line.
    let json = json.filter(|json| !json.get().contains('\n'));
    RecordPart {
        version: record.version,
        at_ms: record.at_ms,
        command: record.command.to_string(),
        base64: json.is_none().then(|| STANDARD.encode(&record.payload)),
        record: json.map(ToOwned::to_owned),
    }
}

/// Reads one line.
pub(super) fn read(line: &str) -> Result<Line, String> {
    /// Which of the two it is meant to be, so that the message speaks of that one.
    #[derive(Deserialize)]
    struct Which {
        chat: Option<serde::de::IgnoredAny>,
        feed: Option<serde::de::IgnoredAny>,
    }
    let which: Which = serde_json::from_str(line).map_err(|error| error.to_string())?;
    match which {
        Which { chat: Some(_), feed: None } => {
            let line: ChatLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
            let records = line.records.into_iter().map(record).collect::<Result<_, _>>()?;
            Ok(Line::Chat { chat: line.chat.into(), expire_at_ms: line.expire_at_ms, records })
        }
        Which { chat: None, feed: Some(_) } => {
            let line: FeedLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
            let feed = FeedId::parse(&line.feed).ok_or_else(|| {
                format!(
                    "expected `feed` to be a user's, a queue's or a visitor's, found {:?}",
                    line.feed
                )
            })?;
            if line.head > MOST {
                return Err(format!("expected `head` to be at most {MOST}, found {}", line.head));
            }
            let listed = line.listed.into_iter().map(ChatId::from).collect();
            Ok(Line::Feed { feed, head: line.head, listed })
        }
        _ => {
            Err("expected an object with either `chat` or `feed`, as `chat store export` prints"
                .into())
        }
    }
}

fn record(part: RecordPart) -> Result<Record, String> {
    let version = part.version;
    let command = command(&part.command).ok_or_else(|| {
        format!(
            "version {version}: expected `command` to be 32 hex digits, found {:?}",
            part.command
        )
    })?;
    let payload = match (part.record, part.base64) {
        (Some(json), None) => json.get().as_bytes().to_vec(),
        (None, Some(text)) => STANDARD
            .decode(&text)
            .map_err(|error| format!("version {version}: expected base64: {error}"))?,
        _ => return Err(format!("version {version}: expected either `record` or `base64`")),
    };
    Ok(Record::new(version, part.at_ms, command, payload))
}

fn command(text: &str) -> Option<CommandId> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(text, 16).ok().filter(|_| is_hex)?;
    Some(CommandId::new(number.to_be_bytes()))
}

/// Clients send the cursor back as a number of JavaScript, which counts up to 2^53; there has to be room
/// above it.
const MOST: u64 = 1 << 52;

#[cfg(test)]
mod tests {
    use chat_store::{ChatRow, CommandId, Head, Record};

    use super::{Line, chat, read};

    #[test]
    fn a_chat_comes_back_as_it_went() {
        let row = ChatRow::new("c1".into(), Head::new(2, 7), Some(9), Vec::new());
        let records = [
            Record::new(1, -5, CommandId::new([0xab; 16]), *b"{\"at\": 1.0}"),
            Record::new(2, 6, CommandId::new([0; 16]), *b"{\n\xff"),
        ];
        let line = chat(&row, &records);
        assert!(!line.contains('\n') && line.contains("{\"at\": 1.0}"), "{line}");
        let Ok(Line::Chat { chat, expire_at_ms, records: read }) = read(&line) else {
            panic!("{line}")
        };
        assert_eq!((chat.as_str(), expire_at_ms, &read[..]), ("c1", Some(9), &records[..]));
    }

    #[test]
    fn what_is_no_line_is_told() {
        for (line, part) in [
            ("", "EOF"),
            ("{}", "either `chat` or `feed`"),
            (r#"{"chat":"c","feed":"user:u"}"#, "either `chat` or `feed`"),
            (r#"{"chat":"c"}"#, "records"),
            (r#"{"feed":"x:1","head":1,"listed":[]}"#, "a user's, a queue's or a visitor's"),
            (
                r#"{"feed":"user:a","head":18446744073709551615,"listed":[]}"#,
                "expected `head` to be at most 4503599627370496",
            ),
            (
                r#"{"chat":"c","records":[{"version":1,"atMs":0,"command":"+0","record":{}}]}"#,
                "32 hex digits",
            ),
            (
                r#"{"chat":"c","records":[{"version":1,"atMs":0,"command":"00000000000000000000000000000000"}]}"#,
                "either `record` or `base64`",
            ),
        ] {
            let error = read(line).err().unwrap_or_default();
            assert!(error.contains(part), "{error:?}, for {line}");
        }
    }
}
