package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTheSitesTypesAreFresh(t *testing.T) {
	committed, err := os.ReadFile("../../../web/src/wire.gen.ts")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, Generate()) {
		t.Fatal("web/src/wire.gen.ts is stale: run `go generate ./internal/wire` and commit it")
	}
}
