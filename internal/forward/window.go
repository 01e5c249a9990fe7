package forward

// windowSize is how far behind the newest number one may be that comes for the first time.
const windowSize = 1 << 16

// A window remembers which numbers were seen, among the newest ones: as IPsec knows packets that come again (RFC 4303,
// section 3.4.3). It takes 8 KiB.
type window struct {
	top  uint64 // the largest number seen
	seen [windowSize / 64]uint64
}

// first reports whether a number is seen for the first time. Those that are too far behind it takes for seen.
func (w *window) first(number uint64) bool {
	switch {
	case number > w.top:
		if number-w.top >= windowSize {
			clear(w.seen[:])
		} else {
			for i := w.top + 1; i <= number; i++ {
				w.seen[i%windowSize/64] &^= 1 << (i % 64)
			}
		}
		w.top = number
	case w.top-number >= windowSize:
		return false
	}
	word, bit := &w.seen[number%windowSize/64], uint64(1)<<(number%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}
