//! From a function to a handler: the function stays, and beside it stands a type of the same name
//! that knows its route.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{ItemFn, spanned::Spanned};

use crate::{
    attribute::{self, Kind},
    function::{Argument, Errors, Function},
    locate, text,
};

pub(crate) fn command(attribute: TokenStream, item: TokenStream) -> TokenStream {
    or_error(item, |item| {
        let words = attribute::Command::parse(attribute)?;
        let krate = locate::commands(words.krate.as_ref())?;
        let slash = words.kind == Kind::Slash;
        let function = Function::read(item, "command", slash)?;
        let span = function.returns("Answer")?;
        let run = closure(&function, &krate, &quote!(answered), span);
        let name = text::plain(&function.item.sig.ident);
        let mut errors = Errors::default();
        let draft = errors.keep(draft(&words, &function, &krate));
        let group = words
            .group
            .as_ref()
            .and_then(|text| errors.keep(group(text)));
        let cooldown = words.cooldown.as_ref();
        let cooldown = cooldown.and_then(|text| errors.keep(attribute::cooldown(text)));
        errors.finish()?;
        let group = group.map(|group| quote!(.in_group(&[#(#group),*])));
        let cooldown = cooldown.map(|cooldown| quote!(.cooldown(#cooldown)));
        let ephemeral = words.ephemeral.then(|| quote!(.ephemeral()));
        let proposals: Vec<_> = function
            .options()
            .filter_map(|given| Some((&given.name, given.autocomplete.as_ref()?)))
            .map(|(option, path)| quote_spanned!(path.span()=> .proposing::<#path>(#option)))
            .collect();
        let route = quote! {
            #krate::Route::command(#name, #draft, #run) #group #ephemeral #cooldown #(#proposals)*
        };
        let proposers = function
            .options()
            .filter_map(|given| given.autocomplete.as_ref());
        let bounds = proposers
            .map(|path| quote_spanned!(path.span()=> #path: #krate::Proposes<__OvenState>,))
            .collect();
        Ok(handler(&function, &krate, &route, bounds))
    })
}

pub(crate) fn component(attribute: TokenStream, item: TokenStream) -> TokenStream {
    or_error(item, |item| {
        let words = attribute::Other::parse(attribute, "component", &["id", "ephemeral"])?;
        let krate = locate::commands(words.krate.as_ref())?;
        let function = Function::read(item, "component", false)?;
        let span = function.returns("Answer")?;
        let run = closure(&function, &krate, &quote!(answered), span);
        let name = text::plain(&function.item.sig.ident);
        let ephemeral = words.ephemeral.then(|| quote!(.ephemeral()));
        let route = match &words.id {
            Some(id) if !(1..=100).contains(&id.value().chars().count()) => {
                let text = "a custom id has 1 to 100 characters";
                return Err(syn::Error::new(id.span(), text));
            }
            Some(id) => quote!(#krate::Route::plain_component(#name, #id, #run) #ephemeral),
            None => quote!(#krate::Route::component(#name, #run) #ephemeral),
        };
        Ok(handler(&function, &krate, &route, TokenStream::new()))
    })
}

pub(crate) fn submit(attribute: TokenStream, item: TokenStream) -> TokenStream {
    or_error(item, |item| {
        let words = attribute::Other::parse(attribute, "submit", &["ephemeral"])?;
        let krate = locate::commands(words.krate.as_ref())?;
        let function = Function::read(item, "submit", false)?;
        let span = function.returns("Answer")?;
        let run = closure(&function, &krate, &quote!(answered), span);
        let name = text::plain(&function.item.sig.ident);
        let ephemeral = words.ephemeral.then(|| quote!(.ephemeral()));
        let route = quote!(#krate::Route::submit(#name, #run) #ephemeral);
        Ok(handler(&function, &krate, &route, TokenStream::new()))
    })
}

pub(crate) fn event(attribute: TokenStream, item: TokenStream) -> TokenStream {
    or_error(item, |item| {
        let words = attribute::Other::parse(attribute, "event", &["every"])?;
        let krate = locate::commands(words.krate.as_ref())?;
        let function = Function::read(item, "event", false)?;
        let span = match &function.item.sig.output {
            syn::ReturnType::Default => function.item.sig.ident.span(),
            syn::ReturnType::Type(_, ty) => ty.span(),
        };
        let run = closure(&function, &krate, &quote!(Done::done), span);
        let name = text::plain(&function.item.sig.ident);
        let make = if words.every {
            quote!(every_event)
        } else {
            quote!(event)
        };
        let route = quote!(#krate::Route::#make(#name, #run));
        Ok(handler(&function, &krate, &route, TokenStream::new()))
    })
}

pub(crate) fn autocomplete(attribute: TokenStream, item: TokenStream) -> TokenStream {
    or_error(item, |item| {
        let words = attribute::Other::parse(attribute, "autocomplete", &[])?;
        let krate = locate::commands(words.krate.as_ref())?;
        let function = Function::read(item, "autocomplete", false)?;
        let span = function.returns("Result<Vec<Choice>>")?;
        let run = closure(&function, &krate, &quote!(proposed), span);
        let body = quote!(#krate::generated::proposer(#run));
        let method = quote!(fn proposer() -> #krate::generated::Proposer<__OvenState>);
        let of = quote!(#krate::Proposes<__OvenState>);
        Ok(implement(
            &function,
            &krate,
            &of,
            &method,
            &body,
            TokenStream::new(),
        ))
    })
}

/// The function, its type and its route.
fn handler(
    function: &Function,
    krate: &TokenStream,
    route: &TokenStream,
    bounds: TokenStream,
) -> TokenStream {
    let taking = function
        .extractors()
        .map(|ty| quote_spanned!(ty.span()=> .taking::<#ty>()));
    let body = quote!(#route #(#taking)*);
    let method = quote!(fn route() -> #krate::Route<__OvenState>);
    let of = quote!(#krate::Handler<__OvenState>);
    implement(function, krate, &of, &method, &body, bounds)
}

fn implement(
    function: &Function,
    krate: &TokenStream,
    of: &TokenStream,
    method: &TokenStream,
    body: &TokenStream,
    bounds: TokenStream,
) -> TokenStream {
    let item = &function.item;
    let (ident, visibility) = (&item.sig.ident, &item.vis);
    let extractors = function
        .extractors()
        .map(|ty| quote_spanned!(ty.span()=> #ty: #krate::Extract<__OvenState>,));
    quote! {
        // Asynchronous and by value is what a handler is, also where it needs neither.
        #[allow(clippy::unused_async, clippy::needless_pass_by_value, clippy::too_many_arguments)]
        #item

        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #[derive(Debug)]
        #visibility enum #ident {}

        #[automatically_derived]
        impl<__OvenState> #of for #ident
        where
            __OvenState: ::core::marker::Send + ::core::marker::Sync + 'static,
            #(#extractors)*
            #bounds
        {
            #method {
                #body
            }
        }
    }
}

/// The closure that makes the arguments and calls the function.
///
/// What `finish` makes of the result is compared with the return type, so an error stands there:
/// at `span`.
fn closure(
    function: &Function,
    krate: &TokenStream,
    finish: &TokenStream,
    span: Span,
) -> TokenStream {
    let ident = &function.item.sig.ident;
    let call = Ident::new("call", Span::mixed_site());
    let names: Vec<_> = (0..function.arguments.len())
        .map(|place| format_ident!("argument_{place}", span = Span::mixed_site()))
        .collect();
    let known = function.options().map(|given| &given.name);
    let expect = (function.options().next().is_some())
        .then(|| quote!(#call.expect_options(&[#(#known),*])?;));
    let makes = function
        .arguments
        .iter()
        .zip(&names)
        .map(|(argument, name)| match argument {
            Argument::Extractor(ty) => quote_spanned! {ty.span()=>
                let #name = <#ty as #krate::Extract<__OvenState>>::extract(&mut #call).await?;
            },
            Argument::Given(given) => {
                let (ty, option) = (&given.ty, &given.name);
                quote_spanned! {ty.span()=> let #name = #call.option::<#ty>(#option)?; }
            }
        });
    let mutable = function.extractors().next().is_some().then(|| quote!(mut));
    let finish = quote_spanned!(span=> #krate::generated::#finish);
    let result = quote_spanned!(span=> #finish(#ident(#(#names),*).await));
    let unread = function
        .arguments
        .is_empty()
        .then(|| quote!(let _ = &#call;));
    quote! {
        |#mutable #call: #krate::Call<__OvenState>| #krate::generated::Box::pin(async move {
            #unread
            #expect
            #(#makes)*
            #result
        })
    }
}

/// The expression that describes the command to Discord.
fn draft(
    words: &attribute::Command,
    function: &Function,
    krate: &TokenStream,
) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let item = &function.item;
    let slash = words.kind == Kind::Slash;
    let (name, name_span) = match &words.name {
        Some(name) => (name.value(), name.span()),
        None => (text::plain(&item.sig.ident), item.sig.ident.span()),
    };
    check_name(&name, name_span, slash, &mut errors);
    let documented = text::summary(&item.attrs);
    let description = match (&words.description, documented) {
        (Some(text), _) if !slash => {
            let rule = "a user or message command has no description";
            errors.push(syn::Error::new(text.span(), rule));
            String::new()
        }
        _ if !slash => String::new(),
        (Some(text), _) => {
            check_length(
                "a description",
                &text.value(),
                100,
                text.span(),
                &mut errors,
            );
            text.value()
        }
        (None, Some((text, span))) => {
            check_length("a description", &text, 100, span, &mut errors);
            text
        }
        (None, None) => {
            errors.push(syn::Error::new(
                item.sig.ident.span(),
                "a command needs a description: write a doc comment above it, as in \
                 `/// What it does`",
            ));
            String::new()
        }
    };
    let mut options = Vec::new();
    for given in function.options() {
        check_name(&given.name, given.name_span, true, &mut errors);
        check_length(
            "a description",
            &given.description,
            100,
            given.description_span,
            &mut errors,
        );
        let (ty, name, description) = (&given.ty, &given.name, &given.description);
        let mut option = quote_spanned! {ty.span()=>
            #krate::generated::option::<#ty>(#name, #description)
        };
        if !given.channel_types.is_empty() {
            let types = &given.channel_types;
            option = quote! {
                #krate::types::CommandOption {
                    channel_types: #krate::generated::vec![#(#krate::types::ChannelType::#types),*],
                    ..#option
                }
            };
        }
        options.push(option);
    }
    if function.options().count() > 25 {
        let text = "a command has at most 25 options";
        errors.push(syn::Error::new(item.sig.ident.span(), text));
    }
    errors.finish()?;

    let types = quote!(#krate::types);
    let kind = match words.kind {
        Kind::Slash => quote!(ChatInput),
        Kind::User => quote!(User),
        Kind::Message => quote!(Message),
    };
    let permissions = &words.permissions;
    let permissions = permissions.split_first().map(|(first, more)| {
        quote! {
            default_member_permissions: #krate::generated::Option::Some(
                #types::Permissions::#first #(.union(#types::Permissions::#more))*
            ),
        }
    });
    let nsfw = words.nsfw.then(|| quote!(nsfw: true,));
    let contexts = words.contexts.as_ref().map(|contexts| {
        quote! {
            contexts: #krate::generated::Option::Some(#krate::generated::vec![
                #(#types::InteractionContext::#contexts),*
            ]),
        }
    });
    let installs = words.installs.as_ref().map(|installs| {
        quote! {
            integration_types: #krate::generated::Option::Some(#krate::generated::vec![
                #(#types::InstallContext::#installs),*
            ]),
        }
    });
    Ok(quote! {
        #types::CommandDraft {
            kind: #types::CommandType::#kind,
            options: #krate::generated::vec![#(#options),*],
            #permissions
            #nsfw
            #contexts
            #installs
            ..#types::CommandDraft::slash(#name, #description)
        }
    })
}

fn group(text: &syn::LitStr) -> syn::Result<Vec<String>> {
    let names: Vec<String> = text.value().split_whitespace().map(str::to_owned).collect();
    if !(1..=2).contains(&names.len()) {
        return Err(syn::Error::new(
            text.span(),
            "a group is one or two names, e.g. \"admin\" or \"admin roles\": Discord nests no deeper",
        ));
    }
    let mut errors = Errors::default();
    for name in &names {
        check_name(name, text.span(), true, &mut errors);
    }
    errors.finish()?;
    Ok(names)
}

fn check_name(name: &str, span: Span, slash: bool, errors: &mut Errors) {
    check_length("a name", name, 32, span, errors);
    if !slash {
        return;
    }
    let wrong = name.chars().find(|letter| {
        letter.is_uppercase() || !(letter.is_alphanumeric() || matches!(letter, '-' | '_' | '\''))
    });
    if let Some(wrong) = wrong {
        errors.push(syn::Error::new(
            span,
            format!(
                "Discord takes no `{wrong}` in the name `{name}`: lower-case letters, digits, \
                 `-`, `_` and `'` are allowed"
            ),
        ));
    }
}

pub(crate) fn check_length(what: &str, text: &str, most: usize, span: Span, errors: &mut Errors) {
    let length = text.chars().count();
    if length == 0 || length > most {
        errors.push(syn::Error::new(
            span,
            format!("Discord takes {what} of 1 to {most} characters; this has {length}"),
        ));
    }
}

/// Expands `item`. After an error the function itself stays, so that the compiler does not
/// complain of its absence as well.
fn or_error(
    item: TokenStream,
    expand: impl FnOnce(ItemFn) -> syn::Result<TokenStream>,
) -> TokenStream {
    let function = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let text = "this attribute is for functions";
            let span = error.span();
            let error = syn::Error::new(span, format!("{text}: {error}")).to_compile_error();
            return quote!(#error #item);
        }
    };
    let mut bare = function.clone();
    expand(function).unwrap_or_else(|error| {
        for argument in &mut bare.sig.inputs {
            if let syn::FnArg::Typed(argument) = argument {
                argument.attrs.clear();
            }
        }
        let (ident, visibility) = (&bare.sig.ident, &bare.vis);
        let error = error.to_compile_error();
        quote! {
            #error
            #[allow(dead_code, unused_variables)]
            #bare
            #[allow(non_camel_case_types, dead_code)]
            #visibility enum #ident {}
        }
    })
}
