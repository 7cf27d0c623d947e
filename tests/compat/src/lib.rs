//! Our files under the reference's tools, and theirs under ours: the tests are in `tests/compat/`.
