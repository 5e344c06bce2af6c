//! The one integration binary: a test per promise that no single module can keep alone.
//!
//! A new file here needs its `mod` line below and nothing else.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod baseline;
mod cache;
mod canary;
mod comments;
mod compat;
mod config;
mod containers;
mod coverage;
mod crowds;
mod damage;
mod encoded;
mod encrypted;
mod equality;
mod exits;
mod explain;
mod exposure;
mod files;
mod formats;
mod history;
mod hooks;
mod ignores;
mod import;
mod layered;
mod layers;
mod lexer;
mod managers;
mod migrate;
mod narrow;
mod progress;
mod promises;
mod pushes;
mod ranges;
mod recorded;
mod redaction;
mod reports;
mod repos;
mod rewrite;
mod rule_commands;
mod rules;
mod run;
mod secret_ui;
mod settings;
mod silence;
mod split;
mod staged;
mod strange;
mod streams;
mod suppress;
mod texts;
mod transcripts;
mod unreached;
mod worktree;
