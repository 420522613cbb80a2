//! A self-contained HTML page: its style and its charts are inside it.

use std::path::Path;

use crate::chart::escape;
use crate::output::one_line;
use crate::Failure;

const STYLE: &str = "\
:root { --ink: #1d2a38; --muted: #6b7886; --line: #e2e8ee; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f6f8; color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 56px; }
h1 { font-size: 30px; letter-spacing: -0.02em; margin: 0 0 8px; }
h2 { font-size: 19px; margin: 0 0 6px; }
header p, section > p { color: var(--muted); margin: 0 0 14px; max-width: 90ch; }
section { background: #fff; border: 1px solid var(--line); border-radius: 12px; padding: 20px 22px; margin-top: 20px; }
svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { color: var(--muted); font-weight: 500; }
th:first-child, td:first-child { text-align: left; }
pre { background: #f4f6f8; border-radius: 8px; padding: 14px; overflow-x: auto; font-size: 13px; }
";

/// A page with `title`, an introduction and sections.
pub fn page(title: &str, introduction: &str, sections: &[String]) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>\n{STYLE}</style></head>\n\
         <body><main><header><h1>{title}</h1><p>{}</p></header>\n{}\n</main></body></html>\n",
        escape(introduction),
        sections.join("\n")
    )
}

/// A section: title, caption, and content that is already HTML.
pub fn section(title: &str, caption: &str, content: &str) -> String {
    format!("<section><h2>{}</h2><p>{}</p>{content}</section>", escape(title), escape(caption))
}

/// A table of text.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let cells = |tag: &str, texts: &mut dyn Iterator<Item = &str>| -> String {
        texts.map(|text| format!("<{tag}>{}</{tag}>", escape(text))).collect()
    };
    let head = cells("th", &mut header.iter().copied());
    let row = |row: &Vec<String>| format!("<tr>{}</tr>", cells("td", &mut row.iter().map(String::as_str)));
    let body: String = rows.iter().map(row).collect();
    format!("<div class=\"scroll\"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>")
}

/// A list of texts, each below its name.
pub fn list(items: &[(String, String)]) -> String {
    let item = |(name, text): &(String, String)| format!("<li><b>{}</b> {}</li>", escape(name), escape(text));
    format!("<ul>{}</ul>", items.iter().map(item).collect::<String>())
}

/// Preformatted text.
pub fn preformatted(text: &str) -> String {
    format!("<pre>{}</pre>", escape(text))
}

/// Writes a page. Errors: `Input` naming the flag and the file.
pub fn write(flag: &str, path: &Path, page: &str) -> Result<(), Failure> {
    let refused = |error| Failure::Input(one_line(&format!("{flag} {}: {error}", path.display())));
    std::fs::write(path, page).map_err(refused)
}
