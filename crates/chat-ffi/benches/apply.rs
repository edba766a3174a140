//! What does the C interface cost on top of the model?
//!
//! The same AttachUserData on the same chat, by a Rust program that calls chat-model and by one that
//! calls the functions of the shared library through pointers, as every C program does. Both read the
//! body, apply it, print the record for a journal, look at the reply and at every notification, and
//! free what they got.
//!
//! Run with `cargo bench -p chat-ffi --bench apply`.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench is the outermost layer: it reads the clock because that is its purpose"
)]

#[path = "../../chat-model/benches/support/instructions.rs"]
mod counter;
#[path = "../../chat-model/benches/support/measure.rs"]
mod measure;
#[path = "../../chat-model/benches/support/workload.rs"]
mod workload;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::ptr;

use chat_model::{
    Chat, ChatFile, Command, Context, CountingIds, Limits, OpenDirectory, Operation, OperationKind,
    Rules, Timestamp, UserId,
};
use chatmodel::{
    chatm_applied, chatm_buf, chatm_chat, chatm_context, chatm_error, chatm_limits,
    chatm_notification, chatm_status, chatm_str,
};
use counter::instructions;
use libloading::Library;
use measure::{interleave, ratio};

const AT: i64 = 1_389_261_492_035;
const USER: &str = "1e553fa1b4164908a5f36d43cec96086";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let way = arguments.next();
    let steps = arguments.next().and_then(|steps| steps.parse().ok()).unwrap_or(0);
    match way.as_deref() {
        Some(RUST_STEPS) => return run(steps, &mut Rust::new(&chat(32))),
        Some(C_STEPS) => return run(steps, &mut C::new(&chat(32))),
        _ => {}
    }
    println!("{:<36} {:>12} {:>12}", "per AttachUserData", "Rust", "C");
    for keys in [2, 32, 1_000] {
        compare(keys);
    }
    match (instructions(RUST_STEPS), instructions(C_STEPS)) {
        (Some(rust), Some(c)) => {
            println!("{:<36} {rust:>12.0} {c:>12.0}", "instructions, 32 keys");
            ratio("c_apply_32_instructions_vs_rust", c / rust);
        }
        _ => println!("instructions: not counted, because valgrind is not installed"),
    }
}

const RUST_STEPS: &str = "--rust-steps";
const C_STEPS: &str = "--c-steps";

fn compare(keys: usize) {
    let bodies = bodies(keys);
    let chat = chat(keys);
    let mut rust = Rust::new(&chat);
    let mut c = C::new(&chat);
    assert_eq!(rust.attach(&bodies[0]), c.attach(&bodies[0]), "both doors give as many bytes");

    let [mut turn, mut c_turn] = [0; 2];
    let [through_rust, through_c] = interleave(&mut [
        &mut || {
            turn += 1;
            black_box(rust.attach(black_box(&bodies[turn % 2])));
        },
        &mut || {
            c_turn += 1;
            black_box(c.attach(black_box(&bodies[c_turn % 2])));
        },
    ]);
    println!("{:<36} {through_rust:>9.0} ns {through_c:>9.0} ns", format!("{keys} keys"));
    ratio(&format!("c_apply_{keys}_vs_rust"), through_c / through_rust);
}

/// A program in one of the two languages.
trait Program {
    /// Attaches user data; says how many bytes came of it.
    fn attach(&mut self, body: &str) -> usize;
}

fn run(steps: usize, program: &mut dyn Program) {
    let bodies = bodies(32);
    for step in 0..steps {
        black_box(program.attach(black_box(&bodies[step % 2])));
    }
}

fn bodies(keys: usize) -> [String; 2] {
    workload::patches(keys)
        .map(|patch| format!("{{\"operationName\":\"AttachUserData\",\"userData\":{patch}}}"))
}

fn chat(keys: usize) -> String {
    format!(
        r#"{{"userData":{},"state":"Chatting","owner":"{USER}","participants":[
            {{"nickname":"test_consult_clientL","type":"Customer","participantId":"007352CE982D031B"}},
            {{"nickname":"TestName","type":"Agent","participantId":"007352CE984F0321"}}],
            "id":"0000Wa9CAM6W00J"}}"#,
        workload::document(keys)
    )
}

/// A Rust program.
struct Rust {
    chat: Chat,
    user: UserId,
    rules: Rules,
    directory: OpenDirectory,
    reference_id: u64,
}

impl Rust {
    fn new(chat: &str) -> Self {
        let file = ChatFile::read(chat.as_bytes(), &Limits::default()).expect("it is a chat");
        Self {
            chat: file.chat,
            user: file.owner.expect("it has an owner"),
            rules: Rules::default(),
            directory: OpenDirectory::new(),
            reference_id: 82,
        }
    }
}

impl Program for Rust {
    fn attach(&mut self, body: &str) -> usize {
        self.reference_id += 1;
        let operation = Operation::parse(body.as_bytes(), &self.rules.limits).expect("it is one");
        let context = Context::new(Timestamp::from_millis(AT), &self.rules, &self.directory)
            .with_reference_id(self.reference_id);
        let mut ids = CountingIds::of_chat(&self.chat);
        let applied = self
            .chat
            .apply(&Command::user(&self.user, &operation), &context, &mut ids)
            .expect("it is accepted");
        let reply = applied.reply(OperationKind::AttachUserData, &self.rules).to_json();
        let told: usize = applied.notices.iter().map(|notice| notice.data.len()).sum();
        applied.record.to_json().len() + reply.len() + told
    }
}

type Apply = unsafe extern "C" fn(
    *mut chatm_chat,
    chatm_str,
    *const chatm_context,
    *mut *mut chatm_applied,
    *mut *mut chatm_error,
) -> chatm_status;
type FromJson = unsafe extern "C" fn(
    chatm_str,
    *const chatm_limits,
    *mut *mut chatm_chat,
    *mut *mut chatm_error,
) -> chatm_status;
type Record = unsafe extern "C" fn(
    *const chatm_applied,
    *mut chatm_buf,
    *mut *mut chatm_error,
) -> chatm_status;
type Notification = unsafe extern "C" fn(
    *const chatm_applied,
    usize,
    *mut chatm_notification,
    *mut *mut chatm_error,
) -> chatm_status;

/// What a C program links.
struct Functions {
    apply: Apply,
    reply: unsafe extern "C" fn(*const chatm_applied) -> chatm_str,
    record: Record,
    count: unsafe extern "C" fn(*const chatm_applied) -> usize,
    notification: Notification,
    free: unsafe extern "C" fn(*mut chatm_applied),
    buf_free: unsafe extern "C" fn(*mut chatm_buf),
}

/// A C program.
struct C {
    functions: Functions,
    chat: *mut chatm_chat,
    reference_id: u64,
}

impl C {
    fn new(chat: &str) -> Self {
        // SAFETY: the library is ours; the bench loads it once per chat and never unloads it.
        unsafe {
            let library = Box::leak(Box::new(Library::new(library()).expect("the library loads")));
            let from_json = library.get::<FromJson>(b"chatm_chat_from_json").expect("it is there");
            let mut handle = ptr::null_mut();
            let status = from_json(str_of(chat), ptr::null(), &raw mut handle, ptr::null_mut());
            assert_eq!(status, 0, "it is a chat");
            let functions = Functions {
                apply: *library.get(b"chatm_chat_apply_json").expect("it is there"),
                reply: *library.get(b"chatm_applied_reply").expect("it is there"),
                record: *library.get(b"chatm_applied_record").expect("it is there"),
                count: *library.get(b"chatm_applied_notification_count").expect("it is there"),
                notification: *library.get(b"chatm_applied_notification").expect("it is there"),
                free: *library.get(b"chatm_applied_free").expect("it is there"),
                buf_free: *library.get(b"chatm_buf_free").expect("it is there"),
            };
            Self { functions, chat: handle, reference_id: 82 }
        }
    }
}

impl Program for C {
    fn attach(&mut self, body: &str) -> usize {
        self.reference_id += 1;
        // SAFETY: as the header says.
        unsafe {
            let mut context: chatm_context = std::mem::zeroed();
            context.struct_size = size_of::<chatm_context>();
            context.user = str_of(USER);
            context.at_ms = AT;
            context.reference_id = self.reference_id;
            let (mut applied, mut error) = (ptr::null_mut(), ptr::null_mut());
            let functions = &self.functions;
            let (out, why) = (&raw mut applied, &raw mut error);
            let status = (functions.apply)(self.chat, str_of(body), &raw const context, out, why);
            assert_eq!(status, 0, "it is accepted");
            let mut length = (functions.reply)(applied).len;
            for at in 0..(functions.count)(applied) {
                let mut told: chatm_notification = std::mem::zeroed();
                (functions.notification)(applied, at, &raw mut told, ptr::null_mut());
                length += told.data.len;
            }
            let mut record: chatm_buf = std::mem::zeroed();
            (functions.record)(applied, &raw mut record, ptr::null_mut());
            length += record.len;
            (functions.buf_free)(&raw mut record);
            (functions.free)(applied);
            length
        }
    }
}

fn str_of(text: &str) -> chatm_str {
    chatm_str { ptr: text.as_ptr().cast(), len: text.len() }
}

/// The shared library that Cargo built with this bench.
fn library() -> PathBuf {
    let here = std::env::current_exe().expect("the bench is a file");
    let folder = here.parent().expect("the bench is in a folder");
    let name = format!("{}chatmodel{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let places = [folder.join(&name), folder.join("..").join(&name)];
    let found = places.iter().find(|path| Path::exists(path));
    found.unwrap_or_else(|| panic!("expected the library at one of {places:?}, found none")).clone()
}
