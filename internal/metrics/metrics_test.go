package metrics

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/maru-chat/maru/internal/chat"
)

// broken is a store of images, and what treats them, that fail as they are told.
type broken struct {
	chat.Blobs
	err error
}

func (b *broken) Put(context.Context, string, string, io.Reader, int64) error { return b.err }

func (b *broken) Open(context.Context, string) (chat.Blob, error) { return nil, b.err }

func (b *broken) Delete(context.Context, ...string) error { return b.err }

func (b *broken) Treat(context.Context, io.ReadSeeker) (chat.Photo, error) {
	return chat.Photo{}, b.err
}

func (b *broken) CropSquare(context.Context, io.ReadSeeker) (chat.Picture, error) {
	return chat.Picture{}, b.err
}

// TestResults: what went wrong is told apart, and handed on as it is.
func TestResults(t *testing.T) {
	m := New("test", nil)
	b := &broken{}
	blobs, photos := m.Blobs(b), m.Photos(b)
	for _, err := range []error{
		nil, chat.Errorf(chat.NotFound, "no such blob"), chat.Errorf(chat.Unavailable, "full"), errors.New("else"),
		chat.Errorf(chat.UnsupportedImage, "no picture"), chat.Errorf(chat.ImageTooLarge, "too large"),
	} {
		b.err = err
		_, opened := blobs.Open(t.Context(), "a")
		_, treated := photos.Treat(t.Context(), bytes.NewReader(nil))
		_, cropped := photos.CropSquare(t.Context(), bytes.NewReader(nil))
		for _, got := range []error{blobs.Put(t.Context(), "a", "", nil, 0), opened, blobs.Delete(t.Context(), "a"), treated, cropped} {
			if !errors.Is(got, err) {
				t.Errorf("%v became %v", err, got)
			}
		}
	}
	for _, of := range []struct {
		operation, result string
		want              float64
	}{{"put", ok, 1}, {"open", "not_found", 1}, {"delete", "unavailable", 1}, {"put", "failed", 3}} {
		if got := testutil.ToFloat64(m.blobs.WithLabelValues(of.operation, of.result)); got != of.want {
			t.Errorf("%s %s: %v", of.operation, of.result, got)
		}
	}
	for result, want := range map[string]float64{ok: 1, "refused": 2, "failed": 3} {
		for _, operation := range []string{"treat", "crop"} {
			if got := testutil.ToFloat64(m.pictures.WithLabelValues(operation, result)); got != want {
				t.Errorf("%s %s: %v", operation, result, got)
			}
		}
	}
}

// TestAnswers: good ones are counted where bad ones and those of other events are; times that clocks made negative are none.
func TestAnswers(t *testing.T) {
	m := New("test", []string{"message:send"})
	m.Live.Answered("message:send", "", time.Second)
	m.Live.Answered("message:send", chat.Internal, time.Second)
	m.Live.Answered("unknown", "", time.Second)
	m.HTTP.Served("/api/v1/me", "GET", 500, string(chat.Internal), time.Second)
	m.HTTP.Served("/api/v1/me", "GET", 200, "", time.Second)
	m.Live.Delivered(-time.Hour)
	want := `
# HELP maru_events_total Events of clients that were answered, by event and by the code of the answer.
# TYPE maru_events_total counter
maru_events_total{code="internal",event="message:send"} 1
maru_events_total{code="ok",event="message:send"} 1
maru_events_total{code="ok",event="unknown"} 1
# HELP maru_http_requests_total HTTP requests that were answered, but those of sockets, by route, method and class of status.
# TYPE maru_http_requests_total counter
maru_http_requests_total{method="GET",route="/api/v1/me",status="2xx"} 1
maru_http_requests_total{method="GET",route="/api/v1/me",status="5xx"} 1
# HELP maru_internal_errors_total Answers that told a client of a mistake on our side, by the door that it came to. The log has each.
# TYPE maru_internal_errors_total counter
maru_internal_errors_total{door="http"} 1
maru_internal_errors_total{door="socket"} 1
`
	if err := testutil.GatherAndCompare(m.registry, strings.NewReader(want), "maru_events_total", "maru_http_requests_total", "maru_internal_errors_total"); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.GatherAndLint(m.registry); err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "maru_delivery_duration_seconds" && family.Metric[0].Histogram.GetSampleSum() != 0 {
			t.Error("a negative time was added")
		}
	}
}
