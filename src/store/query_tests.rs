//! The gate of questions, and what comes through it.

use super::*;

#[test]
fn what_is_written_as_a_number_is_one() {
    let read = |text| Given::read(text);
    for (text, number) in [("0", 0), ("30", 30), ("-5", -5)] {
        assert_eq!(read(text), Given::Integer(number));
    }
    for (text, number) in [
        ("0.5", 0.5),
        ("-1.25", -1.25),
        ("1e3", 1000.0),
        ("9223372036854775808.0", 9.223_372_036_854_776e18),
    ] {
        assert_eq!(read(text), Given::Real(number));
    }
    for text in [
        "",
        "-",
        "007",
        "+49",
        "inf",
        "nan",
        "1e999",
        "2026-01-01",
        "1.2.3",
        ".5",
        "9223372036854775808",
        "-0",
        "0x10",
    ] {
        assert_eq!(read(text), Given::Text(text.to_owned()), "{text}");
    }
}

#[test]
fn a_place_counts_characters_and_lines() {
    let sql = "SELECT 'é',\n  'ü', x";
    let at = sql.find('x').unwrap();
    assert_eq!(place(sql, at), Place { line: 2, column: 8, text: "  'ü', x".to_owned() });
    assert_eq!(place("", 0), Place { line: 1, column: 1, text: String::new() });
}
