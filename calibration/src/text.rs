//! Text that comes from files and their names, made fit to be shown.

/// `text` on one line that does nothing to a terminal or to a file it is written to: control characters escaped.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}
