//! The plugin `tomcat` on a Tomcat of Debian.

use narthex_harness::{Host, Process, SECONDS, TempFolder, free_port, tomcat};

use crate::support::{config, plugin};

/// As a password may be, in a file of XML and in one of YAML.
const PASSWORD: &str = "s&<cret";

#[test]
fn a_tomcat_says_what_its_manager_knows() {
    let Some((mut java, manager)) = tomcat() else { return };
    let (folder, port) = (TempFolder::new(), free_port());
    let password = PASSWORD.replace('&', "&amp;").replace('<', "&lt;");
    folder.write(
        "conf/server.xml",
        format!(
            "<Server port='-1'><Service name='Catalina'>\
             <Connector port='{port}' address='127.0.0.1' protocol='HTTP/1.1'/>\
             <Engine name='Catalina' defaultHost='localhost'>\
             <Realm className='org.apache.catalina.realm.MemoryRealm' pathname='conf/users.xml'/>\
             <Host name='localhost' appBase='webapps' autoDeploy='false' deployOnStartup='false'>\
             <Context path='/manager' docBase='{}' privileged='true'/></Host></Engine></Service></Server>",
            manager.display()
        ),
    );
    folder.write(
        "conf/users.xml",
        format!(
            "<tomcat-users><user username='watcher' password='{password}' roles='manager-status'/>\
             </tomcat-users>"
        ),
    );
    folder.write("webapps/none", "");
    folder.write("temp/none", "");
    let base = folder.path().display();
    let mut server = Process::spawn(
        java.arg("-Xmx128m")
            .arg(format!("-Dcatalina.base={base}"))
            .arg(format!("-Dcatalina.home={base}"))
            .arg(format!("-Djava.io.tmpdir={base}/temp"))
            .args(["org.apache.catalina.startup.Bootstrap", "start"]),
    );
    server.wait_for_line("Server startup in", 120 * SECONDS);
    let job = |name: &str, password: &str| {
        format!(
            "- job_name: {name}\n  scrape_timeout: 1s\n  \
             exporter: {{ plugin: tomcat, config: {{ user: watcher, password: '{password}' }} }}\n  \
             static_configs: [{{ targets: ['127.0.0.1:{port}'] }}]\n"
        )
    };
    let jobs = format!("scrape_configs:\n{}{}", job("right", PASSWORD), job("wrong", "guess"));
    let host = Host::with_config(&config(&jobs))
        .copy("plugins/tomcat.wasm", &plugin("tomcat"))
        .expect_log("tomcat was not asked")
        .expect_log("the role manager-status")
        .start();
    host.wait_for_query("tomcat_up{job='right'} == 1", 60 * SECONDS, |s| s.len() == 1);
    host.wait_for_query("up{job='wrong'} == 0", 60 * SECONDS, |s| s.len() == 1);
    for (query, series) in [
        (
            format!("tomcat_connector_requests_total{{connector='http-nio-127.0.0.1-{port}'}} > 2"),
            1,
        ),
        ("tomcat_connector_sent_bytes_total > 0".to_owned(), 1),
        (
            "tomcat_connector_threads_busy >= 1 and tomcat_connector_threads_max == 200".to_owned(),
            1,
        ),
        ("tomcat_connector_workers{stage='service'} >= 1".to_owned(), 1),
        // The users that are refused are errors of the connector.
        ("tomcat_connector_errors_total >= 1".to_owned(), 1),
        ("jvm_memory_used_bytes{area='heap'} < jvm_memory_max_bytes{area='heap'}".to_owned(), 1),
        ("jvm_memory_max_bytes == bool 134217728".to_owned(), 1),
        ("jvm_memory_pool_used_bytes{pool='Metaspace'} > 1e6".to_owned(), 1),
    ] {
        host.wait_for_query(&query, 60 * SECONDS, |s| s.len() == series);
    }
    let targets = host.json("/api/v1/targets").to_string();
    assert!(targets.contains("the role manager-status"), "the operator is told: {targets}");
    assert!(!targets.contains("guess"), "and no secret: {targets}");
    server.kill();
    host.wait_for_query("tomcat_up{job='right'} == 0", 60 * SECONDS, |s| s.len() == 1);
    host.stop();
}
