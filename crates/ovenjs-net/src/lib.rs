//! One connector, clock and source of entropy for everything of OvenJS that touches the network.
