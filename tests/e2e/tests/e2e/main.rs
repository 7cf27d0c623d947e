//! The whole path: a real host, real sockets, real peers. One file a story.
#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "tests act as the operator, who writes files and starts programs"
)]

mod alertmanager;
mod beside;
mod blackbox;
mod blocks;
mod browser;
mod checks;
mod configuration;
mod consoles;
mod dashboards;
mod differential;
mod discovery;
mod dockerd;
mod durability;
mod durability_under_load;
mod explain;
mod exporters;
mod federation;
mod full_disk;
mod grafana;
mod hostile;
mod mysql;
mod nginx;
mod node;
mod notifications;
mod openapi;
mod openmetrics;
mod own_metrics;
mod parsing;
mod path;
mod peers;
mod plugin_commands;
mod plugin_dev;
mod plugin_life;
mod plugin_templates;
mod plugin_tutorials;
mod plugins;
mod prometheus;
mod prometheus_folder;
mod push;
mod queries;
mod query_commands;
mod query_stats_peer;
mod redis;
mod reloads;
mod remote_write;
mod remote_write_judgement;
mod remote_write_peer;
mod rule_tests;
mod rules_beside_prometheus;
mod rules_restart;
mod samples;
mod scraping;
mod search;
mod sending;
mod shapes;
mod site;
mod support;
mod tomcat;
mod tsdb_commands;
mod tsdb_handover;
mod tsdb_refusals;
