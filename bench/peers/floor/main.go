// Command floor is the limit for fan-out: WebSocket frames prepared once, a
// queue for each connection, one write for everything a queue holds. It speaks
// just enough to be driven by the load generator of Socket.IO; bench/README.md
// says where it cheats.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/maru-chat/maru/bench/peers/fan"
	"github.com/maru-chat/maru/bench/peers/peer"
)

// pingInterval is that of the servers it is compared with.
const pingInterval = 25 * time.Second

var (
	lean    = flag.Bool("lean", false, "hold no buffer while nothing is to be read")
	length  = flag.Int("text", 120, "`bytes` of the text in the prepared frame")
	workers = flag.Int("workers", max(1, runtime.GOMAXPROCS(0)/2), "how many goroutines write; the load generator needs processors too")
)

func main() {
	if err := peer.Run(serve); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func serve(listener net.Listener) error {
	c := newCrowd(frame(`42["message","`+strings.Repeat("x", *length)+`"]`), *workers)
	go c.ping(time.Tick(pingInterval))
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go accept(c, conn.(*net.TCPConn))
	}
}

// accept upgrades a connection and says at once all that a client of Socket.IO
// waits for, whatever it asks.
func accept(c *crowd, conn *net.TCPConn) {
	if _, err := ws.Upgrade(conn); err != nil {
		_ = conn.Close()
		return
	}
	m := &fan.Member{Conn: conn}
	c.members.Add(m)
	for _, packet := range []string{
		`0{"sid":"floor","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`,
		`40{"sid":"floor"}`,
		`42["joined"]`,
	} {
		c.fan.Send(m, frame(packet))
	}
	// A fresh goroutine: the upgrade has grown this one's stack.
	if *lean {
		go c.readLean(m)
	} else {
		go c.read(m)
	}
}

func frame(text string) []byte {
	return ws.MustCompileFrame(ws.NewTextFrame([]byte(text)))
}
