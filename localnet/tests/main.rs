//! Tests of the local chain and its world. Those of the modules `chain`, `localnet`, `clearinghouse`, `command_line`,
//! `dry_run`, `expiry`, `explain`, `refusals`, `portfolio` and `keeper` start real servers on free ports; all but the first
//! two also run the command line and the liquidator, which a build of the workspace has put beside this one.
mod chain;
mod clearinghouse;
mod command_line;
mod dry_run;
mod expiry;
mod explain;
mod keeper;
mod keys;
mod listing;
mod localnet;
mod portfolio;
mod programs;
mod refusals;
mod sources;
