//! What the book promises of itself: its listings run and print what it shows, and its pages hang together.

mod errors;
mod links;
mod listings;
mod pages;
mod source;
