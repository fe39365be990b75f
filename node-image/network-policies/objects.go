package main

import (
	"encoding/json"
	"slices"
)

// The fields of the API's objects that matter here. Go finds them in JSON
// whatever the case of their first letter.

// Meta is what every object has.
type Meta struct {
	Name            string
	Namespace       string
	ResourceVersion string
	Labels          map[string]string
}

func (m *Meta) key() string { return m.Namespace + "/" + m.Name }

// Pod is a pod.
type Pod struct {
	Metadata Meta
	Spec     struct {
		NodeName       string
		HostNetwork    bool
		Containers     []Container
		InitContainers []Container
	}
	Status struct {
		Phase  string
		PodIPs []struct{ IP string }
	}
}

// Container is one of a pod's.
type Container struct {
	Ports []struct {
		Name          string
		ContainerPort int
		Protocol      string
	}
}

// Namespace is a namespace.
type Namespace struct{ Metadata Meta }

// Policy is a NetworkPolicy of networking.k8s.io/v1.
type Policy struct {
	Metadata Meta
	Spec     struct {
		PodSelector Selector
		PolicyTypes []string
		Ingress     []Rule
		Egress      []Rule
	}
}

// Rule is one of a policy's: From of ingress, To of egress.
type Rule struct {
	From  []Peer
	To    []Peer
	Ports []Port
}

// Peer is who may be spoken with.
type Peer struct {
	PodSelector       *Selector
	NamespaceSelector *Selector
	IPBlock           *struct {
		CIDR   string
		Except []string
	}
}

// Port is a port that may be spoken with: a number, a string with a pod's name
// for it, or none for all.
type Port struct {
	Protocol string
	Port     json.RawMessage
	EndPort  int
}

// Selector chooses by labels; an empty one chooses everything.
type Selector struct {
	MatchLabels      map[string]string
	MatchExpressions []struct {
		Key      string
		Operator string
		Values   []string
	}
}

func (p Pod) meta() *Meta       { return &p.Metadata }
func (n Namespace) meta() *Meta { return &n.Metadata }
func (p Policy) meta() *Meta    { return &p.Metadata }

// matches tells whether labels are those that are chosen.
func (s *Selector) matches(labels map[string]string) bool {
	for key, value := range s.MatchLabels {
		if there, ok := labels[key]; !ok || there != value {
			return false
		}
	}
	for _, wanted := range s.MatchExpressions {
		value, there := labels[wanted.Key]
		fits := false
		switch wanted.Operator {
		case "In":
			fits = there && slices.Contains(wanted.Values, value)
		case "NotIn":
			fits = !there || !slices.Contains(wanted.Values, value)
		case "Exists":
			fits = there
		case "DoesNotExist":
			fits = !there
		}
		if !fits {
			return false
		}
	}
	return true
}

// isolates tells whether a policy is about a direction, Ingress or Egress.
func (p *Policy) isolates(direction string) bool {
	if len(p.Spec.PolicyTypes) > 0 {
		return slices.Contains(p.Spec.PolicyTypes, direction)
	}
	return direction == "Ingress" || len(p.Spec.Egress) > 0
}

// addresses are a pod's own: none of a pod that has ended, whose address another
// may have by now, or that is in its node's network.
func (p *Pod) addresses() []string {
	if p.Spec.HostNetwork || p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" {
		return nil
	}
	var found []string
	for _, one := range p.Status.PodIPs {
		found = append(found, one.IP)
	}
	return found
}

// ports are the numbers that a pod's containers have under a name.
func (p *Pod) ports(name, protocol string) []int {
	var found []int
	for _, containers := range [][]Container{p.Spec.Containers, p.Spec.InitContainers} {
		for _, container := range containers {
			for _, port := range container.Ports {
				if port.Name == name && protocolOf(port.Protocol) == protocol {
					found = append(found, port.ContainerPort)
				}
			}
		}
	}
	return found
}
