//! Adapters: the rooms' traits implemented by plugins; hot reload.
