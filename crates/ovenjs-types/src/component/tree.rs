//! The rules for all components of a message or modal together.

use std::collections::HashSet;

use super::{Component, ComponentType, check_place};
use crate::{Report, Validate, limits, valid::characters};

/// Checks the components of a message, at the place where the message is. `v2` is whether the
/// message carries the flag `IS_COMPONENTS_V2`; that it carries it where it must is the message's to
/// check.
pub(crate) fn check_message(components: &[Component], v2: bool, report: &mut Report) {
    if !v2 {
        let most = limits::COMPONENTS_LEGACY_ROWS;
        report.amount("components", components.len(), 0..=most, "rows");
    }
    report.each("components", components, |report, component| {
        check_place(report, component, "a message", IN_MESSAGE);
        component.check(report);
    });
    walk(components, report, &mut |component, report| {
        if matches!(component, Component::TextInput(_)) {
            report.note("", "is a TextInput, which stands in modals only: move it");
        }
    });
    let census = Census::of(components, report);
    if v2 {
        report.amount(
            "components",
            census.components,
            0..=limits::COMPONENTS_V2_TOTAL,
            "components",
        );
        report.amount(
            "components",
            census.characters,
            0..=limits::TEXT_DISPLAY,
            "characters",
        );
    }
}

/// Checks the components of a modal, at the place where the modal is.
pub(crate) fn check_modal(components: &[Component], report: &mut Report) {
    report.amount(
        "components",
        components.len(),
        1..=MODAL_COMPONENTS,
        "components",
    );
    report.each("components", components, |report, component| {
        check_place(report, component, "a modal", IN_MODAL);
        component.check(report);
    });
    let census = Census::of(components, report);
    report.amount(
        "components",
        census.components,
        0..=limits::MODAL_COMPONENTS,
        "components with those inside",
    );
    walk(
        components,
        report,
        &mut |component, report| match component {
            Component::Select(select) => select.check_in_modal(report),
            Component::ActionRow(row) => {
                report.each("components", &row.components, |report, inside| {
                    let allowed = [ComponentType::TextInput];
                    check_place(report, inside, "a row of a modal", &allowed);
                    if matches!(inside, Component::TextInput(input) if input.label.is_none()) {
                        report.note(
                            "label",
                            "is missing: write one, or put the input into a Label",
                        );
                    }
                });
            }
            _ => {}
        },
    );
}

/// The most labels and texts of a modal, from Discord's page on modals. The OpenAPI file has 40 in
/// this place, which is taken for the bound of all components together.
const MODAL_COMPONENTS: usize = 5;

const IN_MESSAGE: &[ComponentType] = &[
    ComponentType::ActionRow,
    ComponentType::Section,
    ComponentType::TextDisplay,
    ComponentType::MediaGallery,
    ComponentType::File,
    ComponentType::Separator,
    ComponentType::Container,
];

/// A row holds a text input there, as modals were before labels.
const IN_MODAL: &[ComponentType] = &[
    ComponentType::Label,
    ComponentType::TextDisplay,
    ComponentType::ActionRow,
];

/// What is counted over a whole tree.
#[derive(Default)]
struct Census {
    components: usize,
    characters: usize,
}

impl Census {
    /// Counts, and notes what occurs twice though it must not.
    fn of(components: &[Component], report: &mut Report) -> Self {
        let mut census = Self::default();
        let mut custom_ids = HashSet::new();
        let mut ids = HashSet::new();
        walk(components, report, &mut |component, report| {
            census.components += 1;
            if let Component::TextDisplay(text) = component {
                census.characters += characters(&text.content);
            }
            if component
                .custom_id()
                .is_some_and(|id| !custom_ids.insert(id))
            {
                report.note("custom_id", "is that of a component before: write another");
            }
            // Discord takes 0 for none.
            let id = component.id().filter(|id| *id != 0);
            if id.is_some_and(|id| !ids.insert(id)) {
                report.note("id", "is that of a component before: take another, or none");
            }
        });
        census
    }
}

/// Visits every component, those inside others after these.
fn walk<'c>(
    components: &'c [Component],
    report: &mut Report,
    visit: &mut dyn FnMut(&'c Component, &mut Report),
) {
    report.each("components", components, |report, component| {
        visit_one(component, report, visit);
    });
}

fn visit_one<'c>(
    component: &'c Component,
    report: &mut Report,
    visit: &mut dyn FnMut(&'c Component, &mut Report),
) {
    visit(component, report);
    match component {
        Component::ActionRow(row) => walk(&row.components, report, visit),
        Component::Container(container) => walk(&container.components, report, visit),
        Component::Section(section) => {
            walk(&section.components, report, visit);
            let accessory = &section.accessory;
            report.field("accessory", |report| visit_one(accessory, report, visit));
        }
        Component::Label(label) => {
            let input = &label.component;
            report.field("component", |report| visit_one(input, report, visit));
        }
        _ => {}
    }
}
