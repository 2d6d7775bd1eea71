//! The model against payloads that others wrote.

mod corpus;
mod surface;
