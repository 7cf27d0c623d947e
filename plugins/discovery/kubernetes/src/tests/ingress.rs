use narthex_sdk::json::json;

use super::{Cluster, found, labels, with_attachments};

const INGRESSES: &str = "/apis/networking.k8s.io/v1/ingresses";

#[test]
fn each_path_of_each_host_is_a_target_with_all_labels() {
    let ingress = json!({
        "metadata": {
            "name": "front", "namespace": "shop",
            "labels": { "team": "a" }, "annotations": { "note": "x" },
        },
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{ "hosts": ["*.secure.example"], "secretName": "s" }, { "hosts": null }],
            "rules": [
                { "host": "a.secure.example", "http": { "paths": [{ "path": "/" }, { "path": "/foo" }, {}] } },
                { "host": "b.example" },
                { "host": "c.example", "http": { "paths": null } },
            ],
        },
    });
    let cluster = with_attachments(Cluster::new()).with(INGRESSES, &[ingress]);
    let groups =
        found(&cluster, json!({ "role": "ingress", "attach_metadata": { "namespace": true } }));
    assert_eq!(
        groups[1],
        [
            "ingress/shop/front/1 a.secure.example",
            "ingress_annotation_note=x",
            "ingress_annotationpresent_note=true",
            "ingress_class_name=nginx",
            "ingress_host=a.secure.example",
            "ingress_label_team=a",
            "ingress_labelpresent_team=true",
            "ingress_name=front",
            "ingress_path=/foo",
            "ingress_scheme=https",
            "namespace=shop",
            "namespace_annotation_owner=o",
            "namespace_annotationpresent_owner=true",
            "namespace_label_tier=gold",
            "namespace_labelpresent_tier=true",
        ]
    );
    let places: Vec<String> = groups
        .iter()
        .map(|group| {
            [labels(group, "ingress_host"), labels(group, "ingress_path")].concat().join(" ")
        })
        .collect();
    assert_eq!(
        places,
        [
            "ingress_host=a.secure.example ingress_path=/",
            "ingress_host=a.secure.example ingress_path=/foo",
            "ingress_host=a.secure.example ingress_path=/",
            "ingress_host=b.example ingress_path=/",
        ]
    );
    assert_eq!(labels(&groups[3], "scheme"), ["ingress_scheme=http"]);
}
