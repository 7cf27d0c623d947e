//! Collectors over files of a small machine, against what node_exporter answers for them.
