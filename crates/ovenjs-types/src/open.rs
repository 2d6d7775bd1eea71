//! Macros for enums and flag sets that keep what they do not know.
//!
//! Discord adds values without notice. A closed enum would refuse the whole payload for one new
//! value; these carry it along and write it back unchanged.

/// Under this name a value goes to the serializer that no table has. JSON does not show it; the
/// second pass that looks for drift does.
pub(crate) const UNKNOWN_VALUE: &str = "unknown value";

/// The same for a bit set with bits that no table has.
pub(crate) const UNKNOWN_BITS: &str = "unknown bits";

/// The same for a field that no table has and that is kept all the same.
pub(crate) const UNKNOWN_FIELD: &str = "unknown field";

/// Gives a value to the serializer under one of these names.
pub(crate) struct Known<T>(pub(crate) Option<&'static str>, pub(crate) T);

impl<T: serde::Serialize> serde::Serialize for Known<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(unknown) => serializer.serialize_newtype_struct(unknown, &self.1),
            None => self.1.serialize(serializer),
        }
    }
}

/// An enum over integers with an `Unknown` variant that keeps the value.
macro_rules! open_int {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $int:ty {
            $( $(#[$vmeta:meta])* $variant:ident = $value:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name {
            $(
                $(#[$vmeta])*
                #[doc = concat!("Discord's value ", stringify!($value), ".")]
                $variant,
            )+
            /// A value which this version does not know, kept as it came.
            Unknown($int),
        }

        impl $name {
            /// Every value which this version knows.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),+];

            /// The number Discord uses for this value.
            #[must_use]
            pub const fn value(self) -> $int {
                match self {
                    $(Self::$variant => $value,)+
                    Self::Unknown(value) => value,
                }
            }
        }

        impl From<$int> for $name {
            fn from(value: $int) -> Self {
                match value {
                    $($value => Self::$variant,)+
                    other => Self::Unknown(other),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::Unknown(value) => {
                        serializer.serialize_newtype_struct($crate::open::UNKNOWN_VALUE, value)
                    }
                    known => known.value().serialize(serializer),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <$int>::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

/// An enum over strings with an `Unknown` variant that keeps the text.
macro_rules! open_str {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $( $(#[$vmeta:meta])* $variant:ident = $value:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        $vis enum $name {
            $(
                $(#[$vmeta])*
                #[doc = concat!("Discord's value `", $value, "`.")]
                $variant,
            )+
            /// A value which this version does not know, kept as it came.
            Unknown($crate::Text),
        }

        impl $name {
            /// Every value which this version knows.
            $vis const KNOWN: &'static [Self] = &[$(Self::$variant),+];

            /// The text Discord uses for this value.
            #[must_use]
            $vis fn value(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)+
                    Self::Unknown(value) => value,
                }
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $($value => Self::$variant,)+
                    other => Self::Unknown(other.into()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.value())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::Unknown(value) => {
                        serializer.serialize_newtype_struct($crate::open::UNKNOWN_VALUE, value)
                    }
                    known => serializer.serialize_str(known.value()),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::open::Word(std::marker::PhantomData))
            }
        }
    };
}

/// Reads a text and knows it, without a copy, for one of the values of `T`.
pub(crate) struct Word<T>(pub(crate) std::marker::PhantomData<T>);

impl<T: for<'t> From<&'t str>> serde::de::Visitor<'_> for Word<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from(text))
    }
}

/// A set of bits that keeps the bits it has no name for.
///
/// `as number` writes an integer, `as string` writes a decimal string (Discord does so where the
/// set may outgrow 53 bits). Both forms are read.
macro_rules! flags {
    (
        $(#[$meta:meta])*
        pub struct $name:ident as $form:ident {
            $( $(#[$vmeta:meta])* $flag:ident = $bit:literal ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u64);

        impl $crate::Field for $name {
            type Value = Self;

            fn value(&self) -> Option<&Self> {
                Some(self)
            }

            fn is_absent(&self) -> bool {
                self.is_empty()
            }
        }

        impl $name {
            $(
                $(#[$vmeta])*
                #[doc = concat!("Bit ", stringify!($bit), ".")]
                pub const $flag: Self = Self(1 << $bit);
            )*

            /// Every flag which this version knows, with its name.
            pub const KNOWN: &'static [(&'static str, Self)] =
                &[$((stringify!($flag), Self::$flag)),*];

            /// The empty set.
            #[must_use]
            pub const fn empty() -> Self {
                Self(0)
            }

            /// The set with every flag this version knows.
            #[must_use]
            pub const fn all() -> Self {
                Self(0 $(| (1 << $bit))*)
            }

            /// The set with these bits, known or not.
            #[must_use]
            pub const fn from_bits(bits: u64) -> Self {
                Self(bits)
            }

            /// All bits of the set, known or not.
            #[must_use]
            pub const fn bits(self) -> u64 {
                self.0
            }

            /// Whether no bit is set.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Whether every bit of `other` is set.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether any bit of `other` is set.
            #[must_use]
            pub const fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// Both sets together; usable in constants.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// This set without the bits of `other`.
            #[must_use]
            pub const fn difference(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// Adds the bits of `other`.
            pub const fn insert(&mut self, other: Self) {
                self.0 |= other.0;
            }

            /// Takes the bits of `other` away.
            pub const fn remove(&mut self, other: Self) {
                self.0 &= !other.0;
            }

            /// The names of the known flags that are set, in bit order.
            pub fn names(self) -> impl Iterator<Item = &'static str> {
                Self::KNOWN
                    .iter()
                    .filter(move |(_, flag)| self.contains(*flag))
                    .map(|(name, _)| *name)
            }
        }

        impl std::ops::BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }

        impl std::ops::BitOrAssign for $name {
            fn bitor_assign(&mut self, other: Self) {
                self.insert(other);
            }
        }

        impl std::ops::BitAnd for $name {
            type Output = Self;
            fn bitand(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }
        }

        impl std::ops::Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                self.difference(other)
            }
        }

        impl std::fmt::Display for $name {
            /// The names joined by `, `; bits without a name in hexadecimal.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut separator = "";
                for name in self.names() {
                    write!(f, "{separator}{name}")?;
                    separator = ", ";
                }
                let rest = self.difference(Self::all());
                if !rest.is_empty() {
                    write!(f, "{separator}{:#x}", rest.bits())?;
                }
                Ok(())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if Self::all().contains(*self) {
                    flags!(@write $form, self, serializer)
                } else {
                    serializer.serialize_newtype_struct(
                        $crate::open::UNKNOWN_BITS,
                        &flags!(@unknown $form, self),
                    )
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($crate::open::Bits).map(Self)
            }
        }
    };
    (@write number, $set:expr, $serializer:expr) => {
        $serializer.serialize_u64($set.0)
    };
    (@write string, $set:expr, $serializer:expr) => {
        $serializer.collect_str(&$set.0)
    };
    (@unknown number, $set:expr) => {
        $set.0
    };
    (@unknown string, $set:expr) => {
        $set.0.to_string()
    };
}

/// Reads a bit set from an integer or a decimal string.
pub(crate) struct Bits;

impl serde::de::Visitor<'_> for Bits {
    type Value = u64;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a bit set as an integer or a decimal string")
    }

    fn visit_u64<E: serde::de::Error>(self, bits: u64) -> Result<u64, E> {
        Ok(bits)
    }

    fn visit_i64<E: serde::de::Error>(self, bits: i64) -> Result<u64, E> {
        u64::try_from(bits).map_err(|_| E::custom("a bit set is never negative"))
    }

    fn visit_str<E: serde::de::Error>(self, bits: &str) -> Result<u64, E> {
        bits.parse()
            .map_err(|_| E::custom("a bit set is a decimal number"))
    }
}

#[cfg(test)]
mod tests {
    use crate::{ChannelType, Intents, Permissions};

    #[test]
    fn an_unknown_enum_value_survives_the_way_back() {
        let kind: ChannelType = serde_json::from_str("99").unwrap();
        assert_eq!(kind, ChannelType::Unknown(99));
        assert_eq!(serde_json::to_string(&kind).unwrap(), "99");
        assert_eq!(
            serde_json::from_str::<ChannelType>("2").unwrap(),
            ChannelType::GuildVoice
        );
    }

    #[test]
    fn an_unknown_text_survives_the_way_back() {
        open_str! {
            /// How well done.
            enum Doneness {
                Raw = "raw",
                Golden = "golden",
            }
        }
        for (text, value) in [
            ("\"golden\"", Doneness::Golden),
            ("\"burnt\"", Doneness::Unknown("burnt".into())),
        ] {
            let doneness: Doneness = serde_json::from_str(text).unwrap();
            assert_eq!(doneness, value);
            assert_eq!(serde_json::to_string(&doneness).unwrap(), text);
            assert_eq!(doneness, Doneness::from(doneness.value()));
        }
        assert_eq!(Doneness::KNOWN, [Doneness::Raw, Doneness::Golden]);
        assert_eq!(Doneness::Raw.to_string(), "raw");
        assert!(serde_json::from_str::<Doneness>("5").is_err());
    }

    #[test]
    fn unknown_bits_survive_as_number_and_as_string() {
        let intents: Intents = serde_json::from_str("1073741825").unwrap();
        assert!(intents.contains(Intents::GUILDS) && !intents.contains(Intents::GUILD_MEMBERS));
        assert_eq!(serde_json::to_string(&intents).unwrap(), "1073741825");
        assert_eq!(intents.to_string(), "GUILDS, 0x40000000");

        let permissions: Permissions = serde_json::from_str("\"9223372036854775816\"").unwrap();
        assert!(permissions.contains(Permissions::ADMINISTRATOR));
        assert_eq!(
            serde_json::to_string(&permissions).unwrap(),
            "\"9223372036854775816\""
        );
    }

    #[test]
    fn what_is_no_bit_set_is_refused() {
        assert!(serde_json::from_str::<Permissions>("\"x\"").is_err());
        assert!(serde_json::from_str::<Permissions>("-1").is_err());
    }
}
