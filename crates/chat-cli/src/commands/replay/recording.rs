//! Reading a recording: line by line, and all of it before anything is sent, so that what cannot be played
//! is found while nothing has happened yet.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use chat_http::{Line, LineType};
use chat_model::{JsonRef, JsonText, Limits};
use hyper::Method;

use crate::exit::Failure;

/// Longer recordings are refused, because a recording is kept in memory.
const MOST_BYTES: u64 = 512 << 20;

/// So many requests may wait for their answers at one time; each takes a connection.
const MOST_OPEN: usize = 4_096;

/// The interface's place in an address, as recordings have it.
pub(super) const API: &str = "/api/v2";

/// A recording that can be played.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) base: String,
    pub(super) is_demo: bool,
    /// What happened, each with the number of its line.
    pub(super) lines: Vec<(usize, Line)>,
}

/// Reads the recording at `path`; `-` is standard input. With `partial` it may break off.
pub(super) fn read(path: &Path, partial: bool) -> Result<Recording, Failure> {
    let name = super::super::name(path);
    let says = |error| Failure::failed(format!("{name}: cannot be read: {error}"));
    let mut bytes = Vec::new();
    match path.as_os_str() == "-" {
        true => std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes),
        false => std::fs::File::open(path)
            .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)),
    }
    .map_err(says)?;
    if bytes.len() as u64 > MOST_BYTES {
        let why = format!("{name}: expected at most {MOST_BYTES} bytes, found more");
        return Err(Failure::failed(why));
    }
    parse(&bytes, partial)
        .map_err(|(line, why)| Failure::failed(format!("{name}: line {line}: {why}")))
}

/// A place, and what is wrong there.
type Wrong = (usize, String);

fn parse(bytes: &[u8], partial: bool) -> Result<Recording, Wrong> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let mut texts = (1..).zip(bytes.split(|byte| *byte == b'\n'));
    let first = texts.next().map(|(_, text)| text).unwrap_or_default();
    let header = line(first).map_err(|why| (1, why))?;
    let base = header.base.clone().filter(|base| header.is_known_header() && base.ends_with(API));
    let Some(base) = base else {
        return Err((1, "expected the first line of a recording of version 1".to_owned()));
    };
    let mut checked = Checked::default();
    let mut lines = Vec::new();
    let mut ended = None;
    let mut last = 1;
    for (at, text) in texts {
        last = at;
        if ended.is_some() {
            return Err((at, "expected nothing after the end".to_owned()));
        }
        let line = match line(text) {
            // What was being written when it broke off.
            Err(_) if partial && text.as_ptr_range().end == bytes.as_ptr_range().end => break,
            line => line.map_err(|why| (at, why))?,
        };
        if line.kind == LineType::End {
            ended = line.lines;
            if ended != Some(at as u64) {
                let found = ended.unwrap_or_default();
                return Err((at, format!("expected the end of {at} lines, found that of {found}")));
            }
            continue;
        }
        checked.check(&line).map_err(|why| (at, why))?;
        lines.push((at, line));
    }
    if ended.is_none() && !partial {
        let why = "expected the line of the end after it, found none: the recording breaks off; --partial plays it \
                   as far as it goes";
        return Err((last, why.to_owned()));
    }
    Ok(Recording { base, is_demo: header.demo == Some(true), lines })
}

fn line(text: &[u8]) -> Result<Line, String> {
    let line: Line = serde_json::from_slice(text).map_err(|error| {
        let text = error.to_string();
        // There is only one line.
        let why = text.rsplit_once(" at line ").map_or(&*text, |(why, _)| why);
        format!("column {}: {why}", error.column())
    })?;
    if let Some(body) = &line.body {
        json(body.get()).map_err(|error| format!("the body: {error}"))?;
    }
    Ok(line)
}

/// JSON as strict as the server's, and as long as it likes.
pub(super) fn json(text: &str) -> Result<JsonRef<'_>, String> {
    let mut limits = Limits::default();
    (limits.max_body_bytes, limits.max_keys) = (usize::MAX, usize::MAX);
    JsonRef::validate(text.as_bytes(), &limits).map_err(|error| error.to_string())
}

/// The body of a line.
pub(super) fn body(line: &Line) -> Option<JsonRef<'_>> {
    json(line.body.as_ref()?.get()).ok()
}

/// What of a line is compared, whatever form it has.
pub(super) fn body_text(line: &Line) -> JsonText {
    match (body(line), &line.text, &line.base64) {
        (Some(json), _, _) => json.to_text(),
        (None, Some(text), _) | (None, None, Some(text)) => JsonText::string(text),
        (None, None, None) => JsonText::string(""),
    }
}

/// What came before a line: lines make sense only together.
#[derive(Default)]
struct Checked {
    /// The exchanges, and whether they are websockets, if they are answered.
    exchanges: BTreeMap<u64, Option<bool>>,
    open: usize,
}

impl Checked {
    fn check(&mut self, line: &Line) -> Result<(), String> {
        let n = line.n.ok_or("expected a number `n`, found none")?;
        let known = self.exchanges.get(&n).copied();
        match (line.kind, known) {
            (LineType::Request, None) => {
                request(line)?;
                self.exchanges.insert(n, None);
                self.open += 1;
                if self.open > MOST_OPEN {
                    return Err(format!("expected at most {MOST_OPEN} requests without an answer"));
                }
            }
            (LineType::Reply | LineType::Gone, Some(None)) => {
                let is_reply = line.kind == LineType::Reply;
                if is_reply && !line.status.is_some_and(|status| (100..600).contains(&status)) {
                    return Err("expected the `status` of a reply, found none".to_owned());
                }
                self.exchanges.insert(n, Some(is_reply && line.status == Some(101)));
                self.open -= 1;
            }
            (LineType::Frame | LineType::Close, Some(Some(true))) => {
                if line.from.is_none() {
                    return Err("expected `from`, client or server, found neither".to_owned());
                }
            }
            (LineType::Request, Some(_)) => {
                return Err(format!("expected a new number, found {n} again"));
            }
            (kind, _) => {
                return Err(format!("found {kind:?} of {n}, which is no such exchange by then"));
            }
        }
        Ok(())
    }
}

fn request(line: &Line) -> Result<(), String> {
    let method = line.method.as_deref().unwrap_or_default();
    if Method::from_bytes(method.as_bytes()).is_err() {
        return Err(format!("expected the `method` of a request, found {method:?}"));
    }
    let path = line.path.as_deref().unwrap_or_default();
    let is_below =
        path.strip_prefix(API).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let query = line.query.as_ref().map_or(String::new(), |query| format!("?{query}"));
    if !is_below || format!("{path}{query}").parse::<hyper::Uri>().is_err() {
        return Err(format!("expected a `path` below {API}, found {path:?}"));
    }
    for (name, value) in &line.headers {
        let is_header = hyper::header::HeaderName::from_bytes(name.as_bytes()).is_ok()
            && hyper::header::HeaderValue::from_str(value).is_ok();
        if !is_header {
            return Err(format!("expected a header, found {name:?}"));
        }
    }
    Ok(())
}
