//! The model against payloads that others wrote.

mod corpus;
mod mutation;
mod size;
mod surface;
