//! Pulls: a registry's bad moment passes; what cannot be had is told at once, since there may be another way.

use crate::harness::images::Images;
use crate::harness::registry::Registry;
use crate::harness::{Home, engine, trials};
use libtest_mimic::Trial;
use std::time::Duration;

pub fn tests() -> Vec<Trial> {
    trials! { "pulls":
        real a_bad_moment_of_a_registry_passes,
        real what_cannot_be_had_is_told_at_once,
    }
}

fn a_bad_moment_of_a_registry_passes() {
    let home = Home::new();
    // it is asked at once, after one second and after three
    let registry = Registry::with_a_bad_moment(Duration::from_secs(2));
    let name = registry.image("moment", "1");
    let _images = Images(vec![name.clone()]);
    home.script(&format!("import \"std/images\" as images; images::obtain(\"{name}\")"))
        .ok()
        .tells(&format!("cannot pull image {name}: "))
        .tells("trying again in 1 s");
    assert!(engine::has_image(&name));
}

fn what_cannot_be_had_is_told_at_once() {
    let home = Home::new();
    let registry = Registry::with_a_bad_moment(Duration::ZERO);
    for name in
        [registry.image("moment", "none"), "127.0.0.1:1/none:1".to_owned(), "none.invalid/none:1".to_owned()]
    {
        let args = ["create", "cluster", "--name", "kt-none", "--image", &name];
        home.kind(&args)
            .code(1)
            .tells(&format!("error: failed to create cluster: failed to pull image \"{name}\""))
            .tells("because: cannot pull image")
            .tells_not("trying again");
    }
}
