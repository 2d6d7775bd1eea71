//! The flat lists of Discord's surface, written out of the tables of `specs/`.

mod audit_log_event;
mod error_code;
pub mod limits;

pub use audit_log_event::AuditLogEvent;
pub use error_code::ErrorCode;
