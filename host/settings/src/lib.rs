//! YAML with positions, and the shapes several rooms share in the file: durations, sizes, secrets, relabel rules.
