// Package priority lets a process work with what others leave of the processors: it has no hurry, and those who chat have.
package priority
