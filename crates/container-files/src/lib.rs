//! Files out of a container and into it, whether it runs or not. Docker takes and hands them over as tar archives; the container's
//! volumes are part of it.

mod archive;
mod byte_channel;
mod fetch;
mod transfer;

pub use archive::{first_file, of_file};
pub use byte_channel::{PartReader, PartWriter};
pub use fetch::{exists, file, file_with_mode, fold, put};
pub use transfer::{Broken, drain, fill};
