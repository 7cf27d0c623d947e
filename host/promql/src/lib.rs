//! The query language: lex, parse, check, evaluate, format.
