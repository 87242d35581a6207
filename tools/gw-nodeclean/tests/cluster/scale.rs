//! Many nodes, pods and volumes. Only where sweeps are thorough: it takes minutes.
