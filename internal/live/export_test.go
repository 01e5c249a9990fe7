package live

import "context"

// LookAtHeads is what Run does every few seconds.
func (l *Live) LookAtHeads(ctx context.Context) { l.lookAtHeads(ctx) }
