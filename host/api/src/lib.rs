//! HTTP APIs; handlers call rooms and hold no logic.
