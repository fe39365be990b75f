package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// State is everything that a node's rules follow from. The maps have namespace
// and name as keys.
type State struct {
	Node       string
	Policies   map[string]Policy
	Pods       map[string]Pod
	Namespaces map[string]Namespace
}

// A table of our own: what other tables accept is dropped here all the same, and
// what is accepted here goes through theirs. The first two lines make it new.
const table = "table inet kind_network_policies"

// side is one direction of the traffic, as seen from the pods of this node.
type side struct {
	name  string // of policyTypes
	chain string // prefix of its chains
	own   string // where a packet has the address of the pod that is looked after
	other string // and where that of its peer
}

var sides = []side{
	{"Egress", "egress", "saddr", "daddr"},
	{"Ingress", "ingress", "daddr", "saddr"},
}

// Ruleset is the table in nft's language, and how many pods are isolated by it.
// Without an isolated pod there is no chain, and packets take no notice.
func (s *State) Ruleset() (string, int) {
	var entry, chains strings.Builder
	isolated := map[string]bool{}
	for _, side := range sides {
		verdicts := map[string][]string{}
		taken := map[string]bool{}
		for number, group := range s.groups(side) {
			chain := fmt.Sprintf("%s_%d", side.chain, number)
			for _, key := range group.pods {
				isolated[key] = true
				pod := s.Pods[key]
				for _, address := range pod.addresses() {
					// After a node's restart two pods may be said to have one address,
					// until the old one is forgotten; nft takes no second verdict.
					if taken[address] {
						continue
					}
					taken[address] = true
					family := familyOf(address)
					verdicts[family] = append(verdicts[family], address+" : jump "+chain)
				}
			}
			fmt.Fprintf(&chains, "  chain %s {\n", chain)
			for _, line := range s.allowed(side, group) {
				fmt.Fprintf(&chains, "    %s return\n", line)
			}
			chains.WriteString("    drop\n  }\n")
		}
		for _, family := range families {
			if len(verdicts[family]) > 0 {
				fmt.Fprintf(&entry, "    %s %s vmap { %s }\n", family, side.own, strings.Join(verdicts[family], ", "))
			}
		}
	}
	text := table + "\ndelete " + table + "\n"
	if len(isolated) == 0 {
		return text, 0
	}
	text += table + " {\n" + chains.String() + "  chain forward {\n" +
		"    type filter hook forward priority filter; policy accept;\n" +
		"    ct state established,related accept\n" +
		s.toThemselves(isolated) + entry.String() + "  }\n}\n"
	return text, len(isolated)
}

// toThemselves lets pods reach themselves, which they do through services.
func (s *State) toThemselves(pods map[string]bool) string {
	pairs := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(pods)) {
		pod := s.Pods[key]
		for _, address := range pod.addresses() {
			family := familyOf(address)
			pairs[family] = append(pairs[family], address+" . "+address)
		}
	}
	lines := ""
	for _, family := range families {
		if there := unique(pairs[family]); len(there) > 0 {
			lines += fmt.Sprintf("    %s saddr . %s daddr { %s } accept\n", family, family, strings.Join(there, ", "))
		}
	}
	return lines
}

// group are pods that the same policies isolate; they share a chain.
type group struct {
	pods     []string
	policies []string
}

// groups are the isolated pods of this node, in an order that does not change.
func (s *State) groups(side side) []group {
	found := map[string]*group{}
	for _, key := range slices.Sorted(maps.Keys(s.Pods)) {
		pod := s.Pods[key]
		if pod.Spec.NodeName != s.Node || len(pod.addresses()) == 0 {
			continue
		}
		var policies []string
		for _, name := range slices.Sorted(maps.Keys(s.Policies)) {
			policy := s.Policies[name]
			if policy.Metadata.Namespace == pod.Metadata.Namespace && policy.isolates(side.name) &&
				policy.Spec.PodSelector.matches(pod.Metadata.Labels) {
				policies = append(policies, name)
			}
		}
		if len(policies) == 0 {
			continue
		}
		same := strings.Join(policies, " ")
		if found[same] == nil {
			found[same] = &group{policies: policies}
		}
		found[same].pods = append(found[same].pods, key)
	}
	var groups []group
	for _, same := range slices.Sorted(maps.Keys(found)) {
		groups = append(groups, *found[same])
	}
	return groups
}

// allowed are the matches of packets that a group's policies allow.
func (s *State) allowed(side side, group group) []string {
	var lines []string
	for _, name := range group.policies {
		policy := s.Policies[name]
		rules := policy.Spec.Ingress
		if side.name == "Egress" {
			rules = policy.Spec.Egress
		}
		for _, rule := range rules {
			peers := rule.From
			if side.name == "Egress" {
				peers = rule.To
			}
			lines = append(lines, s.ruleLines(side, group, s.peersOf(policy.Metadata.Namespace, peers), rule.Ports)...)
		}
	}
	return lines
}

// peers are those of one rule: everybody, or pods and blocks of addresses.
type peers struct {
	everybody bool
	pods      []string
	blocks    []string // matches of addresses, with %s for saddr or daddr
}

// peersOf looks up who is meant; namespace is the policy's.
func (s *State) peersOf(namespace string, asked []Peer) peers {
	if len(asked) == 0 {
		return peers{everybody: true, pods: slices.Sorted(maps.Keys(s.Pods))}
	}
	var found peers
	meant := map[string]bool{}
	for _, peer := range asked {
		if peer.IPBlock != nil {
			if block := blockOf(peer.IPBlock.CIDR, peer.IPBlock.Except); block != "" {
				found.blocks = append(found.blocks, block)
			}
			continue
		}
		for key, pod := range s.Pods {
			if s.isPeer(namespace, &peer, &pod) {
				meant[key] = true
			}
		}
	}
	found.pods = slices.Sorted(maps.Keys(meant))
	return found
}

// isPeer tells whether a pod is meant by selectors: of the policy's namespace
// where no namespaces are selected.
func (s *State) isPeer(namespace string, peer *Peer, pod *Pod) bool {
	if peer.NamespaceSelector == nil {
		if pod.Metadata.Namespace != namespace {
			return false
		}
	} else if !peer.NamespaceSelector.matches(s.Namespaces["/"+pod.Metadata.Namespace].Metadata.Labels) {
		return false
	}
	return peer.PodSelector == nil || peer.PodSelector.matches(pod.Metadata.Labels)
}

// blockOf is the match of a range without its exceptions. A range that is none
// allows nothing, and so does one with such an exception.
func blockOf(cidr string, except []string) string {
	family, block := rangeOf(cidr)
	if block == "" {
		return ""
	}
	match := fmt.Sprintf("%s %%[1]s %s", family, block)
	for _, one := range except {
		_, hole := rangeOf(one)
		if hole == "" {
			return ""
		}
		match += fmt.Sprintf(" %s %%[1]s != %s", family, hole)
	}
	return match
}

func rangeOf(cidr string) (family, block string) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return "", ""
	}
	return familyOf(cidr), prefix.Masked().String()
}

// ruleLines are the matches of one rule: each of its peers with each of its ports.
func (s *State) ruleLines(side side, group group, peers peers, ports []Port) []string {
	matches := []string{}
	if peers.everybody {
		matches = append(matches, "")
	} else {
		for _, family := range families {
			if there := s.addressesOf(peers.pods, family); len(there) > 0 {
				matches = append(matches, fmt.Sprintf("%s %s { %s }", family, side.other, strings.Join(there, ", ")))
			}
		}
		for _, block := range peers.blocks {
			matches = append(matches, fmt.Sprintf(block, side.other))
		}
	}
	if len(ports) == 0 {
		return matches
	}
	// A port's name is looked up in the pods that are spoken to.
	spokenTo := group.pods
	if side.name == "Egress" {
		spokenTo = peers.pods
	}
	var lines []string
	for _, port := range ports {
		for _, condition := range s.portMatches(port, spokenTo) {
			for _, match := range matches {
				if condition.family == "" || match == "" || strings.HasPrefix(match, condition.family+" ") {
					lines = append(lines, strings.TrimSpace(match+" "+condition.match))
				}
			}
		}
	}
	return lines
}

// portMatch is a match of ports; of one family where addresses are in it too.
type portMatch struct{ family, match string }

// portMatches are the matches of one port of a policy.
func (s *State) portMatches(port Port, spokenTo []string) []portMatch {
	protocol := protocolOf(port.Protocol)
	kind := strings.ToLower(protocol)
	value := bytes.TrimSpace(port.Port)
	var name string
	switch {
	case len(value) == 0 || string(value) == "null":
		return []portMatch{{"", "meta l4proto " + kind}}
	case json.Unmarshal(value, &name) != nil && port.EndPort > 0:
		return []portMatch{{"", fmt.Sprintf("%s dport %s-%d", kind, value, port.EndPort)}}
	case name == "":
		return []portMatch{{"", fmt.Sprintf("%s dport %s", kind, value)}}
	}
	var found []portMatch
	for _, family := range families {
		var pairs []string
		for _, key := range spokenTo {
			pod := s.Pods[key]
			for _, number := range pod.ports(name, protocol) {
				for _, address := range pod.addresses() {
					if familyOf(address) == family {
						pairs = append(pairs, fmt.Sprintf("%s . %d", address, number))
					}
				}
			}
		}
		if pairs = unique(pairs); len(pairs) > 0 {
			found = append(found, portMatch{family, fmt.Sprintf("%s daddr . %s dport { %s }", family, kind, strings.Join(pairs, ", "))})
		}
	}
	return found
}

// addressesOf are the pods' addresses of a family.
func (s *State) addressesOf(pods []string, family string) []string {
	var found []string
	for _, key := range pods {
		pod := s.Pods[key]
		for _, address := range pod.addresses() {
			if familyOf(address) == family {
				found = append(found, address)
			}
		}
	}
	return unique(found)
}

// unique is sorted and without repetitions, which nft refuses in some sets.
func unique(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

// families are nft's names of them.
var families = []string{"ip", "ip6"}

func familyOf(address string) string {
	if strings.Contains(address, ":") {
		return "ip6"
	}
	return "ip"
}

// protocolOf is a protocol, TCP where none is named.
func protocolOf(name string) string {
	if name == "" {
		return "TCP"
	}
	return name
}
