//! Types as one word each: what a value may be.
//!
//! ```text
//! shape = part { "|" part }            any one of them
//!       | part { "&" part }            all of them at once
//! part  = atom [ "=" word { "," word } ]   one of these values and nothing else
//! atom  = "any" | "null" | "bool" | "file" | "obj"
//!       | "int" range | "num" range
//!       | "str" [ ":" format ] range
//!       | "[" shape "]" [ "!" ] range  an array; with "!" no element twice
//!       | "{" shape "}" range          an object from any key to the shape
//!       | "@" name                     a schema of the tables
//!       | "~@" name                    the same with every field optional
//!       | "<" shape ">"                brackets
//! range = [ "(" [ low ] ".." [ high ] ")" ]   both ends included
//! ```

use std::fmt;

/// What a value may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// `any`
    Any,
    /// `null`
    Null,
    /// `bool`
    Boolean,
    /// `int`
    Integer(Range),
    /// `num`
    Number(Range),
    /// `str`
    String {
        /// Length in characters.
        length: Range,
        /// `snowflake`, `date-time`, `uri` …
        format: Option<String>,
    },
    /// `file`: raw bytes, a part of a multipart body.
    File,
    /// `obj`: an object whose fields are not known.
    Object,
    /// `[shape]`
    Array {
        /// What each element is.
        of: Box<Self>,
        /// Number of elements.
        length: Range,
        /// Whether an element may occur once only.
        unique: bool,
    },
    /// `{shape}`: an object from any key to the shape.
    Map {
        /// What each value is.
        of: Box<Self>,
        /// Number of keys.
        length: Range,
    },
    /// `@Name`
    Ref(String),
    /// `~@Name`: the object with every field optional.
    Partial(String),
    /// `shape=a,b`: one of the values and nothing else.
    Pinned {
        /// What the value is otherwise.
        of: Box<Self>,
        /// The values as they are written.
        values: Vec<String>,
    },
    /// `a|b`
    Union(Vec<Self>),
    /// `a&b`
    All(Vec<Self>),
}

/// Inclusive bounds, written `(1..10)`, `(1..)` or `(..10)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The lowest allowed value.
    pub min: Option<i128>,
    /// The highest allowed value.
    pub max: Option<i128>,
}

impl Range {
    /// Whether there is no bound at all.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.min.is_none() && self.max.is_none()
    }
}

impl Shape {
    /// A string of any length.
    #[must_use]
    pub fn string() -> Self {
        Self::String {
            length: Range::default(),
            format: None,
        }
    }

    /// Calls `visit` for this shape and for all shapes inside it.
    pub fn walk(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        match self {
            Self::Array { of, .. } | Self::Map { of, .. } | Self::Pinned { of, .. } => {
                of.walk(visit);
            }
            Self::Union(parts) | Self::All(parts) => {
                for part in parts {
                    part.walk(visit);
                }
            }
            Self::Any
            | Self::Null
            | Self::Boolean
            | Self::Integer(_)
            | Self::Number(_)
            | Self::String { .. }
            | Self::File
            | Self::Object
            | Self::Ref(_)
            | Self::Partial(_) => {}
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Null => f.write_str("null"),
            Self::Boolean => f.write_str("bool"),
            Self::Integer(range) => write!(f, "int{range}"),
            Self::Number(range) => write!(f, "num{range}"),
            Self::String {
                length,
                format: None,
            } => write!(f, "str{length}"),
            Self::String {
                length,
                format: Some(format),
            } => write!(f, "str:{format}{length}"),
            Self::File => f.write_str("file"),
            Self::Object => f.write_str("obj"),
            Self::Array { of, length, unique } => {
                write!(f, "[{of}]{}{length}", if *unique { "!" } else { "" })
            }
            Self::Map { of, length } => write!(f, "{{{of}}}{length}"),
            Self::Ref(name) => write!(f, "@{name}"),
            Self::Partial(name) => write!(f, "~@{name}"),
            Self::Pinned { of, values } => write!(f, "{of}={}", values.join(",")),
            Self::Union(parts) => joined(f, parts, "|"),
            Self::All(parts) => joined(f, parts, "&"),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Shape], between: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        match part {
            Shape::Union(_) | Shape::All(_) => write!(f, "<{part}>")?,
            _ => write!(f, "{part}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (None, None) => Ok(()),
            (Some(min), None) => write!(f, "({min}..)"),
            (None, Some(max)) => write!(f, "(..{max})"),
            (Some(min), Some(max)) => write!(f, "({min}..{max})"),
        }
    }
}

impl std::str::FromStr for Shape {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let mut reader = ShapeReader { rest: word };
        let shape = reader.union()?;
        if reader.rest.is_empty() {
            Ok(shape)
        } else {
            Err(format!(
                "{word} is no shape: nothing fits at {}",
                reader.rest
            ))
        }
    }
}

/// A descent over one word; `specs/README.md` has the grammar.
struct ShapeReader<'a> {
    rest: &'a str,
}

impl<'a> ShapeReader<'a> {
    fn union(&mut self) -> Result<Shape, String> {
        let mut parts = vec![self.part()?];
        let Some(between @ ('|' | '&')) = self.rest.chars().next() else {
            return parts.pop().ok_or_else(|| "an empty shape".to_owned());
        };
        while let Some(rest) = self.rest.strip_prefix(between) {
            self.rest = rest;
            parts.push(self.part()?);
        }
        Ok(if between == '|' {
            Shape::Union(parts)
        } else {
            Shape::All(parts)
        })
    }

    fn part(&mut self) -> Result<Shape, String> {
        let shape = self.atom()?;
        if !self.take("=") {
            return Ok(shape);
        }
        let mut values = Vec::new();
        loop {
            values.push(self.word()?.to_owned());
            if !self.take(",") {
                return Ok(Shape::Pinned {
                    of: Box::new(shape),
                    values,
                });
            }
        }
    }

    fn atom(&mut self) -> Result<Shape, String> {
        if self.take("<") {
            let shape = self.union()?;
            return self.close(">", shape);
        }
        if self.take("[") {
            let of = self.union()?;
            let of = Box::new(self.close("]", of)?);
            let unique = self.take("!");
            return Ok(Shape::Array {
                of,
                length: self.range()?,
                unique,
            });
        }
        if self.take("{") {
            let of = self.union()?;
            let of = Box::new(self.close("}", of)?);
            return Ok(Shape::Map {
                of,
                length: self.range()?,
            });
        }
        if self.take("~@") {
            return Ok(Shape::Partial(self.word()?.to_owned()));
        }
        if self.take("@") {
            return Ok(Shape::Ref(self.word()?.to_owned()));
        }
        match self.word()? {
            "any" => Ok(Shape::Any),
            "null" => Ok(Shape::Null),
            "bool" => Ok(Shape::Boolean),
            "int" => Ok(Shape::Integer(self.range()?)),
            "num" => Ok(Shape::Number(self.range()?)),
            "file" => Ok(Shape::File),
            "obj" => Ok(Shape::Object),
            "str" => {
                let format = if self.take(":") {
                    Some(self.word()?.to_owned())
                } else {
                    None
                };
                Ok(Shape::String {
                    length: self.range()?,
                    format,
                })
            }
            other => Err(format!("{other} is no shape")),
        }
    }

    fn range(&mut self) -> Result<Range, String> {
        if !self.take("(") {
            return Ok(Range::default());
        }
        let Some((inside, rest)) = self.rest.split_once(')') else {
            return Err("a range has no end".to_owned());
        };
        self.rest = rest;
        let Some((min, max)) = inside.split_once("..") else {
            return Err(format!("({inside}) is no range"));
        };
        let bound = |word: &str| match word {
            "" => Ok(None),
            word => word
                .parse()
                .map(Some)
                .map_err(|_| format!("{word} is no bound")),
        };
        Ok(Range {
            min: bound(min)?,
            max: bound(max)?,
        })
    }

    fn word(&mut self) -> Result<&'a str, String> {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')))
            .unwrap_or(self.rest.len());
        if end == 0 {
            return Err(format!("a word is missing at {:?}", self.rest));
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(word)
    }

    fn take(&mut self, mark: &str) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn close(&mut self, mark: &str, shape: Shape) -> Result<Shape, String> {
        if self.take(mark) {
            Ok(shape)
        } else {
            Err(format!("{mark} is missing at {:?}", self.rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_written_as_it_is_read() {
        for word in [
            "str(1..10)|null",
            "str:date-time|null",
            "[<@A|@B|null>]!(..40)",
            "[@A|@B|null]!(..40)",
            "{str(..100)}(1..2)|null",
            "@MessageComponentTypes=1",
            "int=1,2",
            "~@user.user-object.user-structure",
            "@A&@B",
            "<@A|@B>&@C",
            "int(-9223372036854775808..9223372036854775807)",
            "file",
        ] {
            let shape: Shape = word.parse().unwrap();
            let canonical = word.replace("[<@A|@B|null>]", "[@A|@B|null]");
            assert_eq!(shape.to_string(), canonical, "{word}");
        }
    }

    #[test]
    fn what_is_no_shape_is_refused() {
        for word in [
            "",
            "strr",
            "[int",
            "int(1)",
            "int(1..x)",
            "@",
            "int|",
            "<int",
            "int)",
            "int=",
        ] {
            assert!(word.parse::<Shape>().is_err(), "{word}");
        }
    }
}
