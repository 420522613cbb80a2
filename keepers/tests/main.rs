//! Tests of the keeper's library and of its binary, against a node that is honest, lying or dead.
mod alarm;
mod audit;
mod config;
mod liquidator;
mod lying;
mod node;
mod recording;
