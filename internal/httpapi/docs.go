package httpapi

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs/page.html docs/page.css docs/plain.html
var docsFiles embed.FS

// mountDocs serves the OpenAPI document as a page to read, made once, without a line of script.
func mountDocs(mux *http.ServeMux, document *huma.OpenAPI, routes []route) error {
	page, err := template.New("page.html").Funcs(template.FuncMap{
		"type": typeName, "link": schemaLink, "lower": strings.ToLower,
		"code": codes,
	}).ParseFS(docsFiles, "docs/page.html")
	if err != nil {
		return fmt.Errorf("httpapi: the documentation's template: %w", err)
	}
	var body bytes.Buffer
	if err := page.Execute(&body, readable(document, routes)); err != nil {
		return fmt.Errorf("httpapi: the documentation: %w", err)
	}
	css, err := docsFiles.ReadFile("docs/page.css")
	if err != nil {
		return fmt.Errorf("httpapi: the documentation's style: %w", err)
	}
	mux.HandleFunc("GET /api/docs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(withTheme(body.Bytes(), r)) //nolint:gosec // html/template made it; of the request only a checked word
	})
	mux.HandleFunc("GET /api/docs/page.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(css)
	})
	return nil
}

// codes marks the words in s that are names of the API: those with a capital inside.
func codes(s string) template.HTML {
	words := strings.Split(template.HTMLEscapeString(s), " ")
	for i, word := range words {
		bare := strings.Trim(word, ".,:;()")
		if strings.IndexFunc(bare, func(r rune) bool { return r >= 'A' && r <= 'Z' }) > 0 && strings.ToUpper(bare) != bare && !strings.ContainsAny(bare, "-&.") {
			words[i] = strings.Replace(word, bare, "<code>"+bare+"</code>", 1)
		}
	}
	return template.HTML(strings.Join(words, " ")) //nolint:gosec // escaped above
}

type docsPage struct {
	Title, Version, Intro string
	Groups                []docsGroup
	Schemas               []docsSchema
}

type docsGroup struct {
	Name  string
	Calls []docsCall
}

type docsCall struct {
	*huma.Operation
	Open   bool
	Body   *huma.Schema
	Upload bool
	Answer []docsAnswer
}

type docsAnswer struct {
	Status, Description string
	Good                bool
	Schema              *huma.Schema
}

type docsSchema struct {
	Name   string
	Fields []docsField
}

type docsField struct {
	Name     string
	Required bool
	*huma.Schema
}

func operation(item *huma.PathItem, method string) *huma.Operation {
	switch method {
	case http.MethodPost:
		return item.Post
	case http.MethodPut:
		return item.Put
	case http.MethodPatch:
		return item.Patch
	case http.MethodDelete:
		return item.Delete
	}
	return item.Get
}

// readable orders the document for reading: calls by tag in the contract's order, then the shapes as they are declared.
func readable(document *huma.OpenAPI, routes []route) docsPage {
	page := docsPage{Title: document.Info.Title, Version: document.Info.Version, Intro: document.Info.Description}
	groups := map[string][]docsCall{}
	for i := range routes {
		op := operation(document.Paths[routes[i].path], routes[i].method)
		c := docsCall{Operation: op, Open: routes[i].open, Upload: routes[i].upload}
		if routes[i].body != nil {
			c.Body = op.RequestBody.Content["application/json"].Schema
		}
		for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
			response := op.Responses[status]
			answer := docsAnswer{Status: status, Description: response.Description, Good: status[0] == '2'}
			if media, ok := response.Content["application/json"]; ok {
				answer.Schema = media.Schema
			}
			if status != "default" {
				c.Answer = append(c.Answer, answer)
			}
		}
		groups[routes[i].tag] = append(groups[routes[i].tag], c)
	}
	for _, name := range []string{"Sessions", "You", "Users", "Rooms", "Members", "Messages", "Images"} {
		page.Groups = append(page.Groups, docsGroup{name, groups[name]})
	}
	schemas := document.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		s := schemas[name]
		shape := docsSchema{Name: name}
		for _, f := range reflect.VisibleFields(document.Components.Schemas.TypeFromRef("#/components/schemas/" + name)) {
			field, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if property, ok := s.Properties[field]; ok {
				shape.Fields = append(shape.Fields, docsField{field, slices.Contains(s.Required, field), property})
			}
		}
		page.Schemas = append(page.Schemas, shape)
	}
	return page
}

// typeName words a schema's type.
func typeName(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case s.Type == huma.TypeArray:
		return typeName(s.Items) + "[]"
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			words[i] = fmt.Sprint(e)
		}
		return strings.Join(words, " | ")
	case s.Format == "date-time":
		return "time"
	case s.Type == huma.TypeObject:
		return "map"
	}
	return s.Type
}

// schemaLink returns where a schema's shape is on the page, "" for none.
func schemaLink(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return "#" + typeName(s)
	case s.Items != nil:
		return schemaLink(s.Items)
	}
	return ""
}
