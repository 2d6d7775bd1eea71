//! Handlers, extractors, slash commands, components and modals.
