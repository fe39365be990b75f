package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// pods is a cluster of two nodes: web and both on n1, far on n2, and pods that no
// rule must name.
const cluster = `{
"Pods": {
 "a/web": {"metadata": {"name": "web", "namespace": "a", "labels": {"app": "web"}}, "spec": {"nodeName": "n1",
   "containers": [{"ports": [{"name": "http", "containerPort": 8080}, {"name": "http", "containerPort": 53, "protocol": "UDP"}]}]},
   "status": {"phase": "Running", "podIPs": [{"ip": "10.1.0.1"}]}},
 "a/both": {"metadata": {"name": "both", "namespace": "a", "labels": {"app": "both"}}, "spec": {"nodeName": "n1"},
   "status": {"phase": "Running", "podIPs": [{"ip": "10.1.0.2"}, {"ip": "fd00::2"}]}},
 "b/far": {"metadata": {"name": "far", "namespace": "b", "labels": {"app": "far", "tier": "x"}}, "spec": {"nodeName": "n2",
   "initContainers": [{"ports": [{"name": "http", "containerPort": 81}]}]},
   "status": {"phase": "Running", "podIPs": [{"ip": "10.2.0.1"}, {"ip": "fd00::21"}]}},
 "a/done": {"metadata": {"name": "done", "namespace": "a"}, "spec": {"nodeName": "n1"},
   "status": {"phase": "Succeeded", "podIPs": [{"ip": "10.1.0.9"}]}},
 "a/host": {"metadata": {"name": "host", "namespace": "a"}, "spec": {"nodeName": "n1", "hostNetwork": true},
   "status": {"phase": "Running", "podIPs": [{"ip": "172.18.0.2"}]}}
},
"Namespaces": {
 "/a": {"metadata": {"name": "a", "labels": {"kubernetes.io/metadata.name": "a"}}},
 "/b": {"metadata": {"name": "b", "labels": {"kubernetes.io/metadata.name": "b", "team": "blue"}}}
}}`

// state is that cluster with policies of namespace a, seen from node n1.
func state(t *testing.T, specs ...string) State {
	t.Helper()
	found := State{Node: "n1", Policies: map[string]Policy{}}
	if err := json.Unmarshal([]byte(cluster), &found); err != nil {
		t.Fatal(err)
	}
	for i, spec := range specs {
		var policy Policy
		if err := json.Unmarshal([]byte(`{"spec": `+spec+`}`), &policy); err != nil {
			t.Fatal(err)
		}
		policy.Metadata.Namespace = "a"
		found.Policies["a/"+string(rune('p'+i))] = policy
	}
	return found
}

// chain are the lines of a chain, without what they are indented by.
func chain(text, name string) string {
	_, rest, found := strings.Cut(text, "  chain "+name+" {\n")
	if !found {
		return "no chain " + name
	}
	body, _, _ := strings.Cut(rest, "  }\n")
	return strings.TrimSpace(strings.ReplaceAll(body, "    ", ""))
}

func TestWithoutIsolatedPodsThereIsNoChain(t *testing.T) {
	for _, specs := range [][]string{nil, {`{"podSelector": {"matchLabels": {"app": "far"}}}`}} {
		given := state(t, specs...)
		text, isolated := given.Ruleset()
		if isolated != 0 || text != "table inet kind_network_policies\ndelete table inet kind_network_policies\n" {
			t.Errorf("%v: %d isolated\n%s", specs, isolated, text)
		}
	}
}

func TestIsolatedPods(t *testing.T) {
	given := state(t, `{"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}`)
	text, isolated := given.Ruleset()
	if isolated != 2 || strings.Contains(text, "10.1.0.9") || strings.Contains(text, "172.18.0.2") || strings.Contains(text, "10.2.") {
		t.Errorf("%d isolated\n%s", isolated, text)
	}
	wanted := strings.Join([]string{
		"type filter hook forward priority filter; policy accept;",
		"ct state established,related accept",
		"ip saddr . ip daddr { 10.1.0.1 . 10.1.0.1, 10.1.0.2 . 10.1.0.2 } accept",
		"ip6 saddr . ip6 daddr { fd00::2 . fd00::2 } accept",
		"ip saddr vmap { 10.1.0.2 : jump egress_0, 10.1.0.1 : jump egress_0 }",
		"ip6 saddr vmap { fd00::2 : jump egress_0 }",
		"ip daddr vmap { 10.1.0.2 : jump ingress_0, 10.1.0.1 : jump ingress_0 }",
		"ip6 daddr vmap { fd00::2 : jump ingress_0 }",
	}, "\n")
	if got := chain(text, "forward"); got != wanted {
		t.Errorf("forward is\n%s\nand not\n%s", got, wanted)
	}
	for _, name := range []string{"egress_0", "ingress_0"} {
		if got := chain(text, name); got != "drop" {
			t.Errorf("%s is %s", name, got)
		}
	}
}

// The chain of web's direction for each form of a rule.
func TestRules(t *testing.T) {
	for _, one := range []struct{ name, chain, spec, wanted string }{
		{"everybody", "ingress_0", `"ingress": [{}]`, " return"},
		{"nobody", "ingress_0", `"ingress": []`, ""},
		{"pods of the policy's namespace", "ingress_0", `"ingress": [{"from": [{"podSelector": {}}]}]`,
			"ip saddr { 10.1.0.1, 10.1.0.2 } return\nip6 saddr { fd00::2 } return"},
		{"a namespace", "ingress_0", `"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "blue"}}}]}]`,
			"ip saddr { 10.2.0.1 } return\nip6 saddr { fd00::21 } return"},
		{"pods of a namespace", "ingress_0",
			`"ingress": [{"from": [{"namespaceSelector": {}, "podSelector": {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}, {"key": "app", "operator": "NotIn", "values": ["web"]}]}}]}]`,
			"ip saddr { 10.1.0.2 } return\nip6 saddr { fd00::2 } return"},
		{"a namespace that has no such pod", "ingress_0",
			`"ingress": [{"from": [{"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}, "podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}}]}]`, ""},
		{"blocks", "ingress_0",
			`"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.1/8", "except": ["10.9.0.0/16", "10.8.0.0/16"]}}, {"ipBlock": {"cidr": "fd00::/8"}}]}]`,
			"ip saddr 10.0.0.0/8 ip saddr != 10.9.0.0/16 ip saddr != 10.8.0.0/16 return\nip6 saddr fd00::/8 return"},
		{"a block that is none", "ingress_0", `"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["nonsense"]}}]}]`, ""},
		{"ports", "ingress_0",
			`"ingress": [{"ports": [{"port": 80}, {"port": 1000, "endPort": 2000, "protocol": "UDP"}, {"protocol": "SCTP"}]}]`,
			"tcp dport 80 return\nudp dport 1000-2000 return\nmeta l4proto sctp return"},
		{"a named port of its own", "ingress_0", `"ingress": [{"ports": [{"port": "http", "protocol": "UDP"}]}]`,
			"ip daddr . udp dport { 10.1.0.1 . 53 } return"},
		{"a named port from pods of both families", "ingress_0", `"ingress": [{"from": [{"namespaceSelector": {}}], "ports": [{"port": "http"}]}]`,
			"ip saddr { 10.1.0.1, 10.1.0.2, 10.2.0.1 } ip daddr . tcp dport { 10.1.0.1 . 8080 } return"},
		{"named ports of others", "egress_0", `"policyTypes": ["Egress"], "egress": [{"to": [{"namespaceSelector": {}}], "ports": [{"port": "http"}]}]`,
			"ip daddr { 10.1.0.1, 10.1.0.2, 10.2.0.1 } ip daddr . tcp dport { 10.1.0.1 . 8080, 10.2.0.1 . 81 } return\n" +
				"ip6 daddr { fd00::2, fd00::21 } ip6 daddr . tcp dport { fd00::21 . 81 } return"},
		{"a named port of nobody", "egress_0", `"policyTypes": ["Egress"], "egress": [{"ports": [{"port": "nothing"}]}]`, ""},
		{"both directions by what is there", "egress_0", `"egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]`, "ip daddr 0.0.0.0/0 return"},
	} {
		given := state(t, `{"podSelector": {"matchLabels": {"app": "web"}}, `+one.spec+`}`)
		text, isolated := given.Ruleset()
		wanted := strings.TrimSpace(strings.TrimSpace(one.wanted) + "\ndrop")
		if got := chain(text, one.chain); got != wanted || isolated != 1 {
			t.Errorf("%s: %d isolated, %s is\n%s\nand not\n%s", one.name, isolated, one.chain, got, wanted)
		}
	}
}

func TestPoliciesAddUp(t *testing.T) {
	given := state(t, `{"podSelector": {}}`,
		`{"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"ports": [{"port": 80}]}]}`,
		`{"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"ports": [{"port": 81}]}]}`)
	text, _ := given.Ruleset()
	if got := chain(text, "ingress_0"); got != "drop" {
		t.Errorf("both: %s", got)
	}
	if got := chain(text, "ingress_1"); got != "tcp dport 80 return\ntcp dport 81 return\ndrop" {
		t.Errorf("web: %s", got)
	}
	if got := chain(text, "egress_0"); got != "no chain egress_0" {
		t.Errorf("nothing is said of egress: %s", got)
	}
}

func TestAnAddressHasOneVerdict(t *testing.T) {
	given := state(t, `{"podSelector": {}}`, `{"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{}]}`)
	stale := given.Pods["a/web"]
	stale.Status.PodIPs = given.Pods["a/both"].Status.PodIPs[:1]
	given.Pods["a/web"] = stale
	text, _ := given.Ruleset()
	if strings.Count(text, "10.1.0.2 : jump") != 1 || strings.Count(text, "10.1.0.2 . 10.1.0.2") != 1 {
		t.Error(text)
	}
}
