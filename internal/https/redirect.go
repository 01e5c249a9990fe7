package https

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// Redirects returns a server for HTTP without TLS, on port 80 or by mistake on the port of HTTPS: it answers the CA, sends
// browsers to HTTPS, and refuses what may carry a password, which has been seen on the way by then.
func Redirects(certificates Certificates) *http.Server {
	ca, _ := certificates.(*ACME)
	return &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Cache-Control", "no-store")
			if ca != nil && ca.answer(w, r) {
				return
			}
			host := strings.TrimSuffix(r.Host, ":80")
			if (r.Method != http.MethodGet && r.Method != http.MethodHead) || !isHost(host) || !strings.HasPrefix(r.RequestURI, "/") {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte("Maru speaks HTTPS here: the address must begin with https://\n"))
				return
			}
			http.Redirect(w, r, "https://"+host+r.RequestURI, http.StatusTemporaryRedirect) //nolint:gosec // to where the browser believes to be
		}),
		ReadTimeout:    10 * time.Second,
		WriteTimeout:   10 * time.Second,
		MaxHeaderBytes: 8 << 10,
	}
}

// isHost reports whether what a client calls us can stand in an address.
func isHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return name != "" && strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") == ""
}
