//! Which engine to talk to.
