//! The rules of a contact centre that the model obeys, read once from JSON and shared.

use chat_model::{JsonRef, ReferenceIdReplies, Rules};
use serde::Deserialize;

use crate::guard::{self, out};
use crate::limits::{self, chatm_limits};
use crate::problem::{Problem, chatm_error, quoted};
use crate::status::chatm_status;
use crate::text::chatm_str;
use crate::value;

/// The rules of a contact centre. NULL stands for the default ones wherever rules are asked for.
///
/// They never change, so any number of threads may use them. Free them with `chatm_rules_free`.
#[derive(Debug)]
pub struct chatm_rules {
    rules: Rules,
}

static DEFAULT: Rules = Rules::DEFAULT;

/// What a file of rules may say; everything is optional.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    base: Option<String>,
    time_offset_minutes: Option<i16>,
    disposition_key: Option<String>,
    include_message_type: Option<bool>,
    /// `null` is a value of its own: invitations that never lapse.
    #[serde(default, deserialize_with = "present")]
    invitation_ms: Option<Option<u32>>,
    reference_id_replies: Option<Replies>,
    max_user_data_bytes: Option<usize>,
    max_transcript_bytes: Option<usize>,
}

#[derive(Deserialize)]
enum Replies {
    Documented,
    Always,
}

fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl File {
    fn into_rules(self) -> Result<Rules, Problem> {
        let mut rules = Rules::default();
        if let Some(base) = self.base {
            let is_address = ["/", "http://", "https://"].iter().any(|start| {
                base.strip_prefix(start).is_some_and(|rest| *start == "/" || !rest.is_empty())
            });
            let with_base = if is_address { rules.with_base(&base) } else { None };
            rules = with_base.ok_or_else(|| {
                misfit(
                    "base",
                    format!(
                        "expected an address that begins with `https://`, `http://` or `/`, found {}",
                        quoted(&base)
                    ),
                )
            })?;
        }
        // UTC-12 to UTC+14 is what there is on Earth; a day is what a printed offset can say.
        const DAY: i16 = 24 * 60;
        if let Some(minutes) = self.time_offset_minutes {
            if !(-DAY < minutes && minutes < DAY) {
                return Err(misfit(
                    "timeOffsetMinutes",
                    format!("expected a whole number from -1439 to 1439, found {minutes}"),
                ));
            }
            rules.time_offset_minutes = minutes;
        }
        if let Some(key) = self.disposition_key {
            if key.is_empty() {
                return Err(misfit("dispositionKey", "expected a key, found no text".to_owned()));
            }
            rules.disposition_key = key.into();
        }
        if let Some(replies) = self.reference_id_replies {
            rules.reference_id_replies = match replies {
                Replies::Documented => ReferenceIdReplies::Documented,
                Replies::Always => ReferenceIdReplies::Always,
            };
        }
        set(&mut rules.include_message_type, self.include_message_type);
        set(&mut rules.invitation_ms, self.invitation_ms);
        set(&mut rules.max_user_data_bytes, self.max_user_data_bytes);
        set(&mut rules.max_transcript_bytes, self.max_transcript_bytes);
        Ok(rules)
    }
}

/// What is wrong with the member called `name`.
fn misfit(name: &str, message: String) -> Problem {
    let pointer = format!("/{name}");
    Problem::value("rules.invalid", format!("{message}, in {pointer}")).at(pointer, None)
}

fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

/// The rules behind `pointer`, or the default ones.
///
/// # Safety
/// `pointer` is NULL or rules of this library that live for `'a`.
pub(crate) unsafe fn read<'a>(pointer: *const chatm_rules) -> Result<&'a Rules, Problem> {
    if pointer.is_null() {
        return Ok(&DEFAULT);
    }
    // SAFETY: the caller's word.
    Ok(&unsafe { guard::expect(pointer, "rules") }?.rules)
}

/// Reads rules from a JSON object whose members are all optional: `base` (what stands before
/// `/chats/{id}` in every `uri`; it begins with `https://`, `http://` or `/`), `timeOffsetMinutes`, `dispositionKey`, `includeMessageType`,
/// `invitationMs` (`null`: invitations never lapse), `referenceIdReplies` (`"Documented"` or
/// `"Always"`), `maxUserDataBytes`, `maxTranscriptBytes`.
///
/// `limits` are those of `json` and those that the rules carry on to operations; NULL stands for
/// the default ones. `*rules` belongs to the caller; free it with `chatm_rules_free`.
///
/// Fails with INVALID_ARGUMENT, INVALID_JSON, or INVALID_VALUE for an unknown member or a value that
/// is none. `error` may be NULL.
///
/// # Safety
/// Pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_rules_from_json(
    json: chatm_str,
    limits: *const chatm_limits,
    rules: *mut *mut chatm_rules,
    error: *mut *mut chatm_error,
) -> chatm_status {
    let body = || {
        // SAFETY: the caller's word.
        let (json, limits) = unsafe { (json.bytes("json")?, limits::read(limits)?) };
        let file: File = read_object(json, &limits, "rules.invalid")?;
        let mut rules = file.into_rules()?;
        rules.limits = limits;
        Ok(Some(Box::new(chatm_rules { rules })))
    };
    // SAFETY: the caller's word.
    unsafe { guard::run(error, out(rules, "rules"), body) }
}

/// Frees rules; NULL is allowed. Nothing that was made with them needs them any more.
///
/// # Safety
/// `rules` is NULL or rules of this library that nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chatm_rules_free(rules: *mut chatm_rules) {
    // SAFETY: the caller's word.
    unsafe { guard::free(rules) }
}

/// Reads an object of this library's own, after the model has looked at the JSON: then a fault has
/// its place in the text, and a key that stands twice is none that one of the two gets.
pub(crate) fn read_object<'a, T: Deserialize<'a>>(
    json: &'a [u8],
    limits: &chat_model::Limits,
    code: &'static str,
) -> Result<T, Problem> {
    value::read(json, JsonRef::validate(json, limits)?, code)
}
