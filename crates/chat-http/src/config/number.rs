//! Whole numbers of the configuration, whose errors say what was expected in words and not in types
//! of a programming language.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a whole number from 0 on that `T` can hold; the bounds of the setting are checked later,
/// with those of all others.
pub(super) fn whole<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: TryFrom<u64>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_u64(Whole(PhantomData))
}

/// Reads whole numbers by name, each like [`whole`].
pub(super) fn whole_by_name<'de, T, D>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    T: TryFrom<u64>,
    D: Deserializer<'de>,
{
    let numbers = BTreeMap::<String, Number<T>>::deserialize(deserializer)?;
    Ok(numbers.into_iter().map(|(name, Number(number))| (name, number)).collect())
}

struct Number<T>(T);

impl<'de, T: TryFrom<u64>> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole(deserializer).map(Self)
    }
}

struct Whole<T>(PhantomData<T>);

impl<T: TryFrom<u64>> Visitor<'_> for Whole<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0 on")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => {
                Err(E::custom(format_args!("expected a whole number from 0 on, found {number}")))
            }
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        T::try_from(number)
            .map_err(|_| E::custom(format_args!("expected a smaller number, found {number}")))
    }
}
