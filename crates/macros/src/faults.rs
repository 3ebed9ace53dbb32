//! All that is wrong with an input, told together.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// What was found wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Option<syn::Error>);

impl Faults {
    /// Adds a fault at these tokens, with what to write instead.
    pub(crate) fn at(&mut self, place: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(place, message));
    }

    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The code that makes the compiler tell all of them; empty if there are none.
    pub(crate) fn tell(self) -> TokenStream {
        self.0
            .map_or_else(TokenStream::new, syn::Error::into_compile_error)
    }
}
