//! Discord's gateway: a pure session and a thin shell that moves bytes.
