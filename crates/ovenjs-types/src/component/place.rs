//! What may stand where, as far as types can say it.
//!
//! These traits are closed: Discord decides what stands where. A [`Component`] has none of them,
//! since it may be anything; whoever moves read components around puts them into the public fields,
//! and [`Validate`](crate::Validate) looks at them.

use super::{
    ActionRow, Button, Checkbox, CheckboxGroup, Component, Container, File, FileUpload, Label,
    MediaGallery, RadioGroup, Section, Select, Separator, TextDisplay, TextInput, Thumbnail,
};

/// What may be added to a message. A button or select gets its row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a message",
    note = "texts, sections, galleries, files, separators, containers, rows, buttons and selects can"
)]
pub trait InMessage: Into<Component> + sealed::Sealed {}

/// What may be added to a [`Container`]. A button or select gets its row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a container",
    note = "texts, sections, galleries, files, separators, rows, buttons and selects can"
)]
pub trait InContainer: InMessage {}

/// What may stand beside the texts of a [`Section`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand beside a section",
    note = "a button or a thumbnail can"
)]
pub trait InSection: Into<Component> + sealed::Sealed {}

/// What may be added to a modal.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a modal",
    note = "labels, with an input in each, and texts can"
)]
pub trait InModal: Into<Component> + sealed::Sealed {}

/// What may stand in a [`Label`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a label",
    note = "text inputs, selects, file uploads, radio groups and checkboxes can"
)]
pub trait InLabel: Into<Component> + sealed::Sealed {}

macro_rules! may_stand {
    ($($place:ident: $($name:ident),+;)+) => {$(
        $(impl $place for $name {})+
    )+};
}

may_stand! {
    InMessage: ActionRow, Button, Select, TextDisplay, Section, MediaGallery, File, Separator, Container;
    InContainer: ActionRow, Button, Select, TextDisplay, Section, MediaGallery, File, Separator;
    InSection: Button, Thumbnail;
    InModal: Label, TextDisplay;
    InLabel: TextInput, Select, FileUpload, RadioGroup, CheckboxGroup, Checkbox;
}

mod sealed {
    use super::*;

    #[expect(
        unnameable_types,
        reason = "what cannot be named cannot be implemented elsewhere"
    )]
    pub trait Sealed {}

    macro_rules! sealed {
        ($($name:ident),+) => {$(impl Sealed for $name {})+};
    }

    sealed!(
        ActionRow,
        Button,
        Checkbox,
        CheckboxGroup,
        Container,
        File,
        FileUpload,
        Label,
        MediaGallery,
        RadioGroup,
        Section,
        Select,
        Separator,
        TextDisplay,
        TextInput,
        Thumbnail
    );
}
