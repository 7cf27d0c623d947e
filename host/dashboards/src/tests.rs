use narthex_platform::SimulatedDisk;

use super::*;

fn dashboards() -> (Arc<SimulatedDisk>, Dashboards) {
    let disk = Arc::new(SimulatedDisk::new(1));
    let config = Config { dir: Some("d".into()) };
    (Arc::clone(&disk), Dashboards::new(disk, &config))
}

fn put(disk: &SimulatedDisk, name: &str, text: &str) {
    disk.create_folder(Utf8Path::new("d")).unwrap();
    replace(disk, &Utf8Path::new("d").join(name), text.as_bytes()).unwrap();
}

fn of_folder(dashboards: &Dashboards) -> Vec<Summary> {
    let mut all = dashboards.list().unwrap();
    all.retain(|one| one.source == Source::Folder);
    all
}

#[test]
fn what_is_written_is_there_under_its_uid_until_it_is_taken_away() {
    let (_, dashboards) = dashboards();
    let text = r#"{"uid":"rYdddlPWk","title":"Node","tags":["linux"],"panels":[{"id":1}]}"#;
    assert_eq!(dashboards.write(text, false).unwrap(), "rYdddlPWk");
    let [one] = of_folder(&dashboards).try_into().unwrap();
    assert_eq!((one.title.as_str(), one.tags, one.error), ("Node", vec!["linux".to_owned()], None));
    assert_eq!(one.file.as_deref(), Some("rYdddlPWk.json"));

    let newer = text.replace("Node", "Nodes");
    assert!(matches!(dashboards.write(&newer, false), Err(WriteError::Exists(_))));
    assert_eq!(dashboards.read("rYdddlPWk").unwrap().as_deref(), Some(text));
    dashboards.write(&newer, true).unwrap();
    assert_eq!(dashboards.read("rYdddlPWk").unwrap(), Some(newer));
    assert_eq!(of_folder(&dashboards).len(), 1);

    dashboards.remove("rYdddlPWk").unwrap();
    assert_eq!(dashboards.read("rYdddlPWk").unwrap(), None);
    assert!(matches!(dashboards.remove("rYdddlPWk"), Err(WriteError::NotThere(_))));
}

#[test]
fn no_name_from_outside_becomes_a_path() {
    let (_, dashboards) = dashboards();
    let refused = |text: &str| dashboards.write(text, true).unwrap_err().to_string();
    assert!(refused(r#"{"uid":"../x","title":"t"}"#).contains("letters, digits"));
    assert!(refused(r#"{"uid":"a/b","title":"t"}"#).contains("letters, digits"));
    assert_eq!(
        refused(r#"{"title":"\u00e9"}"#),
        "no dashboard: it has no uid, and none can be made of its title"
    );
    assert_eq!(refused("{}"), "no dashboard: it has no title");
    assert_eq!(refused("[]"), "no dashboard: it is no JSON object");
    assert!(refused("{").starts_with("no dashboard: EOF"));
    assert!(refused(&" ".repeat(FILE_BYTES_MAX + 1)).contains("longer than"));
    assert_eq!(
        dashboards.write(r#"{"title":"../../Etc (passwd)!"}"#, false).unwrap(),
        "etc-passwd"
    );
    assert_eq!(of_folder(&dashboards).len(), 1);
}

#[test]
fn a_resource_is_known_by_its_name_and_what_is_in_it() {
    let (disk, dashboards) = dashboards();
    let resource = |name: &str| {
        format!(
            r#"{{"apiVersion":"dashboard.grafana.app/v2","kind":"Dashboard","metadata":{{"name":"{name}"}},
            "spec":{{"title":"Disks","tags":["io"],"elements":{{}},"layout":{{"kind":"GridLayout"}}}}}}"#
        )
    };
    assert_eq!(dashboards.write(&resource("disks-7"), false).unwrap(), "disks-7");
    let without_uid = resource("disks-7").replace(r#""title""#, r#""uid":"","title""#);
    assert_eq!(dashboards.write(&without_uid, true).unwrap(), "disks-7");
    put(&disk, "dotted.json", &resource("v12.of.a.test"));
    let found: Vec<(String, String, Vec<String>)> =
        of_folder(&dashboards).into_iter().map(|one| (one.uid, one.title, one.tags)).collect();
    let expected = ["disks-7", "dotted"];
    assert_eq!(
        found,
        expected.map(|uid| (uid.to_owned(), "Disks".to_owned(), vec!["io".to_owned()]))
    );
    let refused = |text: &str| dashboards.write(text, true).unwrap_err().to_string();
    assert_eq!(refused(r#"{"spec":{"elements":{}}}"#), "no dashboard: it has no title");
    assert_eq!(refused(r#"{"spec":7}"#), "no dashboard: it has no title");
}

#[test]
fn a_file_that_is_wrong_is_shown_and_hides_no_other() {
    let (disk, dashboards) = dashboards();
    put(&disk, "broken.json", "{");
    put(&disk, "one.json", r#"{"title":"One"}"#);
    put(&disk, "other.json", r#"{"uid":"one","title":"Other"}"#);
    put(&disk, "notes.txt", "no dashboard");
    let found: Vec<(String, String, bool)> = of_folder(&dashboards)
        .into_iter()
        .map(|one| (one.file.unwrap(), one.uid, one.error.is_none()))
        .collect();
    let expected =
        [("one.json", "one", true), ("other.json", "one", false), ("broken.json", "", false)];
    assert_eq!(found, expected.map(|(file, uid, good)| (file.to_owned(), uid.to_owned(), good)));
    assert_eq!(dashboards.read("one").unwrap().as_deref(), Some(r#"{"title":"One"}"#));

    // The name that its uid asks for is another file's.
    assert_eq!(dashboards.write(r#"{"uid":"broken","title":"B"}"#, false).unwrap(), "broken");
    let files: Vec<String> =
        of_folder(&dashboards).into_iter().filter_map(|one| one.file).collect();
    assert!(files.contains(&"broken-2.json".to_owned()), "{files:?}");

    // One that says no uid is found under the one that is answered.
    put(&disk, "hosts.json", "{");
    let text = r#"{"title":"Hosts"}"#;
    let uid = dashboards.write(text, false).unwrap();
    assert_eq!((uid.as_str(), dashboards.read(&uid).unwrap().as_deref()), ("hosts-2", Some(text)));
}

#[test]
fn without_a_folder_there_are_those_of_the_program() {
    let dashboards = Dashboards::new(Arc::new(SimulatedDisk::new(1)), &Config::default());
    assert!(!dashboards.is_writable());
    assert!(matches!(dashboards.write(r#"{"title":"t"}"#, false), Err(WriteError::NoFolder)));
    for one in dashboards.list().unwrap() {
        assert_eq!((one.source, one.error), (Source::Bundled, None));
        assert!(dashboards.read(&one.uid).unwrap().is_some());
    }
    dashboards.commit(&Config { dir: Some("d".into()) });
    assert!(dashboards.is_writable() && dashboards.write(r#"{"title":"t"}"#, false).is_ok());
}
