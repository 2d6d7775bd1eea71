//! Every "n per t" rule of Discord as pure state machines.
