//! The attribute macros of OvenJS: #[command], #[component] and friends.
