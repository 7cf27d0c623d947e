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
