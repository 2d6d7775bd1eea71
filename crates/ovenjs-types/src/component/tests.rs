//! Trees of components, both ways and against the rules.

use super::*;
use crate::{
    Id, MessageDraft, MessageFlags,
    json::{self, Scratch},
};

#[test]
fn what_contradicts_itself_is_told() {
    fn told(draft: impl Validate) -> Vec<String> {
        let told = draft.validate().map(drop).unwrap_err();
        told.violations()
            .iter()
            .map(|v| v.path.to_string())
            .collect()
    }
    let loaves = || Select::strings("s", [("a", "A"), ("b", "B")]);
    assert_eq!(told(loaves().values(3..=3)), ["min_values"]);
    let twice = ["a", "b"].map(|value| SelectOption::new(value, "L").chosen());
    assert_eq!(told(Select::options("s", twice)), ["options"]);
    let few = Select::users("s").values(2..=3);
    assert_eq!(
        told(few.default_value(Id::<crate::marker::UserMarker>::new(1))),
        ["default_values"]
    );
    let nameless = Button::icon("b", crate::ReactionEmoji::default());
    assert_eq!(told(nameless), ["emoji"]);

    let both = ["a", "b"].map(|value| GroupOption::new(value, "L").chosen());
    assert_eq!(told(RadioGroup::new("r", both.clone())), ["options"]);
    assert_eq!(
        told(CheckboxGroup::new("c", both).values(1..=1)),
        ["options"]
    );

    // Only a modal asks whether an input is required.
    let any = loaves().values(0..=1);
    let message = MessageDraft::new().component(any.clone());
    assert!(message.validate().is_ok());
    let modal = crate::Modal::new("m", "M");
    assert_eq!(
        told(modal.clone().input("L", any.clone())),
        ["components[0].component.min_values"]
    );
    assert!(modal.clone().input("L", any.optional()).validate().is_ok());

    let row = |inside: Component| ActionRow {
        components: vec![inside],
        ..ActionRow::default()
    };
    let input = row(TextInput::short("t").into());
    assert_eq!(
        told(MessageDraft::new().component(input.clone())),
        ["components[0].components[0]"]
    );
    let of_modal = |row: ActionRow| crate::Modal {
        components: vec![row.into()],
        ..modal.clone()
    };
    assert_eq!(told(of_modal(input)), ["components[0].components[0].label"]);
    assert_eq!(
        told(of_modal(row(Button::new("b", "B").into()))),
        ["components[0].components[0]"]
    );
}

#[test]
fn a_whole_tree_reads_back_as_it_was_written() {
    let container = Container::new()
        .component(Section::new(
            ["# Rye", "Two left"],
            Thumbnail::new("attachment://rye.png").description("A loaf"),
        ))
        .component(MediaGallery::new(["https://example.com/a.png"]))
        .component(Separator::space().large())
        .component(File::attached("recipe.pdf").spoiler())
        .component(Select::roles("who").default_value(Id::<crate::marker::RoleMarker>::new(5)))
        .component(Button::premium(Id::new(7)).id(40))
        .accent_color(0xFF_00_00);
    let draft = MessageDraft::new()
        .component(TextDisplay::new("Bread"))
        .component(container);
    assert_eq!(draft.flags, MessageFlags::IS_COMPONENTS_V2);
    let valid = draft.validate().unwrap();
    let text = json::encode(&valid);
    let again: MessageDraft = json::decode(&text, &mut Scratch::new()).unwrap();
    assert_eq!(again, valid.into_inner());
}

#[test]
fn null_says_what_absence_does_and_the_order_of_fields_nothing() {
    let text = br#"{"components":[{"custom_id":"x","options":[{"label":"a","value":"b",
        "emoji":null,"default":null}],"disabled":null,"placeholder":null,"type":3}],"type":1}"#;
    let row: Component = json::decode(text, &mut Scratch::new()).unwrap();
    let select = Select::strings("x", [("b", "a")]);
    assert_eq!(row, ActionRow::select(select).into());
}

#[test]
fn an_unknown_component_inside_is_kept_too() {
    let text = br#"{"type":17,"components":[{"glow":null,"id":3,"type":77}]}"#;
    let container: Component = json::decode(text, &mut Scratch::new()).unwrap();
    let inside: Vec<_> = container.children().map(Component::id).collect();
    assert_eq!(inside, [Some(3)]);
    assert_eq!(json::encode(&container), text);
    assert!(container.validate().is_ok());
}

#[test]
fn what_is_wrong_with_a_message_is_told_at_once() {
    let mut row = ActionRow::buttons([Button::new("a", "A"), Button::new("a", "B".repeat(81))]);
    let mut select = Select::users("u");
    select.min_values = Some(3);
    row.components.push(select.into());
    let mut section = Section::new(["x"], Button::link("https://example.com", "Go").id(9));
    section.components.push(Separator::line().id(9).into());
    let draft = MessageDraft::new()
        .component(row)
        .component(section)
        .component(MediaGallery::new(Vec::<MediaGalleryItem>::new()));
    let told = draft.validate().unwrap_err();
    let told: Vec<String> = told.violations().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "components[0].components has 3 components, but Discord takes 1: take 2 away",
            "components[0].components[1].label has 81 characters, but Discord takes at most 80: shorten it by 1",
            "components[0].components[2].min_values is 3, but max_values is 1: set max_values to 3 or more",
            "components[1].components[1] is a Separator, but a section takes only TextDisplay: move it",
            "components[2].items has 0 items, but Discord takes 1 to 10: add 1",
            "components[0].components[1].custom_id is that of a component before: write another",
            "components[1].accessory.id is that of a component before: take another, or none",
        ]
    );
}

#[test]
fn totals_are_counted_over_the_tree() {
    let button = |n: usize| Button::new(n.to_string(), "x");
    let rows = (0..6).fold(MessageDraft::new(), |draft, row| {
        draft.component((0..5).map(|n| button(row * 5 + n)).collect::<ActionRow>())
    });
    let told = rows.clone().validate().unwrap_err().to_string();
    assert!(
        told.contains("components has 6 rows, but Discord takes at most 5"),
        "{told}"
    );

    // The flag lifts the limit of rows and brings one of components: 36, and a text with 4001.
    let draft = rows.component(TextDisplay::new("x"));
    assert!(draft.clone().validate().is_ok());
    let draft = draft
        .component(TextDisplay::new("y".repeat(4000)))
        .component(Separator::line())
        .component(Separator::line())
        .component(Separator::line());
    let told = draft.validate().unwrap_err();
    let told: Vec<_> = told
        .violations()
        .iter()
        .filter_map(|told| told.measure)
        .collect();
    assert_eq!(
        told.iter().map(|m| (m.value, m.most)).collect::<Vec<_>>(),
        [(41, 40), (4001, 4000)]
    );
}
