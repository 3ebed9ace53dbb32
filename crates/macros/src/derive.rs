//! `#[derive(Supervisable)]`.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Data, DeriveInput, Meta};

use crate::faults::Faults;
use crate::name;
use crate::settings::{Place, Settings};

/// The implementation, and all that is wrong with the input.
pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    let mut faults = Faults::default();
    let settings = settings(input, &mut faults);
    if let Data::Union(union) = &input.data {
        faults.at(
            union.union_token,
            "a union cannot be supervised: derive `Supervisable` for a struct or an enum",
        );
        return faults.tell();
    }
    let implementation = implementation(input, &settings);
    let faults = faults.tell();
    quote_spanned!(Span::mixed_site()=> #faults #implementation)
}

fn settings(input: &DeriveInput, faults: &mut Faults) -> Settings {
    let mut settings = Settings::default();
    let ours = |attribute: &&syn::Attribute| attribute.path().is_ident("supervise");
    for attribute in input.attrs.iter().filter(ours) {
        match &attribute.meta {
            Meta::List(list) => settings.read(list.tokens.clone(), Place::Type, faults),
            other => faults.at(other, "write `#[supervise(restart = \"transient\")]`"),
        }
    }
    settings
}

/// What the docs of the crate show, with the settings of this input.
fn implementation(input: &DeriveInput, settings: &Settings) -> TokenStream {
    // What is wrong with a method is told at the name of its type.
    let span = Span::mixed_site().located_at(input.ident.span());
    let private = settings.private(span);
    let ident = &input.ident;
    let name = settings.name.clone().unwrap_or_else(|| name::of(ident));
    let (generics, arguments, clause) = input.generics.split_for_impl();
    let restart = settings
        .restart(span)
        .map(|restart| quote_spanned!(span=> fn restart(&self) -> #private::Restart { #restart }));
    let shutdown = settings.shutdown(span).map(|shutdown| {
        quote_spanned!(span=>
            fn shutdown_strategy(&self) -> #private::ShutdownStrategy { #shutdown }
        )
    });
    let init_policy = settings.init_policy(span).map(
        |policy| quote_spanned!(span=> fn init_policy(&self) -> #private::InitPolicy { #policy }),
    );
    let version = settings.version.as_ref().map(|version| {
        quote_spanned!(span=>
            fn version(&self) -> #private::Option<&str> { #private::Option::Some(#version) }
        )
    });
    let made = match &init_policy {
        Some(_) => quote_spanned!(span=> #private::made_or_failed),
        None => quote_spanned!(span=> #private::made),
    };
    quote_spanned! {span=>
        #[automatically_derived]
        impl #generics #private::Supervisable for #ident #arguments #clause {
            fn name(&self) -> &str {
                #name
            }
            #restart
            #shutdown
            #init_policy
            #version
            fn has_initialization(&self) -> bool {
                use #private::Undeclared as _;
                #private::is_declared(self, Self::init)
            }
            fn initialize<'life0, 'async_trait>(
                &'life0 self,
                ctx: #private::Context,
            ) -> #private::Initialization<'life0>
            where
                'life0: 'async_trait,
                Self: 'async_trait,
            {
                use #private::Undeclared as _;
                #private::Box::pin(async move {
                    let made = #made(#private::init(self, &ctx, Self::init).await)?;
                    #private::started(#private::run(self, made, ctx, Self::run))
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;
    use syn::{File, Item};

    use super::*;

    #[test]
    fn the_derive_writes_what_the_page_shows() {
        let shown: File = syn::parse_str(&crate::shown("# What the derive writes")).unwrap();
        let implementation = shown.items.iter().find_map(|item| match item {
            Item::Impl(block) => block.trait_.is_some().then(|| block.to_token_stream()),
            _ => None,
        });
        let input = syn::parse_quote! {
            #[supervise(restart = "transient", shutdown = "10s", init = "fatal_on_first_start")]
            #[supervise(version = "2")]
            struct Mailer {
                server: String,
            }
        };
        let written = expand(&input);
        assert_eq!(written.to_string(), implementation.unwrap().to_string());
    }

    #[test]
    fn what_is_wrong_does_not_keep_the_rest_from_being_written() {
        let input = syn::parse_quote! {
            #[supervise(name = "a/b", restart = "often", shutdown = "brutal")]
            struct Mailer;
        };
        let written = expand(&input).to_string();
        assert_eq!(written.matches("compile_error").count(), 2, "{written}");
        assert!(written.contains("ShutdownStrategy :: Brutal"), "{written}");
    }
}
