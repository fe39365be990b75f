//! What a shell's completion offers that only the engine knows: clusters, nodes, images. An engine that does not answer
//! soon has nothing to offer; completion never fails and never keeps a prompt waiting.

use clap_complete::engine::CompletionCandidate;
use std::sync::Arc;
use std::time::Duration;

use super::settings::DEFAULT_CLUSTER_NAME;
use crate::engine::{self, Engine};
use crate::error::Result;
use crate::node::{CLUSTER_LABEL, ROLE_LABEL};

/// How long the engine is waited for.
const PATIENCE: Duration = Duration::from_millis(700);

/// Names of clusters.
pub fn clusters() -> Vec<CompletionCandidate> {
    let mut names: Vec<String> =
        ask(labelled).iter().filter_map(|node| node.labels.get(CLUSTER_LABEL).cloned()).collect();
    names.sort();
    names.dedup();
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// Names of nodes that run containers, of the cluster that the words so far name.
pub fn nodes() -> Vec<CompletionCandidate> {
    let cluster = named_cluster(std::env::args());
    let of_it = |node: &engine::Container| {
        node.labels.get(CLUSTER_LABEL) == Some(&cluster)
            && node.labels.get(ROLE_LABEL).is_some_and(|role| role != "external-load-balancer")
    };
    ask(labelled).into_iter().filter(of_it).map(|node| CompletionCandidate::new(node.name)).collect()
}

/// Names of the engine's images.
pub fn images() -> Vec<CompletionCandidate> {
    let images = ask(|engine| async move { engine.list_images().await });
    let mut names: Vec<String> = images.into_iter().flat_map(|image| image.tags).collect();
    names.sort();
    names.dedup();
    names.into_iter().map(CompletionCandidate::new).collect()
}

async fn labelled(engine: Arc<dyn Engine>) -> Result<Vec<engine::Container>> {
    engine.list_containers(&[CLUSTER_LABEL.to_owned()]).await
}

fn ask<T, F: Future<Output = Result<Vec<T>>>>(question: impl FnOnce(Arc<dyn Engine>) -> F) -> Vec<T> {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let answer = async {
        let asked = async { question(engine::connect().await?).await };
        tokio::time::timeout(PATIENCE, asked).await
    };
    match runtime.block_on(answer) {
        Ok(Ok(found)) => found,
        _ => Vec::new(),
    }
}

/// The cluster that a command line names: `--name`, else the environment's, else the default one.
fn named_cluster(words: impl Iterator<Item = String>) -> String {
    let mut words = words.skip_while(|word| word != "--");
    while let Some(word) = words.next() {
        if let Some(name) = word.strip_prefix("--name=") {
            return name.to_owned();
        }
        if word == "--name" || word == "-n" {
            return words.next().unwrap_or_default();
        }
    }
    let variable = std::env::var("KIND_CLUSTER_NAME").ok().filter(|name| !name.is_empty());
    variable.unwrap_or_else(|| DEFAULT_CLUSTER_NAME.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_is_the_one_that_is_named() {
        let named = |line: &str| named_cluster(line.split(' ').map(str::to_owned));
        assert_eq!(named("kind -- kind load docker-image --name=a --nodes"), "a");
        assert_eq!(named("kind -- kind load docker-image -n b --nodes"), "b");
    }
}
