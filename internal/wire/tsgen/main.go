// Command tsgen writes the site's TypeScript types from the Go types of package wire.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/maru-chat/maru/internal/wire"
)

func main() {
	out := flag.String("o", "", "file to write; standard output when absent")
	flag.Parse()
	source := Generate()
	if *out == "" {
		_, _ = os.Stdout.Write(source)
		return
	}
	if err := os.WriteFile(*out, source, 0o600); err != nil {
		log.Fatal(err)
	}
}

// Generate returns the TypeScript source: an interface for each shape, and a map of each direction's events.
func Generate() []byte {
	g := generator{seen: map[string]reflect.Type{}}
	for _, v := range wire.Types {
		g.visit(reflect.TypeOf(v))
	}
	for _, e := range wire.ClientEvents {
		g.visit(reflect.TypeOf(e.Payload))
		if e.Answer != nil {
			g.visit(reflect.TypeOf(e.Answer))
		}
	}
	for _, v := range wire.ServerEvents {
		g.visit(reflect.TypeOf(v))
	}

	var b bytes.Buffer
	b.WriteString("// Made by `go generate ./internal/wire` from the Go types. Do not edit.\n")
	for _, name := range sortedKeys(g.seen) {
		g.write(&b, name, g.seen[name])
	}
	b.WriteString("\n/** What a client may send: payload, and the fields of a good acknowledgement (void: none comes). */\nexport interface ClientEvents {\n")
	for _, name := range sortedKeys(wire.ClientEvents) {
		e := wire.ClientEvents[name]
		answer := "void"
		if e.Answer != nil {
			answer = reflect.TypeOf(e.Answer).Name()
		}
		fmt.Fprintf(&b, "  '%s': { payload: %s; answer: %s };\n", name, reflect.TypeOf(e.Payload).Name(), answer)
	}
	b.WriteString("}\n\n/** What the server sends. */\nexport interface ServerEvents {\n")
	for _, name := range sortedKeys(wire.ServerEvents) {
		fmt.Fprintf(&b, "  '%s': %s;\n", name, reflect.TypeOf(wire.ServerEvents[name]).Name())
	}
	b.WriteString("}\n")
	return b.Bytes()
}

type generator struct{ seen map[string]reflect.Type }

// visit collects the struct types that t is made of.
func (g generator) visit(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		g.visit(t.Elem())
	case reflect.Struct:
		if _, done := g.seen[t.Name()]; done {
			return
		}
		g.seen[t.Name()] = t
		for f := range t.Fields() {
			g.visit(f.Type)
		}
	}
}

func (g generator) write(b *bytes.Buffer, name string, t reflect.Type) {
	var parents []string
	var fields []reflect.StructField
	for f := range t.Fields() {
		if f.Anonymous {
			parents = append(parents, f.Type.Name())
		} else {
			fields = append(fields, f)
		}
	}
	extends := ""
	if len(parents) > 0 {
		extends = " extends " + strings.Join(parents, ", ")
	}
	if len(fields) == 0 && extends == "" {
		fmt.Fprintf(b, "\nexport type %s = Record<string, never>;\n", name)
		return
	}
	fmt.Fprintf(b, "\nexport interface %s%s {\n", name, extends)
	for _, f := range fields {
		tag := strings.Split(f.Tag.Get("json"), ",")
		optional := ""
		if slices.Contains(tag[1:], "omitempty") {
			optional = "?"
		}
		if doc := f.Tag.Get("doc"); doc != "" {
			fmt.Fprintf(b, "  /** %s */\n", doc)
		}
		fmt.Fprintf(b, "  %s%s: %s;\n", tag[0], optional, typeOf(f))
	}
	b.WriteString("}\n")
}

func typeOf(f reflect.StructField) string {
	if enum := f.Tag.Get("enum"); enum != "" {
		return "'" + strings.Join(strings.Split(enum, ","), "' | '") + "'"
	}
	if f.Tag.Get("nullable") == "true" {
		return tsType(f.Type) + " | null"
	}
	return tsType(f.Type)
}

func tsType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "number"
	case reflect.String:
		return "string"
	case reflect.Pointer:
		return tsType(t.Elem())
	case reflect.Slice:
		return tsType(t.Elem()) + "[]"
	case reflect.Map:
		return "Record<string, " + tsType(t.Elem()) + ">"
	case reflect.Struct:
		return t.Name()
	default:
		panic("tsgen: no TypeScript for " + t.String())
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
