//! The whole path with real processes, sockets and peers: the tests are in `tests/e2e/`, one file
//! a story. This library is empty.
