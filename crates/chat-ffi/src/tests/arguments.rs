//! What arguments are for, the memory that they point to, and what a call did with all of it.

use std::ptr;

use super::call::{Returned, Value};
use super::exports::Export;
use super::world::{Which, context};
use crate::guard::planted;
use crate::{
    CHATM_STATUS_OK, CHATM_STATUS_REFUSED, chatm_buf, chatm_buf_free, chatm_context, chatm_error,
    chatm_error_code, chatm_error_free, chatm_error_message, chatm_error_status, chatm_limits,
    chatm_notification, chatm_status, chatm_str,
};

/// What an argument is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// One of a few numbers, of which this is the first.
    OneOf(i32),
    /// An index; there is something at 0.
    Index,
    AnyNumber,
    /// A text that may be empty, but then names nothing.
    Text(&'static str),
    /// A text that must not be empty.
    Name(&'static str),
    Json(Body, &'static str),
    Limits,
    Context,
    Handle(Which),
    /// A handle for which NULL has a meaning.
    Optional(Which),
    /// What is freed.
    Free,
    Out(Place),
    OutIfWanted(Place),
    Error,
}

/// What a JSON text is read as.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    Operation,
    /// Something else; JSON that is none has this code.
    Value(&'static [&'static str]),
}

/// What a result is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Text,
    Buffer,
    Notification,
    Number,
    Handle(Which),
}

impl Place {
    fn words(self) -> usize {
        let bytes = match self {
            Self::Text => size_of::<chatm_str>(),
            Self::Buffer => size_of::<chatm_buf>(),
            Self::Notification => size_of::<chatm_notification>(),
            Self::Number => size_of::<u64>(),
            Self::Handle(_) => size_of::<*mut u8>(),
        };
        bytes.div_ceil(size_of::<u64>())
    }
}

/// What a place holds before a call.
const GARBAGE: u64 = 0xaaaa_aaaa_aaaa_aaab;

/// Words that a struct has room for, so that one of any size can be passed.
const STRUCT: usize = 8192 / size_of::<u64>();

/// Everything that one call needs, all of it right.
pub(super) struct Frame<'a> {
    pub(super) export: &'a Export,
    pub(super) values: Vec<Value>,
    pub(super) handles: Vec<(usize, Which, *mut u8)>,
    /// Where results go; and the structs, whose first word is their size.
    memory: Vec<(usize, Option<Place>, Vec<u64>)>,
    texts: Vec<Box<[u8]>>,
    error: Box<*mut chatm_error>,
}

/// How the place for the error is passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ErrorPlace {
    Given,
    Null,
    Misaligned,
}

impl<'a> Frame<'a> {
    pub(super) fn new(export: &'a Export) -> Self {
        let mut frame = Self {
            export,
            values: Vec::new(),
            handles: Vec::new(),
            memory: Vec::new(),
            texts: Vec::new(),
            error: Box::new(ptr::without_provenance_mut(GARBAGE as usize)),
        };
        for at in 0..export.parameters.len() {
            let value = frame.valid(at);
            frame.values.push(value);
        }
        frame
    }

    fn valid(&mut self, at: usize) -> Value {
        match self.export.parameters[at].1 {
            Role::OneOf(first) => Value::Number(first as u64),
            Role::Index => Value::Number(0),
            Role::AnyNumber => Value::Number(7),
            Role::Text(text) | Role::Name(text) | Role::Json(_, text) => self.text(text.as_bytes()),
            Role::Handle(which) | Role::Optional(which) => {
                let handle = which.make();
                self.handles.push((at, which, handle));
                Value::Place(handle)
            }
            Role::Free => Value::Place(ptr::null_mut()),
            Role::Limits => {
                let place = self.memory(at, None, vec![0; STRUCT]);
                // SAFETY: the memory is larger.
                unsafe { place.cast::<usize>().write(size_of::<chatm_limits>()) };
                Value::Place(place)
            }
            Role::Context => {
                let place = self.memory(at, None, vec![0; STRUCT]);
                // SAFETY: the memory is larger, and aligned to 8.
                unsafe { place.cast::<chatm_context>().write(context()) };
                Value::Place(place)
            }
            Role::Out(place) | Role::OutIfWanted(place) => {
                Value::Place(self.memory(at, Some(place), vec![GARBAGE; place.words()]))
            }
            Role::Error => Value::Place((&raw mut *self.error).cast()),
        }
    }

    fn memory(&mut self, at: usize, place: Option<Place>, mut words: Vec<u64>) -> *mut u8 {
        let start = words.as_mut_ptr().cast();
        self.memory.push((at, place, words));
        start
    }

    /// A text that ends where its memory ends.
    pub(super) fn text(&mut self, bytes: &[u8]) -> Value {
        self.texts.push(bytes.into());
        let kept = self.texts.last().expect("it was just pushed");
        Value::Text(chatm_str { ptr: kept.as_ptr().cast(), len: kept.len() })
    }

    /// Writes into the struct that the argument at `at` points to.
    pub(super) fn write(&mut self, at: usize, offset: usize, bytes: &[u8]) {
        let (.., words) = self.memory.iter_mut().find(|it| it.0 == at).expect("it is a struct");
        assert!(offset + bytes.len() <= words.len() * size_of::<u64>());
        let start = words.as_mut_ptr().cast::<u8>();
        // SAFETY: within the words, as just seen.
        unsafe { start.add(offset).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// The same pointer, one byte further.
    pub(super) fn misalign(&mut self, at: usize) {
        let misaligned = match self.values[at] {
            // A pointer to nothing has no next byte.
            Value::Place(place) if place.is_null() => ptr::without_provenance_mut(1),
            Value::Place(place) => place.wrapping_add(1),
            other => panic!("expected a pointer, found {other:?}"),
        };
        self.values[at] = Value::Place(misaligned);
    }

    pub(super) fn is_fallible(&self) -> bool {
        self.export.fallback.is_none()
    }

    /// All of it right, with a chat of the caller's as the first argument.
    pub(super) fn with_chat(export: &'a Export, chat: *mut u8) -> Self {
        let mut frame = Self::new(export);
        let (_, which, own) = frame.handles.remove(0);
        // SAFETY: made for this call.
        unsafe { which.free(own) };
        frame.values[0] = Value::Place(chat);
        frame
    }

    /// Calls the export, looks at everything that it had in its hands, and frees what came of it.
    pub(super) fn call(self, error_place: ErrorPlace) -> Outcome {
        self.call_with(error_place, None)
    }

    /// The same with a panic planted in the library.
    pub(super) fn call_with(
        mut self,
        error_place: ErrorPlace,
        planted: Option<planted::Place>,
    ) -> Outcome {
        if self.is_fallible() {
            let at = self.values.len() - 1;
            match error_place {
                ErrorPlace::Given => {}
                ErrorPlace::Null => self.values[at] = Value::Place(ptr::null_mut()),
                ErrorPlace::Misaligned => self.misalign(at),
            }
        }
        let before = self.shown();
        planted::PLACE.set(planted);
        let returned = self.export.call(&self.values);
        planted::PLACE.set(None);
        let is_unchanged = before == self.shown();
        let outcome = match returned {
            Returned::Number(status) if self.is_fallible() => {
                let status = chatm_status::try_from(status).expect("a status is an i32");
                self.judge(status, is_unchanged, error_place)
            }
            returned => {
                assert!(is_unchanged, "{}: expected nothing to change", self.export.name);
                Outcome::Returned(returned)
            }
        };
        for (_, which, handle) in &self.handles {
            // SAFETY: made for this call.
            unsafe { which.free(*handle) };
        }
        outcome
    }

    fn shown(&self) -> Vec<String> {
        // SAFETY: made for this call.
        self.handles.iter().map(|(_, which, handle)| unsafe { which.show(*handle) }).collect()
    }

    fn judge(&mut self, status: chatm_status, is_unchanged: bool, place: ErrorPlace) -> Outcome {
        let name = self.export.name;
        for (at, result, words) in &mut self.memory {
            let (Some(result), Value::Place(passed)) = (*result, self.values[*at]) else {
                continue;
            };
            if !ptr::eq(passed, words.as_ptr().cast()) {
                assert!(
                    words.iter().all(|&word| word == GARBAGE),
                    "{name}: nobody gave this place"
                );
                continue;
            }
            if status == CHATM_STATUS_OK {
                assert!(!words.contains(&GARBAGE), "{name}: expected the whole result");
                release(result, words);
            } else {
                assert!(words.iter().all(|&word| word == 0), "{name}: expected an empty result");
            }
        }
        let error = *self.error;
        if place != ErrorPlace::Given {
            assert_eq!(error.addr(), GARBAGE as usize, "{name}: nobody gave this place");
        }
        if status == CHATM_STATUS_OK {
            assert!(place != ErrorPlace::Given || error.is_null(), "{name}: expected no error");
            return Outcome::Works;
        }
        assert!(is_unchanged, "{name}: expected a failed call to change nothing");
        if place != ErrorPlace::Given {
            return Outcome::Fails(status, None);
        }
        // SAFETY: the call has failed, so there is an error.
        unsafe {
            assert_eq!(chatm_error_status(error), status, "{name}");
            let text = |text: chatm_str| text.text("text").expect("text is UTF-8").to_owned();
            let message = text(chatm_error_message(error));
            let is_said = message.contains("expected") || status == CHATM_STATUS_REFUSED;
            assert!(is_said && !message.is_empty(), "{name}: {message:?}");
            assert!(message.len() < 2048, "{name}: {} bytes to read", message.len());
            let code = text(chatm_error_code(error));
            chatm_error_free(error);
            Outcome::Fails(status, Some(code))
        }
    }
}

/// Frees what an export gave.
fn release(place: Place, words: &mut [u64]) {
    let start = words.as_mut_ptr();
    // SAFETY: the export has filled the place.
    unsafe {
        match place {
            Place::Text | Place::Notification | Place::Number => {}
            Place::Buffer => {
                let buffer = start.cast::<chatm_buf>();
                assert_eq!(*(*buffer).ptr.add((*buffer).len), 0, "expected a NUL behind the text");
                chatm_buf_free(buffer);
                chatm_buf_free(buffer);
                assert!((*buffer).ptr.is_null() && (*buffer).len == 0 && (*buffer).cap == 0);
            }
            Place::Handle(which) => which.free(start.cast::<*mut u8>().read()),
        }
    }
}

/// What came of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    Works,
    /// The status, and the code if there was a place for the error.
    Fails(chatm_status, Option<String>),
    /// Of an export without a status.
    Returned(Returned),
}
