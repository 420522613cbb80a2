//! Tests of the calibration, one module per module.

mod calibrate;
mod chains;
mod closeout;
mod coverage;
mod fixtures;
mod haircut;
mod history;
mod initial;
mod procyclicality;
mod proposal;
mod replay;
mod statistics;
