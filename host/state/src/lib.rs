//! Small durable state over sled.
