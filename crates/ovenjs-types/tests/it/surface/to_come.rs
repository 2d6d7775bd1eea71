//! Objects and events of the tables whose lines are still to come, or still have faults.
//!
//! What stands here is counted and may have faults; every fault of every other line fails.

/// Names of objects, enums and events.
pub(super) const TO_COME: &[&str] = &["ActivitiesAttachmentResponse"];
