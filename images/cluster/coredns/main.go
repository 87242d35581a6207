// Command coredns is CoreDNS with the plugins that the node's configuration uses.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/kubernetes"
)

func init() {
	// The order in which a query passes through them, as in CoreDNS's own plugin.cfg.
	dnsserver.Directives = []string{"bind", "errors", "cache", "hosts", "kubernetes", "forward"}
}

func main() { coremain.Run() }
