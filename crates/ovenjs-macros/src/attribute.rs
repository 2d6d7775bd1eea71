//! What stands between the brackets of the attributes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Ident, LitStr, Path, Token, meta::ParseNestedMeta, parse::Parser, punctuated::Punctuated,
};

/// The words of `#[command(…)]`.
#[derive(Default)]
pub(crate) struct Command {
    pub(crate) krate: Option<Path>,
    pub(crate) kind: Kind,
    pub(crate) name: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    pub(crate) group: Option<LitStr>,
    pub(crate) ephemeral: bool,
    pub(crate) nsfw: bool,
    pub(crate) permissions: Vec<Ident>,
    pub(crate) contexts: Option<Vec<Ident>>,
    pub(crate) installs: Option<Vec<Ident>>,
    pub(crate) cooldown: Option<LitStr>,
}

/// What a command is run on.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Slash,
    User,
    Message,
}

impl Command {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        let mut words = Self::default();
        let parser = syn::meta::parser(|meta| {
            if meta.path.is_ident("crate") {
                words.krate = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("user") {
                words.kind = Kind::User;
            } else if meta.path.is_ident("message") {
                words.kind = Kind::Message;
            } else if meta.path.is_ident("name") {
                words.name = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("description") {
                words.description = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("group") {
                words.group = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("ephemeral") {
                words.ephemeral = true;
            } else if meta.path.is_ident("nsfw") {
                words.nsfw = true;
            } else if meta.path.is_ident("default_member_permissions") {
                let bits = Punctuated::<Ident, Token![|]>::parse_separated_nonempty;
                words.permissions = bits(meta.value()?)?.into_iter().collect();
            } else if meta.path.is_ident("contexts") {
                words.contexts = Some(list(&meta)?);
            } else if meta.path.is_ident("installs") {
                words.installs = Some(list(&meta)?);
            } else if meta.path.is_ident("cooldown") {
                words.cooldown = Some(meta.value()?.parse()?);
            } else {
                return Err(meta.error(
                    "unknown word: `#[command]` knows user, message, name, description, group, \
                     ephemeral, nsfw, default_member_permissions, contexts, installs, cooldown \
                     and crate",
                ));
            }
            Ok(())
        });
        parser.parse2(tokens)?;
        Ok(words)
    }
}

/// The words of `#[component(…)]`, `#[submit(…)]`, `#[event(…)]` and `#[autocomplete(…)]`, each of
/// which knows some of them.
#[derive(Default)]
pub(crate) struct Other {
    pub(crate) krate: Option<Path>,
    pub(crate) id: Option<LitStr>,
    pub(crate) ephemeral: bool,
    pub(crate) every: bool,
}

impl Other {
    pub(crate) fn parse(
        tokens: TokenStream,
        macro_name: &str,
        known: &[&str],
    ) -> syn::Result<Self> {
        let mut words = Self::default();
        let parser = syn::meta::parser(|meta| {
            let word = known.iter().find(|word| meta.path.is_ident(word));
            match word.copied() {
                Some("id") => words.id = Some(meta.value()?.parse()?),
                Some("ephemeral") => words.ephemeral = true,
                Some("every") => words.every = true,
                _ if meta.path.is_ident("crate") => words.krate = Some(meta.value()?.parse()?),
                _ => {
                    let mut all = known.to_vec();
                    all.push("crate");
                    return Err(meta.error(format!(
                        "unknown word: `#[{macro_name}]` knows {}",
                        all.join(", ")
                    )));
                }
            }
            Ok(())
        });
        parser.parse2(tokens)?;
        Ok(words)
    }
}

/// `"3/10s"` as three uses in ten seconds.
pub(crate) fn cooldown(text: &LitStr) -> syn::Result<TokenStream> {
    let value = text.value();
    let parsed = value.split_once('/').and_then(|(limit, span)| {
        let limit: u32 = limit.trim().parse().ok().filter(|limit| *limit > 0)?;
        let span = span.trim();
        let unit = span.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let count = span.strip_suffix(unit)?;
        let count: u64 = if count.is_empty() {
            1
        } else {
            count.parse().ok()?
        };
        let seconds = match unit {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            "d" => 86400,
            _ => return None,
        };
        let seconds = count.checked_mul(seconds).filter(|seconds| *seconds > 0)?;
        Some(quote!(#limit, ::core::time::Duration::from_secs(#seconds)))
    });
    parsed.ok_or_else(|| {
        let text_of_error = "a cooldown is uses per time, e.g. \"1/10s\", \"5/min\" or \"3/2h\"; \
                             units are s, min, h, d";
        syn::Error::new(text.span(), text_of_error)
    })
}

/// Words in parentheses, with commas between.
pub(crate) fn list(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<Ident>> {
    let content;
    syn::parenthesized!(content in meta.input);
    let idents = Punctuated::<Ident, Token![,]>::parse_terminated(&content)?;
    if idents.is_empty() {
        return Err(meta.error("name at least one in the parentheses, or leave the word out"));
    }
    Ok(idents.into_iter().collect())
}
