//! Structs are for C what they are for Rust: asked of the C compilers, member by member.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::mem::offset_of;
use std::process::{Command, Stdio};

use super::sources;
use crate::{chatm_buf, chatm_by, chatm_context, chatm_limits, chatm_notification};
use crate::{chatm_random, chatm_status, chatm_str, chatm_trigger};

/// A struct: its size and alignment, and the place and size of each member.
struct Layout {
    name: &'static str,
    size: usize,
    align: usize,
    members: Vec<(&'static str, usize, usize)>,
}

macro_rules! layouts {
    ($($name:ident { $($member:ident),+ })+) => {
        [$(Layout {
            name: stringify!($name),
            size: size_of::<$name>(),
            align: align_of::<$name>(),
            members: vec![$((
                stringify!($member),
                offset_of!($name, $member),
                size_of_member(|it: &$name| &it.$member),
            )),+],
        }),+]
    };
}

fn size_of_member<S, M>(_: fn(&S) -> &M) -> usize {
    size_of::<M>()
}

fn layouts() -> impl IntoIterator<Item = Layout> {
    layouts! {
        chatm_buf { ptr, len, cap }
        chatm_context {
            struct_size, at_ms, reference_id, user, agent, rules, directory, id_seed, random,
            random_data
        }
        chatm_limits { struct_size, max_bytes, max_depth, max_keys, max_key_bytes }
        chatm_notification { to, channel, data }
        chatm_str { ptr, len }
    }
}

#[test]
fn every_struct_that_c_sees_is_looked_at() {
    let of_sources: BTreeMap<String, Vec<String>> = sources::structs()
        .iter()
        .map(|it| {
            let members = it.fields.iter().filter_map(|field| field.ident.as_ref());
            (it.ident.to_string(), members.map(ToString::to_string).collect())
        })
        .collect();
    let looked_at: BTreeMap<String, Vec<String>> = layouts()
        .into_iter()
        .map(|it| {
            (it.name.to_owned(), it.members.iter().map(|member| member.0.to_owned()).collect())
        })
        .collect();
    assert_eq!(looked_at, of_sources);
}

/// Rust needs a C compiler to link, so there is one; `CHATM_C_COMPILERS` names those that are to be
/// asked instead, with blanks between them.
#[test]
fn c_compilers_and_rust_lay_structs_out_alike() {
    let given = std::env::var("CHATM_C_COMPILERS");
    for compiler in given.as_deref().unwrap_or("cc").split_whitespace() {
        assert_eq!(complaints(compiler, &assertions()), "", "{compiler}");
        let lie = assertions() + "_Static_assert(sizeof(chatm_str) == 3, \"a lie\");\n";
        assert!(complaints(compiler, &lie).contains("a lie"), "{compiler} looks at nothing");
    }
}

fn assertions() -> String {
    // Twice, because nobody knows what other headers include.
    let mut text = String::from("#include <chatmodel.h>\n#include <chatmodel.h>\n");
    let mut same = |what: String, is: usize| {
        text += &format!("_Static_assert({what} == {is}, \"{what} is {is}\");\n");
    };
    for Layout { name, size, align, members } in layouts() {
        same(format!("sizeof({name})"), size);
        same(format!("_Alignof({name})"), align);
        for (member, offset, size) in members {
            same(format!("offsetof({name}, {member})"), offset);
            same(format!("sizeof((({name} *)0)->{member})"), size);
        }
    }
    same("sizeof(chatm_status)".to_owned(), size_of::<chatm_status>());
    same("sizeof(chatm_by)".to_owned(), size_of::<chatm_by>());
    same("sizeof(chatm_trigger)".to_owned(), size_of::<chatm_trigger>());
    same("sizeof(chatm_random)".to_owned(), size_of::<chatm_random>());
    text
}

/// What `compiler` has to say of a C program.
fn complaints(compiler: &str, program: &str) -> String {
    let mut child = Command::new(compiler)
        .args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-fsyntax-only", "-x", "c", "-"])
        .arg(concat!("-I", env!("CARGO_MANIFEST_DIR"), "/include"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{compiler}: {error}"));
    let mut input = child.stdin.take().expect("it was asked for");
    input.write_all(program.as_bytes()).expect("the compiler reads");
    drop(input);
    let output = child.wait_with_output().expect("the compiler ends");
    String::from_utf8_lossy(&output.stderr).into_owned()
}
