package httpapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// file is a file of the built site.
type file struct {
	body        []byte
	contentType string
	tag         string
	immutable   bool // its name holds a digest of its content

	brotli []byte // made by the build; nil where it would save little
	once   sync.Once
	zipped []byte // made when first asked for; nil where it would save little
}

// brotliSuffix ends the name of a file's compressed form, which has no address of its own.
const brotliSuffix = ".br"

// contentTypes are those of the files that a build makes; the system's table differs between machines.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".mjs": "text/javascript; charset=utf-8", ".json": "application/json", ".map": "application/json",
	".webmanifest": "application/manifest+json", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon",
	".webp": "image/webp", ".jpg": "image/jpeg", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
	".wasm": "application/wasm", ".mp3": "audio/mpeg", ".ogg": "audio/ogg",
}

// readSite reads every file of the built site into memory; it has a few megabytes at most.
func readSite(site fs.FS) (map[string]*file, error) {
	files := map[string]*file{}
	if site == nil {
		return files, nil
	}
	err := fs.WalkDir(site, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		body, err := fs.ReadFile(site, name)
		if err != nil {
			return err
		}
		contentType, known := contentTypes[path.Ext(name)]
		if !known {
			if contentType = mime.TypeByExtension(path.Ext(name)); contentType == "" {
				contentType = "application/octet-stream"
			}
		}
		sum := sha256.Sum256(body)
		files["/"+name] = &file{
			body: body, contentType: contentType, tag: hex.EncodeToString(sum[:8]),
			immutable: strings.HasPrefix(name, "assets/"),
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("httpapi: reading the built site: %w", err)
	}
	for name, compressed := range files {
		if f, is := files[strings.TrimSuffix(name, brotliSuffix)]; is && f != compressed {
			f.brotli = compressed.body
			delete(files, name)
		}
	}
	return files, nil
}

func (f *file) gzipped() []byte {
	f.once.Do(func() {
		kind, _, _ := strings.Cut(f.contentType, ";")
		if !strings.HasPrefix(kind, "text/") && kind != "application/json" && kind != "image/svg+xml" &&
			kind != "application/manifest+json" && kind != "application/wasm" {
			return
		}
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return
		}
		if _, err := z.Write(f.body); err != nil || z.Close() != nil || b.Len() > len(f.body)*9/10 {
			return
		}
		f.zipped = b.Bytes()
	})
	return f.zipped
}

func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Vary", "Accept-Encoding")
	if f.immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	body, tag := f.body, `"`+f.tag+`"`
	if f.brotli != nil && accepts(r, "br") {
		body, tag = f.brotli, `"`+f.tag+`-br"`
		h.Set("Content-Encoding", "br")
	} else if accepts(r, "gzip") {
		if zipped := f.gzipped(); zipped != nil {
			body, tag = zipped, `"`+f.tag+`-gzip"`
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("ETag", tag)
	if matches(r.Header.Get("If-None-Match"), tag) {
		h.Del("Content-Type")
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // who went away needs no answer
	}
}

// pageZips are for pages, which are made anew each time.
var pageZips = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, 4)
	if err != nil {
		panic(err) // the level is one of gzip's
	}
	return z
}}

func zipPage(body []byte) []byte {
	z := pageZips.Get().(*gzip.Writer) //nolint:forcetypeassert // New makes nothing else
	defer pageZips.Put(z)
	var b bytes.Buffer
	z.Reset(&b)
	_, err := z.Write(body)
	if err := errors.Join(err, z.Close()); err != nil {
		panic(err) // memory takes everything
	}
	return b.Bytes()
}

// accepts reports whether who asks takes an answer in a content coding (RFC 9110, section 12.5.3).
func accepts(r *http.Request, wanted string) bool {
	for one := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, parameters, _ := strings.Cut(strings.TrimSpace(one), ";")
		quality := strings.ReplaceAll(parameters, " ", "")
		if strings.EqualFold(coding, wanted) && quality != "q=0" && quality != "q=0.0" && quality != "q=0.00" && quality != "q=0.000" {
			return true
		}
	}
	return false
}
