package auth

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/maru-chat/maru/internal/chat"
)

// The cookies. Under TLS their names begin with HostPrefix: browsers then take them from this very host alone, so that
// no neighbouring subdomain can plant one.
const (
	AccessCookie  = "maru_access"
	RefreshCookie = "maru_refresh"
	HostPrefix    = "__Host-"
)

// Front is where Maru is reached: what it must know to judge a request. The zero value believes nobody.
type Front struct {
	PublicURL *url.URL       // nil: the request's own
	Proxies   []netip.Prefix // whose X-Forwarded-* is believed
}

// Tokens are what a request carries to say who acts.
type Tokens struct {
	Access  string
	Refresh string
	Bearer  bool // Access came in the Authorization header: a program, that no foreign page can speak for
}

// Cookies reports whether a browser added the tokens by itself.
func (t Tokens) Cookies() bool { return !t.Bearer && (t.Access != "" || t.Refresh != "") }

// Tokens returns what a request carries. A bearer token comes before cookies, which are then ignored.
func (f Front) Tokens(r *http.Request) Tokens {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return Tokens{Access: strings.TrimSpace(token), Bearer: true}
	}
	return Tokens{Access: f.cookie(r, AccessCookie), Refresh: f.cookie(r, RefreshCookie)}
}

func (f Front) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(f.CookieName(r, name))
	if err != nil {
		return ""
	}
	return c.Value
}

// CookieName returns the name of one of our cookies as it is on this request's connection.
func (f Front) CookieName(r *http.Request, name string) string {
	if f.Secure(r) {
		return HostPrefix + name
	}
	return name
}

// Secure reports whether the browser speaks HTTPS.
func (f Front) Secure(r *http.Request) bool { return f.scheme(r) == "https" }

func (f Front) scheme(r *http.Request) string {
	if f.PublicURL != nil {
		return f.PublicURL.Scheme
	}
	if proto := f.forwarded(r, "X-Forwarded-Proto"); proto == "https" || proto == "http" {
		return proto
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func (f Front) host(r *http.Request) string {
	if f.PublicURL != nil {
		return f.PublicURL.Host
	}
	if host := f.forwarded(r, "X-Forwarded-Host"); host != "" {
		return host
	}
	return r.Host
}

// Origin returns our own origin, as a browser would send it.
func (f Front) Origin(r *http.Request) string { return origin(f.scheme(r), f.host(r)) }

func origin(scheme, host string) string {
	host = strings.ToLower(host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + host
}

// forwarded returns the value that the nearest proxy gave to a header, where that proxy is believed.
func (f Front) forwarded(r *http.Request, header string) string {
	if !f.trusts(peer(r)) {
		return ""
	}
	values := r.Header.Values(header)
	if len(values) == 0 {
		return ""
	}
	last := values[len(values)-1]
	if i := strings.LastIndexByte(last, ','); i >= 0 {
		last = last[i+1:]
	}
	return strings.ToLower(strings.TrimSpace(last))
}

// peer returns who opened the connection.
func peer(r *http.Request) netip.Addr { return parseAddr(r.RemoteAddr) }

// parseAddr reads an address with or without a port.
func parseAddr(s string) netip.Addr {
	s = strings.TrimSpace(s)
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	address, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap().WithZone("")
}

func (f Front) trusts(address netip.Addr) bool {
	for _, prefix := range f.Proxies {
		if address.IsValid() && prefix.Contains(address) {
			return true
		}
	}
	return false
}

// Address returns the client's address: going back through X-Forwarded-For from the connection's own peer, the first
// that is no believed proxy. What stands further left anybody may have written.
func (f Front) Address(r *http.Request) netip.Addr {
	address := peer(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && f.trusts(address); i-- {
		hop := parseAddr(hops[i])
		if !hop.IsValid() {
			break
		}
		address = hop
	}
	return address
}

// Device returns where a request comes from.
func (f Front) Device(r *http.Request, kind SessionKind) Device {
	return Device{Kind: kind, UserAgent: r.UserAgent(), Address: f.Address(r)}
}

// CheckUnsafe refuses, as Forbidden, a request that changes something where a foreign page may have sent it. With
// cookies our own Origin must be there. Without, nothing is done in anybody's name, and only logIn (a request that would
// begin a session in the browser) must not come from elsewhere.
func (f Front) CheckUnsafe(r *http.Request, logIn bool) error {
	tokens := f.Tokens(r)
	switch {
	case tokens.Bearer:
		return nil
	case tokens.Cookies():
		return f.needOwnOrigin(r)
	case logIn:
		return f.refuseForeign(r)
	}
	return nil
}

// CheckHandshake is CheckUnsafe for Socket.IO's requests: WebSocket handshakes and polling POSTs need our own Origin
// with cookies; a polling GET, for which browsers send none, is refused only where it says that it is foreign.
func (f Front) CheckHandshake(r *http.Request) error {
	if !f.Tokens(r).Cookies() {
		return nil
	}
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	if safe && r.Header.Get("Upgrade") == "" {
		return f.refuseForeign(r)
	}
	return f.needOwnOrigin(r)
}

func (f Front) needOwnOrigin(r *http.Request) error {
	if r.Header.Get("Origin") == "" {
		return errForeign()
	}
	return f.refuseForeign(r)
}

// refuseForeign accepts requests that say nothing about where they come from.
func (f Front) refuseForeign(r *http.Request) error {
	if from := r.Header.Get("Origin"); from != "" && !f.isOwn(r, from) {
		return errForeign()
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return errForeign()
	}
	return nil
}

func (f Front) isOwn(r *http.Request, from string) bool {
	u, err := url.Parse(from)
	if err != nil || u.Host == "" || len(r.Header.Values("Origin")) != 1 || from != u.Scheme+"://"+u.Host {
		return false
	}
	return origin(u.Scheme, u.Host) == f.Origin(r)
}

func errForeign() error {
	return chat.Errorf(chat.Forbidden, "this request must come from Maru's own pages (behind a proxy, set --public-url or --trusted-proxies)")
}
