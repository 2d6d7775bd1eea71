//! Discord's nouns: ids, objects, events and the vocabulary the OvenJS crates share. No IO.
