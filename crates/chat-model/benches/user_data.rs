//! Is user data kept as its own text really cheaper than a map that is serialised each time?
//!
//! Baselines and ours run interleaved in one process; every figure is the median over the rounds,
//! and only the ratios mean anything. The naive way is what one would write first: an
//! `IndexMap<String, Value>`, merged and serialised. The floor is copying the finished output.
//! Run with `cargo bench -p chat-model --bench user_data`.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench is the outermost layer: it reads the clock because that is its purpose"
)]

#[path = "support/measure.rs"]
mod measure;
#[path = "support/memory.rs"]
mod memory;
#[path = "support/workload.rs"]
mod workload;

use std::hint::black_box;

use chat_model::{JsonRef, Limits, UserData, UserDataPatch};
use indexmap::IndexMap;
use measure::{interleave, ratio};
use memory::{allocations, live_bytes};
use serde::de::IgnoredAny;
use serde_json::Value;
use workload::{document, patches};

type Naive = IndexMap<String, Value>;

fn main() {
    println!(
        "{:<34} {:>12} {:>12} {:>12} {:>8}",
        "per operation", "naive", "floor", "ours", "allocs"
    );
    for keys in [32, 1_000, 10_000] {
        merge_and_print(keys);
    }
    for keys in [32, 1_000, 10_000] {
        merge_alone(keys);
    }
    reading();
    building(10_000);
    for keys in [32, 1_000, 10_000] {
        heap(keys);
    }
}

/// Two keys of a chat change and the whole map is printed: what AttachUserData does.
fn merge_and_print(keys: usize) {
    let json = document(keys);
    let patches = patches(keys);
    let mut naive: Naive = serde_json::from_str(&json).unwrap();
    let mut ours = read(&json);
    let naive_patches: Vec<Naive> =
        patches.iter().map(|patch| serde_json::from_str(patch).unwrap()).collect();
    let our_patches: Vec<UserDataPatch> = patches.iter().map(|patch| read_patch(patch)).collect();
    let output = ours.to_json();

    let [mut turn, mut our_turn] = [0; 2];
    let medians = interleave(&mut [
        &mut || {
            turn += 1;
            for (key, value) in naive_patches[turn % 2].clone() {
                naive.insert(key, value);
            }
            black_box(serde_json::to_string(&naive).unwrap());
        },
        &mut || {
            let mut copy = String::with_capacity(output.len());
            copy.push_str(black_box(&output));
            black_box(copy);
        },
        &mut || {
            our_turn += 1;
            ours.merge(&our_patches[our_turn % 2]);
            let mut out = String::with_capacity(ours.json_len());
            ours.write_json(&mut out);
            black_box(out);
        },
    ]);
    let allocations = allocations(|| {
        ours.merge(&our_patches[0]);
        black_box(ours.to_json());
    });
    row(&format!("merge 2 of {keys} and print"), medians, allocations);
    ratio(&format!("merge_print_{keys}_vs_naive"), medians[2] / medians[0]);
    ratio(&format!("merge_print_{keys}_vs_copy"), medians[2] / medians[1]);
}

/// The same without printing; the floor is finding nothing to do.
fn merge_alone(keys: usize) {
    let json = document(keys);
    let patches = patches(keys);
    let mut naive: Naive = serde_json::from_str(&json).unwrap();
    let mut ours = read(&json);
    let naive_patches: Vec<Naive> =
        patches.iter().map(|patch| serde_json::from_str(patch).unwrap()).collect();
    let our_patches: Vec<UserDataPatch> = patches.iter().map(|patch| read_patch(patch)).collect();
    let nothing = read_patch("{}");
    let mut unchanged = ours.clone();

    let [mut turn, mut our_turn] = [0; 2];
    let medians = interleave(&mut [
        &mut || {
            turn += 1;
            for (key, value) in naive_patches[turn % 2].clone() {
                naive.insert(key, value);
            }
        },
        &mut || unchanged.merge(black_box(&nothing)),
        &mut || {
            our_turn += 1;
            ours.merge(black_box(&our_patches[our_turn % 2]));
        },
    ]);
    let allocations = allocations(|| ours.merge(&our_patches[0]));
    row(&format!("merge 2 of {keys}"), medians, allocations);
    ratio(&format!("merge_{keys}_vs_naive"), medians[2] / medians[0]);
}

/// The body of the seed's request: validated by `serde_json`, counted as UTF-8, validated by us;
/// then read into something that can be merged.
fn reading() {
    let compact = r#"{"operationName":"AttachUserData","userData":{"UserData1":"DATA1","UserData2":123456789}}"#;
    let printed = "{\n  \"operationName\": \"AttachUserData\",\n  \"userData\": {\n    \"UserData1\": \"DATA1\",\n    \"UserData2\": 123456789\n  }\n}\n";
    let limits = Limits::default();
    for (name, body) in [("compact", compact), ("printed", printed)] {
        let bytes = body.as_bytes();
        let medians = interleave(&mut [
            &mut || {
                black_box(serde_json::from_slice::<IgnoredAny>(black_box(bytes)).unwrap());
            },
            &mut || {
                black_box(core::str::from_utf8(black_box(bytes)).unwrap());
            },
            &mut || {
                black_box(JsonRef::validate(black_box(bytes), &limits).unwrap());
            },
        ]);
        let validated = allocations(|| {
            black_box(JsonRef::validate(bytes, &limits).unwrap());
        });
        row(&format!("validate, {name}, {} bytes", body.len()), medians, validated);
        ratio(&format!("validate_{name}_vs_ignored_any"), medians[2] / medians[0]);

        let medians = interleave(&mut [
            &mut || {
                let value: Naive = serde_json::from_slice(black_box(bytes)).unwrap();
                black_box(value);
            },
            &mut || {
                black_box(JsonRef::validate(black_box(bytes), &limits).unwrap());
            },
            &mut || {
                let body = JsonRef::validate(black_box(bytes), &limits).unwrap();
                let user_data = body.get("userData").unwrap();
                black_box(UserDataPatch::read(user_data, &limits).unwrap());
            },
        ]);
        let read = allocations(|| {
            let body = JsonRef::validate(bytes, &limits).unwrap();
            black_box(UserDataPatch::read(body.get("userData").unwrap(), &limits).unwrap());
        });
        row(&format!("read a patch, {name}"), medians, read);
        ratio(&format!("read_patch_{name}_vs_naive"), medians[2] / medians[0]);
    }
    let large = document(10_000);
    let bytes = large.as_bytes();
    let medians = interleave(&mut [
        &mut || {
            black_box(serde_json::from_slice::<IgnoredAny>(black_box(bytes)).unwrap());
        },
        &mut || {
            black_box(core::str::from_utf8(black_box(bytes)).unwrap());
        },
        &mut || {
            black_box(JsonRef::validate(black_box(bytes), &limits).unwrap());
        },
    ]);
    let validated = allocations(|| {
        black_box(JsonRef::validate(bytes, &limits).unwrap());
    });
    row(&format!("validate {} KiB of 10000 keys", large.len() >> 10), medians, validated);
    ratio("validate_10000_vs_ignored_any", medians[2] / medians[0]);
}

/// A stored map comes back: parsed, checked, and ready to be changed.
fn building(keys: usize) {
    let json = document(keys);
    let medians = interleave(&mut [
        &mut || {
            black_box(serde_json::from_str::<Naive>(black_box(&json)).unwrap());
        },
        &mut || {
            black_box(String::from(black_box(&json[..])));
        },
        &mut || {
            black_box(read(black_box(&json)));
        },
    ]);
    let built = allocations(|| {
        black_box(read(&json));
    });
    row(&format!("load {keys} keys"), medians, built);
    ratio(&format!("load_{keys}_vs_naive"), medians[2] / medians[0]);
}

/// Live bytes of the same data in both forms, and of ours after every value changed its size.
fn heap(keys: usize) {
    let json = document(keys);
    let before = live_bytes();
    let live = || live_bytes() - before;
    let naive: Naive = serde_json::from_str(&json).unwrap();
    let naive_bytes = live();
    drop(naive);
    let mut ours = read(&json);
    let our_bytes = live();
    for n in 0..keys {
        let pair = format!("{{\"key.{n:05}.of.the.chat\":\"a value of another size {}\"}}", n % 7);
        ours.merge(&read_patch(&pair));
    }
    let changed_bytes = live();
    let content = ours.json_len();
    println!(
        "{:<34} {naive_bytes:>12} {:>12} {our_bytes:>12}",
        format!("live heap of {keys} keys, bytes"),
        json.len()
    );
    ratio(&format!("heap_{keys}_vs_naive"), our_bytes as f64 / naive_bytes as f64);
    ratio(&format!("heap_{keys}_changed_vs_content"), changed_bytes as f64 / content as f64);
}

fn read(json: &str) -> UserData {
    let limits = Limits::default();
    UserData::read(JsonRef::validate(json.as_bytes(), &limits).unwrap(), &limits).unwrap()
}

fn read_patch(json: &str) -> UserDataPatch {
    let limits = Limits::default();
    UserDataPatch::read(JsonRef::validate(json.as_bytes(), &limits).unwrap(), &limits).unwrap()
}

fn row(name: &str, [naive, floor, ours]: [f64; 3], allocations: usize) {
    println!("{name:<34} {naive:>9.0} ns {floor:>9.0} ns {ours:>9.0} ns {allocations:>8}");
}
