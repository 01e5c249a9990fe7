package socketio

// A Key names a value of type T that an application attaches to sockets, such
// as the user whom middleware recognised. Two keys are never the same, whatever
// their names.
//
//	var user = socketio.NewKey[User]("user")
//
//	user.Set(socket, u)          // in middleware
//	u, ok := user.Get(socket)    // in handlers
type Key[T any] struct{ name string }

// NewKey returns a new key. The name is for people.
func NewKey[T any](name string) *Key[T] { return &Key[T]{name} }

// String returns the key's name.
func (k *Key[T]) String() string { return k.name }

// Set attaches a value to the socket, in place of an earlier one.
func (k *Key[T]) Set(s *Socket, value T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.values {
		if s.values[i].key == k {
			s.values[i].value = value
			return
		}
	}
	s.values = append(s.values, attached{k, value})
}

// Get returns the socket's value, and whether it has one.
func (k *Key[T]) Get(s *Socket) (value T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.values {
		if s.values[i].key == k {
			value, ok = s.values[i].value.(T)
			return value, ok
		}
	}
	return value, false
}

// attached is one value of a socket. They are few, so that a list is found
// through faster than a map and costs less.
type attached struct{ key, value any }
