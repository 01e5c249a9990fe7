package blob_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/maru-chat/maru/internal/blob"
	"github.com/maru-chat/maru/internal/blob/blobtest"
	"github.com/maru-chat/maru/test/s3"
)

// putsInto has this program put blobs into a folder until it is killed.
const putsInto = "MARU_TEST_PUTS_INTO"

func TestMain(m *testing.M) {
	if folder := os.Getenv(putsInto); folder != "" {
		putForever(folder)
	}
	flag.Parse()
	// Most of what runs in parallel here waits for something that does not come.
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	for name, value := range s3.Credentials {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// Blobs of a crash tell by their key what they must contain.
func crashKey(n, size int) string { return fmt.Sprintf("crash/%d-%d", n, size) }

// putForever says on standard output what is put.
func putForever(folder string) {
	d, err := blob.OpenDisk(folder)
	if err != nil {
		panic(err)
	}
	began := time.Now().UnixMilli() % 1_000_000 * 100
	for writer := range 4 {
		go func() {
			for n := int(began) + writer; ; n += 4 {
				size := n * 7919 % 300_000
				content := blobtest.Content(n, size)
				if err := d.Put(context.Background(), crashKey(n, size), "", bytes.NewReader(content), int64(size)); err != nil {
					panic(err)
				}
				fmt.Println(crashKey(n, size))
			}
		}()
	}
	select {}
}
