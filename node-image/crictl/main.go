// Command crictl asks the node's container runtime, with the commands and the
// output of cri-tools' crictl as far as kind and a person in a node need them:
//
//	crictl images [-o json]         crictl inspecti IMAGE
//	crictl pods   [-o json]         crictl inspectp POD
//	crictl ps [-a] [-o json]        crictl inspect CONTAINER
//	crictl logs CONTAINER           crictl pull IMAGE
//	crictl rmi IMAGE…               crictl version, crictl info
//
// It stands in where the real one can't be had: module proxies don't serve it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const endpoint = "unix:///run/containerd/containerd.sock"

type runtime struct {
	ctx    context.Context
	images cri.ImageServiceClient
	pods   cri.RuntimeServiceClient
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crictl:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var words []string
	asJSON, all, quiet := false, false, false
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "-o" || arg == "--output":
			if i+1 < len(args) {
				i++
				asJSON = args[i] == "json"
			}
		case strings.HasPrefix(arg, "-o=") || strings.HasPrefix(arg, "--output="):
			asJSON = strings.HasSuffix(arg, "=json")
		case arg == "-a" || arg == "--all":
			all = true
		case arg == "-q" || arg == "--quiet":
			quiet = true
		case arg == "-r" || arg == "--runtime-endpoint" || arg == "-i" || arg == "--image-endpoint":
			i++ // there is one runtime in a node
		case strings.HasPrefix(arg, "--runtime-endpoint=") || strings.HasPrefix(arg, "--image-endpoint="):
		case strings.HasPrefix(arg, "-"):
			return fmt.Errorf("unknown option %s", arg)
		default:
			words = append(words, arg)
		}
	}
	if len(words) == 0 {
		return fmt.Errorf("no command; there are images, inspecti, rmi, pull, pods, inspectp, ps, inspect, logs, version and info")
	}

	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	connection, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
	if err != nil {
		return err
	}
	defer connection.Close()
	r := runtime{ctx, cri.NewImageServiceClient(connection), cri.NewRuntimeServiceClient(connection)}

	command, names := words[0], words[1:]
	switch command {
	case "images", "image", "img":
		return r.listImages(asJSON, quiet)
	case "pods":
		return r.listPods(asJSON, quiet)
	case "ps":
		return r.listContainers(asJSON, quiet, all)
	case "version":
		return show(r.pods.Version(ctx, &cri.VersionRequest{}))
	case "info":
		return show(r.pods.Status(ctx, &cri.StatusRequest{Verbose: true}))
	}

	if len(names) == 0 {
		return fmt.Errorf("%s needs a name", command)
	}
	for _, name := range names {
		switch command {
		case "inspecti":
			err = r.inspectImage(name)
		case "rmi":
			_, err = r.images.RemoveImage(ctx, &cri.RemoveImageRequest{Image: &cri.ImageSpec{Image: name}})
		case "pull":
			err = show(r.images.PullImage(ctx, &cri.PullImageRequest{Image: &cri.ImageSpec{Image: name}}))
		case "inspectp":
			err = show(r.pods.PodSandboxStatus(ctx, &cri.PodSandboxStatusRequest{PodSandboxId: name, Verbose: true}))
		case "inspect":
			err = show(r.pods.ContainerStatus(ctx, &cri.ContainerStatusRequest{ContainerId: name, Verbose: true}))
		case "logs":
			err = r.logs(name)
		default:
			err = fmt.Errorf("unknown command %s", command)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// logs prints a container's log without the kubelet's marks: time, stream and
// whether the line is whole.
func (r runtime) logs(name string) error {
	answer, err := r.pods.ContainerStatus(r.ctx, &cri.ContainerStatusRequest{ContainerId: name})
	if err != nil {
		return err
	}
	text, err := os.ReadFile(answer.Status.LogPath)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if marks := strings.SplitN(line, " ", 4); len(marks) == 4 {
			fmt.Print(marks[3])
		}
	}
	return nil
}

func (r runtime) inspectImage(name string) error {
	answer, err := r.images.ImageStatus(r.ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}, Verbose: true})
	if err == nil && answer.GetImage() == nil {
		err = fmt.Errorf("no such image %q present", name)
	}
	if err != nil {
		return err
	}
	// The real one says "status" for what the interface calls "image".
	status, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(answer.Image)
	if err != nil {
		return err
	}
	info := map[string]json.RawMessage{}
	for key, value := range answer.Info {
		info[key] = json.RawMessage(value)
	}
	return write(map[string]any{"status": json.RawMessage(status), "info": info})
}

func (r runtime) listImages(asJSON, quiet bool) error {
	answer, err := r.images.ListImages(r.ctx, &cri.ListImagesRequest{})
	if err != nil || asJSON {
		return show(answer, err)
	}
	rows := [][]string{{"IMAGE", "TAG", "IMAGE ID", "SIZE"}}
	for _, image := range answer.Images {
		if quiet {
			fmt.Println(image.Id)
			continue
		}
		for _, reference := range append(image.RepoTags, untagged(image)...) {
			name, tag := reference, "<none>"
			if at := strings.LastIndex(reference, ":"); at > strings.LastIndex(reference, "/") {
				name, tag = reference[:at], reference[at+1:]
			}
			rows = append(rows, []string{name, tag, short(image.Id), fmt.Sprintf("%.1fMB", float64(image.Size)/1e6)})
		}
	}
	return table(rows, quiet)
}

func untagged(image *cri.Image) []string {
	if len(image.RepoTags) > 0 {
		return nil
	}
	return []string{"<none>"}
}

func (r runtime) listPods(asJSON, quiet bool) error {
	answer, err := r.pods.ListPodSandbox(r.ctx, &cri.ListPodSandboxRequest{})
	if err != nil || asJSON {
		return show(answer, err)
	}
	rows := [][]string{{"POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "ATTEMPT"}}
	for _, pod := range answer.Items {
		if quiet {
			fmt.Println(pod.Id)
		}
		state := strings.TrimPrefix(pod.State.String(), "SANDBOX_")
		rows = append(rows, []string{short(pod.Id), age(pod.CreatedAt), state, pod.Metadata.Name,
			pod.Metadata.Namespace, fmt.Sprint(pod.Metadata.Attempt)})
	}
	return table(rows, quiet)
}

func (r runtime) listContainers(asJSON, quiet, all bool) error {
	filter := &cri.ContainerFilter{State: &cri.ContainerStateValue{State: cri.ContainerState_CONTAINER_RUNNING}}
	if all {
		filter = nil
	}
	answer, err := r.pods.ListContainers(r.ctx, &cri.ListContainersRequest{Filter: filter})
	if err != nil || asJSON {
		return show(answer, err)
	}
	rows := [][]string{{"CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD"}}
	for _, container := range answer.Containers {
		if quiet {
			fmt.Println(container.Id)
		}
		state := strings.TrimPrefix(container.State.String(), "CONTAINER_")
		rows = append(rows, []string{short(container.Id), short(container.Image.Image), age(container.CreatedAt), state,
			container.Metadata.Name, fmt.Sprint(container.Metadata.Attempt), short(container.PodSandboxId),
			container.Labels["io.kubernetes.pod.name"]})
	}
	return table(rows, quiet)
}

func show(message proto.Message, err error) error {
	if err != nil {
		return err
	}
	text, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(message)
	if err != nil {
		return err
	}
	return write(json.RawMessage(text))
}

// write puts JSON out in the same form every time, which protojson doesn't.
func write(value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err == nil {
		fmt.Println(string(text))
	}
	return err
}

func table(rows [][]string, quiet bool) error {
	if quiet {
		return nil
	}
	out := tabwriter.NewWriter(os.Stdout, 20, 1, 3, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(out, strings.Join(row, "\t"))
	}
	return out.Flush()
}

func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	if len(id) > 13 {
		return id[:13]
	}
	return id
}

func age(created int64) string {
	return time.Since(time.Unix(0, created)).Round(time.Second).String() + " ago"
}
