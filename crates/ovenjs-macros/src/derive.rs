//! `#[derive(CustomId)]`, `#[derive(Modal)]` and `#[derive(Choices)]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, Data, DataEnum, DeriveInput, Fields, Ident, LitInt, LitStr, Path, Type,
    spanned::Spanned,
};

use crate::{function::Errors, handler::check_length, locate, text};

pub(crate) fn custom_id(item: TokenStream) -> TokenStream {
    expand(item, |item| {
        let mut krate = None;
        let mut name = (text::snake(&text::plain(&item.ident)), item.ident.span());
        let mut version: u16 = 1;
        let mut was: Vec<Path> = Vec::new();
        words(&item.attrs, "custom_id", |meta| {
            if meta.path.is_ident("crate") {
                krate = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("name") {
                let given: LitStr = meta.value()?.parse()?;
                name = (given.value(), given.span());
            } else if meta.path.is_ident("version") {
                version = meta.value()?.parse::<LitInt>()?.base10_parse()?;
            } else if meta.path.is_ident("was") {
                was.push(meta.value()?.parse()?);
            } else {
                let text = "unknown word: `#[custom_id]` knows name, version, was and crate; on a field, since";
                return Err(meta.error(text));
            }
            Ok(())
        })?;
        let krate = locate::commands(krate.as_ref())?;
        let (name, name_span) = name;
        check_ascii(&name, name_span)?;
        let fields = named(item, "CustomId")?;
        let mut reads = Vec::new();
        for field in &fields {
            let (ident, ty) = (&field.ident, &field.ty);
            let mut since: Option<u16> = None;
            words(field.attrs, "custom_id", |meta| {
                if !meta.path.is_ident("since") {
                    return Err(meta.error("unknown word: on a field, `#[custom_id]` knows since"));
                }
                let given: LitInt = meta.value()?.parse()?;
                let number = given.base10_parse()?;
                if number > version {
                    let text =
                        format!("the version is {version}: raise it with `version = {number}`");
                    return Err(syn::Error::new(given.span(), text));
                }
                since = Some(number);
                Ok(())
            })?;
            reads.push(match since {
                Some(since) => {
                    quote_spanned!(at(ty)=> #ident: reader.field_since(#since, <#ty as #krate::Field>::read)?)
                }
                None => quote_spanned!(at(ty)=> #ident: reader.field(<#ty as #krate::Field>::read)?),
            });
        }
        let ident = &item.ident;
        let types: Vec<_> = fields.iter().map(|field| field.ty).collect();
        let writes = fields.iter().map(|field| {
            let (ident, ty) = (field.ident, field.ty);
            quote_spanned!(at(ty)=> <#ty as #krate::Field>::write(&self.#ident, &mut wire);)
        });
        let lengths = types
            .iter()
            .map(|ty| quote_spanned!(at(ty)=> + 1 + <#ty as #krate::Field>::LENGTH_MAX));
        let text = format!(
            "`{}` can have more than the 100 characters of a custom id: shorten its name or bound its fields",
            item.ident
        );
        let private = quote!(#krate::generated);
        let successions = was.iter().map(|old| {
            let text = "a custom id that `was` another has its name and a greater version";
            quote_spanned! {old.span()=>
                const _: () = ::core::assert!(
                    #private::supersedes(
                        (<#ident as #krate::CustomId>::NAME, <#ident as #krate::CustomId>::VERSION),
                        (<#old as #krate::CustomId>::NAME, <#old as #krate::CustomId>::VERSION),
                    ),
                    #text
                );
            }
        });
        Ok(quote! {
            #(#successions)*

            #[automatically_derived]
            impl #krate::CustomId for #ident {
                const NAME: &'static str = #name;
                const VERSION: u16 = #version;
                const LENGTH_MAX: usize = #private::head_length(#name, #version) #(#lengths)*;

                fn encode(&self) -> #private::String {
                    let mut wire = #private::begin(#name, #version);
                    #(
                        wire.push(':');
                        #writes
                    )*
                    wire
                }

                fn decode(wire: &str) -> #private::Result<Self, #krate::Stale> {
                    #(
                        if let #private::Result::Ok(old) = <#was as #krate::CustomId>::decode(wire) {
                            return #private::Result::Ok(::core::convert::From::from(old));
                        }
                    )*
                    #[allow(unused_mut)]
                    let mut reader = #private::Reader::new(#name, #version, wire)?;
                    let id = Self { #(#reads),* };
                    reader.end()?;
                    #private::Result::Ok(id)
                }
            }

            const _: () = ::core::assert!(
                <#ident as #krate::CustomId>::LENGTH_MAX <= #private::CUSTOM_ID_MAX,
                #text
            );

            #[automatically_derived]
            impl<__OvenState> #krate::Extract<__OvenState> for #ident
            where
                __OvenState: ::core::marker::Send + ::core::marker::Sync,
            {
                const KEY: #private::Option<#krate::Key> =
                    #private::Option::Some(#krate::Key::Component(#name));

                async fn extract(
                    call: &mut #krate::Call<__OvenState>,
                ) -> #private::Result<Self, #krate::Failure> {
                    #private::custom_id(call)
                }
            }
        })
    })
}

pub(crate) fn modal(item: TokenStream) -> TokenStream {
    expand(item, |item| {
        let mut krate = None;
        let mut name = (text::snake(&text::plain(&item.ident)), item.ident.span());
        let mut title = text::summary(&item.attrs);
        words(&item.attrs, "modal", |meta| {
            if meta.path.is_ident("crate") {
                krate = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("name") {
                let given: LitStr = meta.value()?.parse()?;
                name = (given.value(), given.span());
            } else if meta.path.is_ident("title") {
                let given: LitStr = meta.value()?.parse()?;
                title = Some((given.value(), given.span()));
            } else {
                return Err(meta.error("unknown word: `#[modal]` knows name, title and crate"));
            }
            Ok(())
        })?;
        let krate = locate::commands(krate.as_ref())?;
        let private = quote!(#krate::generated);
        let types = quote!(#krate::types);
        let (name, name_span) = name;
        check_ascii(&name, name_span)?;
        let mut errors = Errors::default();
        let (title, title_span) = title.unwrap_or_else(|| {
            let text = "a modal needs a title: write a doc comment above the type";
            errors.push(syn::Error::new(item.ident.span(), text));
            ("?".to_owned(), item.ident.span())
        });
        check_length("a title", &title, 45, title_span, &mut errors);
        let fields = named(item, "Modal")?;
        if !(1..=5).contains(&fields.len()) {
            let text = "a modal has one to five fields";
            errors.push(syn::Error::new(item.ident.span(), text));
        }
        let mut inputs = Vec::new();
        let mut reads = Vec::new();
        for field in &fields {
            let (ident, ty) = (&field.ident, &field.ty);
            let key = text::plain(ident);
            let mut style = quote!(short);
            let mut hint = None;
            let (label, below) = text::paragraphs(field.attrs);
            words(field.attrs, "input", |meta| {
                if meta.path.is_ident("paragraph") {
                    style = quote!(paragraph);
                } else if meta.path.is_ident("placeholder") {
                    let given: LitStr = meta.value()?.parse()?;
                    let (text, span) = (given.value(), given.span());
                    check_length("a placeholder", &text, 100, span, &mut errors);
                    hint = Some(quote! {
                        input.placeholder = #private::Option::Some(::core::convert::Into::into(#given));
                    });
                } else {
                    return Err(
                        meta.error("unknown word: `#[input]` knows paragraph and placeholder")
                    );
                }
                Ok(())
            })?;
            let (label, label_span) = label.unwrap_or_else(|| {
                let text = "a field needs a label: write a doc comment above it";
                errors.push(syn::Error::new(ident.span(), text));
                ("?".to_owned(), ident.span())
            });
            check_length("a label", &label, 45, label_span, &mut errors);
            let below = below.map(|(below, span)| {
                check_length("a description", &below, 100, span, &mut errors);
                quote!(label.description = #private::Option::Some(::core::convert::Into::into(#below));)
            });
            inputs.push(quote_spanned! {at(ty)=> {
                #[allow(unused_mut)]
                let mut input = <#ty as #krate::Input>::describe(#types::TextInput::#style(#key));
                #hint
                #[allow(unused_mut)]
                let mut label = #types::Label::new(#label, input);
                #below
                label
            }});
            reads.push(quote_spanned! {at(ty)=>
                #ident: #private::field::<#ty>(data, #key, #label)?
            });
        }
        errors.finish()?;
        let ident = &item.ident;
        let visibility = &item.vis;
        Ok(quote! {
            #[automatically_derived]
            #[allow(dead_code)]
            impl #ident {
                /// The modal, with its fields empty.
                #[must_use]
                #visibility fn modal() -> #krate::FormDraft<Self> {
                    <Self as #krate::Form>::modal()
                }
            }

            #[automatically_derived]
            impl #krate::Form for #ident {
                const NAME: &'static str = #name;

                fn modal() -> #krate::FormDraft<Self> {
                    #krate::FormDraft::new(#title, #private::vec![#(#inputs),*])
                }

                fn read(
                    data: &#types::ModalData,
                ) -> #private::Result<Self, #krate::Failure> {
                    #private::Result::Ok(Self { #(#reads),* })
                }
            }

            #[automatically_derived]
            impl<__OvenState> #krate::Extract<__OvenState> for #ident
            where
                __OvenState: ::core::marker::Send + ::core::marker::Sync,
            {
                const KEY: #private::Option<#krate::Key> =
                    #private::Option::Some(#krate::Key::Form(#name));

                async fn extract(
                    call: &mut #krate::Call<__OvenState>,
                ) -> #private::Result<Self, #krate::Failure> {
                    #private::form(call)
                }
            }
        })
    })
}

pub(crate) fn choices(item: TokenStream) -> TokenStream {
    expand(item, |item| {
        let mut krate = None;
        words(&item.attrs, "choices", |meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("unknown word: `#[choices]` knows crate"));
            }
            krate = Some(meta.value()?.parse()?);
            Ok(())
        })?;
        let krate = locate::commands(krate.as_ref())?;
        let private = quote!(#krate::generated);
        let types = quote!(#krate::types);
        let Data::Enum(DataEnum { variants, .. }) = &item.data else {
            let text = "`#[derive(Choices)]` is for enums";
            return Err(syn::Error::new(item.ident.span(), text));
        };
        let mut errors = Errors::default();
        if !(1..=25).contains(&variants.len()) {
            let text = "an option has one to 25 choices";
            errors.push(syn::Error::new(item.ident.span(), text));
        }
        let (mut idents, mut values, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for variant in variants {
            let ident = &variant.ident;
            if !matches!(variant.fields, Fields::Unit) {
                let text = "a choice carries nothing: remove the fields";
                errors.push(syn::Error::new(variant.fields.span(), text));
            }
            let mut value = (text::snake(&text::plain(ident)), ident.span());
            let mut label =
                text::summary(&variant.attrs).unwrap_or_else(|| (text::plain(ident), ident.span()));
            words(&variant.attrs, "choice", |meta| {
                let given: LitStr = if meta.path.is_ident("value") || meta.path.is_ident("name") {
                    meta.value()?.parse()?
                } else {
                    return Err(meta.error("unknown word: `#[choice]` knows name and value"));
                };
                let place = if meta.path.is_ident("value") {
                    &mut value
                } else {
                    &mut label
                };
                *place = (given.value(), given.span());
                Ok(())
            })?;
            check_length("a choice", &label.0, 100, label.1, &mut errors);
            if let Err(error) = check_ascii(&value.0, value.1) {
                errors.push(error);
            }
            if values.contains(&value.0) {
                let text = format!("another choice has the value `{}` already", value.0);
                errors.push(syn::Error::new(value.1, text));
            }
            if labels.contains(&label.0) {
                let text = format!("users see another choice as `{}` already", label.0);
                errors.push(syn::Error::new(label.1, text));
            }
            idents.push(ident);
            values.push(value.0);
            labels.push(label.0);
        }
        errors.finish()?;
        let ident = &item.ident;
        let longest = values.iter().map(String::len).max().unwrap_or(0);
        Ok(quote! {
            #[automatically_derived]
            impl #krate::Argument for #ident {
                const KIND: #types::CommandOptionType = #types::CommandOptionType::String;

                fn describe(mut option: #types::CommandOption) -> #types::CommandOption {
                    option.choices = #private::vec![#(#types::Choice::new(#labels, #values)),*];
                    option
                }

                fn read(given: #krate::Given<'_>) -> #private::Result<Self, #krate::Unfit> {
                    match given.text()? {
                        #(#values => #private::Result::Ok(Self::#idents),)*
                        _ => #private::Result::Err(#krate::Unfit::new("must be one of the choices")),
                    }
                }
            }

            #[automatically_derived]
            impl #krate::Field for #ident {
                const LENGTH_MAX: usize = #longest;

                fn write(&self, wire: &mut #private::String) {
                    wire.push_str(match self {
                        #(Self::#idents => #values,)*
                    });
                }

                fn read(wire: &mut &str) -> #private::Option<Self> {
                    match #private::word(wire) {
                        #(#values => #private::Option::Some(Self::#idents),)*
                        _ => #private::Option::None,
                    }
                }
            }
        })
    })
}

/// Where `ty` stands, for the compiler's messages. Names are resolved as elsewhere in what the derive
/// writes: a type that came through a macro of the user's has its names from another place.
fn at(ty: &Type) -> Span {
    ty.span().resolved_at(Span::call_site())
}

/// A field with its name.
struct Named<'a> {
    ident: &'a Ident,
    ty: &'a Type,
    attrs: &'a [Attribute],
}

fn named<'a>(item: &'a DeriveInput, derive: &str) -> syn::Result<Vec<Named<'a>>> {
    if !item.generics.params.is_empty() {
        let text = format!("`#[derive({derive})]` is for types without parameters");
        return Err(syn::Error::new(item.generics.span(), text));
    }
    let wrong = || {
        let text = format!("`#[derive({derive})]` is for structs with named fields");
        syn::Error::new(item.ident.span(), text)
    };
    let Data::Struct(data) = &item.data else {
        return Err(wrong());
    };
    match &data.fields {
        Fields::Named(fields) => Ok(fields
            .named
            .iter()
            .filter_map(|field| {
                Some(Named {
                    ident: field.ident.as_ref()?,
                    ty: &field.ty,
                    attrs: &field.attrs,
                })
            })
            .collect()),
        Fields::Unit => Ok(Vec::new()),
        _ => Err(wrong()),
    }
}

fn words(
    attributes: &[Attribute],
    name: &str,
    mut read: impl FnMut(syn::meta::ParseNestedMeta<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name))
        .try_for_each(|attribute| attribute.parse_nested_meta(&mut read))
}

/// Names on the wire are short and plain, so that nothing in them needs escaping.
fn check_ascii(name: &str, span: Span) -> syn::Result<()> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if (1..=50).contains(&name.len()) && name.chars().all(plain) {
        return Ok(());
    }
    let text = format!("`{name}` goes over the wire: use 1 to 50 of a–z, A–Z, 0–9, `_` and `-`");
    Err(syn::Error::new(span, text))
}

fn expand(
    item: TokenStream,
    expand: impl FnOnce(&DeriveInput) -> syn::Result<TokenStream>,
) -> TokenStream {
    syn::parse2::<DeriveInput>(item.into_token_stream())
        .and_then(|item| expand(&item))
        .unwrap_or_else(syn::Error::into_compile_error)
}
