//! What people install.
