//! What nerdctl and containerd say of themselves.

use super::Nerdctl;
use crate::arch;
use crate::engine::Info;
use crate::error::{Error, Result};
use serde_json::Value;

impl Nerdctl {
    /// nerdctl's version, when containerd answers it.
    pub(super) async fn greet(&self) -> Result<String> {
        let arguments = ["version", "--format", "{{json .}}"];
        let output = self.program.output(&arguments).await?;
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        // of the two it tells the client's in any case
        if output.status.success() && told["Server"].is_object() {
            let version = told["Client"]["Version"].as_str().unwrap_or_default();
            return Ok(version.trim_start_matches('v').to_owned());
        }
        let complaint = super::errors::complaint(&String::from_utf8_lossy(&output.stderr));
        let reason =
            if complaint.is_empty() { format!("it ended with {}", output.status) } else { complaint };
        let denied = reason.contains("permission denied");
        let code = if denied { "engine.no_permission" } else { "engine.unreachable" };
        let name = &self.program.name;
        Err(Error::engine(
            code,
            format!("{} ({}) has no containerd", self.endpoint.address, self.endpoint.source),
        )
        .because(std::io::Error::other(reason))
        .hint(format!(
            "`{name} info` tells more; containerd must run, and this user must be allowed to use it"
        )))
    }

    pub(super) async fn info_impl(&self) -> Result<Info> {
        let told = self.program.text("ask nerdctl about itself", &["info", "--format", "{{json .}}"]).await?;
        let told: Value = serde_json::from_str(&told).unwrap_or_default();
        Ok(info_of(&told, &self.version))
    }
}

fn info_of(told: &Value, version: &str) -> Info {
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| told[name].as_u64().unwrap_or_default();
    let driver = text("CgroupDriver");
    let controllers = [("cpu", "CPUShares"), ("memory", "MemoryLimit"), ("pids", "PidsLimit")];
    // without a driver there is nobody who could use them (moby issue 42151)
    let controllers = controllers.iter().filter(|(_, field)| driver != "none" && told[field] == true);
    let options = told["SecurityOptions"].as_array().cloned().unwrap_or_default();
    Info {
        name: "nerdctl".into(),
        version: version.into(),
        api_version: text("ServerVersion").trim_start_matches('v').into(),
        os: text("OSType"),
        architecture: arch::in_go(&text("Architecture")).into(),
        cgroup_version: if told["CgroupVersion"] == "2" { 2 } else { 1 },
        rootless: options.iter().any(|option| option.as_str().is_some_and(|o| o.contains("rootless"))),
        controllers: controllers.map(|(name, _)| (*name).to_owned()).collect(),
        cgroup_driver: driver,
        backing_filesystem: String::new(),
        remaps_users: false,
        storage_driver: text("Driver"),
        // it tells of none
        root_dir: String::new(),
        cpus: number("NCPU"),
        memory: number("MemTotal"),
        kernel: text("KernelVersion"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_without_a_driver_are_of_no_use() {
        let mut told = serde_json::json!({
            "Driver": "overlayfs", "MemoryLimit": true, "CPUShares": true, "PidsLimit": false, "NCPU": 2,
            "CgroupDriver": "systemd", "CgroupVersion": "2", "Architecture": "x86_64", "OSType": "linux",
            "SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"], "ServerVersion": "v2.4.2",
        });
        let info = info_of(&told, "2.2.2");
        assert_eq!(info.controllers, ["cpu", "memory"]);
        assert!(info.rootless && info.cgroup_version == 2 && info.architecture == "amd64");
        told["CgroupDriver"] = "none".into();
        assert!(info_of(&told, "").controllers.is_empty());
    }
}
