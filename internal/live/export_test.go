package live

import "context"

// Look is what Run does every few seconds, and LookAtHeads a part of it.
func (l *Live) Look(ctx context.Context) { l.lookAround(ctx) }

func (l *Live) LookAtHeads(ctx context.Context) { l.lookAtHeads(ctx) }
