//! The sources of this crate, parsed: what is exported, and which structs C sees.

use std::fs;
use std::path::{Path, PathBuf};

use syn::{FnArg, Item, ItemFn, ItemStruct, Pat};

/// Every function that C can call: `extern "C"` and not mangled.
pub(super) fn exports() -> Vec<ItemFn> {
    items()
        .into_iter()
        .filter_map(|item| match item {
            Item::Fn(function) if is_export(&function) => Some(function),
            _ => None,
        })
        .collect()
}

/// Every struct that C knows the members of.
pub(super) fn structs() -> Vec<ItemStruct> {
    items()
        .into_iter()
        .filter_map(|item| match item {
            Item::Struct(it) if it.attrs.iter().any(is_repr_c) => Some(it),
            _ => None,
        })
        .collect()
}

pub(super) fn parameters(function: &ItemFn) -> Vec<String> {
    let name = |argument: &FnArg| match argument {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(name) => name.ident.to_string(),
            _ => panic!("expected names for the arguments of {}", function.sig.ident),
        },
        FnArg::Receiver(_) => panic!("expected no method"),
    };
    function.sig.inputs.iter().map(name).collect()
}

/// An item is one of C's by its ABI or by its name; either alone would be a mistake.
fn is_export(function: &ItemFn) -> bool {
    let is_c = function
        .sig
        .abi
        .as_ref()
        .is_some_and(|abi| abi.name.as_ref().is_some_and(|name| name.value() == "C"));
    let keeps_its_name = function.attrs.iter().any(is_no_mangle);
    let is_named_so = function.sig.ident.to_string().starts_with("chatm_");
    assert!(
        is_c == keeps_its_name && is_c == is_named_so,
        "expected `extern \"C\"`, `no_mangle` and a name in `chatm_` together: {}",
        function.sig.ident
    );
    is_c
}

fn is_no_mangle(attribute: &syn::Attribute) -> bool {
    if !attribute.path().is_ident("unsafe") {
        return false;
    }
    attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("no_mangle"))
}

fn is_repr_c(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("repr")
        && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("C"))
}

/// What stands at the top level of the files that are not tests.
fn items() -> Vec<Item> {
    let mut items = Vec::new();
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&file).expect("a source can be read");
        items.extend(syn::parse_file(&text).expect("a source is Rust").items);
    }
    items
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
