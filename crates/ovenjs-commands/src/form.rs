//! Modals as types: what the user is asked, and what comes back.

use std::{marker::PhantomData, str::FromStr};

use ovenjs_types::{Label, Modal, ModalData, TextInput};

use crate::{Call, CustomId, Error, Failure, Int, Text, Unfit, custom_id::CUSTOM_ID_MAX};

/// A modal: derive it with `#[derive(Modal)]`.
///
/// The doc comment of the type is the title; that of a field is its label, and a second paragraph
/// the text below the label. Fields are `String`, `Text<MIN, MAX>`, `i64`, `Int<MIN, MAX>` and
/// `Option` of these for what may be left empty. `#[input(paragraph)]` makes room for several
/// lines, `#[input(placeholder = "…")]` shows a hint. The name, by which it is found when it comes
/// back, is the type's in snake case, or `#[modal(name = "…")]`.
///
/// ```
/// use ovenjs_commands::{Answer, Cx, Form, ModalCx, Text, component, submit};
/// # use ovenjs_commands::CustomId;
/// # use ovenjs_types::{Id, marker::UserMarker};
/// use ovenjs_types::Modal;
/// # use ovenjs_commands::Modal;
///
/// /// Feedback
/// #[derive(Modal)]
/// struct Feedback {
///     /// What should we improve?
///     #[input(paragraph)]
///     text: Text<1, 500>,
/// }
///
/// # #[derive(CustomId)]
/// # struct GiveFeedback { asker: Id<UserMarker> }
/// #[component]
/// async fn give_feedback(cx: ModalCx, id: GiveFeedback) -> Answer {
///     cx.open(Feedback::modal().carry(id)).await
/// }
///
/// #[submit]
/// async fn on_feedback(cx: Cx, form: Feedback, id: GiveFeedback) -> Answer {
///     cx.reply(format!("<@{}> got: {}", id.asker, form.text)).await
/// }
///
/// let modal: Modal = Feedback::modal().carry(GiveFeedback { asker: Id::new(80) }).into();
/// assert_eq!(modal.title, "Feedback");
/// assert_eq!(modal.custom_id, "feedback:give_feedback.1:80");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a modal",
    note = "derive it: `#[derive(Modal)]`"
)]
pub trait Form: Sized + Send + 'static {
    /// By which the router finds the handler.
    const NAME: &'static str;

    /// The modal, with its fields empty.
    fn modal() -> FormDraft<Self>;

    /// What the user filled in.
    ///
    /// # Errors
    ///
    /// A refusal that names the field.
    fn read(data: &ModalData) -> Result<Self, Failure>;
}

/// A modal about to be opened by [`Cx::open`](crate::Cx::open).
#[derive(Clone, Debug, PartialEq)]
pub struct FormDraft<F> {
    modal: Modal,
    form: PhantomData<fn() -> F>,
}

impl<F: Form> FormDraft<F> {
    /// A modal of these labelled inputs. What the derive writes calls it.
    #[must_use]
    pub fn new(title: &str, inputs: Vec<Label>) -> Self {
        let mut modal = Modal::new(F::NAME, title);
        modal.components = inputs.into_iter().map(Into::into).collect();
        Self {
            modal,
            form: PhantomData,
        }
    }

    /// Sets another title; at most 45 characters.
    #[must_use]
    pub fn title(mut self, title: impl Into<ovenjs_types::Text>) -> Self {
        self.modal.title = title.into();
        self
    }

    /// Lets the modal carry an id, which the handler of the submitted form takes as argument.
    #[must_use]
    pub fn carry<I: CustomId>(mut self, id: I) -> Self {
        const {
            assert!(
                F::NAME.len() + 1 + I::LENGTH_MAX <= CUSTOM_ID_MAX,
                "the modal's name and the custom id it carries have more than Discord's 100 characters together: shorten a name"
            );
        };
        self.modal.custom_id = format!("{}:{}", F::NAME, id.encode()).into();
        self
    }
}

impl<F> From<FormDraft<F>> for Modal {
    fn from(draft: FormDraft<F>) -> Self {
        draft.modal
    }
}

/// A type that a field of a [`Form`] can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a modal",
    note = "fields are `String`, `Text<MIN, MAX>`, `i64`, `Int<MIN, MAX>` and `Option` of these"
)]
pub trait Input: Sized {
    /// Adds what Discord should know of the type's limits.
    #[must_use]
    fn describe(input: TextInput) -> TextInput {
        input
    }

    /// What the user wrote.
    ///
    /// # Errors
    ///
    /// [`Unfit`] with the reason, which the user reads after the field's label.
    fn read(text: &str) -> Result<Self, Unfit>;
}

impl Input for String {
    fn read(text: &str) -> Result<Self, Unfit> {
        Ok(text.to_owned())
    }
}

impl<const MIN: u16, const MAX: u16> Input for Text<MIN, MAX> {
    fn describe(mut input: TextInput) -> TextInput {
        const {
            let fits = MAX <= INPUT_MAX;
            assert!(fits, "a field of a modal has at most 4000 characters");
        };
        input.min_length = Some(MIN);
        input.max_length = Some(MAX.max(1));
        if MIN == 0 {
            input.required = Some(false);
        }
        input
    }

    fn read(text: &str) -> Result<Self, Unfit> {
        Self::new(text)
    }
}

impl Input for i64 {
    fn read(text: &str) -> Result<Self, Unfit> {
        number(text)
    }
}

impl<const MIN: i64, const MAX: i64> Input for Int<MIN, MAX> {
    fn read(text: &str) -> Result<Self, Unfit> {
        Self::new(number(text)?)
    }
}

impl<T: Input> Input for Option<T> {
    fn describe(input: TextInput) -> TextInput {
        T::describe(input).optional()
    }

    fn read(text: &str) -> Result<Self, Unfit> {
        if text.is_empty() {
            return Ok(None);
        }
        T::read(text).map(Some)
    }
}

/// The longest text that Discord takes from a field of a modal.
const INPUT_MAX: u16 = 4000;

fn number(text: &str) -> Result<i64, Unfit> {
    i64::from_str(text.trim()).map_err(|_| Unfit::new("must be a whole number"))
}

/// Reads one field. What the derive writes calls it.
///
/// # Errors
///
/// A refusal that names the field by its label.
pub fn field<T: Input>(data: &ModalData, custom_id: &str, label: &str) -> Result<T, Failure> {
    let text = data.text(custom_id).unwrap_or_default();
    T::read(text).map_err(|reason| Failure::refuse(format!("“{label}” {reason}.")))
}

/// Takes the form of the call as an `F`.
#[expect(clippy::missing_errors_doc, reason = "for generated code alone")]
pub fn extract<S, F: Form>(call: &Call<S>) -> Result<F, Failure> {
    let data = call.modal();
    F::read(data.ok_or_else(|| Error::absent("a form is for `#[submit]`"))?)
}
