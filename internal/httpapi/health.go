package httpapi

import (
	"context"
	"net/http"
	"time"
)

// Readiness is whether this node may be sent traffic, and how its parts are ("ok", or what is wrong in a word or two).
type Readiness struct {
	Ready bool
	Parts map[string]string
}

// healthz answers while the process serves at all.
func (a *api) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": "ok"})
}

// readyz is 503 where the database does not answer or the node drains; other parts in trouble are only reported.
func (a *api) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	state := a.ready(ctx)
	answer := struct {
		Status string            `json:"status"`
		Parts  map[string]string `json:"parts,omitempty"`
	}{"ok", state.Parts}
	for _, part := range state.Parts {
		if part != "ok" {
			answer.Status = "degraded"
		}
	}
	status := http.StatusOK
	if !state.Ready {
		answer.Status, status = "unavailable", http.StatusServiceUnavailable
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, "application/json", answer)
}
