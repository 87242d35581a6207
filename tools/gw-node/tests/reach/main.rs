//! A gateway's Kubernetes, which the test plays, as `forward`, `logs` and `kubeconfig` reach it. Docker is not there.

mod cluster;
mod forward;
mod kubeconfig;
mod logs;
