//! What is wrong with a JSON text, and where: for the person who has to repair the client.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::scan::string_end;
use super::string::decode;
use super::{JsonKind, Key};

/// Why a JSON text was refused: the problem, the byte it was found at, and the value it is in.
///
/// The message names what was expected and what came, such as ``expected `,` or `}` at byte 17,
/// found `x` ``.
#[derive(Clone, PartialEq, Eq)]
pub struct JsonError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    problem: Problem,
    offset: usize,
    pointer: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    TooLarge { bytes: usize, max: usize },
    InvalidUtf8,
    Expected { expected: &'static str, found: char },
    UnexpectedEnd { expected: &'static str },
    ControlCharacter(u8),
    LoneSurrogate(u16),
    TooDeep { max: usize },
    DuplicateKey(String),
    EmptyKey,
    KeyTooLong { bytes: usize, max: usize },
    TooManyKeys { keys: usize, max: usize },
    WrongKind { expected: JsonKind, found: JsonKind },
}

impl JsonError {
    /// How many bytes stand before the problem, counted from the beginning of the text that was
    /// read.
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// The JSON Pointer (RFC 6901) of the value that the problem is in; `""` is the whole text. For
    /// a problem with a key it is the object that has the key.
    pub fn pointer(&self) -> &str {
        &self.0.pointer
    }

    /// Whether the text was longer than allowed, which HTTP answers with 413 (DEC-7).
    pub fn is_too_large(&self) -> bool {
        matches!(self.0.problem, Problem::TooLarge { .. })
    }

    /// How many keys there are and may be, if that is what is wrong: a reader of a part of a body
    /// does not know the part's place in it, and whoever asked for the part does.
    pub(crate) fn too_many_keys(&self) -> Option<(usize, usize)> {
        match self.0.problem {
            Problem::TooManyKeys { keys, max } => Some((keys, max)),
            _ => None,
        }
    }

    #[cold]
    pub(crate) fn new(problem: Problem, offset: usize, pointer: String) -> Self {
        Self(Box::new(Inner { problem, offset, pointer }))
    }

    /// A problem at `offset` of `text`, which is valid JSON up to there.
    #[cold]
    pub(super) fn at(problem: Problem, text: &str, offset: usize) -> Self {
        Self::new(problem, offset, pointer_to(text, offset))
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { problem, offset, pointer } = &*self.0;
        match problem {
            Problem::TooLarge { bytes, max } => {
                return write!(f, "expected a body of at most {max} bytes, found {bytes}");
            }
            Problem::InvalidUtf8 => {
                return write!(f, "expected UTF-8 at byte {offset}, found another encoding");
            }
            Problem::Expected { expected, found } => {
                write!(f, "expected {expected} at byte {offset}, found ")?;
                match found {
                    '`' => f.write_str("a backtick")?,
                    found if found.is_control() => write!(f, "U+{:04X}", *found as u32)?,
                    found => write!(f, "`{found}`")?,
                }
            }
            Problem::UnexpectedEnd { expected } => {
                write!(f, "expected {expected} at byte {offset}, found the end")?;
            }
            Problem::ControlCharacter(byte) => write!(
                f,
                "expected \\u{byte:04x} at byte {offset}, found the control character that it stands for"
            )?,
            Problem::LoneSurrogate(unit) => {
                write!(
                    f,
                    "expected a pair of surrogates at byte {offset}, found \\u{unit:04x} alone"
                )?;
            }
            Problem::TooDeep { max } => {
                write!(f, "expected at most {max} levels of nesting, found more at byte {offset}")?;
            }
            Problem::DuplicateKey(key) => {
                let mut quoted = String::new();
                super::write_string(&mut quoted, &shortened(key));
                write!(f, "expected each key once in an object, found {quoted} twice")?;
            }
            Problem::EmptyKey => {
                write!(f, "expected a key of at least one character at byte {offset}, found none")?;
            }
            Problem::KeyTooLong { bytes, max } => {
                write!(f, "expected a key of at most {max} bytes at byte {offset}, found {bytes}")?;
            }
            Problem::TooManyKeys { keys, max } => {
                write!(f, "expected at most {max} keys, found {keys}")?;
            }
            Problem::WrongKind { expected, found } => {
                write!(f, "expected {expected}, found {found}")?
            }
        }
        if !pointer.is_empty() && !matches!(problem, Problem::TooDeep { .. }) {
            write!(f, ", in {}", shortened(pointer))?;
        }
        Ok(())
    }
}

impl fmt::Debug for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonError")
            .field("problem", &self.0.problem)
            .field("offset", &self.0.offset)
            .field("pointer", &self.0.pointer)
            .finish()
    }
}

impl core::error::Error for JsonError {}

/// At most 80 characters, so that a hostile key does not become a hostile message.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => {
            let mut short = text[..end].to_string();
            short.push('…');
            short
        }
        None => text.to_string(),
    }
}

/// The JSON Pointer of the value that `offset` lies in. `text` is valid JSON up to `offset`; the
/// rest is not looked at.
fn pointer_to(text: &str, offset: usize) -> String {
    enum Open<'a> {
        Array(usize),
        Object(Option<Key<'a>>),
    }
    let bytes = text.as_bytes();
    let mut path: Vec<Open<'_>> = Vec::new();
    let mut at = 0;
    while at < offset {
        match bytes[at] {
            b'{' => path.push(Open::Object(None)),
            b'[' => path.push(Open::Array(0)),
            b'}' | b']' => {
                path.pop();
            }
            b',' => match path.last_mut() {
                Some(Open::Array(index)) => *index += 1,
                Some(Open::Object(key)) => *key = None,
                None => {}
            },
            b'"' => {
                let end = string_end(bytes, at);
                if end > offset {
                    break;
                }
                if let Some(Open::Object(key @ None)) = path.last_mut() {
                    *key = Some(Key(&text[at..end]));
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    let mut pointer = String::new();
    for open in path {
        match open {
            Open::Array(index) => {
                let _ = write!(pointer, "/{index}");
            }
            Open::Object(None) => {}
            Open::Object(Some(key)) => {
                pointer.push('/');
                pointer.push_str(&decode(key.inner()).replace('~', "~0").replace('/', "~1"));
            }
        }
    }
    pointer
}
