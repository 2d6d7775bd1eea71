//! A handler's function, taken apart.

use proc_macro2::Span;
use quote::ToTokens;
use syn::{
    Attribute, FnArg, Ident, ItemFn, LitStr, Pat, PatType, Path, PathArguments, ReturnType, Type,
    spanned::Spanned,
};

use crate::{attribute, text};

/// The function without what only the macro reads, and its arguments.
pub(crate) struct Function {
    pub(crate) item: ItemFn,
    pub(crate) arguments: Vec<Argument>,
}

/// An argument of a handler.
pub(crate) enum Argument {
    /// One that is made from the call.
    Extractor(Box<Type>),
    /// One that the user of a command gives.
    Given(Box<Given>),
}

/// An option of a command.
pub(crate) struct Given {
    pub(crate) ty: Type,
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) description: String,
    pub(crate) description_span: Span,
    pub(crate) autocomplete: Option<Path>,
    pub(crate) channel_types: Vec<Ident>,
}

impl Function {
    /// Takes `item` apart. `options` says whether arguments with a doc comment are options.
    pub(crate) fn read(mut item: ItemFn, attribute: &str, options: bool) -> syn::Result<Self> {
        let signature = &item.sig;
        if signature.asyncness.is_none() {
            return Err(syn::Error::new(
                signature.fn_token.span,
                format!(
                    "a handler is asynchronous: write `async fn {}`",
                    signature.ident
                ),
            ));
        }
        if !signature.generics.params.is_empty() {
            return Err(syn::Error::new(
                signature.generics.span(),
                "a handler has no generic parameters: Discord calls it, and chooses no types",
            ));
        }
        let mut errors = Errors::default();
        let mut arguments = Vec::new();
        for argument in &mut item.sig.inputs {
            match argument {
                FnArg::Receiver(receiver) => errors.push(syn::Error::new(
                    receiver.span(),
                    format!(
                        "`#[{attribute}]` is for free functions: take State<…> instead of self"
                    ),
                )),
                FnArg::Typed(argument) => match read_argument(argument, options) {
                    Ok(argument) => arguments.push(argument),
                    Err(error) => errors.push(error),
                },
            }
        }
        errors.finish()?;
        Ok(Self { item, arguments })
    }

    /// Where the return type stands, or the error that there is none.
    pub(crate) fn returns(&self, wanted: &str) -> syn::Result<Span> {
        match &self.item.sig.output {
            ReturnType::Type(_, ty) => Ok(ty.span()),
            ReturnType::Default => Err(syn::Error::new(
                self.item.sig.ident.span(),
                format!("this handler owes an answer: write `-> {wanted}`"),
            )),
        }
    }

    pub(crate) fn extractors(&self) -> impl Iterator<Item = &Type> {
        self.arguments.iter().filter_map(|argument| match argument {
            Argument::Extractor(ty) => Some(&**ty),
            Argument::Given(_) => None,
        })
    }

    pub(crate) fn options(&self) -> impl Iterator<Item = &Given> {
        self.arguments.iter().filter_map(|argument| match argument {
            Argument::Given(given) => Some(&**given),
            Argument::Extractor(_) => None,
        })
    }
}

/// Several errors, all of which the user sees at once.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The value, or none and the error noted.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

fn read_argument(argument: &mut PatType, options: bool) -> syn::Result<Argument> {
    if let Some(wrong) = not_owned(&argument.ty) {
        return Err(syn::Error::new(argument.ty.span(), wrong));
    }
    let attributes = std::mem::take(&mut argument.attrs);
    let (ours, theirs): (Vec<_>, Vec<_>) = attributes
        .into_iter()
        .partition(|attribute| text::is_doc(attribute) || is_option(attribute));
    argument.attrs = theirs;
    let description = text::summary(&ours);
    let words = ours.iter().find(|attribute| is_option(attribute));
    match (description, words) {
        (None, None) if options && is_value(&argument.ty) => {
            let ty = argument.ty.to_token_stream().to_string().replace(' ', "");
            Err(syn::Error::new(
                argument.pat.span(),
                format!(
                    "an option needs a description: write a doc comment above it, as in \
                     `/// What it is`, or take something else than `{ty}`"
                ),
            ))
        }
        (None, None) => Ok(Argument::Extractor(argument.ty.clone())),
        (Some((_, span)), _) if !options => Err(syn::Error::new(
            span,
            "only commands have options: use `//` for a comment here",
        )),
        (None, Some(words)) => Err(syn::Error::new(
            words.span(),
            "an option needs a description: write a doc comment above it",
        )),
        (Some((description, description_span)), words) => {
            let mut name = None;
            let mut autocomplete = None;
            let mut channel_types = Vec::new();
            if let Some(words) = words {
                words.parse_nested_meta(|meta| {
                    if meta.path.is_ident("name") {
                        let given: LitStr = meta.value()?.parse()?;
                        name = Some((given.value(), given.span()));
                    } else if meta.path.is_ident("autocomplete") {
                        autocomplete = Some(meta.value()?.parse()?);
                    } else if meta.path.is_ident("channel_types") {
                        channel_types = attribute::list(&meta)?;
                    } else {
                        return Err(meta.error(
                            "unknown word: `#[option]` knows name, autocomplete and channel_types",
                        ));
                    }
                    Ok(())
                })?;
            }
            let (name, name_span) = match (name, &*argument.pat) {
                (Some(named), _) => named,
                (None, Pat::Ident(pat)) => (text::plain(&pat.ident), pat.ident.span()),
                (None, pat) => {
                    return Err(syn::Error::new(
                        pat.span(),
                        "this option has no name: bind it to one, or write #[option(name = \"…\")]",
                    ));
                }
            };
            Ok(Argument::Given(Box::new(Given {
                ty: (*argument.ty).clone(),
                name,
                name_span,
                description,
                description_span,
                autocomplete,
                channel_types,
            })))
        }
    }
}

fn is_option(attribute: &Attribute) -> bool {
    attribute.path().is_ident("option")
}

fn not_owned(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Reference(_) => Some("a handler owns its arguments: take this without `&`"),
        Type::ImplTrait(_) => Some("name the type: Discord chooses none"),
        _ => None,
    }
}

/// Whether the type can be nothing but the value of an option. The rest is left to the compiler.
fn is_value(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else {
        return false;
    };
    if last.ident == "Option" {
        let PathArguments::AngleBracketed(inner) = &last.arguments else {
            return false;
        };
        return inner.args.iter().any(
            |argument| matches!(argument, syn::GenericArgument::Type(inner) if is_value(inner)),
        );
    }
    let values = [
        "String",
        "Text",
        "Int",
        "i64",
        "f64",
        "bool",
        "User",
        "Member",
        "Role",
        "Channel",
        "Attachment",
        "Id",
    ];
    values.iter().any(|value| last.ident == value)
}
