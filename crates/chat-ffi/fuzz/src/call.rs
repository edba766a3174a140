//! The calls that a program may make, as data: which function, on which of its handles, with what.

use arbitrary::Arbitrary;

use crate::json::{Text, User};

/// One of the few places that a program keeps handles in.
#[derive(Arbitrary, Debug, Clone, Copy)]
pub(crate) enum Place {
    One,
    Two,
    Three,
}

/// How large a text may be.
#[derive(Arbitrary, Debug, Clone, Copy)]
pub(crate) enum Bounds {
    Default,
    Tight { bytes: u8, depth: u8, keys: u8, key_bytes: u8 },
    Absurd,
}

/// Where ids come from.
#[derive(Arbitrary, Debug, Clone, Copy)]
pub(crate) enum Chance {
    OfChat,
    Seed(u64),
    Random,
    Broken,
}

/// The circumstances of a call.
#[derive(Arbitrary, Debug)]
pub(crate) struct Circumstances {
    pub(crate) user: User,
    pub(crate) agent: User,
    pub(crate) at_ms: i64,
    pub(crate) reference_id: u64,
    pub(crate) rules: Option<Place>,
    pub(crate) directory: Option<Place>,
    pub(crate) chance: Chance,
}

/// A call, or two that belong together.
#[derive(Arbitrary, Debug)]
pub(crate) enum Call {
    NewChat { to: Place, id: Text },
    ReadChat { to: Place, json: Text, bounds: Bounds },
    CloneChat { from: Place, to: Place },
    FreeChat(Place),
    ParseOp { to: Place, by: i8, json: Text, bounds: Bounds },
    HouseOp { to: Place, trigger: i8, user: User },
    FreeOp(Place),
    Inspect { op: Place, name: Text },
    ReadRules { to: Place, json: Text, bounds: Bounds },
    FreeRules(Place),
    ReadDirectory { to: Place, json: Text },
    UpdateDirectory { directory: Place, json: Text },
    Supervise { directory: Place, op: Place, supervisor: User, agent: User },
    Note { directory: Place, applied: Place },
    FreeDirectory(Place),
    Apply { chat: Place, op: Place, of: Circumstances, keep: Option<Place> },
    ApplyJson { chat: Place, json: Text, of: Circumstances, keep: Option<Place> },
    Check { chat: Place, op: Place, of: Circumstances },
    ReplayText { chat: Place, json: Text, rules: Option<Place> },
    Look { applied: Place, index: u8 },
    FreeApplied(Place),
    View { chat: Place, user: User, rules: Option<Place>, start: u16, count: u16 },
    Ask { chat: Place, user: User, index: u8, name: Text },
    Merge { data: Text, patch: Text, bounds: Bounds },
    Remove { data: Text, keys: Text },
    Validate { kind: Text, json: Text, bounds: Bounds },
    Schema { name: Text, index: u8 },
    Nulls(u8),
}
