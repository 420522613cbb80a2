//! Tests of the price paths, one module per source file.
mod bars;
mod builtin;
mod path;
mod walk;
