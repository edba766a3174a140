//! Points in time that the wire can print.

use proptest::prelude::{Strategy, prop_oneof};

use crate::Timestamp;

/// A point between the years 1 and 9998, mostly of our days, so that any offset keeps it printable
/// with four digits.
pub fn timestamp() -> impl Strategy<Value = Timestamp> {
    const DAY_MS: i64 = 86_400_000;
    let ours = 1_262_304_000_000..2_524_608_000_000_i64;
    let any = (-62_135_596_800_000 + DAY_MS)..(253_370_764_800_000 - DAY_MS);
    prop_oneof![4 => ours, 1 => any, 1 => -2..2_i64].prop_map(Timestamp::from_millis)
}
