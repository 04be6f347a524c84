//! What all pages of this program have in common: one style, light and dark, on a phone and on paper, and nothing that is
//! loaded from elsewhere.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("html/style.css");

/// A whole page.
pub(crate) fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// An SVG document as a part of the page.  There it needs no namespace, and without it the page names no address at all.
pub(crate) fn svg(document: &str) -> Markup {
    PreEscaped(document.replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1))
}

/// A table that scrolls by itself where the page is narrower.
pub(crate) fn wide(table: &Markup) -> Markup {
    html! { div.wide tabindex="0" { (table) } }
}

/// A path as the address of a link: what has a meaning of its own in an address is escaped.
pub(crate) fn href(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~=,+@".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped_and_usual_names_stay_as_they_are() {
        assert_eq!(href("../cells/004_hidden=100_seed=1/report.html"), "../cells/004_hidden=100_seed=1/report.html");
        assert_eq!(href("a b#c?d%e:é"), "a%20b%23c%3Fd%25e%3A%C3%A9");
    }

    #[test]
    fn a_page_loads_nothing() {
        let text = page("a < b", &html! { (svg("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\"></svg>")) });
        assert!(text.starts_with("<!DOCTYPE html>") && text.contains("<title>a &lt; b</title>"));
        assert!(text.contains("<svg width=\"1\"></svg>") && !text.contains("http") && !text.contains("url("));
    }
}
