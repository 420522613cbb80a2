use plimsoll_calibration::text::one_line;

#[test]
fn control_characters_are_escaped_and_nothing_else() {
    assert_eq!(one_line("a\n[b]\u{1b}[31m\r\t\u{85}"), "a\\n[b]\\u{1b}[31m\\r\\t\\u{85}");
    assert_eq!(one_line("Zürich \\n `42`"), "Zürich \\n `42`");
}
