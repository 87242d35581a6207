//! What the reference server, its controller, its supervisor and their tests share.

pub mod client;
pub mod log;
pub mod pem;
pub mod program;
pub mod streams;

#[allow(missing_docs, clippy::all, clippy::pedantic)]
mod openshell {
    pub mod datamodel {
        pub mod v1 {
            tonic::include_proto!("openshell.datamodel.v1");
        }
    }
    pub mod v1 {
        tonic::include_proto!("openshell.v1");
    }
}

/// The generated messages of `openshell.datamodel.v1`.
pub use openshell::datamodel::v1 as datamodel;
/// The generated messages and services of `openshell.v1`.
pub use openshell::v1 as api;

/// The descriptors of both packages, an encoded `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors"));
