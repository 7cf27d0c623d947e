//! The file: puts every room's own configuration together.
