//! The user's hook, kept from bringing down what calls it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use ovenjs_types::{Hook, HookCall};

/// A hook whose panics end with the call.
///
/// Hooks run where things happen: in the shards' thread, in requests and in the pump. A mistake in
/// one must cost no more than what it wanted to note.
#[derive(Debug)]
pub(crate) struct CaughtHook(pub(crate) Arc<dyn Hook>);

impl Hook for CaughtHook {
    fn call(&self, call: &HookCall<'_>) {
        // What the hook left half-done is its own, and nothing of ours is lent to it mutably.
        let called = catch_unwind(AssertUnwindSafe(|| self.0.call(call)));
        if called.is_err() {
            tracing::error!(point = call.point().name(), "the hook panicked");
        }
    }
}
