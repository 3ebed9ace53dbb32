//! The name of a child that was given none.

use syn::Ident;
use syn::ext::IdentExt;

/// The words of a type's or a function's name, in lower case with hyphens between.
pub(crate) fn of(ident: &Ident) -> String {
    kebab(&ident.unraw().to_string())
}

fn kebab(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut kebab = String::new();
    for (at, letter) in letters.iter().enumerate() {
        if *letter == '_' {
            kebab.push('-');
            continue;
        }
        let before = at.checked_sub(1).map(|before| letters[before]);
        let ends_a_word = before.is_some_and(|c| c.is_lowercase() || c.is_numeric());
        let ends_an_acronym = before.is_some_and(char::is_uppercase)
            && letters.get(at + 1).is_some_and(|c| c.is_lowercase());
        if letter.is_uppercase() && (ends_a_word || ends_an_acronym) {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    let words: Vec<&str> = kebab.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        name.to_owned() // nothing but underscores
    } else {
        words.join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_the_words_of_the_identifier() {
        for (identifier, name) in [
            ("Mailer", "mailer"),
            ("DocIndexer", "doc-indexer"),
            ("doc_indexer", "doc-indexer"),
            ("HTTPServer", "http-server"),
            ("ServerHTTP", "server-http"),
            ("Http2Server", "http2-server"),
            ("X", "x"),
            ("_private_", "private"),
            ("a__b", "a-b"),
            ("Überwacher", "überwacher"),
            ("__", "__"),
        ] {
            assert_eq!(kebab(identifier), name);
        }
    }

    #[test]
    fn a_raw_identifier_gives_its_plain_name() {
        let ident: Ident = syn::parse_str("r#loop").unwrap();
        assert_eq!(of(&ident), "loop");
    }
}
