use std::os::unix::net::UnixListener;
use std::process::Command;

use super::*;

#[test]
fn what_is_neither_file_nor_folder_is_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let pipe = folder.join("pipe.wasm");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink(&pipe, folder.join("link.wasm")).unwrap();
    let _socket = UnixListener::bind(folder.join("socket.wasm")).unwrap();
    RealDisk.create_folder(&folder.join("folder")).unwrap();
    RealDisk.create(&folder.join("file.wasm")).unwrap();
    let listed = RealDisk.list(folder).unwrap();
    let names: Vec<&str> = listed.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["file.wasm", "folder"]);
}

#[test]
fn a_name_from_outside_leads_to_files_of_the_folder_alone() {
    let temp = tempfile::tempdir().unwrap();
    let outside = Utf8Path::from_path(temp.path()).unwrap();
    let folder = outside.join("inside");
    RealDisk.create_folder(&folder.join("sub")).unwrap();
    for file in [outside.join("secret"), folder.join("a b"), folder.join("sub/x.html")] {
        RealDisk.create(&file).unwrap().append(b"text").unwrap();
    }
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, folder.join(name)).unwrap();
    link("sub/x.html", "link");
    link("../secret", "out");
    link("..", "up");
    assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
    let read = |name: &str| {
        read_inside(&RealDisk, &folder, name, 4).map(|bytes| bytes.len()).map_err(|e| e.kind())
    };
    for name in ["a b", "sub/x.html", "sub//x.html", "link"] {
        assert_eq!(read(name), Ok(4), "{name}");
    }
    let long = "x".repeat(5000);
    for name in ["", "none", "../secret", "sub/../../secret", "/etc/passwd", "a\0", "a b/c", &long]
    {
        assert_eq!(read(name), Err(io::ErrorKind::NotFound), "{name}");
    }
    for name in ["out", "up/secret", "up/inside/../secret"] {
        let kind = read(name).unwrap_err();
        let refused = [io::ErrorKind::PermissionDenied, io::ErrorKind::NotFound].contains(&kind);
        assert!(refused, "{name}: {kind:?}");
    }
    assert_eq!(read("up"), Err(io::ErrorKind::PermissionDenied));
    assert_eq!(read("sub"), Err(io::ErrorKind::IsADirectory));
    assert_eq!(read("pipe"), Err(io::ErrorKind::InvalidInput));
    let longer = read_inside(&RealDisk, &folder, "link", 3).unwrap_err();
    assert_eq!(longer.kind(), io::ErrorKind::FileTooLarge);
    let through_a_link = read_inside(&RealDisk, &folder.join("up/inside"), "link", 4).unwrap();
    assert_eq!(through_a_link, b"text");
}
