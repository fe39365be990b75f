#!/usr/bin/env bash
# Builds nerdctl, containerd and the CNI plugins from their Go modules: build.sh FOLDER NERDCTL CONTAINERD PLUGINS, with
# versions such as 2.2.2. Each is built once; FOLDER/bin and FOLDER/cni hold them.
set -euo pipefail
folder=$1 nerdctl=$2 containerd=$3 plugins=$4
export CGO_ENABLED=0 GOFLAGS="-mod=mod -buildvcs=false" GOWORK=off
mkdir -p "$folder/bin" "$folder/cni"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

# The source of a module.
source_of() {
    (cd "$work" && go mod download -json "$1@v$2") | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",$/\1/p'
}

# A module with the requirements of another one, in the current folder.
requires() {
    local theirs
    theirs=$(source_of "$1" "$2")
    sed -e 's#^module .*#module kind.local/test#' -e '/=> \.\.*\//d' "$theirs/go.mod" >go.mod
    cp "$theirs/go.sum" .
    echo "require $1 v$2" >>go.mod
}

build() {
    go build -trimpath -tags no_btrfs,no_aufs,no_zfs,no_devmapper -ldflags "-s -w $3" -o "$1.new" "$2"
    mv "$1.new" "$1"
}

if [ ! -x "$folder/bin/containerd" ]; then
    module=github.com/containerd/containerd/v2
    mkdir "$work/containerd"
    cd "$work/containerd"
    requires $module "$containerd"
    for part in containerd-shim-runc-v2 containerd; do
        build "$folder/bin/$part" $module/cmd/$part "-X $module/version.Version=v$containerd"
    done
fi

# Its module requires one of tests that no proxy has, for a file that is of tests too.
if [ ! -x "$folder/bin/nerdctl" ]; then
    module=github.com/containerd/nerdctl/v2
    tests=github.com/containerd/nerdctl/mod/tigron
    cp -r "$(source_of $module "$nerdctl")" "$work/nerdctl"
    chmod -R u+w "$work/nerdctl"
    cd "$work/nerdctl"
    rm cmd/nerdctl/helpers/testing_linux.go
    go mod edit -droprequire $tests -dropreplace $tests@v0.0.0
    build "$folder/bin/nerdctl" ./cmd/nerdctl "-X $module/pkg/version.Version=v$nerdctl"
fi

if [ ! -x "$folder/cni/tuning" ]; then
    module=github.com/containernetworking/plugins
    mkdir "$work/plugins"
    cd "$work/plugins"
    requires $module "$plugins"
    for part in main/bridge main/loopback ipam/host-local meta/portmap meta/firewall meta/tuning; do
        build "$folder/cni/${part#*/}" "$module/plugins/$part" \
            "-X $module/pkg/utils/buildversion.BuildVersion=v$plugins"
    done
fi
