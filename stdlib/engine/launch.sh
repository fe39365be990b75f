#!/usr/bin/env bash
# Runs a private Docker engine out of a Debian root folder, without installing
# anything on the host.  Called by stdlib/engine.rhai; the order of things
# (when to debootstrap, when to start, what to say) is decided there.
#
#   launch.sh start    start it, or do nothing when it already runs
#   launch.sh stop     ask it to stop, wait, leave no process or mount behind
#   launch.sh status   print its process id; exit status 3 when it doesn't run
#
# From the environment, all absolute paths:
#   KIND_ENGINE_ROOT   the Debian root folder that holds dockerd
#   KIND_ENGINE_DATA   docker's data root; must outlive the process
#   KIND_ENGINE_RUN    folder of the socket, docker.sock
#   KIND_ENGINE_LOG    log file, appended to
#   KIND_ENGINE_PID    file for the process id
#   KIND_ENGINE_WAIT   seconds to wait for start or stop, default 60
set -euo pipefail

: "${KIND_ENGINE_ROOT:?}" "${KIND_ENGINE_DATA:?}" "${KIND_ENGINE_RUN:?}"
: "${KIND_ENGINE_LOG:?}" "${KIND_ENGINE_PID:?}"
wait_seconds=${KIND_ENGINE_WAIT:-60}
socket=$KIND_ENGINE_RUN/docker.sock

fail() {
    echo "launch.sh: $*" >&2
    exit 1
}

# A process id can be given to another program after a reboot, so the file
# alone proves nothing: the process must be a dockerd that serves our socket.
running_pid() {
    local pid
    pid=$(cat "$KIND_ENGINE_PID" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ && -r /proc/$pid/cmdline ]] || return 1
    tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF "unix://$socket" || return 1
    echo "$pid"
}

# What the engine inherited would stay open as long as it runs: a pipe left
# open keeps the caller's caller waiting.  255 is bash's own view of this file
# and is closed by exec.
close_inherited() {
    local entry fd
    for entry in /proc/$BASHPID/fd/*; do
        fd=${entry##*/}
        if ((fd > 2 && fd != 255)); then
            eval "exec $fd>&-"
        fi
    done
}

# The engine outlives its caller, so the caller's environment is not its own: a
# TMPDIR that is removed after a test would break every exec from then on.  Our
# own settings and the proxies, which reach registries, are all that it gets.
keep_environment() {
    local name
    kept=("PATH=$PATH" HOME=/root LANG=C.UTF-8)
    for name in "${!KIND_ENGINE_@}" {HTTP,HTTPS,NO}_PROXY {http,https,no}_proxy; do
        [[ -z ${!name:-} ]] || kept+=("$name=${!name}")
    done
}

# Runs inside a mount namespace of its own: whatever is mounted here is gone
# with the last process of the engine.
inside() {
    local resolv ca="" entry name
    resolv=$(cat /etc/resolv.conf 2>/dev/null || true)
    # A stub resolver on the loopback can't be reached from containers.
    if [[ -r /run/systemd/resolve/resolv.conf ]] && grep -q '^nameserver 127\.' <<<"$resolv"; then
        resolv=$(cat /run/systemd/resolve/resolv.conf)
    fi
    [[ -r /etc/ssl/certs/ca-certificates.crt ]] && ca=/etc/ssl/certs/ca-certificates.crt

    mkdir -p "$KIND_ENGINE_ROOT/etc"
    printf '%s\n' "$resolv" >"$KIND_ENGINE_ROOT/etc/resolv.conf"
    cp /etc/hosts "$KIND_ENGINE_ROOT/etc/hosts" 2>/dev/null || true
    if [[ -n $ca ]]; then
        mkdir -p "$KIND_ENGINE_ROOT/etc/ssl/certs"
        cp "$ca" "$KIND_ENGINE_ROOT$ca"
    fi

    # The root folder lies below one of the folders that are bound next; put
    # together elsewhere it isn't bound into itself.
    local new=/run
    mount --bind "$KIND_ENGINE_ROOT" "$new"

    # Paths given to `docker run -v` are the host's, so the engine has to see
    # the host's folders where the host has them; the system's own folders
    # are Debian's.
    for entry in /*; do
        name=${entry#/}
        case $name in
        bin | sbin | lib | lib32 | lib64 | libx32 | usr | etc | var | run | boot | lost+found) continue ;;
        esac
        [[ -d $entry && ! -L $entry ]] || continue
        mkdir -p "$new/$name"
        mount --rbind "$entry" "$new/$name"
    done
    mkdir -p "$new/var/tmp" "$new/run"
    mount --bind /var/tmp "$new/var/tmp"
    mount -t tmpfs -o mode=755 tmpfs "$new/run"
    for entry in "$KIND_ENGINE_DATA" "$KIND_ENGINE_RUN"; do
        mkdir -p "$new$entry"
        mount --bind "$entry" "$new$entry"
    done
    # Image builds and bind mounts need to find the kernel's modules, if any.
    if [[ -d /lib/modules ]]; then
        mkdir -p "$new/lib/modules"
        mount --bind /lib/modules "$new/lib/modules"
    fi

    mkdir -p "$new/run/host"
    cd "$new"
    pivot_root . run/host
    cd /
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    umount -l /run/host
    rmdir /run/host
    # As on any host, so that a container's bind mount can follow later mounts.
    mount --make-rshared /
    # dockerd takes this process over, so this is its id.
    exec dockerd -H "unix://$socket" --data-root "$KIND_ENGINE_DATA"
}

# Each node's kubelet, kube-proxy and systemd want several inotify instances of
# the one user that all of them are; the usual 128 are used up by four nodes.
raise() {
    local file=/proc/sys/fs/inotify/$1
    if [[ -w $file ]] && (($(cat "$file") < $2)); then
        echo "$2" >"$file"
    fi
}

start() {
    local pid i
    raise max_user_instances 1280
    raise max_user_watches 655360
    mkdir -p "$KIND_ENGINE_DATA" "$KIND_ENGINE_RUN"
    if pid=$(running_pid); then
        echo "$pid"
        return 0
    fi
    [[ -x $KIND_ENGINE_ROOT/usr/sbin/dockerd || -x $KIND_ENGINE_ROOT/usr/bin/dockerd ]] ||
        fail "no dockerd in $KIND_ENGINE_ROOT"
    rm -f "$socket"
    (
        close_inherited
        cd /
        keep_environment
        # slave: what the host mounts later is seen, what we mount is not.
        exec env -i "${kept[@]}" setsid unshare --mount --propagation slave -- \
            bash "$self" inside </dev/null >>"$KIND_ENGINE_LOG" 2>&1
    ) &
    pid=$!
    echo "$pid" >"$KIND_ENGINE_PID"
    for ((i = 0; i < wait_seconds * 10; i++)); do
        if [[ -S $socket ]]; then
            running_pid
            return 0
        fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$KIND_ENGINE_LOG" >&2
    rm -f "$KIND_ENGINE_PID"
    fail "the engine did not start; its log is $KIND_ENGINE_LOG"
}

# Processes that live in the engine's mount namespace: dockerd, containerd,
# the shims.  Containers have their own and end with their shim's cgroup.
in_namespace() {
    local entry
    for entry in /proc/[0-9]*; do
        [[ $(readlink "$entry/ns/mnt" 2>/dev/null) == "$1" ]] && echo "${entry##*/}"
    done
    return 0
}

stop() {
    local pid namespace i
    if ! pid=$(running_pid); then
        rm -f "$KIND_ENGINE_PID" "$socket"
        return 0
    fi
    namespace=$(readlink "/proc/$pid/ns/mnt")
    [[ $namespace != "$(readlink /proc/$$/ns/mnt)" ]] || fail "process $pid is not in a namespace of its own"
    kill -TERM "$pid"
    for ((i = 0; i < wait_seconds * 10; i++)); do
        [[ -n $(in_namespace "$namespace") ]] || break
        sleep 0.1
    done
    for pid in $(in_namespace "$namespace"); do
        kill -KILL "$pid" 2>/dev/null || true
    done
    rm -f "$KIND_ENGINE_PID" "$socket"
}

self=$(readlink -f "${BASH_SOURCE[0]}")
command=${1:-}
case $command in
inside) inside ;;
status) running_pid || exit 3 ;;
start | stop)
    mkdir -p "$(dirname "$KIND_ENGINE_PID")"
    # Two shells that start at once get one engine.
    exec 9>"$KIND_ENGINE_PID.lock"
    flock 9
    "$command"
    ;;
*) fail "usage: launch.sh start|stop|status" ;;
esac
