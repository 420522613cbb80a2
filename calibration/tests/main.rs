//! Tests of the calibration, one module per module.

mod calibrate;
mod chains;
mod closeout;
mod coverage;
mod fixtures;
mod haircut;
mod history;
mod initial;
mod picture;
mod procyclicality;
mod proposal;
mod range;
mod replay;
mod sample;
mod statistics;
mod text;
mod verdict;
mod warning;
