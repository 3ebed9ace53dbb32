//! `#[worker]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, GenericParam, Ident, Item, ItemFn, Pat, PatType, Safety, Signature};
use syn::{Token, Type};

use crate::faults::Faults;
use crate::name;
use crate::settings::{Place, Settings};

/// The attributes that stay on the function that makes the spec; all others go to the one that runs.
const OUTER: &[&str] = &[
    "allow",
    "cfg",
    "cfg_attr",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "forbid",
    "must_use",
    "warn",
];

/// The function that makes the spec, and all that is wrong with the input.
pub(crate) fn expand(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let mut settings = Settings::default();
    settings.read(attribute, Place::Function, &mut faults);
    let function = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(function)) => function,
        Ok(other) => {
            faults.at(&other, "`#[worker]` stands on an `async fn`");
            let faults = faults.tell();
            return quote_spanned!(Span::mixed_site()=> #faults #other);
        }
        Err(error) => {
            faults.add(error);
            let faults = faults.tell();
            return quote_spanned!(Span::mixed_site()=> #faults #item);
        }
    };
    let mut misfits = Faults::default();
    check(&function.sig, &mut misfits);
    let spec = arguments(&function.sig).map(|arguments| {
        let body = if misfits.is_empty() {
            body(&function, &arguments, &settings)
        } else {
            // Who calls the function is not told of a second fault.
            quote_spanned!(Span::mixed_site()=> loop {})
        };
        spec(&function, &arguments, &settings, &body)
    });
    let (faults, misfits) = (faults.tell(), misfits.tell());
    quote_spanned!(Span::mixed_site()=> #faults #misfits #spec)
}

/// A parameter of the function that makes the spec.
struct Argument<'a> {
    ident: Ident,
    ty: &'a Type,
}

impl<'a> Argument<'a> {
    fn new(at: usize, input: &'a PatType, function: &Ident) -> Self {
        let ident = match &*input.pat {
            // The inner function would hide an argument of the same name.
            Pat::Ident(pattern) if pattern.subpat.is_none() && pattern.ident != *function => {
                pattern.ident.clone()
            }
            _ => format_ident!("argument_{at}", span = Span::mixed_site()),
        };
        Self {
            ident,
            ty: &input.ty,
        }
    }
}

fn check(signature: &Signature, faults: &mut Faults) {
    let name = &signature.ident;
    if signature.asyncness.is_none() {
        faults.at(
            signature.fn_token,
            format!("a worker is an `async fn`: write `async fn {name}(..)`"),
        );
    }
    let plain = "a worker is a plain `async fn`";
    if let Some(constness) = &signature.constness {
        faults.at(constness, plain);
    }
    if let Safety::Safe(_) | Safety::Unsafe(_) = signature.safety {
        faults.at(&signature.safety, plain);
    }
    if let Some(abi) = &signature.abi {
        faults.at(abi, plain);
    }
    if let Some(variadic) = &signature.variadic {
        faults.at(variadic, plain);
    }
    if let Some(receiver) = signature.receiver() {
        faults.at(
            receiver,
            "a worker function has no `self`: derive `Supervisable` for a type that has a `run`",
        );
    } else if signature.inputs.is_empty() {
        faults.at(
            name,
            format!(
                "a worker is given its context, which tells it when to stop: write \
                 `async fn {name}(ctx: Context)`"
            ),
        );
    }
    for input in &signature.inputs {
        let FnArg::Typed(input) = input else { continue };
        if let Type::Reference(reference) = &*input.ty
            && reference.lifetime.is_none()
        {
            faults.at(
                reference.and_token,
                "a worker outlives the call that makes it: take an owned value, an `Arc`, or a \
                 `&'static` reference",
            );
        }
    }
}

/// All parameters but the context; `None` if they are not those of a worker.
fn arguments(signature: &Signature) -> Option<Vec<Argument<'_>>> {
    let typed: Option<Vec<&PatType>> = signature
        .inputs
        .iter()
        .map(|input| match input {
            FnArg::Typed(input) => Some(input),
            FnArg::Receiver(_) => None,
        })
        .collect();
    let mut typed = typed?;
    typed.pop()?;
    let new = |(at, input)| Argument::new(at, input, &signature.ident);
    Some(typed.into_iter().enumerate().map(new).collect())
}

/// The outer function, whose signature is that of the given one without its context.
fn spec(
    function: &ItemFn,
    arguments: &[Argument<'_>],
    settings: &Settings,
    body: &TokenStream,
) -> TokenStream {
    let span = name_span(function);
    let private = settings.private(span);
    let attributes = function
        .attrs
        .iter()
        .filter(|attribute| is_outer(attribute));
    let visibility = &function.vis;
    let ident = &function.sig.ident;
    let generics = &function.sig.generics;
    let clause = &generics.where_clause;
    let parameters = arguments
        .iter()
        .map(|Argument { ident, ty }| quote_spanned!(span=> #ident: #ty));
    quote_spanned! {span=>
        #(#attributes)*
        #visibility fn #ident #generics (#(#parameters),*) -> #private::ChildSpec #clause {
            #body
        }
    }
}

/// The function that runs, and the spec that calls it at each start.
fn body(function: &ItemFn, arguments: &[Argument<'_>], settings: &Settings) -> TokenStream {
    let span = name_span(function);
    let private = settings.private(span);
    let signature = &function.sig;
    let ident = &signature.ident;
    let name = settings.name.clone().unwrap_or_else(|| name::of(ident));
    let attributes = function
        .attrs
        .iter()
        .filter(|attribute| !is_outer(attribute));
    let block = &function.block;
    let turbofish = turbofish(function, span);

    // What is wrong with a parameter is told at its type.
    let given = arguments.iter().map(|Argument { ident, ty }| {
        let span = place(ty);
        let private = settings.private(span);
        quote_spanned!(span=> #private::argument(&#ident))
    });
    let ctx = quote_spanned!(span=> ctx);
    let last = signature.inputs.last().map(|last| {
        let span = match last {
            FnArg::Typed(last) => place(&last.ty),
            FnArg::Receiver(_) => span,
        };
        let private = settings.private(span);
        quote_spanned!(span=> #private::context(#ctx))
    });
    let restart = settings
        .restart(span)
        .map(|restart| quote_spanned!(span=> .restart(#restart)));
    let shutdown = settings
        .shutdown(span)
        .map(|shutdown| quote_spanned!(span=> .shutdown(#shutdown)));
    let version = settings.version.as_ref();
    let version = version.map(|version| quote_spanned!(span=> .version(#version)));
    quote_spanned! {span=>
        #(#attributes)*
        #signature #block
        #private::function(#name, move |#ctx| #ident #turbofish (#(#given,)* #last))
            #restart
            #shutdown
            #version
    }
}

fn is_outer(attribute: &Attribute) -> bool {
    OUTER.iter().any(|name| attribute.path().is_ident(name))
}

/// What is wrong with the future is told at the name of its function.
fn name_span(function: &ItemFn) -> Span {
    Span::mixed_site().located_at(function.sig.ident.span())
}

/// The generic arguments of the inner function, which has those of the outer one; lifetimes are found.
fn turbofish(function: &ItemFn, span: Span) -> Option<TokenStream> {
    let named: Punctuated<&Ident, Token![,]> = function
        .sig
        .generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(&parameter.ident),
            GenericParam::Const(parameter) => Some(&parameter.ident),
            GenericParam::Lifetime(_) => None,
        })
        .collect();
    (!named.is_empty()).then(|| quote_spanned!(span=> ::<#named>))
}

/// Where a type stands in the source.
fn place(ty: &Type) -> Span {
    let first = ty.to_token_stream().into_iter().next();
    let span = first.map_or_else(Span::call_site, |token| token.span());
    Span::mixed_site().located_at(span)
}

#[cfg(test)]
mod tests {
    use syn::File;

    use super::*;

    #[test]
    fn the_attribute_writes_what_the_page_shows() {
        let shown: File = syn::parse_str(&crate::shown("# What `#[worker]` writes")).unwrap();
        let input = quote::quote! {
            pub async fn poller(host: String, every: Duration, ctx: Context) -> Result<(), BoxError> {
                println!("polls {host} every {every:?}");
                ctx.stopping().await;
                Ok(())
            }
        };
        let settings = quote::quote!(restart = "transient", shutdown = "brutal", version = "2");
        let written = expand(settings, &input);
        let shown = shown.into_token_stream();
        assert_eq!(written.to_string(), shown.to_string());
    }
}
