package netpol

import (
	"fmt"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// state is what the table follows from.
type state struct {
	pods       []*core.Pod
	namespaces []*core.Namespace
	policies   []*networking.NetworkPolicy
}

// table is the nftables script that replaces the table by one for this state. Each pod that a policy selects has a
// chain for each direction selected: it returns for what some policy allows, and drops the rest. Packets of known
// connections, and those of the node itself, such as the kubelet's probes, are not looked at.
func (s state) table() string {
	var chains, jumps []string
	for i, pod := range s.running() {
		for _, direction := range []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress} {
			allowed, selected := s.allowed(pod, direction)
			if !selected {
				continue
			}
			chain := fmt.Sprintf("%s-%d", strings.ToLower(string(direction)), i)
			chains = append(chains, fmt.Sprintf("chain %s { # %s/%s\n%scounter drop\n}\n",
				chain, pod.Namespace, pod.Name, strings.Join(allowed, "")))
			own := "daddr"
			if direction == networking.PolicyTypeEgress {
				own = "saddr"
			}
			jumps = append(jumps, fmt.Sprintf("ip %s %s jump %s\n", own, pod.Status.PodIP, chain))
		}
	}
	return "table inet netpol {}\ndelete table inet netpol\ntable inet netpol {\n" +
		strings.Join(chains, "") +
		"chain forward {\ntype filter hook forward priority filter; policy accept;\nct state established,related accept\n" +
		strings.Join(jumps, "") + "}\n}\n"
}

// allowed are the rules of all policies for a pod and a direction; selected tells whether there is such a policy.
func (s state) allowed(pod *core.Pod, direction networking.PolicyType) (rules []string, selected bool) {
	for _, policy := range s.sortedPolicies() {
		if policy.Namespace != pod.Namespace || !slices.Contains(policy.Spec.PolicyTypes, direction) ||
			!matches(&policy.Spec.PodSelector, pod.Labels) {
			continue
		}
		selected = true
		if direction == networking.PolicyTypeIngress {
			for _, rule := range policy.Spec.Ingress {
				targets := []*core.Pod{pod}
				rules = append(rules, combine(s.peers(policy.Namespace, "saddr", rule.From), ports(rule.Ports, targets))...)
			}
		} else {
			for _, rule := range policy.Spec.Egress {
				rules = append(rules, combine(s.peers(policy.Namespace, "daddr", rule.To), ports(rule.Ports, s.running()))...)
			}
		}
	}
	return rules, selected
}

// combine makes a rule of every peer with every port.
func combine(peers, ports []string) (rules []string) {
	for _, peer := range peers {
		for _, port := range ports {
			rules = append(rules, peer+port+"return\n")
		}
	}
	return rules
}

// peers are the matches on the other side's address; no peers given means everybody.
func (s state) peers(namespace, side string, peers []networking.NetworkPolicyPeer) (matches []string) {
	if len(peers) == 0 {
		return []string{""}
	}
	for _, peer := range peers {
		if block := peer.IPBlock; block != nil {
			if strings.Contains(block.CIDR, ":") {
				continue // IPv6: there is none here
			}
			match := fmt.Sprintf("ip %s %s ", side, block.CIDR)
			if len(block.Except) > 0 {
				match += fmt.Sprintf("ip %s != { %s } ", side, strings.Join(block.Except, ", "))
			}
			matches = append(matches, match)
		} else if addresses := s.addresses(namespace, peer); len(addresses) > 0 {
			matches = append(matches, fmt.Sprintf("ip %s { %s } ", side, strings.Join(addresses, ", ")))
		}
	}
	return matches
}

// addresses are those of the pods that a peer selects; without a namespace selector, in the policy's own namespace.
func (s state) addresses(namespace string, peer networking.NetworkPolicyPeer) (addresses []string) {
	for _, pod := range s.running() {
		if peer.NamespaceSelector == nil && pod.Namespace != namespace {
			continue
		}
		if peer.NamespaceSelector != nil && !matches(peer.NamespaceSelector, s.namespaceLabels(pod.Namespace)) {
			continue
		}
		if peer.PodSelector == nil || matches(peer.PodSelector, pod.Labels) {
			addresses = append(addresses, pod.Status.PodIP)
		}
	}
	return addresses
}

// ports are the matches on the destination's port; none given means all. A named port is looked up in the targets.
func ports(ports []networking.NetworkPolicyPort, targets []*core.Pod) (matches []string) {
	if len(ports) == 0 {
		return []string{""}
	}
	for _, port := range ports {
		protocol := "tcp"
		if port.Protocol != nil {
			protocol = strings.ToLower(string(*port.Protocol))
		}
		switch {
		case port.Port == nil:
			matches = append(matches, fmt.Sprintf("meta l4proto %s ", protocol))
		case port.Port.Type == intstr.String:
			matches = append(matches, namedPort(port.Port.StrVal, protocol, targets)...)
		case port.EndPort != nil:
			matches = append(matches, fmt.Sprintf("%s dport %d-%d ", protocol, port.Port.IntVal, *port.EndPort))
		default:
			matches = append(matches, fmt.Sprintf("%s dport %d ", protocol, port.Port.IntVal))
		}
	}
	return matches
}

func namedPort(name, protocol string, targets []*core.Pod) (matches []string) {
	for _, pod := range targets {
		// A native sidecar is an init container.
		for _, container := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
			for _, port := range container.Ports {
				if port.Name == name && strings.EqualFold(string(port.Protocol), protocol) {
					matches = append(matches, fmt.Sprintf("ip daddr %s %s dport %d ", pod.Status.PodIP, protocol, port.ContainerPort))
				}
			}
		}
	}
	return matches
}

// running are the pods with an address of their own, in an order that stays.
func (s state) running() (pods []*core.Pod) {
	for _, pod := range s.pods {
		ended := pod.Status.Phase == core.PodSucceeded || pod.Status.Phase == core.PodFailed
		if pod.Status.PodIP != "" && !pod.Spec.HostNetwork && !ended {
			pods = append(pods, pod)
		}
	}
	slices.SortFunc(pods, func(a, b *core.Pod) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return pods
}

func (s state) sortedPolicies() []*networking.NetworkPolicy {
	return slices.SortedFunc(slices.Values(s.policies), func(a, b *networking.NetworkPolicy) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
}

func (s state) namespaceLabels(name string) map[string]string {
	for _, namespace := range s.namespaces {
		if namespace.Name == name {
			return namespace.Labels
		}
	}
	return nil
}

func matches(selector *meta.LabelSelector, set map[string]string) bool {
	parsed, err := meta.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(labels.Set(set))
}
