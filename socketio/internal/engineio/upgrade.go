package engineio

import (
	"errors"
	"time"

	"github.com/gobwas/ws"
)

var (
	// probe and its answer, and what the client says when nothing of its
	// polling is under way any more (Engine.IO protocol 4, "Upgrade").
	probePing   = string(packetPing) + "probe"
	probePong   = sealed(ws.OpText, []byte(string(packetPong)+"probe"))
	probeUpdate = string(packetUpgrade)
)

var errUpgrade = errors.New("engineio: session cannot be upgraded")

// upgrade has a websocket take over from polling, or closes it and leaves the
// session as it was. It is the websocket's own goroutine.
func (s *Session) upgrade(t *websocket) {
	ending, err := s.probe(t)
	switch {
	case err != nil:
		t.expire(time.Now().Add(s.server.config.CloseTimeout))
		t.close(CodePolicy, "upgrade refused")
		t.discard()
		t.abort(false)
	case ending: // polling's end has seen to the rest
		t.discard()
	default:
		s.server.upgraded.Add(1)
		s.serve()
	}
}

// probe lets the client try the websocket, and change over. It reports whether
// the session is ending, and the websocket is for what is left to send.
func (s *Session) probe(t *websocket) (ending bool, err error) {
	p := s.poll.Load()
	if p == nil || !p.probe() {
		return false, errUpgrade
	}
	defer p.unprobe()
	probed := make(chan struct{})
	defer close(probed)
	s.mu.Lock()
	over := s.ending != nil
	if !over {
		s.probing, s.probed = t, probed
	}
	s.mu.Unlock()
	if over {
		return false, errUpgrade
	}
	defer func() {
		s.mu.Lock()
		s.probing = nil
		s.mu.Unlock()
	}()

	t.limit(time.Now().Add(s.server.config.UpgradeTimeout))
	if err := t.expect(probePing); err != nil {
		return false, err
	}
	if s.ended() { // the client still polls, and finds out
		return false, errUpgrade
	}
	if _, err := t.conn().Write(probePong.wire); err != nil {
		return false, err
	}
	p.nudge()
	if err := t.expect(probeUpdate); err != nil {
		return false, err
	}
	t.limit(time.Time{})
	return s.take(t, p)
}

// take makes the websocket the session's transport, also of one that is ending
// and has something left to send.
func (s *Session) take(t *websocket, p *polling) (ending bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ending = s.ending != nil
	if ending && s.flushed == nil {
		return false, errUpgrade
	}
	t.owner = s
	s.socket = t // before polling retires: whoever finds it retired starts to drain
	owed, ok := p.retire()
	if !ok {
		s.socket = nil
		return false, errUpgrade
	}
	s.poll.Store(nil)
	if owed {
		s.wake()
	}
	return ending, nil
}
