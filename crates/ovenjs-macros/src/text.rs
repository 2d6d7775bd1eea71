//! Names and doc comments as text.

use proc_macro2::Span;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, Meta};

/// Text, and where it stands.
pub(crate) type Paragraph = (String, Span);

/// The first paragraph of the doc comment in `attributes`, on one line.
pub(crate) fn summary(attributes: &[Attribute]) -> Option<Paragraph> {
    paragraphs(attributes).0
}

/// The first paragraph of the doc comment, and the second.
pub(crate) fn paragraphs(attributes: &[Attribute]) -> (Option<Paragraph>, Option<Paragraph>) {
    let mut found: Vec<Paragraph> = Vec::new();
    let mut open = false;
    for (line, span) in attributes.iter().filter_map(doc_line) {
        for line in line.split('\n') {
            let line = line.trim();
            match (line.is_empty(), open, found.last_mut()) {
                (true, ..) => open = false,
                (false, true, Some((text, _))) => {
                    text.push(' ');
                    text.push_str(line);
                }
                (false, ..) => {
                    found.push((line.to_owned(), span));
                    open = true;
                }
            }
        }
    }
    let mut found = found.into_iter();
    (found.next(), found.next())
}

/// Whether this is a line of a doc comment.
pub(crate) fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

/// The name without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").unwrap_or(&name).to_owned()
}

/// `GiveFeedback` as `give_feedback`.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut lower_before = false;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let lower_after = letters.peek().is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && !snake.is_empty() && (lower_before || lower_after) {
            snake.push('_');
        }
        lower_before = !letter.is_uppercase();
        snake.extend(letter.to_lowercase());
    }
    snake
}

fn doc_line(attribute: &Attribute) -> Option<Paragraph> {
    let Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    let Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    }) = &meta.value
    else {
        return None;
    };
    is_doc(attribute).then(|| (text.value(), text.span()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_name_becomes_snake_case() {
        assert_eq!(snake("GiveFeedback"), "give_feedback");
        assert_eq!(snake("HTTPReply2"), "http_reply2");
        assert_eq!(snake("Go"), "go");
    }

    #[test]
    fn the_first_paragraph_of_a_doc_comment_is_the_summary() {
        let item: syn::ItemStruct = syn::parse_quote! {
            /// Asks for
            /// feedback
            ///
            /// More.
            struct S;
        };
        let (first, second) = paragraphs(&item.attrs);
        assert_eq!(first.unwrap().0, "Asks for feedback");
        assert_eq!(second.unwrap().0, "More.");
        assert!(summary(&[]).is_none());
    }
}
