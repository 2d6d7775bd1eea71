//! From simd-json's tape to types.
//!
//! simd-json brings a deserializer of its own. This one does less, and so costs less for every field:
//! its error says nothing, since what does not fit is read again by the second pass anyway, which finds
//! the place; and what no type knows is passed over in one step. Where both do something, they do the
//! same.

use std::{fmt, slice::Iter};

use serde::de::{
    DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
    value::StrDeserializer,
};
use serde::forward_to_deserialize_any;
use simd_json::{Node, StaticNode, Tape};

/// Reads the values of a tape, from its beginning to its end.
pub(super) struct Reader<'t, 'de> {
    nodes: Iter<'t, Node<'de>>,
}

impl<'t, 'de> Reader<'t, 'de> {
    pub(super) fn new(tape: &'t Tape<'de>) -> Self {
        Self {
            nodes: tape.0.iter(),
        }
    }

    fn next(&mut self) -> Result<Node<'de>, Misfit> {
        self.nodes.next().copied().ok_or(Misfit)
    }

    fn scalar<V: Visitor<'de>>(node: StaticNode, visitor: V) -> Result<V::Value, Misfit> {
        match node {
            StaticNode::Null => visitor.visit_unit(),
            StaticNode::Bool(value) => visitor.visit_bool(value),
            StaticNode::U64(value) => visitor.visit_u64(value),
            StaticNode::I64(value) => visitor.visit_i64(value),
            #[expect(
                clippy::useless_conversion,
                reason = "it is another type where a crate of the tree turns a feature of simd-json on"
            )]
            StaticNode::F64(value) => visitor.visit_f64(value.into()),
            // Larger numbers exist under such a feature alone.
            #[expect(unreachable_patterns, reason = "see above")]
            _ => Err(Misfit),
        }
    }

    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Misfit> {
        match self.next()? {
            Node::Static(node) => Self::scalar(node, visitor),
            Node::String(_) | Node::Object { .. } | Node::Array { .. } => Err(Misfit),
        }
    }

    fn array<V: Visitor<'de>>(&mut self, len: usize, visitor: V) -> Result<V::Value, Misfit> {
        let mut elements = Elements {
            reader: self,
            left: len,
        };
        let value = visitor.visit_seq(&mut elements)?;
        // What a visitor leaves unread would be read as what follows.
        (elements.left == 0).then_some(value).ok_or(Misfit)
    }

    fn object<V: Visitor<'de>>(&mut self, len: usize, visitor: V) -> Result<V::Value, Misfit> {
        let mut members = Elements {
            reader: self,
            left: len,
        };
        let value = visitor.visit_map(&mut members)?;
        (members.left == 0).then_some(value).ok_or(Misfit)
    }
}

/// Forwards the methods of all numbers.
macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            self.number(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'_, 'de> {
    type Error = Misfit;

    numbers! {
        deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.next()? {
            Node::String(text) => visitor.visit_borrowed_str(text),
            Node::Static(node) => Reader::scalar(node, visitor),
            Node::Array { len, .. } => self.array(len, visitor),
            Node::Object { len, .. } => self.object(len, visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.next()? {
            Node::String(text) => visitor.visit_borrowed_str(text),
            Node::Static(_) | Node::Object { .. } | Node::Array { .. } => Err(Misfit),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if let Some(Node::Static(StaticNode::Null)) = self.nodes.as_slice().first() {
            self.next()?;
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.next()? {
            Node::Array { len, .. } => self.array(len, visitor),
            Node::String(_) | Node::Static(_) | Node::Object { .. } => Err(Misfit),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.next()? {
            Node::Object { len, .. } => self.object(len, visitor),
            Node::String(_) | Node::Static(_) | Node::Array { .. } => Err(Misfit),
        }
    }

    /// A list in place of an object, which serde takes, is left to the second pass: Discord sends none.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_map(visitor)
    }

    /// The name of a variant. One with a content is left to the second pass: no type has any.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.next()? {
            Node::String(text) => visitor.visit_enum(text.into_deserializer()),
            Node::Static(_) | Node::Object { .. } | Node::Array { .. } => Err(Misfit),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if let Node::Array { count, .. } | Node::Object { count, .. } = self.next()? {
            let inside = self.nodes.as_slice().get(count..).ok_or(Misfit)?;
            self.nodes = inside.iter();
        }
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple_struct identifier
    }
}

/// The elements of an array or the members of an object that are still to be read.
struct Elements<'r, 't, 'de> {
    reader: &'r mut Reader<'t, 'de>,
    left: usize,
}

impl Elements<'_, '_, '_> {
    /// Whether there is another one, which is taken off.
    fn goes_on(&mut self) -> bool {
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or_default();
        left.is_some()
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, '_, 'de> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misfit> {
        if self.goes_on() {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for Elements<'_, '_, 'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        if !self.goes_on() {
            return Ok(None);
        }
        match self.reader.next()? {
            Node::String(text) => seed.deserialize(Key(text)).map(Some),
            Node::Static(_) | Node::Object { .. } | Node::Array { .. } => Err(Misfit),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The key of a member: a text, in which a number may stand.
struct Key<'de>(&'de str);

/// Forwards the methods of numbers to what stands in the text.
macro_rules! numbers_in_text {
    ($($method:ident $visit:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            visitor.$visit(self.0.parse().map_err(|_| Misfit)?)
        })*
    };
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Misfit;

    numbers_in_text! {
        deserialize_bool visit_bool
        deserialize_i8 visit_i8 deserialize_i16 visit_i16
        deserialize_i32 visit_i32 deserialize_i64 visit_i64
        deserialize_u8 visit_u8 deserialize_u16 visit_u16
        deserialize_u32 visit_u32 deserialize_u64 visit_u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let name: StrDeserializer<'de, Misfit> = self.0.into_deserializer();
        visitor.visit_enum(name)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

/// What came does not fit. The second pass says where and why.
#[derive(Debug)]
pub(super) struct Misfit;

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what came does not fit")
    }
}

impl std::error::Error for Misfit {}

impl Error for Misfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, de::DeserializeOwned};

    use super::*;

    /// What this reader makes of a text; serde_json must make the same of it.
    fn read<T: DeserializeOwned + PartialEq + fmt::Debug>(text: &str) -> Option<T> {
        let mut bytes = text.as_bytes().to_vec();
        let tape = simd_json::to_tape(&mut bytes).unwrap();
        let ours = T::deserialize(&mut Reader::new(&tape)).ok();
        assert_eq!(ours, serde_json::from_str(text).ok(), "{text}");
        ours
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Loaf {
        name: Option<String>,
        weight: f64,
        slices: u8,
        change: i64,
        sliced: bool,
        size: Option<[i32; 2]>,
        seeds: Vec<Seed>,
        prices: BTreeMap<u16, String>,
        inner: Option<Box<Self>>,
        nothing: (),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Seed {
        Poppy,
        Sesame,
    }

    #[test]
    fn every_shape_is_read_as_serde_json_reads_it() {
        let loaf: Loaf = read(
            r#"{"weight":1.5,"new":{"a":[1,{"b":[]}],"c":"\n"},"name":"ry\u00e9","slices":12,"change":-3,
            "more":[[],{}],"sliced":true,"size":[1,-2],"seeds":["poppy","sesame"],
            "prices":{"7":"a","65535":"b"},"inner":{"name":null,"weight":3,"none":null},"nothing":null}"#,
        )
        .unwrap();
        assert_eq!(loaf.name.as_deref(), Some("ryé"));
        assert_eq!(
            (loaf.slices, loaf.change, loaf.size),
            (12, -3, Some([1, -2]))
        );
        assert_eq!(loaf.inner.unwrap().weight, 3.0);
        assert_eq!(
            read::<Vec<Option<bool>>>("[true,null,false]")
                .unwrap()
                .len(),
            3
        );
        assert!(
            read::<BTreeMap<String, serde_json::Value>>(r#"{"a":{"b":[1,2.5,"c",null]}}"#)
                .is_some()
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_as_serde_json_refuses_it() {
        for text in [
            r#"{"slices":256}"#,
            r#"{"slices":-1}"#,
            r#"{"slices":1.5}"#,
            r#"{"slices":"1"}"#,
            r#"{"name":1}"#,
            r#"{"name":[]}"#,
            r#"{"sliced":1}"#,
            r#"{"size":[1]}"#,
            r#"{"size":[1,2,3]}"#,
            r#"{"seeds":["wheat"]}"#,
            r#"{"seeds":{}}"#,
            r#"{"seeds":[null]}"#,
            r#"{"prices":{"a":"b"}}"#,
            r#"{"prices":{"65536":"b"}}"#,
            r#"{"prices":[]}"#,
            r#"{"inner":7}"#,
            r#"{"name":"a","name":"b"}"#,
            r#"{"nothing":0}"#,
            "null",
            "7",
        ] {
            assert_eq!(read::<Loaf>(text), None, "{text}");
        }
    }
}
