//! Discord's REST API: one deed, one value, one way out.
