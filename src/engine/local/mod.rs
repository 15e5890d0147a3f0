//! Engines inside the machine: no key, no account, no service.
