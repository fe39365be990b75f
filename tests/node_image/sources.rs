//! What upstream's `--type` and `--base-image` name: a source tree, and archives of releases as files, by URL and by a
//! marker of CI. Programs that only tell their version stand in for most of Kubernetes, in the layout of the real ones.

use super::{Image, build, cache, file, real_cache};
use crate::harness::files::Files;
use crate::harness::{Cluster, engine};
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAMS: [&str; 7] = [
    "kubeadm",
    "kubelet",
    "kubectl",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
];
/// Between releases, and newer than what the table of versions has.
const OF_CI: &str = "v1.99.0-alpha.2.3+0123456789abcd";
/// Older than what the table has.
const OLD: &str = "v1.20.15";

/// The cache of a build that makes nothing but Kubernetes; Go has what it built before. What no program of a test runs is
/// empty, and the image soon put together.
fn warm_cache(c: &Cluster) -> PathBuf {
    let used = ["debian-", "base-", "pause-", "network-", "crictl-", "go-cni-", "go-containerd-", "go-runc-"];
    let cache = cache(c, &used);
    for entry in std::fs::read_dir(real_cache(c)).unwrap().map(Result::unwrap) {
        let name = entry.file_name().display().to_string();
        if name.starts_with("go-") && !used.iter().any(|part| name.starts_with(part)) {
            let folder = cache.join("kind/node-image").join(name);
            std::fs::create_dir(&folder).unwrap();
            for program in std::fs::read_dir(entry.path()).unwrap().map(Result::unwrap) {
                std::fs::write(folder.join(program.file_name()), "").unwrap();
            }
        }
    }
    let compiled = PathBuf::from(&c.home.environment()["XDG_CACHE_HOME"]).join("go-build");
    std::os::unix::fs::symlink(compiled, cache.join("go-build")).unwrap();
    cache
}

fn ran(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

fn archive_name() -> String {
    format!(
        "kubernetes-server-linux-{}.tar.gz",
        if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
    )
}

/// A source tree with the places of the real one: what has the version, and the commands, which tell it.
fn source_tree(c: &Cluster) -> PathBuf {
    let tree = c.home.work().join("kubernetes");
    let write = |path: &str, text: &str| {
        let path = tree.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let base = "staging/src/k8s.io/component-base";
    write(
        "go.mod",
        &format!(
            "module k8s.io/kubernetes\n\ngo 1.24\n\nrequire k8s.io/component-base v0.0.0\n\nreplace k8s.io/component-base => ./{base}\n"
        ),
    );
    write(&format!("{base}/go.mod"), "module k8s.io/component-base\n\ngo 1.24\n");
    write(
        &format!("{base}/version/version.go"),
        "package version\n\nvar gitVersion, gitMajor, gitMinor string\n\nfunc Told() (string, string) { return gitVersion, gitMajor + \" \" + gitMinor }\n",
    );
    for program in PROGRAMS {
        write(
            &format!("cmd/{program}/main.go"),
            "package main\n\nimport (\n\t\"os\"\n\n\t\"k8s.io/component-base/version\"\n)\n\nfunc main() {\n\twhole, numbers := version.Told()\n\tif len(os.Args) < 3 {\n\t\twhole = numbers\n\t}\n\tos.Stdout.WriteString(whole + \"\\n\")\n}\n",
        );
    }
    tree
}

/// The archive of a release with programs that tell `version`, in `folder`. `kubeadm` takes the place of one of them.
fn archive(c: &Cluster, version: &str, kubeadm: Option<&Path>, folder: &Path) -> PathBuf {
    let tree = source_tree(c);
    let kubernetes = c.home.work().join("release/kubernetes");
    let bin = kubernetes.join("server/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::create_dir_all(folder).unwrap();
    let flag = format!("-X k8s.io/component-base/version.gitVersion={version}");
    let mut go = c.home.program("go", &["build", "-ldflags", &flag, "-o"]);
    let compiled = PathBuf::from(&c.home.environment()["XDG_CACHE_HOME"]).join("go-build");
    go.env("CGO_ENABLED", "0").env("GOCACHE", compiled).current_dir(&tree);
    ran(go.arg(format!("{}/", bin.display())).arg("./cmd/..."));
    if let Some(kubeadm) = kubeadm {
        std::fs::copy(kubeadm, bin.join("kubeadm")).unwrap();
    } else {
        std::fs::write(kubernetes.join("version"), format!("{version}\n")).unwrap();
    }
    let archive = folder.join(archive_name());
    let parent = kubernetes.parent().unwrap();
    ran(Command::new("tar")
        .args(["-I", "gzip -1", "-cf"])
        .arg(&archive)
        .arg("-C")
        .arg(parent)
        .arg("kubernetes"));
    std::fs::remove_dir_all(parent).unwrap();
    archive
}

/// What a shell in a container of the image prints.
fn says(c: &Cluster, image: &Image, script: &str) -> String {
    let code = format!(
        "let n = engine::run(#{{name: \"{}\", image: \"{}\", entrypoint: [\"/bin/sleep\"], command: [\"infinity\"]}});
         always(|| print(n.exec(\"sh\", \"-ec\", {script:?}).stdout), || n.remove())",
        c.name, image.0
    );
    c.home.script(&code).ok().stdout
}

/// The image is of this version: by its file, by its label that it was built, and by what its programs tell.
fn is_of(c: &Cluster, image: &Image, version: &str) {
    let told =
        says(c, image, "cat /kind/version; kubeadm version -o short; readlink -f /usr/local/bin/entrypoint");
    assert_eq!(told.trim_end(), format!("{version}\n{version}\n/usr/local/bin/entrypoint"));
    let labels = engine::get(&format!("/images/{}/json", image.0))["Config"]["Labels"].clone();
    assert!(labels["io.x-k8s.kind.build"].is_string(), "{labels}");
}

pub fn source() {
    let (c, image) = (Cluster::named("tree"), Image::named("tree"));
    let (tree, cache) = (source_tree(&c), warm_cache(&c));
    let of_tree = ["build", "node-image", "--type", "source", "kubernetes", "--image", &image.0];
    c.home
        .kind(&of_tree)
        .code(1)
        .tells("error building node image: kubernetes does not tell which version of Kubernetes it is")
        .tells("hint: --kubernetes-version v1.37.2 does");

    // the project's own script tells it by git
    let module = ["mod", "download", "-json", "k8s.io/kubernetes@v1.37.2"];
    let module: serde_json::Value = serde_json::from_str(&ran(&mut c.home.program("go", &module))).unwrap();
    std::fs::create_dir_all(tree.join("hack/lib")).unwrap();
    for script in ["hack/print-workspace-status.sh", "hack/lib/version.sh"] {
        let from = Path::new(module["Dir"].as_str().unwrap()).join(script);
        std::fs::write(tree.join(script), std::fs::read(from).unwrap()).unwrap();
    }
    let git = |args: &str| {
        let who = ["-c", "user.name=t", "-c", "user.email=t@example.test"];
        let args: Vec<&str> = who.into_iter().chain(args.split(' ')).collect();
        ran(c.home.program("git", &args).current_dir(&tree))
    };
    git("init -q");
    git("add .");
    git("commit -qm one");
    git("tag v1.99.0-alpha.2");
    git("commit -qm two --allow-empty");
    let commit = git("rev-parse --short=14 HEAD");
    let version = format!("v1.99.0-alpha.2.1+{}", commit.trim());

    build(&c, &cache, &of_tree[2..])
        .tells(&format!("the table of versions has no Kubernetes {}: etcd ", &version[1..]))
        .tells(&format!("Building \"{}\": Kubernetes {version}", image.0));
    is_of(&c, &image, &version);
    assert_eq!(says(&c, &image, "kubelet; kubectl").trim_end(), "1 99+\n1 99+");
}

pub fn url_and_ci() {
    let c = Cluster::named("served");
    let cache = warm_cache(&c);
    let mirror = c.home.root().join("mirror");
    archive(&c, OLD, None, &mirror.join("some"));
    archive(&c, OF_CI, None, &mirror.join("ci").join(OF_CI));
    std::fs::write(mirror.join("ci/latest-1.99.txt"), format!("{OF_CI}\n")).unwrap();
    let server = Files::serve(&mirror);

    let of_url = Image::named("of-url");
    let url = format!("{}/some/{}", server.address(), archive_name());
    build(&c, &cache, &["--type", "url", &url, "--image", &of_url.0])
        .tells(&format!("no Kubernetes {}: etcd ", &OLD[1..]))
        .tells("are those of 1.34");
    is_of(&c, &of_url, OLD);

    let of_ci = Image::named("of-ci");
    let args = ["build", "node-image", "--type", "ci", "latest-1.99", "--image", &of_ci.0];
    let mut command = c.home.command(&args);
    command.env("XDG_CACHE_HOME", &cache).env("KIND_RELEASE_MIRROR", server.address());
    crate::harness::home::run(command, "").ok().tells(&format!("Resolved CI version: {OF_CI}"));
    is_of(&c, &of_ci, OF_CI);
    let wanted = [
        format!("some/{}", archive_name()),
        "ci/latest-1.99.txt".to_owned(),
        format!("ci/{OF_CI}/{}", archive_name()),
    ];
    assert_eq!(server.asked(), wanted);
}

/// Images with a label of a test, the newest first; they are removed at its end.
struct Labelled(String);

impl Drop for Labelled {
    fn drop(&mut self) {
        let filter = format!("%7B%22label%22%3A%5B%22{}%22%5D%7D", self.0);
        let mut found =
            engine::get(&format!("/images/json?filters={filter}")).as_array().cloned().unwrap_or_default();
        found.sort_by_key(|image| std::cmp::Reverse(image["Created"].as_i64()));
        for image in found {
            engine::request("DELETE", &format!("/images/{}?force=1", image["Id"].as_str().unwrap()), "");
        }
    }
}

pub fn file_and_base() {
    let c = Cluster::named("based");
    let cache = warm_cache(&c);
    let (image, base) = (Image::named("based"), Image::named("base"));
    let label = Labelled(format!("{}.test", c.name));
    // an image of the engine alone, by which the base is known again
    let script = file("tests/node_image/base_and_kubeadm.rhai");
    let kubeadm = c.home.kind(&["run", "--allow-host", &script, &base.0, &label.0]).ok().stdout;
    let archive = archive(&c, "v0.0.0", Some(Path::new(kubeadm.trim())), &c.home.work());
    let archive = archive.display().to_string();
    let args = ["--type", "file", &archive, "--base-image", &base.0, "--image", &image.0];
    build(&c, &cache, &args).tells(&format!("base from {}, binaries from dir", base.0));
    is_of(&c, &image, ran(Command::new(kubeadm.trim()).args(["version", "-o", "short"])).trim());
    assert_eq!(says(&c, &image, "cat /etc/kind-test-base").trim_end(), base.0);
}
