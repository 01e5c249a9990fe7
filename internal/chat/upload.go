package chat

import (
	"sync"
	"time"
)

// uploads counts what is being uploaded now.
type uploads struct {
	mu   sync.Mutex
	here int
	of   map[UserID]int
}

func (u *uploads) enter(by UserID) (leave func(), err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.of[by] >= maxUploads:
		return nil, &Error{Code: RateLimited, Message: "too many uploads at once", RetryAfter: time.Second}
	case u.here >= maxUploadsHere:
		return nil, &Error{Code: Unavailable, Message: "too many are uploading at the moment", RetryAfter: 2 * time.Second}
	}
	u.here++
	u.of[by]++
	return sync.OnceFunc(func() { u.leave(by) }), nil
}

func (u *uploads) leave(by UserID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.here--
	if u.of[by]--; u.of[by] == 0 {
		delete(u.of, by)
	}
}
