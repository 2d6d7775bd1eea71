//! The types that an option of a command can have. Limits live in the type: they are sent to
//! Discord with the command, and checked when a value comes back.

use std::{borrow::Cow, fmt, ops::Deref};

use ovenjs_types::{
    Attachment, Channel, ChoiceValue, CommandOption, CommandOptionType, DataOption, DataValue, Id,
    Member, Resolved, Role, User,
    marker::{AttachmentMarker, ChannelMarker, GenericMarker, RoleMarker, UserMarker},
};

/// A type that an option of a command can have.
///
/// `Option<T>` makes the option one that may be left out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type which an option of a command can have",
    label = "not an option type",
    note = "options are `String`, `Text<MIN, MAX>`, `i64`, `Int<MIN, MAX>`, `f64`, `bool`, `User`, `Member`, `Role`, `Channel`, `Attachment`, their ids, an enum with `#[derive(Choices)]`, or `Option` of one of these",
    note = "an extractor has no doc comment above it: the doc comment is what makes an argument an option"
)]
pub trait Argument: Sized + Send {
    /// Discord's type for it.
    const KIND: CommandOptionType;

    /// Whether the option must be given.
    const REQUIRED: bool = true;

    /// Adds what Discord should know beyond the type: limits and choices.
    #[must_use]
    fn describe(option: CommandOption) -> CommandOption {
        option
    }

    /// The value that was given.
    ///
    /// # Errors
    ///
    /// [`Unfit`] with the reason, which the user reads after the option's name.
    fn read(given: Given<'_>) -> Result<Self, Unfit>;
}

/// An option as it came, and what the ids in it stand for.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    option: Option<&'a DataOption>,
    resolved: &'a Resolved,
}

impl<'a> Given<'a> {
    pub(crate) const fn new(option: Option<&'a DataOption>, resolved: &'a Resolved) -> Self {
        Self { option, resolved }
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// [`Unfit`] where nothing was given.
    pub fn value(self) -> Result<&'a DataValue, Unfit> {
        let value = self.option.and_then(|option| option.value.as_ref());
        value.ok_or(Unfit(Cow::Borrowed("missing")))
    }

    /// What the ids stand for.
    #[must_use]
    pub const fn resolved(self) -> &'a Resolved {
        self.resolved
    }

    /// The text.
    ///
    /// # Errors
    ///
    /// [`Unfit`] where nothing or no text was given.
    pub fn text(self) -> Result<&'a str, Unfit> {
        match self.value()? {
            DataValue::String(text) => Ok(text),
            _ => Err(Unfit::wants("a text")),
        }
    }

    /// The whole number.
    ///
    /// # Errors
    ///
    /// [`Unfit`] where nothing or no whole number was given.
    pub fn integer(self) -> Result<i64, Unfit> {
        match self.value()? {
            DataValue::Integer(number) => Ok(*number),
            _ => Err(Unfit::wants("a whole number")),
        }
    }

    fn id<M>(self) -> Result<Id<M>, Unfit> {
        let id = self.text()?.parse().ok().and_then(Id::new_checked);
        id.ok_or_else(|| Unfit::wants("an id"))
    }
}

/// Why a value is not what an option allows: the end of a sentence that begins with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(Cow<'static, str>);

impl Unfit {
    /// A reason, e.g. `must be even`.
    #[must_use]
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }

    fn wants(what: &str) -> Self {
        Self(format!("must be {what}").into())
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

/// A text of `MIN` to `MAX` characters.
///
/// ```
/// use ovenjs_commands::Text;
///
/// let topic: Text<1, 5> = Text::new("docs").unwrap();
/// assert_eq!(&*topic, "docs");
/// assert_eq!(
///     Text::<1, 5>::new("manual").unwrap_err().to_string(),
///     "must have 1 to 5 characters, got 6"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<const MIN: u16, const MAX: u16>(String);

impl<const MIN: u16, const MAX: u16> Text<MIN, MAX> {
    /// Takes a text that keeps to the limits.
    ///
    /// # Errors
    ///
    /// [`Unfit`] with the limits and the length.
    pub fn new(text: impl Into<String>) -> Result<Self, Unfit> {
        const { assert!(MIN <= MAX, "Text<MIN, MAX>: MIN is greater than MAX") };
        let text = text.into();
        let length = text.chars().count();
        if length < usize::from(MIN) || length > usize::from(MAX) {
            return Err(Unfit(
                format!("must have {MIN} to {MAX} characters, got {length}").into(),
            ));
        }
        Ok(Self(text))
    }

    /// The text alone.
    #[must_use]
    pub fn into_inner(self) -> String {
        self.0
    }
}

impl<const MIN: u16, const MAX: u16> Deref for Text<MIN, MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MIN: u16, const MAX: u16> fmt::Display for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: u16, const MAX: u16> From<Text<MIN, MAX>> for String {
    fn from(text: Text<MIN, MAX>) -> Self {
        text.0
    }
}

/// A whole number from `MIN` to `MAX`, both included.
///
/// ```
/// use ovenjs_commands::Int;
///
/// let score: Int<1, 5> = Int::new(5).unwrap();
/// assert_eq!(score.value(), 5);
/// assert!(*score > 3);
/// assert_eq!(Int::<1, 5>::new(9).unwrap_err().to_string(), "must be from 1 to 5, got 9");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Int<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Int<MIN, MAX> {
    /// Takes a number that keeps to the limits.
    ///
    /// # Errors
    ///
    /// [`Unfit`] with the limits and the number.
    pub fn new(number: i64) -> Result<Self, Unfit> {
        const { assert!(MIN <= MAX, "Int<MIN, MAX>: MIN is greater than MAX") };
        const {
            let discord = -WHOLE_MAX <= MIN && MAX <= WHOLE_MAX;
            assert!(
                discord,
                "Int<MIN, MAX>: Discord's numbers lie within ±(2⁵³ − 1)"
            );
        };
        if (MIN..=MAX).contains(&number) {
            Ok(Self(number))
        } else {
            Err(Unfit(
                format!("must be from {MIN} to {MAX}, got {number}").into(),
            ))
        }
    }

    /// The number alone.
    #[must_use]
    pub const fn value(self) -> i64 {
        self.0
    }
}

/// The greatest whole number that Discord takes, and the least one's size.
const WHOLE_MAX: i64 = (1 << 53) - 1;

impl<const MIN: i64, const MAX: i64> Deref for Int<MIN, MAX> {
    type Target = i64;

    fn deref(&self) -> &i64 {
        &self.0
    }
}

impl<const MIN: i64, const MAX: i64> fmt::Display for Int<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: i64, const MAX: i64> From<Int<MIN, MAX>> for i64 {
    fn from(number: Int<MIN, MAX>) -> Self {
        number.0
    }
}

impl<T: Argument> Argument for Option<T> {
    const KIND: CommandOptionType = T::KIND;
    const REQUIRED: bool = false;

    fn describe(option: CommandOption) -> CommandOption {
        T::describe(option)
    }

    fn read(given: Given<'_>) -> Result<Self, Unfit> {
        match given.value() {
            Ok(_) => T::read(given).map(Some),
            Err(_) => Ok(None),
        }
    }
}

impl Argument for String {
    const KIND: CommandOptionType = CommandOptionType::String;

    fn read(given: Given<'_>) -> Result<Self, Unfit> {
        given.text().map(Self::from)
    }
}

impl<const MIN: u16, const MAX: u16> Argument for Text<MIN, MAX> {
    const KIND: CommandOptionType = CommandOptionType::String;

    fn describe(mut option: CommandOption) -> CommandOption {
        // Discord takes a maximum of at least 1, and both up to 6000.
        option.min_length = Some(MIN);
        option.max_length = Some(MAX.max(1));
        option
    }

    fn read(given: Given<'_>) -> Result<Self, Unfit> {
        Self::new(given.text()?)
    }
}

impl Argument for i64 {
    const KIND: CommandOptionType = CommandOptionType::Integer;

    fn read(given: Given<'_>) -> Result<Self, Unfit> {
        given.integer()
    }
}

impl<const MIN: i64, const MAX: i64> Argument for Int<MIN, MAX> {
    const KIND: CommandOptionType = CommandOptionType::Integer;

    fn describe(mut option: CommandOption) -> CommandOption {
        option.min_value = Some(ChoiceValue::Integer(MIN));
        option.max_value = Some(ChoiceValue::Integer(MAX));
        option
    }

    fn read(given: Given<'_>) -> Result<Self, Unfit> {
        Self::new(given.integer()?)
    }
}

impl Argument for f64 {
    const KIND: CommandOptionType = CommandOptionType::Number;

    fn read(given: Given<'_>) -> Result<Self, Unfit> {
        let number = match given.value()? {
            DataValue::Number(number) => Some(*number),
            // A number without a fraction comes as a whole one.
            DataValue::Integer(number) => ChoiceValue::Integer(*number).as_f64(),
            DataValue::String(_) | DataValue::Boolean(_) => None,
        };
        number.ok_or_else(|| Unfit::wants("a number"))
    }
}

impl Argument for bool {
    const KIND: CommandOptionType = CommandOptionType::Boolean;

    fn read(given: Given<'_>) -> Result<Self, Unfit> {
        match given.value()? {
            DataValue::Boolean(yes) => Ok(*yes),
            _ => Err(Unfit::wants("yes or no")),
        }
    }
}

macro_rules! resolved {
    ($($kind:ident $object:ty, $marker:ty, $from:ident, $what:literal;)+) => {$(
        impl Argument for $object {
            const KIND: CommandOptionType = CommandOptionType::$kind;

            fn read(given: Given<'_>) -> Result<Self, Unfit> {
                let object = given.resolved().$from.get(&given.id()?);
                object.cloned().ok_or_else(|| Unfit::wants($what))
            }
        }

        impl Argument for Id<$marker> {
            const KIND: CommandOptionType = CommandOptionType::$kind;

            fn read(given: Given<'_>) -> Result<Self, Unfit> {
                given.id()
            }
        }
    )+};
}

resolved! {
    User User, UserMarker, users, "a user whom Discord describes";
    Role Role, RoleMarker, roles, "a role that Discord describes";
    Channel Channel, ChannelMarker, channels, "a channel that Discord describes";
    Attachment Attachment, AttachmentMarker, attachments, "a file that Discord describes";
}

/// A user or a role, whichever was named.
impl Argument for Id<GenericMarker> {
    const KIND: CommandOptionType = CommandOptionType::Mentionable;

    fn read(given: Given<'_>) -> Result<Self, Unfit> {
        given.id()
    }
}

/// The user comes with the member.
impl Argument for Member {
    const KIND: CommandOptionType = CommandOptionType::User;

    fn read(given: Given<'_>) -> Result<Self, Unfit> {
        let id = given.id()?;
        let resolved = given.resolved();
        let mut member = resolved.members.get(&id).cloned();
        if let Some(member) = &mut member
            && member.user.is_none()
        {
            member.user = resolved.users.get(&id).cloned().map(Box::new);
        }
        member.ok_or_else(|| Unfit::wants("a member of this server"))
    }
}
