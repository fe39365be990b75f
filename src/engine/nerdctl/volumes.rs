//! Named volumes.

use super::Nerdctl;
use super::containers::named;
use crate::error::Result;

impl Nerdctl {
    pub(super) async fn create_volume_impl(&self, name: &str, labels: &[(String, String)]) -> Result<()> {
        let mut arguments: Vec<String> = vec!["volume".into(), "create".into()];
        arguments.extend(labels.iter().map(|(name, value)| format!("--label={name}={value}")));
        arguments.push(named(name)?.to_owned());
        self.program.text(&format!("create volume {name}"), &arguments).await.map(drop)
    }

    pub(super) async fn list_volumes_impl(&self, labels: &[String]) -> Result<Vec<String>> {
        let mut arguments: Vec<String> = vec!["volume".into(), "ls".into(), "--quiet".into()];
        arguments.extend(labels.iter().map(|label| format!("--filter=label={label}")));
        let told = self.program.text("list volumes", &arguments).await?;
        let mut names: Vec<_> = told.lines().map(str::to_owned).filter(|name| !name.is_empty()).collect();
        names.sort();
        Ok(names)
    }

    pub(super) async fn remove_volume_impl(&self, name: &str) -> Result<()> {
        let output = self.program.output(&["volume", "rm", named(name)?]).await?;
        if output.status.success() || String::from_utf8_lossy(&output.stderr).contains("not found") {
            return Ok(());
        }
        Err(self.program.refused(&format!("remove volume {name}"), output.status, &output.stderr))
    }
}
