//! What the statistics cost, and properties that hold for all samples.

mod costs;
mod properties;
