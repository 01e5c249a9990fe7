// Command files is the bare file server that serving pictures is compared with: Go's own on a folder, which asks nobody anything.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/maru-chat/maru/bench/peers/peer"
)

var folder = flag.String("data", "", "the `folder`")

func main() {
	err := peer.Run(func(l net.Listener) error {
		return http.Serve(l, http.FileServer(http.Dir(*folder))) //nolint:gosec // no timeouts: for the load generator alone
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "files:", err)
		os.Exit(1)
	}
}
