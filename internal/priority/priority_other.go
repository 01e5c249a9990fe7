//go:build !linux

package priority

// StepBack does nothing here.
func StepBack() {}
