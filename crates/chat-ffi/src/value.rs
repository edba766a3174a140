//! Reads types from JSON that the model has validated, and says where in the text and in words of its own
//! what does not fit.
//!
//! serde_json reads an array as a struct, member by member: a list with its entries in the wrong order would
//! then be taken for something. Here an object is an object, at every depth.

use std::borrow::Cow;
use std::fmt::{self, Display};

use chat_model::{Elements, JsonKind, JsonRef, Key, Members};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer as _,
    MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use crate::problem::{Problem, quoted};

/// Reads a `T` from `value`, which is a part of `text`.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    text: &'a [u8],
    value: JsonRef<'a>,
    code: &'static str,
) -> Result<T, Problem> {
    T::deserialize(Value(value)).map_err(|misfit| {
        let Inner { message, pointer, at } = *misfit.0;
        let message = match pointer.is_empty() {
            true => message,
            false => format!("{message}, in {}", shortened(&pointer)),
        };
        let offset = at.map(|at| at.wrapping_sub(text.as_ptr().addr()));
        Problem::value(code, message).at(pointer, offset)
    })
}

fn shortened(pointer: &str) -> Cow<'_, str> {
    match pointer.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &pointer[..end]).into(),
        None => pointer.into(),
    }
}

/// Why a value is not what it should be.
#[derive(Debug)]
struct Misfit(Box<Inner>);

#[derive(Debug)]
struct Inner {
    message: String,
    /// The place inside the values that the error has passed on its way out.
    pointer: String,
    /// The address of its first byte.
    at: Option<usize>,
}

impl Misfit {
    #[cold]
    fn new(message: String) -> Self {
        Self(Box::new(Inner { message, pointer: String::new(), at: None }))
    }

    /// It is in `text`, unless it is known to be in a part of it.
    fn at(mut self, text: &str) -> Self {
        self.0.at.get_or_insert(text.as_ptr().addr());
        self
    }

    /// It is in what is called `name` here.
    fn below(mut self, name: &str) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        self.0.pointer = format!("/{name}{}", self.0.pointer);
        self
    }
}

impl Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Misfit {}

impl serde::de::Error for Misfit {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, found {}", wanted(expected), came(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(len: usize, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, found {len} elements", wanted(expected)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("expected {}, found {}", one_of(expected), quoted(variant)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("expected {} as a member, found {}", one_of(expected), quoted(field)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("expected the member `{field}`, found none"))
    }
}

fn one_of(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match &names[..] {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        _ => format!("one of {}", names.join(", ")),
    }
}

/// What serde's visitors expect, without the names of Rust's types.
fn wanted(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "i16" => format!("a whole number from {} to {}", i16::MIN, i16::MAX),
        "u8" => format!("a whole number up to {}", u8::MAX),
        "u32" => format!("a whole number up to {}", u32::MAX),
        "u64" | "usize" => format!("a whole number up to {}", u64::MAX),
        "i64" => format!("a whole number from {} to {}", i64::MIN, i64::MAX),
        "a map" => "an object".to_owned(),
        "a sequence" => "an array".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        other if other.starts_with("enum ") => "a name, or an object with one member".to_owned(),
        _ => text,
    }
}

fn came(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Float(value) => value.to_string(),
        Unexpected::Str(text) => quoted(text),
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Seq | Unexpected::TupleVariant => "an array".to_owned(),
        Unexpected::Map | Unexpected::StructVariant => "an object".to_owned(),
        Unexpected::UnitVariant => "a name alone".to_owned(),
        other => other.to_string(),
    }
}

#[derive(Clone, Copy)]
struct Value<'a>(JsonRef<'a>);

impl<'a> Value<'a> {
    fn unexpected<V: Visitor<'a>>(self, visitor: &V) -> Misfit {
        let text;
        let found = match self.0.kind() {
            JsonKind::Null => Unexpected::Unit,
            JsonKind::Boolean => Unexpected::Bool(self.0.as_bool() == Some(true)),
            JsonKind::Number => Unexpected::Other(self.0.as_str()),
            JsonKind::String => {
                text = self.0.decode_string().unwrap_or_default();
                Unexpected::Str(&text)
            }
            JsonKind::Array => Unexpected::Seq,
            _ => Unexpected::Map,
        };
        Misfit::invalid_type(found, visitor).at(self.0.as_str())
    }

    fn string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0.decode_string() {
            Some(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Some(Cow::Owned(text)) => visitor.visit_string(text),
            None => Err(self.unexpected(&visitor)),
        }
    }

    fn number<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if let Some(number) = self.0.as_u64() {
            return visitor.visit_u64(number);
        }
        if let Some(number) = self.0.as_i64() {
            return visitor.visit_i64(number);
        }
        match self.0.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => visitor.visit_f64(number),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn array<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.0.kind() != JsonKind::Array {
            return Err(self.unexpected(&visitor));
        }
        let mut list = List { elements: self.0.elements(), index: 0 };
        let value = visitor.visit_seq(&mut list)?;
        match list.elements.count() {
            0 => Ok(value),
            more => Err(Misfit::new(format!(
                "expected {} elements, found {}",
                list.index,
                list.index + more
            ))),
        }
    }

    fn object<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.0.kind() != JsonKind::Object {
            return Err(self.unexpected(&visitor));
        }
        visitor.visit_map(Object { members: self.0.members(), open: None })
    }

    fn at_place<T>(self, outcome: Result<T, Misfit>) -> Result<T, Misfit> {
        outcome.map_err(|misfit| misfit.at(self.0.as_str()))
    }
}

impl<'a> Deserializer<'a> for Value<'a> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.at_place(match self.0.kind() {
            JsonKind::Null => visitor.visit_unit(),
            JsonKind::Boolean => visitor.visit_bool(self.0.as_bool() == Some(true)),
            JsonKind::Number => self.number(visitor),
            JsonKind::String => self.string(visitor),
            JsonKind::Array => self.array(visitor),
            _ => self.object(visitor),
        })
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.at_place(match self.0.is_null() {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        // A text that is kept as it stands: serde_json alone knows how to ask itself for one.
        if name == "$serde_json::private::RawValue" {
            let mut json = serde_json::Deserializer::from_str(self.0.as_str());
            let value = json.deserialize_newtype_struct(name, visitor);
            return self.at_place(value.map_err(Misfit::custom));
        }
        self.at_place(visitor.visit_newtype_struct(self))
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.at_place(self.array(visitor))
    }

    fn deserialize_tuple<V: Visitor<'a>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.at_place(self.array(visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.at_place(self.array(visitor))
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.at_place(self.object(visitor))
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.at_place(self.object(visitor))
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let mut members = self.0.members();
        let variant = match (self.0.decode_string(), members.next(), members.next()) {
            (Some(name), ..) => Variant { name, content: None },
            (None, Some((key, value)), None) => {
                Variant { name: key.decode(), content: Some(Value(value)) }
            }
            _ => return Err(self.unexpected(&visitor)),
        };
        self.at_place(visitor.visit_enum(variant))
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        <W: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct identifier
    }
}

struct List<'a> {
    elements: Elements<'a>,
    index: usize,
}

impl<'a> SeqAccess<'a> for List<'a> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misfit> {
        let Some(element) = self.elements.next() else { return Ok(None) };
        let value = seed.deserialize(Value(element));
        let value = value.map_err(|misfit| misfit.below(&self.index.to_string()))?;
        self.index += 1;
        Ok(Some(value))
    }
}

struct Object<'a> {
    members: Members<'a>,
    /// The member whose key was read and whose value was not.
    open: Option<(Key<'a>, JsonRef<'a>)>,
}

impl<'a> MapAccess<'a> for Object<'a> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        self.open = self.members.next();
        let Some((key, _)) = self.open else { return Ok(None) };
        let name = seed.deserialize(Name(key.decode()));
        name.map(Some).map_err(|misfit| misfit.at(key.as_json()).below(&key.decode()))
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let Some((key, value)) = self.open.take() else {
            return Err(Misfit::custom("expected a key before its value, found none"));
        };
        seed.deserialize(Value(value)).map_err(|misfit| misfit.below(&key.decode()))
    }
}

/// The key of a member.
struct Name<'a>(Cow<'a, str>);

impl<'a> Deserializer<'a> for Name<'a> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        <W: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// One of several forms: its name alone, or an object whose only key it is.
struct Variant<'a> {
    name: Cow<'a, str>,
    content: Option<Value<'a>>,
}

impl<'a> EnumAccess<'a> for Variant<'a> {
    type Error = Misfit;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, Self), Misfit> {
        let value = seed.deserialize((&*self.name).into_deserializer())?;
        Ok((value, self))
    }
}

impl<'a> Variant<'a> {
    fn content<T>(
        self,
        expected: &dyn Expected,
        read: impl FnOnce(Value<'a>) -> Result<T, Misfit>,
    ) -> Result<T, Misfit> {
        match self.content {
            Some(value) => read(value).map_err(|misfit| misfit.below(&self.name)),
            None => Err(Misfit::invalid_type(Unexpected::UnitVariant, expected)),
        }
    }
}

impl<'a> VariantAccess<'a> for Variant<'a> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        match self.content {
            None => Ok(()),
            Some(value) => <()>::deserialize(value).map_err(|misfit| misfit.below(&self.name)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Misfit> {
        self.content(&"an object with one member", |value| seed.deserialize(value))
    }

    fn tuple_variant<V: Visitor<'a>>(self, _len: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.content(&"an object with one member", |value| value.deserialize_seq(visitor))
    }

    fn struct_variant<V: Visitor<'a>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.content(&"an object with one member", |value| value.deserialize_map(visitor))
    }
}
