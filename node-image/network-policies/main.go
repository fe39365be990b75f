// Command network-policies enforces the NetworkPolicies of a cluster on one
// node, with nftables. It filters what goes into and out of the pods of this
// node, so each node needs one; the default CNI's pod runs it.
//
// As long as a cluster has no policy it watches for policies alone and no packet
// meets a rule. Traffic between a pod and its own node is never filtered, nor are
// pods of the host's network: that is what Kubernetes asks for. Connections that
// are there already go on.
//
//	NODE_NAME                  this node
//	KUBERNETES_SERVICE_HOST    the API server; the pod's service account is used
//	KUBERNETES_SERVICE_PORT
//
// It needs nft, and nothing but Go's standard library to be built.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Changes come in bursts; this is waited before rules are made of them.
const pause = 20 * time.Millisecond

// After this a ruleset that nft refused is tried again.
const retryAfter = 5 * time.Second

func main() {
	log.SetPrefix("network-policies: ")
	log.SetFlags(log.LstdFlags | log.Lmsgprefix)
	node := os.Getenv("NODE_NAME")
	if node == "" {
		log.Fatal("NODE_NAME is not set: it names the node whose pods are looked after")
	}
	api, err := inCluster()
	if err != nil {
		log.Fatal(err)
	}
	changed := make(chan struct{}, 1)
	enforce(api, node, changed)
}

// enforce keeps this node's rules as the API server's objects ask for.
func enforce(api *client, node string, changed chan struct{}) {
	policies := follow[Policy](api, "/apis/networking.k8s.io/v1/networkpolicies", changed)
	var pods *store[Pod]
	var namespaces *store[Namespace]
	applied := ""
	for range changed {
		time.Sleep(pause)
		all, known := policies.all()
		if !known {
			continue
		}
		state := State{Node: node, Policies: all}
		if len(all) > 0 && pods == nil {
			pods = follow[Pod](api, "/api/v1/pods", changed)
			namespaces = follow[Namespace](api, "/api/v1/namespaces", changed)
		}
		if len(all) > 0 {
			var podsKnown, namespacesKnown bool
			state.Pods, podsKnown = pods.all()
			state.Namespaces, namespacesKnown = namespaces.all()
			if !podsKnown || !namespacesKnown {
				continue
			}
		}
		text, isolated := state.Ruleset()
		if text == applied {
			continue
		}
		if err := apply(text); err != nil {
			applied = ""
			log.Print(err)
			time.AfterFunc(retryAfter, func() { notify(changed) })
			continue
		}
		applied = text
		log.Printf("policies: %d, isolated pods of this node: %d", len(all), isolated)
	}
}

// apply puts a ruleset in the old one's place; no packet meets a half of it.
func apply(text string) error {
	nft := exec.Command("nft", "-f", "-")
	nft.Stdin = strings.NewReader(text)
	if out, err := nft.CombinedOutput(); err != nil {
		return fmt.Errorf("nft does not take the rules: %w\n%s\n%s", err, strings.TrimSpace(string(out)), text)
	}
	return nil
}
