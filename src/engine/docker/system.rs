//! What the engine says of itself.

use super::view::unsigned;
use super::{Docker, raw};
use crate::arch;
use crate::engine::Info;
use crate::error::Result;
use bollard::models::SystemInfoCgroupVersionEnum;

/// One of the rows in which a storage driver tells of itself.
fn backing_filesystem(status: &[Vec<String>]) -> String {
    let row = status.iter().find(|row| row.first().is_some_and(|name| name == "Backing Filesystem"));
    row.and_then(|row| row.get(1)).map(|value| value.to_lowercase()).unwrap_or_default()
}

impl Docker {
    pub(super) async fn info_impl(&self) -> Result<Info> {
        let told =
            self.client.info().await.map_err(|error| self.failed("ask the engine about itself", error))?;
        let architecture = told.architecture.unwrap_or_default();
        let controllers =
            [("cpu", told.cpu_shares), ("memory", told.memory_limit), ("pids", told.pids_limit)];
        let controllers = controllers.into_iter().filter(|(_, there)| *there == Some(true));
        let controllers = match self.podmans_controllers().await {
            Some(list) => list,
            None => controllers.map(|(name, _)| name.to_owned()).collect(),
        };
        Ok(Info {
            name: self.endpoint.kind.as_str().into(),
            version: self.version.clone(),
            api_version: self.api_version.clone(),
            os: told.os_type.unwrap_or_default(),
            architecture: arch::in_go(&architecture).into(),
            cgroup_version: match told.cgroup_version {
                Some(SystemInfoCgroupVersionEnum::_2) => 2,
                _ => 1,
            },
            cgroup_driver: told.cgroup_driver.map(|driver| driver.to_string()).unwrap_or_default(),
            rootless: told.security_options.iter().flatten().any(|option| option.contains("rootless")),
            controllers,
            storage_driver: told.driver.unwrap_or_default(),
            backing_filesystem: backing_filesystem(told.driver_status.as_deref().unwrap_or_default()),
            remaps_users: told.security_options.iter().flatten().any(|option| option.contains("name=userns")),
            root_dir: told.docker_root_dir.unwrap_or_default(),
            cpus: unsigned(told.ncpu.unwrap_or_default()),
            memory: unsigned(told.mem_total.unwrap_or_default()),
            kernel: told.kernel_version.unwrap_or_default(),
        })
    }

    /// The controllers that Podman tells of; its answers in Docker's words lack those of rootless ones.
    async fn podmans_controllers(&self) -> Option<Vec<String>> {
        if !self.has_libpod() {
            return None;
        }
        let answer = raw::get(&self.dial, "/v4.0.0/libpod/info").await.ok()?;
        let told: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
        let list = told["host"]["cgroupControllers"].as_array()?;
        let known = list.iter().filter_map(|name| name.as_str());
        Some(known.filter(|name| matches!(*name, "cpu" | "memory" | "pids")).map(str::to_owned).collect())
    }
}
