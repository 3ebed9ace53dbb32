//! The examples stand beside this file, one idea each.
