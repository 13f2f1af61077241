// Package netpol enforces NetworkPolicy on the only node of a test cluster, by one nftables table. It is small and for
// tests: IPv4, no optimisation, the whole table is written anew after each change. It is no network plugin for others.
package netpol

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// Run watches the cluster of a kubeconfig, its only argument, and keeps the table in step. It returns only when it
// cannot start.
func Run(args []string) error {
	if len(args) != 1 {
		return errors.New("netpol: expected one argument, the path of a kubeconfig")
	}
	config, err := clientcmd.BuildConfigFromFlags("", args[0])
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}

	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods()
	namespaces := factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()

	changed := make(chan struct{}, 1) // holds one notice: those that come while the table is written are one more
	notice := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { notice() },
		UpdateFunc: func(any, any) { notice() },
		DeleteFunc: func(any) { notice() },
	}
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), namespaces.Informer(), policies.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(context.Background().Done())
	factory.WaitForCacheSync(context.Background().Done())

	written := ""
	for range changed {
		time.Sleep(20 * time.Millisecond) // changes come in groups
		state := state{}
		state.pods, _ = pods.Lister().List(labels.Everything())
		state.namespaces, _ = namespaces.Lister().List(labels.Everything())
		state.policies, _ = policies.Lister().List(labels.Everything())
		table := state.table()
		if table == written {
			continue
		}
		if err := write(table); err != nil {
			fmt.Fprintln(os.Stderr, err)
			time.Sleep(time.Second)
			notice()
			continue
		}
		written = table
		fmt.Fprintf(os.Stderr, "%s table written for %d policies\n", time.Now().Format(time.TimeOnly), len(state.policies))
	}
	return nil
}

func write(table string) error {
	nft := exec.Command("nft", "--file", "-")
	nft.Stdin = strings.NewReader(table)
	if output, err := nft.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, output)
	}
	return nil
}
