//! The supervisor of a sandbox: stands for the program that OpenShell puts into every sandbox.
//!
//! By setting it answers NSSH1 on port 2222, as v0.0.22 has it, dials in to the server, as today's does, or both.

pub mod command;
pub mod dial;
pub mod exit_report;
pub mod kept_lines;
pub mod main_process;
pub mod nssh1_listener;
pub mod relay;
pub mod run;
pub mod settings;
