//! A Discord in a box whose oracle is Discord's own API description.
