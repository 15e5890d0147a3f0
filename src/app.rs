//! Wiring, readiness, drain.
