// Package httpapi serves Maru over HTTP: the API under /api/v1 with its OpenAPI document, sessions in cookies, the pages
// of the site with the session's state in them, and what an operator's probes ask. It decides nothing: chat and auth do.
package httpapi

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
)

// Options are what the handler is made of. Chat and Auth are required.
type Options struct {
	Chat           *chat.Chat
	Auth           *auth.Auth
	PublicURL      *url.URL       // nil: from the request
	TrustedProxies []netip.Prefix // whose X-Forwarded-* is believed
	Pages          fs.FS          // the built site; without an index.html a page says how to build it
	Socket         http.Handler   // serves /socket.io/; nil: nothing does
	Uploads        Uploads
	Logger         *slog.Logger
	Meter          Meter                           // nil for none
	Ready          func(context.Context) Readiness // nil: always ready
	Version        string                          // shown in the OpenAPI document
}

// Uploads says how files may come.
type Uploads struct {
	Folder string        // of those on their way; "": the system's
	Pause  time.Duration // the longest without a byte; 0: 15 s
	Within time.Duration // in which all of one must be there; 0: 5 min
}

// api is what the handlers share.
type api struct {
	chat    *chat.Chat
	auth    *auth.Auth
	front   auth.Front
	uploads Uploads
	log     *slog.Logger
	meter   Meter
	ready   func(context.Context) Readiness
}

// New makes the handler of the public listener.
func New(o Options) (http.Handler, error) {
	a := &api{
		chat: o.Chat, auth: o.Auth, front: auth.Front{PublicURL: o.PublicURL, Proxies: o.TrustedProxies},
		uploads: o.Uploads, log: o.Logger, meter: o.Meter, ready: o.Ready,
	}
	if a.uploads.Pause == 0 {
		a.uploads.Pause = 15 * time.Second
	}
	if a.uploads.Within == 0 {
		a.uploads.Within = 5 * time.Minute
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.meter == nil {
		a.meter = unmetered{}
	}
	if a.ready == nil {
		a.ready = func(context.Context) Readiness { return Readiness{Ready: true} }
	}
	mux := http.NewServeMux()
	routes := a.routes()
	document, err := a.mount(mux, routes, o.Version)
	if err != nil {
		return nil, err
	}
	if err := mountDocs(mux, document, routes); err != nil {
		return nil, err
	}
	mux.HandleFunc("/api/", a.unknown)
	mux.HandleFunc("GET /healthz", a.healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.HandleFunc("GET "+present.ImagePath+"{id}", a.image(false))
	mux.HandleFunc("GET "+present.ImagePath+"{id}/thumb", a.image(true))
	for _, path := range []string{"/healthz", "/readyz", "/images/", "/socket.io/"} {
		if path != "/socket.io/" || o.Socket == nil {
			mux.HandleFunc(path, a.unknown)
		}
	}
	site, err := newSite(a, o.Pages)
	if err != nil {
		return nil, err
	}
	mux.Handle("/", site)

	outer := http.NewServeMux()
	outer.Handle("/", a.bounded(mux))
	if o.Socket != nil {
		outer.Handle("/socket.io/", unbounded(o.Socket))
	}
	return a.identified(a.secured(outer)), nil
}

// routes are the rows of the contract's part 4.
func (a *api) routes() []route {
	var all []route
	for _, some := range [][]route{a.sessionRoutes(), a.meRoutes(), a.userRoutes(), a.roomRoutes(), a.memberRoutes(), a.messageRoutes(), a.imageRoutes()} {
		all = append(all, some...)
	}
	return all
}

// unknown answers every address that is not there.
func (a *api) unknown(w http.ResponseWriter, r *http.Request) {
	a.fail(w, r, chat.Errorf(chat.NotFound, "no such address"))
}

// How long a request other than a socket's may take.
const (
	readWithin  = 15 * time.Second
	writeWithin = 30 * time.Second
)

// Server returns a server for the public listener that slow or greedy clients cannot exhaust. Reading a body and writing
// an answer are bounded by the handler itself, since a long poll may take longer.
func Server(addr string, handler http.Handler) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}
