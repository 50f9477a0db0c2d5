// Routes keeps, on one node, a route to every other node's Pods: podCIDR via that node's address.
//
// The kind node image that is pulled has kindnet for this. The one built here cannot have it (its module is
// not published), and needs no more than routes, since all nodes share one Docker network. Addresses may be
// swapped when node containers restart; the watch sees it and the route follows.
package main

import (
	"context"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// resync repairs a route that somebody else removed.
const resync = 30 * time.Second

func main() {
	own := os.Getenv("NODE_NAME")
	if own == "" {
		log.Fatal("NODE_NAME is not set: wanted the name of the node this runs on")
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	factory := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(config), resync)
	set := func(object any) {
		if node, ok := object.(*corev1.Node); ok && node.Name != own {
			if err := route(node); err != nil {
				log.Printf("%s: %v", node.Name, err)
			}
		}
	}
	_, err = factory.Core().V1().Nodes().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    set,
		UpdateFunc: func(_, node any) { set(node) },
	})
	if err != nil {
		log.Fatal(err)
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
	factory.Shutdown()
}

// route sets the route to one node's Pods, or does nothing while the node has no Pod range or address yet.
func route(node *corev1.Node) error {
	_, pods, err := net.ParseCIDR(node.Spec.PodCIDR)
	if err != nil {
		return nil //nolint:nilerr // not assigned yet: an update follows
	}
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			return netlink.RouteReplace(&netlink.Route{Dst: pods, Gw: net.ParseIP(address.Address)})
		}
	}
	return nil
}
