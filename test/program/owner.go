package program

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// Owner is who starts a server and does not outlive it: a test, or, in a Stage, a command that wants the same servers.
type Owner interface {
	Helper()
	TempDir() string
	Cleanup(func())
	Setenv(name, value string)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// OnStage runs a command's work with an Owner, and ends whatever was started for it when fn returns. The error is what an
// Owner's Fatal was told.
func OnStage(fn func(Owner)) (err error) {
	s := &stage{}
	defer func() {
		switch failed := recover().(type) {
		case nil:
		case stageFailure:
			err = errors.New(string(failed))
		default:
			defer panic(failed)
		}
		for _, end := range slices.Backward(s.ends) {
			end()
		}
	}()
	fn(s)
	return nil
}

// stage implements Owner for the one goroutine of a command.
type stage struct{ ends []func() }

type stageFailure string

func (s *stage) Helper() {}

func (s *stage) Cleanup(end func()) { s.ends = append(s.ends, end) }

func (s *stage) TempDir() string {
	folder, err := os.MkdirTemp("", "maru-stage-")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func (s *stage) Setenv(name, value string) {
	if err := os.Setenv(name, value); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) Fatal(args ...any) { panic(stageFailure(fmt.Sprint(args...))) }

func (s *stage) Fatalf(format string, args ...any) { panic(stageFailure(fmt.Sprintf(format, args...))) }
