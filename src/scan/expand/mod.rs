//! Expanders: look inside containers.
