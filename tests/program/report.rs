//! The texts of errors in the program's own table are those of the libraries they stand in for.

use plimsoll::report::{described, RUNTIME_TEXTS, TEXTS};

#[test]
fn the_texts_of_errors_are_the_frameworks() {
    for (code, name, message) in TEXTS {
        assert_eq!(code.name(), *name);
        assert_eq!(code.to_string(), *message);
        assert_eq!(described(*code).error_msg, *message);
    }
}

#[test]
fn the_texts_of_runtime_errors_are_its_own() {
    for (error, name, message) in RUNTIME_TEXTS {
        assert_eq!(format!("{error:?}"), *name);
        assert_eq!(error.to_string(), *message);
    }
}
