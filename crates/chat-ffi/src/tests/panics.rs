//! No panic leaves the library: each export is one call into the boundary, and stays within it when the
//! library fails.

use std::ptr;

use syn::{Expr, ItemFn, Stmt};

use super::arguments::{ErrorPlace, Frame, Outcome, Role};
use super::exports::{Export, all};
use super::sources;
use super::world::{CHAT, Which, chat_from};
use crate::guard::planted::Place;
use crate::{CHATM_STATUS_PANIC, chatm_chat_free, chatm_chat_id, chatm_str};

#[test]
fn every_export_is_one_call_into_the_boundary() {
    let exports = sources::exports();
    assert!(exports.len() > 50, "expected all exports, found {}", exports.len());
    for export in exports {
        assert!(is_one_call(&export), "{}: expected one call into guard", export.sig.ident);
    }
}

#[test]
fn a_body_beside_the_boundary_is_noticed() {
    let check = |body: &str, expected: bool| {
        let text = format!("pub unsafe extern \"C\" fn chatm_x(a: *mut u8) -> i32 {{ {body} }}");
        let function = syn::parse_str(&text).expect("it is a function");
        assert_eq!(is_one_call(&function), expected, "{body}");
    };
    check("guard::value(0, || Some(1))", true);
    check("unsafe { guard::free(a) }", true);
    check("let body = || work(a); unsafe { guard::run(e, out(a, \"a\").optional(), body) }", true);
    check(
        "let slots = (out(a, \"a\"), out(b, \"b\")); unsafe { guard::run(e, slots, body) }",
        true,
    );
    check("1", false);
    check("work(a)", false);
    check("let value = work(a); guard::value(0, || Some(value))", false);
    check("let body = work(); unsafe { guard::run(e, (), body) }", false);
    check("guard::value(work(), || Some(1))", false);
    check("guard::value(0, || Some(1)) + 1", false);
    check("guard::quietly(|| ()); guard::value(0, || Some(1))", false);
    check("other::value(0, || Some(1))", false);
    check("guard::handle(a)", false);
    check("guard::value(list[a], || Some(1))", false);
    check("if a.is_null() { return 0; } guard::value(0, || Some(1))", false);
}

/// Whether nothing but a call into the boundary can run, and what runs before it only names things.
fn is_one_call(function: &ItemFn) -> bool {
    let Some((Stmt::Expr(last, None), before)) = function.block.stmts.split_last() else {
        return false;
    };
    let names_something = |statement: &Stmt| match statement {
        Stmt::Local(local) => {
            local.init.as_ref().is_some_and(|init| init.diverge.is_none() && is_inert(&init.expr))
        }
        _ => false,
    };
    before.iter().all(names_something) && is_boundary(last)
}

fn is_boundary(expression: &Expr) -> bool {
    match expression {
        Expr::Unsafe(block) => match &block.block.stmts[..] {
            [Stmt::Expr(only, None)] => is_boundary(only),
            _ => false,
        },
        Expr::Call(call) => {
            ["run", "value", "quietly", "free"]
                .iter()
                .any(|name| is_path(&call.func, &["guard", name]))
                && call.args.iter().all(is_inert)
        }
        _ => false,
    }
}

/// What cannot fail: a name, a literal, a closure that is not called here, a place for a result.
fn is_inert(expression: &Expr) -> bool {
    match expression {
        Expr::Path(_) | Expr::Lit(_) | Expr::Closure(_) => true,
        Expr::Unary(unary) => matches!(unary.op, syn::UnOp::Neg(_)) && is_inert(&unary.expr),
        Expr::Tuple(tuple) => tuple.elems.iter().all(is_inert),
        Expr::Call(call) => is_path(&call.func, &["out"]) && call.args.iter().all(is_inert),
        Expr::MethodCall(call) => {
            let is_harmless = call.method == "optional" || call.method == "as_ptr";
            is_harmless && call.args.is_empty() && is_inert(&call.receiver)
        }
        _ => false,
    }
}

fn is_path(expression: &Expr, names: &[&str]) -> bool {
    let Expr::Path(path) = expression else { return false };
    let segments = &path.path.segments;
    segments.len() == names.len() && segments.iter().zip(names).all(|(it, name)| it.ident == name)
}

#[test]
fn no_export_lets_a_panic_out() {
    for export in all() {
        for place in [ErrorPlace::Given, ErrorPlace::Null, ErrorPlace::Misaligned] {
            let outcome = Frame::new(&export).call_with(place, Some(Place::Boundary));
            let expected = match &export.fallback {
                Some(fallback) => Outcome::Returned(fallback.clone()),
                None if place == ErrorPlace::Given => {
                    Outcome::Fails(CHATM_STATUS_PANIC, Some("library.panic".to_owned()))
                }
                None => Outcome::Fails(CHATM_STATUS_PANIC, None),
            };
            assert_eq!(outcome, expected, "{}, {place:?}", export.name);
        }
    }
}

#[test]
fn a_panic_while_a_chat_is_worked_on_poisons_that_chat_alone() {
    let is_chat = |role: &Role| {
        matches!(role, Role::Handle(Which::Chatting | Which::Waiting | Which::Invited))
    };
    let exports = all();
    let of_chats: Vec<_> = exports
        .iter()
        .filter(|export| export.parameters.first().is_some_and(|(_, role)| is_chat(role)))
        .collect();
    assert!(of_chats.len() > 20, "expected all functions of a chat, found {}", of_chats.len());
    let panics = |export: &Export, chat: *mut u8, planted: Option<Place>| {
        let outcome = Frame::with_chat(export, chat).call_with(ErrorPlace::Given, planted);
        let expected = match &export.fallback {
            Some(fallback) => Outcome::Returned(fallback.clone()),
            None => Outcome::Fails(CHATM_STATUS_PANIC, Some("library.panic".to_owned())),
        };
        assert_eq!(outcome, expected, "{}", export.name);
    };
    for first in &of_chats {
        let poisoned = chat_from(CHAT);
        let other = chat_from(CHAT);
        panics(first, poisoned.cast(), Some(Place::Chat));
        for next in &of_chats {
            panics(next, poisoned.cast(), None);
        }
        // SAFETY: both live, and are nobody else's.
        unsafe {
            assert_eq!(chatm_chat_id(poisoned).ptr, ptr::null());
            let id: chatm_str = chatm_chat_id(other);
            assert_eq!(id.text("id").expect("it is text"), "0000Wa9CAM6W00J");
            chatm_chat_free(poisoned);
            chatm_chat_free(other);
        }
    }
}
