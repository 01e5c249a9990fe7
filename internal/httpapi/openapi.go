package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/wire"
)

const basePath = "/api/v1"

const apiIntro = "The API of Maru, a self-hosted real-time chat. Messages arrive by themselves over Socket.IO, which also " +
	"sends, edits, joins and leaves; the rest is here. Ids are opaque strings; times are RFC 3339 in UTC with milliseconds; text is NFC. " +
	"Bodies are JSON of at most 64 KB, but for uploads; unknown fields and parameters are refused. Errors are problem documents (RFC 9457) " +
	"with a code; with rate_limited and unavailable, retryAfterMs says when to come again."

// mount serves the routes and returns the OpenAPI document that describes them. What is described and what is served
// come from the same rows; huma holds the document and the router, while reading requests is ours, so that every
// transport refuses the same things in the same words.
func (a *api) mount(mux *http.ServeMux, routes []route, version string) (*huma.OpenAPI, error) {
	if version == "" {
		version = "dev"
	}
	config := huma.Config{OpenAPI: &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "Maru", Version: version, Description: apiIntro},
		Servers: []*huma.Server{{URL: basePath}},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"cookie": {
					Type: "apiKey", In: "cookie", Name: auth.AccessCookie,
					Description: "A browser's session. Under TLS the name begins with __Host-. Requests that change something need our own Origin.",
				},
				"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A program's access token, from POST /tokens."},
			},
		},
	}}
	api := huma.NewAPI(config, humago.NewAdapter(mux, basePath))
	document := api.OpenAPI()
	for i := range routes {
		rt := &routes[i]
		op := describe(document.Components.Schemas, rt)
		document.AddOperation(op)
		api.Adapter().Handle(op, func(ctx huma.Context) {
			r, w := humago.Unwrap(ctx)
			a.call(rt, w, r)
		})
	}
	for _, schema := range document.Components.Schemas.Map() {
		neverNull(schema)
	}
	body, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("httpapi: the OpenAPI document: %w", err)
	}
	mux.HandleFunc("GET "+basePath+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(body)
	})
	return document, nil
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

var pathDocs = map[string]string{
	"/rooms/{id}": "The room's id.", "/users/{id}": "The user's id.", "/me/sessions/{id}": "The session's id.",
}

func describe(registry huma.Registry, rt *route) *huma.Operation {
	op := &huma.Operation{
		Method: rt.method, Path: rt.path, OperationID: rt.id, Summary: rt.summary, Description: rt.detail,
		Tags: []string{rt.tag}, Responses: map[string]*huma.Response{},
	}
	if !rt.open {
		op.Security = []map[string][]string{{"cookie": {}}, {"bearer": {}}}
	}
	for _, found := range pathParameter.FindAllStringSubmatch(rt.path, -1) {
		p := &huma.Param{Name: found[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}
		switch found[1] {
		case "seq":
			p.Description, p.Schema = "The message's seq.", &huma.Schema{Type: huma.TypeInteger, Format: "int64"}
		case "userId":
			p.Description = "The other user's id."
		default:
			for prefix, doc := range pathDocs {
				if strings.HasPrefix(rt.path, prefix) {
					p.Description = doc
				}
			}
		}
		op.Parameters = append(op.Parameters, p)
	}
	for _, q := range rt.query {
		schema := &huma.Schema{Type: huma.TypeString}
		if q.number {
			schema = &huma.Schema{Type: huma.TypeInteger, Format: "int64"}
		}
		op.Parameters = append(op.Parameters, &huma.Param{Name: q.name, In: "query", Description: q.doc, Schema: schema})
	}
	content := func(kind string, v any) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{kind: {Schema: registry.Schema(reflect.TypeOf(v), true, "")}}
	}
	if rt.body != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: content("application/json", rt.body)}
	}
	if rt.upload {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"file"}, AdditionalProperties: false,
			Properties: map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary"}},
		}}}}
	}
	good := &huma.Response{Description: http.StatusText(rt.status)}
	if rt.answer != nil {
		good.Content = content("application/json", rt.answer)
	}
	op.Responses[strconv.Itoa(rt.status)] = good
	if rt.id == "sendMessage" {
		op.Responses["200"] = &huma.Response{Description: "The same clientId again", Content: good.Content}
	}
	codes := map[int][]string{}
	add := func(status int, code chat.Code) {
		if !slices.Contains(codes[status], string(code)) {
			codes[status] = append(codes[status], string(code))
		}
	}
	fails := rt.fails
	if !rt.open {
		fails = append(slices.Clone(fails), chat.Unauthorized)
	}
	for _, code := range fails {
		if code == chat.Invalid {
			add(http.StatusUnprocessableEntity, code)
		}
		if code != chat.Invalid || rt.body != nil || rt.upload { // a query or an id is never malformed, only wrong
			add(statuses[code], code)
		}
	}
	for status, named := range codes {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: strings.Join(named, ", "), Content: content("application/problem+json", wire.Problem{}),
		}
	}
	op.Responses["default"] = &huma.Response{
		Description: "forbidden, payload_too_large, unavailable or internal", Content: content("application/problem+json", wire.Problem{}),
	}
	return op
}

// neverNull takes back what huma assumes of slices: a list of ours is there or it is not.
func neverNull(s *huma.Schema) {
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	for _, p := range s.Properties {
		neverNull(p)
	}
	if s.Items != nil {
		neverNull(s.Items)
	}
}
