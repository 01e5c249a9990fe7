package sqlstore

import (
	"fmt"
	"time"
)

// millis scans a column of milliseconds since 1970 into a time.
type millis struct{ time *time.Time }

// Scan implements sql.Scanner.
func (m millis) Scan(value any) error {
	ms, ok := value.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T", value)
	}
	*m.time = time.UnixMilli(ms).UTC()
	return nil
}

// seldom is millis for a column where 0 is no time.
type seldom struct{ time *time.Time }

// Scan implements sql.Scanner.
func (m seldom) Scan(value any) error {
	if value == int64(0) {
		*m.time = time.Time{}
		return nil
	}
	return millis(m).Scan(value)
}

func seldomMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
