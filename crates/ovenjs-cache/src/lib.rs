//! What the gateway told us, kept under a bound.
