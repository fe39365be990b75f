//! What the engine has, for completion: asked in the background and kept for a few seconds, so that a prompt never
//! waits for an engine that is slow or gone.

use super::super::run::Run;
use crate::engine::{self, Engine, ExecSpec};
use crate::error::{Error, Result};
use crate::node::{CLUSTER_LABEL, ROLE_LABEL, args};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer is good.
const FRESH: Duration = Duration::from_secs(3);
/// How long completion waits for an answer that it has none for, and for a fresher one than it has. Together with what
/// is made of the answer it stays under 50 ms.
const WAIT: Duration = Duration::from_millis(35);
const WAIT_FRESHER: Duration = Duration::from_millis(10);
/// When a question is given up.
const GIVE_UP: Duration = Duration::from_secs(5);
/// Names that are taken from one folder.
const NAMES: usize = 2000;

/// A question to the engine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Question {
    Nodes,
    Images,
    Folder { node: String, path: String },
}

/// A node, an image, or an entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name; a folder's ends with a slash.
    pub name: String,
    /// A node's cluster, else empty.
    pub cluster: String,
    /// A node's role, else empty.
    pub role: String,
}

#[derive(Default)]
struct Slot {
    names: Vec<Named>,
    told: Option<Instant>,
    asked: bool,
}

#[derive(Default)]
struct Kept {
    slots: Mutex<HashMap<Question, Slot>>,
    changed: Condvar,
    engine: tokio::sync::OnceCell<Arc<dyn Engine>>,
}

/// Answers that are kept. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    run: Arc<Run>,
    kept: Arc<Kept>,
}

impl Live {
    /// Nothing is asked yet.
    pub fn new(run: Arc<Run>) -> Self {
        Self { run, kept: Arc::default() }
    }

    /// Begins to ask for what completion will want first.
    pub fn warm_up(&self) {
        self.ask(&Question::Nodes);
        self.ask(&Question::Images);
    }

    /// All nodes, by cluster. Waits at most `limit` for an answer.
    pub fn nodes_within(&self, limit: Duration) -> Vec<Named> {
        self.names(&Question::Nodes, limit)
    }
    /// All nodes, by cluster.
    pub fn nodes(&self) -> Vec<Named> {
        self.nodes_within(WAIT)
    }
    /// Names of all clusters.
    pub fn clusters(&self) -> Vec<String> {
        let mut names: Vec<String> = self.nodes().into_iter().map(|node| node.cluster).collect();
        names.sort();
        names.dedup();
        names
    }
    /// Names of all images.
    pub fn images(&self) -> Vec<String> {
        self.names(&Question::Images, WAIT).into_iter().map(|image| image.name).collect()
    }
    /// What a folder of a node holds.
    pub fn folder(&self, node: &str, path: &str) -> Vec<String> {
        let question = Question::Folder { node: node.to_owned(), path: path.to_owned() };
        self.names(&question, WAIT).into_iter().map(|entry| entry.name).collect()
    }
    /// Begins to ask for a folder that will be wanted soon.
    pub fn prefetch_folder(&self, node: &str, path: &str) {
        self.ask(&Question::Folder { node: node.to_owned(), path: path.to_owned() });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Question, Slot>> {
        self.kept.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names(&self, question: &Question, limit: Duration) -> Vec<Named> {
        self.ask(question);
        let end = Instant::now() + limit;
        let mut slots = self.lock();
        loop {
            let Some(slot) = slots.get(question) else { return Vec::new() };
            let known = slot.told.is_some();
            let end = if known { end.min(Instant::now() + WAIT_FRESHER) } else { end };
            let left = end.saturating_duration_since(Instant::now());
            if !slot.asked || left.is_zero() {
                return slot.names.clone();
            }
            let (back, waited) =
                self.kept.changed.wait_timeout(slots, left).unwrap_or_else(PoisonError::into_inner);
            slots = back;
            if waited.timed_out() {
                return slots.get(question).map(|slot| slot.names.clone()).unwrap_or_default();
            }
        }
    }

    /// Asks in the background, unless the answer is fresh or on its way.
    fn ask(&self, question: &Question) {
        {
            let mut slots = self.lock();
            let slot = slots.entry(question.clone()).or_default();
            if slot.asked || slot.told.is_some_and(|told| told.elapsed() < FRESH) {
                return;
            }
            slot.asked = true;
        }
        let (live, question) = (self.clone(), question.clone());
        self.run.runtime().spawn(async move {
            let answer = tokio::time::timeout(GIVE_UP, live.answer(&question)).await;
            let mut slots = live.lock();
            let slot = slots.entry(question).or_default();
            slot.asked = false;
            slot.told = Some(Instant::now());
            // without an answer what was known stays: an old name is of more use than none
            if let Ok(Ok(names)) = answer {
                slot.names = names;
            }
            drop(slots);
            live.kept.changed.notify_all();
        });
    }

    async fn engine(&self) -> Result<Arc<dyn Engine>> {
        match self.run.known_engine() {
            Some(engine) => Ok(engine),
            None => self.kept.engine.get_or_try_init(engine::connect).await.cloned(),
        }
    }

    async fn answer(&self, question: &Question) -> Result<Vec<Named>> {
        let engine = self.engine().await?;
        let plain = |name: String| Named { name, cluster: String::new(), role: String::new() };
        match question {
            Question::Nodes => {
                let containers = engine.list_containers(&[CLUSTER_LABEL.to_owned()]).await?;
                let label = |labels: &std::collections::BTreeMap<String, String>, key: &str| {
                    labels.get(key).cloned().unwrap_or_default()
                };
                let mut nodes: Vec<Named> = containers
                    .into_iter()
                    .map(|c| Named {
                        cluster: label(&c.labels, CLUSTER_LABEL),
                        role: label(&c.labels, ROLE_LABEL),
                        name: c.name,
                    })
                    .collect();
                nodes.sort_by(|a, b| (&a.cluster, &a.name).cmp(&(&b.cluster, &b.name)));
                Ok(nodes)
            }
            Question::Images => {
                let images = engine.list_images().await?;
                Ok(images.into_iter().flat_map(|image| image.tags).map(plain).collect())
            }
            Question::Folder { node, path } => {
                let command = args(&["ls", "-1ApL", "--", path]);
                let spec = ExecSpec { command, time_limit: Some(GIVE_UP), ..Default::default() };
                let result = engine.exec(node, &spec, engine::ExecIo::default()).await?;
                if result.stdout.is_empty() && result.code != 0 {
                    return Err(Error::node("node.no_folder", format!("{node} has no folder {path}")));
                }
                let text = String::from_utf8_lossy(&result.stdout);
                Ok(text.lines().take(NAMES).map(|line| plain(line.to_owned())).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Answer, ContainerSpec, Matcher, Simulated};
    use crate::event::Bus;
    use crate::script::RunOptions;

    /// Asks for a folder of a node whose `ls` answers after `time`; the runtime has to live as long.
    fn live(time: Duration) -> (Live, tokio::runtime::Runtime) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let engine = Arc::new(Simulated::new().with_image("i"));
        engine.answer(Matcher::any(), Answer::ok("hosts\nkubernetes/\n").after(time));
        let spec = ContainerSpec { name: "n".to_owned(), image: "i".to_owned(), ..Default::default() };
        runtime.block_on(async {
            engine.create_container(&spec).await.expect("made");
            engine.start_container("n").await.expect("started");
        });
        let handle = runtime.handle().clone();
        (Live::new(Run::new(handle, Bus::silent(), RunOptions::default(), Some(engine))), runtime)
    }

    #[test]
    fn a_folder_is_asked_for_once_and_kept() {
        let (live, _runtime) = live(Duration::ZERO);
        assert_eq!(live.folder("n", "/etc/"), ["hosts", "kubernetes/"]);
        let begun = Instant::now();
        assert_eq!(live.folder("n", "/etc/").len(), 2);
        assert!(begun.elapsed() < Duration::from_millis(5));
        assert_eq!(live.folder("gone", "/etc/"), [""; 0]);
    }

    #[test]
    fn a_slow_engine_is_not_waited_for_and_its_answer_is_kept_for_later() {
        let (live, _runtime) = live(Duration::from_millis(200));
        let begun = Instant::now();
        assert_eq!(live.folder("n", "/etc/"), [""; 0]);
        assert!(begun.elapsed() < Duration::from_millis(50), "{:?}", begun.elapsed());
        std::thread::sleep(Duration::from_millis(400));
        assert_eq!(live.folder("n", "/etc/").len(), 2);
    }
}
