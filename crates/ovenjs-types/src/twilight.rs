//! Conversions between our model and twilight's, in both directions.
//!
//! With the feature `twilight` each pair of the tables has `TryFrom<&Ours>` for twilight's type,
//! `TryFrom<&Theirs>` for ours, and [`Counterpart`] both ways. Ids need none: they are twilight's.
//! The pairs are objects, the payloads of events, gateway commands and answers to interactions,
//! single components, enums and bit sets; an [`Event`](crate::Event) as a whole goes over to
//! `DispatchEvent`.
//!
//! `try_from` loses nothing: where a field, a value or a bit has no place in the other model it is a
//! [`TwilightError`] that names the path. twilight 0.18 drops unknown bits of flags and permissions,
//! reads some components as an empty `Unknown`, and lacks fields that Discord has added since. Whoever
//! can do without those asks [`convert`], which gives what came over and the paths of what did not.
//! Our own types keep all of Discord's documented fields, and no others: what no table has stays in
//! the raw payload of an event and goes nowhere from here.
//!
//! What counts as lost is what says something: a field that is `null`, `false`, `0` or empty may be
//! absent on the other side. A discriminator of `0000` is the same as one of `0`, which is all that
//! twilight's number can say.
//!
//! Conversions go through JSON, there and back again for the comparison: they are for the edge of a
//! program, where two libraries meet, and not for each event.
//!
//! ```
//! use ovenjs_types::{User, json, twilight::convert};
//! use twilight_model::user::User as Theirs;
//!
//! let raw = br#"{"id":"4","username":"ann","discriminator":"0","avatar":null,"bot":false}"#;
//! let user: User = json::decode(raw, &mut Default::default()).unwrap();
//! let theirs = Theirs::try_from(&user).unwrap();
//! assert_eq!((theirs.id, theirs.name.as_str()), (user.id, "ann"));
//! assert_eq!(User::try_from(&theirs).unwrap(), user);
//!
//! // twilight has no place for what people collect.
//! let raw = br#"{"id":"4","username":"ann","discriminator":"0",
//!     "collectibles":{"nameplate":{"sku_id":"7","asset":"n/","label":"L","palette":"clover"}}}"#;
//! let user: User = json::decode(raw, &mut Default::default()).unwrap();
//! assert_eq!(Theirs::try_from(&user).unwrap_err().path(), "collectibles");
//! let converted = convert::<_, Theirs>(&user).unwrap();
//! assert_eq!((converted.value.name.as_str(), &*converted.lost), ("ann", &["collectibles".into()][..]));
//! ```

mod by_hand;
mod loss;
mod mend;
mod pairs;

use std::{any::type_name, error::Error, fmt};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::Text;

/// What has a counterpart `Other` in the other model; both sides of each pair have it.
pub trait Counterpart<Other>: Sized {
    /// Takes over what the other model has a place for.
    ///
    /// # Errors
    ///
    /// [`TwilightError`] where the other model refuses the object as a whole, e.g. for a field that
    /// it cannot do without.
    fn counterpart(&self) -> Result<Converted<Other>, TwilightError>;
}

/// Takes over what the other model has a place for, and says what it has none for.
///
/// # Errors
///
/// [`TwilightError`] where the other model refuses the object as a whole.
pub fn convert<From: Counterpart<Into>, Into>(
    from: &From,
) -> Result<Converted<Into>, TwilightError> {
    from.counterpart()
}

/// An object in the other model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Converted<T> {
    /// What came over.
    pub value: T,
    /// The paths of what did not, e.g. `author.collectibles` or `embeds[0].flags`.
    pub lost: Vec<Text>,
}

impl<T> Converted<T> {
    /// The value if all of it came over.
    fn whole(self) -> Result<T, TwilightError> {
        match self.lost.into_iter().next() {
            None => Ok(self.value),
            Some(path) => Err(TwilightError {
                into: type_name::<T>(),
                path,
                reason: None,
            }),
        }
    }
}

/// Why an object has no counterpart in the other model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwilightError {
    into: &'static str,
    path: Text,
    /// Why it was refused; none where it would only have been lost.
    reason: Option<Text>,
}

impl TwilightError {
    /// The field that does not come over, e.g. `author.id`; `.` for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether [`convert`] would do it, without that field.
    #[must_use]
    pub const fn is_loss(&self) -> bool {
        self.reason.is_none()
    }

    fn new<Into>(path: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self {
            into: type_name::<Into>(),
            path: path.to_string().into(),
            reason: Some(reason.to_string().into()),
        }
    }
}

impl fmt::Display for TwilightError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { into, path, reason } = self;
        match reason {
            None => write!(
                f,
                "take `twilight::convert` to do without `{path}`, for which {into} has no place"
            ),
            Some(reason) => write!(f, "change `{path}` to what {into} can hold: {reason}"),
        }
    }
}

impl Error for TwilightError {}

/// Reads `came` as the other model's type, and looks for what that did not keep.
fn read<Into: DeserializeOwned + Serialize>(
    mut came: Value,
    mend: impl FnOnce(&mut Value),
) -> Result<Converted<Into>, TwilightError> {
    mend(&mut came);
    let value: Into = parse(came.clone())?;
    let kept = written::<Into>(&value)?;
    Ok(Converted {
        lost: loss::of(&came, &kept),
        value,
    })
}

fn parse<Into: DeserializeOwned>(came: Value) -> Result<Into, TwilightError> {
    serde_path_to_error::deserialize(came)
        .map_err(|error| TwilightError::new::<Into>(error.path(), error.inner()))
}

/// What an object is in JSON; `Into` is for the error alone.
///
/// It goes through text, where a number of 32 bits has as many digits as it had before.
fn written<Into>(object: &impl Serialize) -> Result<Value, TwilightError> {
    // Tokens pass through it.
    let mut text = Zeroizing::new(Vec::new());
    let mut track = serde_path_to_error::Track::new();
    let mut json = serde_json::Serializer::new(&mut *text);
    object
        .serialize(serde_path_to_error::Serializer::new(&mut json, &mut track))
        .map_err(|error| TwilightError::new::<Into>(track.path(), error))?;
    serde_json::from_slice(&text).map_err(|error| TwilightError::new::<Into>(".", error))
}
