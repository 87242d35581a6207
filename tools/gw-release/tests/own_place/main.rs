//! A gateway's place on a cluster, against a small API server, also through a proxy that spoils requests. helm is played by a script.

mod interrupted;
mod prepare;
mod publish;
mod removal;
mod restart;
mod scene;
