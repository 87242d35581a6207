//! What a reader may rely on in this repository.

mod debug_form;
mod dependencies;
mod documents;
mod editor;
mod lints;
mod named_files;
mod packages;
mod quick;
mod scripts;
mod toolchain;
